// What is chosen in a view: the one thing that its panel, its toolbar and its keys are about. Where that lies, and what is one up.
import type { Target } from "./actions";
import { type Inspection, type NodeInfo, STATES } from "./messages";
import type { StateName } from "./states";

/** A node, or the item or round of it that is open. */
export interface Chosen {
  node: number;
  item: number | null;
}

export interface Crumb {
  label: string;
  to: Chosen;
}

type Nodes = readonly Pick<NodeInfo, "name" | "label" | "parent">[];

/** What it lies in, from the outside in, and at last itself: `prices › price › [2]` */
export function trail(nodes: Nodes, { node, item }: Chosen): Crumb[] {
  const found: Crumb[] = item === null ? [] : [{ label: `[${item}]`, to: { node, item } }];
  for (let at = node, one = nodes[at]; one; at = one.parent, one = nodes[at])
    found.unshift({ label: one.label, to: { node: at, item: null } });
  return found;
}

/** What it lies in; null of what lies in the flow itself. */
export function above(nodes: Nodes, chosen: Chosen): Chosen | null {
  return trail(nodes, chosen).at(-2)?.to ?? null;
}

/** What is done with the chosen is done with this; `seen` is what Python told of it, if it has. */
export function targetOf(nodes: Nodes, { node, item }: Chosen, seen: Inspection | null): Target {
  const name = nodes[node]?.name ?? "";
  if (item === null) return { node, item, name };
  const state = STATES.indexOf((seen?.state ?? "pending") as StateName);
  const own = { status: [state, 0, 0, 0, 0, 0, 0, 0, null, null, null, null], signal: seen?.wait?.name };
  return { node, item, name: `${name}[${item}]`, own } as Target;
}

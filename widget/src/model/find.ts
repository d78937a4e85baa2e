// Finding nodes: by what stands in them, and by how they stand.
import type { NodeInfo, Status } from "./messages";
import { isOver, type StateName, stateName } from "./states";

/** The numbers of the nodes that have every word of what is looked for, in a name, what it calls, its documentation or an argument;
 * `state:failed` is a word about how it stands, as `stateOf` tells it. */
export function findNodes(nodes: readonly NodeInfo[], query: string, stateOf: (node: number) => string): number[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const has = (node: NodeInfo, at: number) => {
    const text = textOf(node);
    return words.every((word) =>
      word.startsWith("state:") ? stateOf(at).startsWith(word.slice("state:".length)) : text.includes(word),
    );
  };
  return nodes.flatMap((node, at) => (has(node, at) ? [at] : []));
}

function textOf({ name, call, doc, when, badge, inputs, config }: NodeInfo): string {
  return [name, call, doc, when ?? "", badge, ...inputs.flat(), ...config.flat()].join("\n").toLowerCase();
}

const PARTS: Partial<Record<StateName, number>> = { completed: 3, failed: 5, running: 6, skipped: 7 };

/** What a count of units in a state leads to: the nodes that are in it, else groups that have such in them. */
export function standing(statuses: readonly Status[], state: StateName): number[] {
  const having = (has: (status: Status) => boolean) => statuses.flatMap((status, at) => (has(status) ? [at] : []));
  const found = having((status) => stateName(status) === state);
  if (found.length > 0) return found;
  const part = PARTS[state];
  return having((status) => status[4] > 0 && (part === undefined ? !isOver(status) : Number(status[part]) > 0));
}

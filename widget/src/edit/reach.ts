// The values that there are where a node stands: pure.
import type { Snapshot } from "../model/messages";
import { along, around, wiresOf } from "./wires";

export interface Value {
  name: string;
  /** How an expression names it. */
  says: string;
  type: string;
}

/** The inputs of the flow that a node stands in, and what comes of the nodes beside it that do not need it themselves. */
export function valuesFor(snapshot: Pick<Snapshot, "nodes" | "edges" | "edit">, node: string): Value[] {
  const { nodes, edit } = snapshot;
  const prefix = around(node);
  const frame = nodes.findIndex(({ name }) => `${name}.` === prefix);
  const inputs = prefix ? (edit?.ports[frame] ?? []) : (edit?.inputs ?? []);
  const behind = new Set(along(wiresOf(snapshot), [node], "down"));
  const beside = nodes.flatMap(({ name, label }, at) =>
    around(name) === prefix && !behind.has(name)
      ? [{ name: label, says: `tasks.${label}.output`, type: edit?.gives[at] ?? "" }]
      : [],
  );
  return [...inputs.map(({ name, type }) => ({ name, says: `inputs.${name}`, type })), ...beside];
}

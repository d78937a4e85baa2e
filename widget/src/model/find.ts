// Finding nodes: by what stands in them, and by how they stand.
import type { NodeInfo } from "./messages";

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

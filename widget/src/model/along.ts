// What goes along an edge: how much its source gave stands where its edges begin, and by which arguments its target takes it.
import type { NodeInfo } from "./messages";
import type { Point } from "./route";
import type { Line, Scene } from "./scene";

/** Beside all that lies behind a stack; on the side of the line that it does not go to. */
const [BESIDE, ABOVE, BELOW] = [13, 5, 13];

/** By line where it is told how much its source gave: on one line of each source, and on none where a condition may want the room. */
export function startsOf({ lines, boxes }: Scene): (Point | null)[] {
  const taken = new Set(lines.filter(({ condition }) => condition).map(({ from }) => from));
  return lines.map(({ from, to, kind, bends }: Line) => {
    const [box, next] = [boxes[from], boxes[to]];
    if (kind !== "data" || taken.has(from) || !box || !next) return null;
    taken.add(from);
    const [y, then] = [box.y + box.h / 2, bends[0]?.[1] ?? next.y + next.h / 2];
    return [box.x + box.w + BESIDE, then < y - 1 ? y + BELOW : y - ABOVE];
  });
}

/** The arguments of a node that take something of another one. */
export function takes(target: NodeInfo, source: NodeInfo): string[] {
  const named = new RegExp(`\\btasks\\.${source.label}\\b`);
  return target.inputs.filter(([, text]) => named.test(text)).map(([name]) => name);
}

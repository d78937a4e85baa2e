// What goes along an edge: how much its source gave stands where its edges begin, and by which arguments its target takes it.
import type { NodeInfo } from "./messages";
import type { Point } from "./route";
import type { Line, Scene } from "./scene";

/** Beside all that lies behind a stack, above the line. */
const [BESIDE, ABOVE] = [9, 5];

/** By line where it is told how much its source gave: on one line of each source, and on none where a condition may want the room. */
export function startsOf({ lines, boxes }: Scene): (Point | null)[] {
  const taken = new Set(lines.filter(({ condition }) => condition).map(({ from }) => from));
  return lines.map(({ from, kind }: Line) => {
    const box = boxes[from];
    if (kind !== "data" || taken.has(from) || !box) return null;
    taken.add(from);
    return [box.x + box.w + BESIDE, box.y + box.h / 2 - ABOVE];
  });
}

/** The arguments of a node that take something of another one. */
export function takes(target: NodeInfo, source: NodeInfo): string[] {
  const named = new RegExp(`\\btasks\\.${source.label}\\b`);
  return target.inputs.filter(([, text]) => named.test(text)).map(([name]) => name);
}

// Making room: the boxes of one level when some of them are larger or smaller than they were laid out. What stood side by side stays so,
// what stood below stays below, and columns stay in the middle of their line.
import type { Box, Size } from "./place";
import type { Point } from "./route";

/** Python leaves as much between lines, and less between rows. */
const LINE_GAP = 40;

interface Entry {
  box: Box;
  size: Size;
}

interface Column {
  left: number;
  right: number;
  entries: Entry[];
  /** How far it moves to the right and how much wider it becomes; how far what lies at its top moves down. */
  dx: number;
  wider: number;
  dy: number;
}

interface Line {
  top: number;
  bottom: number;
  columns: Column[];
  /** How far what lies below it moves down. */
  below: number;
}

/** Where a point of the level goes when each of its boxes has another size; the corners of the boxes themselves go there, too. */
export function makeRoom(boxes: readonly Box[], sizes: readonly Size[]): (point: Point) => Point {
  const entries = boxes.map((box, i): Entry => ({ box, size: sizes[i] ?? box }));
  const lines = runs(entries, ({ box }) => [box.y, box.y + box.h], LINE_GAP).map(lineOf);
  let down = 0;
  for (const line of lines) {
    const grown = Math.max(...line.columns.map((column) => tall(column) + taller(column))) - (line.bottom - line.top);
    let right = 0;
    for (const column of line.columns) {
      const reach = Math.max(...column.entries.map(({ box, size }) => box.x - column.left + size.w));
      const slack = taller(column) === 0 ? grown / 2 : (grown - taller(column)) / 2;
      Object.assign(column, { dx: right, wider: reach - (column.right - column.left), dy: down + slack });
      right += column.wider;
    }
    down += grown;
    line.below = down;
  }
  return ([x, y]) => {
    const line = lines.findLast((one) => one.top <= y) ?? lines[0];
    const column = line?.columns.findLast((one) => one.left <= x) ?? line?.columns[0];
    if (!line || !column) return [x, y];
    const right = x + column.dx + (x >= column.right ? column.wider : 0);
    if (y > line.bottom) return [right, y + line.below];
    const above = column.entries.filter(({ box }) => box.y + box.h <= y);
    return [right, y + column.dy + above.reduce((all, { box, size }) => all + size.h - box.h, 0)];
  };
}

function lineOf(entries: Entry[]): Line {
  const columns = runs(entries, ({ box }) => [box.x, box.x + box.w], 0).map((own) => ({
    left: Math.min(...own.map(({ box }) => box.x)),
    right: Math.max(...own.map(({ box }) => box.x + box.w)),
    entries: own,
    ...{ dx: 0, wider: 0, dy: 0 },
  }));
  const bottom = Math.max(...entries.map(({ box }) => box.y + box.h));
  return { top: Math.min(...entries.map(({ box }) => box.y)), bottom, columns, below: 0 };
}

/** Those whose spans touch, or are less than `gap` apart, together, in their order. */
function runs(entries: readonly Entry[], span: (entry: Entry) => [number, number], gap: number): Entry[][] {
  const found: Entry[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const entry of [...entries].sort((a, b) => span(a)[0] - span(b)[0])) {
    if (span(entry)[0] > end + gap) found.push([]);
    found.at(-1)?.push(entry);
    end = Math.max(end, span(entry)[1]);
  }
  return found;
}

function tall({ entries }: Column): number {
  return Math.max(...entries.map(({ box }) => box.y + box.h)) - Math.min(...entries.map(({ box }) => box.y));
}

function taller({ entries }: Column): number {
  return entries.reduce((all, { box, size }) => all + size.h - box.h, 0);
}

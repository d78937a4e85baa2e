// What stands on an edge: of a node that runs on a condition what that asks of where the edge comes from. Python says it in short; here it
// finds its place, as `formats/labels.py` has it for pictures.
import type { Box } from "./place";
import { HEAD, type Point } from "./route";
import type { Scene } from "./scene";

export interface Label {
  text: string;
  /** Where it ends, on its base line. */
  x: number;
  y: number;
}

const CHARACTER = 6.3;
/** Characters without which nothing is told. */
const LEAST = 3;
const [BESIDE, ABOVE, BELOW, LINE] = [4, 5, 13, 12];
/** The height of a row of cards that are looked through together. */
const ROW = 128;

/** Finds places among cards; frames are none. */
export class Labels {
  private rows = new Map<number, Box[]>();
  private ends = new Map<string, number>();

  constructor(cards: readonly Box[]) {
    for (const card of cards)
      for (let row = Math.floor(card.y / ROW); row * ROW <= card.y + card.h; row++) {
        const there = this.rows.get(row);
        if (there) there.push(card);
        else this.rows.set(row, [card]);
      }
  }

  /** A label before the end of an edge, on the side that the edge does not come from, as far as there is room before the cards. Where
   * several edges end each stands beyond those before it. */
  put(text: string, from: Point, to: Point): Label | null {
    const others = this.ends.get(`${to}`) ?? 0;
    const x = to[0] - HEAD - BESIDE;
    const y = to[1] + (from[1] < to[1] - 1 ? BELOW + LINE * others : -ABOVE - LINE * others);
    const room = Math.floor((x - this.left(from, to, y - LINE, y + 3) - BESIDE) / CHARACTER);
    if (!text || room < LEAST) return null;
    this.ends.set(`${to}`, others + 1);
    return { text: text.length <= room ? text : `${text.slice(0, room - 1)}…`, x, y };
  }

  /** Where the last card ends that stands between two heights, before the end of an edge. */
  private left(from: Point, to: Point, top: number, bottom: number): number {
    let left = from[0];
    for (let row = Math.floor(top / ROW); row * ROW <= bottom; row++)
      for (const { x, y, w, h } of this.rows.get(row) ?? [])
        if (y < bottom && top < y + h && x + w <= to[0]) left = Math.max(left, x + w);
    return left;
  }
}

/** By line its label. */
export function labelsOf({ lines, items, boxes }: Scene): (Label | null)[] {
  const labels = new Labels(items.filter((item) => !item.open));
  return lines.map(({ from, to, condition, bends }) => {
    const [a, b] = [boxes[from], boxes[to]];
    if (!condition || !a || !b) return null;
    return labels.put(condition, bends.at(-1) ?? [a.x + a.w, a.y + a.h / 2], [b.x, b.y + b.h / 2]);
  });
}

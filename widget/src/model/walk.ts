// Walking a graph: from a card to the next one in a direction.
import type { Box } from "./place";
import type { Scene } from "./scene";

export type Direction = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";
export const DIRECTIONS: ReadonlySet<string> = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);

/** The card that comes next: to the sides along an edge where there is one, else the nearest that lies that way. */
export function nextCard(scene: Scene, from: number, direction: Direction): number | null {
  const box = scene.boxes[from];
  if (!box) return null;
  const along = scene.lines.flatMap((line) => {
    if (direction === "ArrowRight" && line.from === from) return [line.to];
    return direction === "ArrowLeft" && line.to === from ? [line.from] : [];
  });
  const cards = scene.items.filter((item) => item.id !== from && !item.open);
  const led = cards.filter((item) => along.includes(item.id));
  const there = led.length > 0 ? led : cards.filter((item) => lies(box, item, direction));
  const ranked = there.map((item) => [away(box, item, direction), item.id] as const).sort((a, b) => a[0] - b[0]);
  return ranked[0]?.[1] ?? null;
}

const middle = ({ x, y, w, h }: Box) => [x + w / 2, y + h / 2] as const;

function lies(from: Box, to: Box, direction: Direction): boolean {
  if (direction === "ArrowLeft") return to.x + to.w <= from.x;
  if (direction === "ArrowRight") return to.x >= from.x + from.w;
  return direction === "ArrowUp" ? to.y + to.h <= from.y : to.y >= from.y + from.h;
}

/** How far a card lies, counted threefold across the direction. */
function away(from: Box, to: Box, direction: Direction): number {
  const [[x1, y1], [x2, y2]] = [middle(from), middle(to)];
  const level = direction === "ArrowLeft" || direction === "ArrowRight";
  return Math.abs(x2 - x1) * (level ? 1 : 3) + Math.abs(y2 - y1) * (level ? 3 : 1);
}

// Where an edge runs: from column to column in curves, level where it passes one, so that no card lies on it.

import type { Box } from "./place";

export type Point = readonly [number, number];

/** Pixels that an arrowhead takes before the card. */
export const HEAD = 8;

/** The path of an edge; between its points 2i and 2i + 1 it runs level, to the right or back to the left. */
export function route(from: Point, to: Point, bends: readonly Point[] = []): string {
  const points = [from, ...bends, to];
  let path = `M${from[0]} ${from[1]}`;
  for (let i = 0; i + 1 < points.length; i += 2) {
    const [x1, y1] = points[i] as Point;
    const [x2, y2] = points[i + 1] as Point;
    if (i > 0) path += `L${x1} ${y1}`;
    const bend = Math.max(Math.abs(x2 - x1) / 2, 24);
    const [out, into] = [heading(points, i - 1), heading(points, i + 1)];
    path += `C${x1 + out * bend} ${y1} ${x2 - into * bend} ${y2} ${x2} ${y2}`;
  }
  return path;
}

/** 1 where what runs level from point `i` goes to the right, -1 to the left; cards are left and entered to the right. */
function heading(points: readonly Point[], i: number): number {
  const [a, b] = [points[i], points[i + 1]];
  return i > 0 && i + 2 < points.length && a && b && b[0] < a[0] ? -1 : 1;
}

const DIP = 60;

/** The path from a step to what it ends, from below to below; and its arrowhead. */
export function endsRoute(source: Box, target: Box): { path: string; head: string } {
  const [x1, y1] = [source.x + source.w / 2, source.y + source.h];
  const [x2, y2] = [target.x + target.w / 2, target.y + target.h];
  const low = Math.max(y1, y2) + DIP;
  return {
    path: `M${x1} ${y1}C${x1} ${low} ${x2} ${low} ${x2} ${y2 + HEAD - 1}`,
    head: `M${x2} ${y2}L${x2 - HEAD / 2} ${y2 + HEAD}L${x2 + HEAD / 2} ${y2 + HEAD}Z`,
  };
}

/** The arrowhead at the end of an edge. */
export function head([x, y]: Point): string {
  return `M${x} ${y}L${x - HEAD} ${y - HEAD / 2}L${x - HEAD} ${y + HEAD / 2}Z`;
}

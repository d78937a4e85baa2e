// Where an edge runs: from column to column in curves, level where it passes one, so that no card lies on it.

type Point = readonly [number, number];

/** The path of an edge; between its points 2i and 2i + 1 it runs level. */
export function route(from: Point, to: Point, bends: readonly Point[] = []): string {
  const points = [from, ...bends, to];
  let path = `M${from[0]} ${from[1]}`;
  for (let i = 0; i + 1 < points.length; i += 2) {
    const [x1, y1] = points[i] as Point;
    const [x2, y2] = points[i + 1] as Point;
    const bend = Math.max((x2 - x1) / 2, 24);
    if (i > 0) path += `L${x1} ${y1}`;
    path += `C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  }
  return path;
}

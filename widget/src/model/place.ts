// Where the toolbar of a node stands, and what part of a graph a view shows at first. All in pixels of the canvas.

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

export type Size = { w: number; h: number };
/** Where the graph's upper left corner stands on the canvas, and how large a pixel of it is there. */
export type View = { x: number; y: number; zoom: number };

/** A box of the graph, on the canvas. */
export function onCanvas(box: Box, { x, y, zoom }: View): Box {
  return { x: box.x * zoom + x, y: box.y * zoom + y, w: box.w * zoom, h: box.h * zoom };
}

/** The view, larger by a factor; the point of the canvas stays where it is. */
export function zoomed({ x, y, zoom }: View, by: number, at: { x: number; y: number }): View {
  const to = Math.min(Math.max(zoom * by, FURTHEST), NEAREST);
  return { x: at.x - ((at.x - x) * to) / zoom, y: at.y - ((at.y - y) * to) / zoom, zoom: to };
}

/** How small and how large a graph may be shown. */
export const FURTHEST = 0.02;
export const NEAREST = 2;

const GAP = 10;
const EDGE = 6;

const STEP = 16;
/** Farther from its card the toolbar would be nobody's; there it rather covers a part of another one. */
const NEAR = 40;

/** The toolbar's upper left corner: at `card`, or the place near it where it covers no card; the least covered if none is free. */
export function toolbarPlace(card: Box, others: readonly Box[], tool: Size, canvas: Size): { x: number; y: number } {
  const within = (x: number) => Math.max(EDGE, Math.min(x, canvas.w - tool.w - EDGE));
  const middle = card.x + card.w / 2 - tool.w / 2;
  const lefts = [middle, card.x + card.w - tool.w, card.x].map(within);
  const beside = [card.y - tool.h - GAP, card.y + card.h + GAP].flatMap((y) => lefts.map((x) => ({ x, y })));
  const inside = beside.filter(({ y }) => y >= EDGE && y + tool.h <= canvas.h - EDGE);
  const whole = { x: 0, y: 0, ...canvas };
  const cards = others.filter((other) => overlap(other, whole) > 0);
  const covered = (place: { x: number; y: number }) =>
    cards.reduce((sum, other) => sum + overlap({ ...place, ...tool }, other), 0);
  const free = inside.find((place) => covered(place) === 0);
  if (free) return free;
  const away = ({ x, y }: { x: number; y: number }) =>
    Math.hypot(x + tool.w / 2 - card.x - card.w / 2, 2 * (y + tool.h / 2 - card.y - card.h / 2));
  const grid: { x: number; y: number }[] = [];
  for (let y = EDGE; y + tool.h + EDGE <= canvas.h; y += STEP)
    for (let x = EDGE; x + tool.w + EDGE <= canvas.w; x += STEP)
      if (isBeside({ x, y, ...tool }, card)) grid.push({ x, y });
  let best = inside[0] ?? { x: within(middle), y: EDGE };
  let least = covered(best);
  for (const place of grid.sort((a, b) => away(a) - away(b))) {
    const area = covered(place);
    if (area < least) [best, least] = [place, area];
    if (least === 0) break;
  }
  return best;
}

/** Whether two boxes share nothing, and are near each other. */
function isBeside(a: Box, b: Box): boolean {
  const wide = Math.max(a.x, b.x) - Math.min(a.x + a.w, b.x + b.w);
  const high = Math.max(a.y, b.y) - Math.min(a.y + a.h, b.y + b.h);
  const far = Math.max(wide, high);
  return far >= 0 && far <= NEAR;
}

/** The area that two boxes share. */
function overlap(a: Box, b: Box): number {
  const wide = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const high = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  return wide > 0 && high > 0 ? wide * high : 0;
}

/** A whole graph is shown down to the first; one that would be smaller is begun at the second. */
const SMALLEST = 0.7;
export const READABLE = 0.9;
const ROOM = 28;
/** Heights of a canvas: for one row of nodes with their toolbar, and what a notebook page bears. */
const [LOWEST, TALLEST] = [170, 560];

/** How tall a canvas is made for its graph: as much as it takes at the size that the width gives it. */
export function heightFor(nodes: readonly Box[], width: number): number {
  const [right, bottom] = extent(nodes);
  const zoom = Math.max(Math.min((width - 2 * ROOM) / Math.max(right, 1), 1), SMALLEST);
  return Math.round(Math.min(Math.max(bottom * zoom + 2 * ROOM + 50, LOWEST), TALLEST));
}

/** The lower right corner of what is drawn. */
function extent(nodes: readonly Box[]): [number, number] {
  let [right, bottom] = [0, 0];
  for (const { x, y, w, h } of nodes) [right, bottom] = [Math.max(right, x + w), Math.max(bottom, y + h)];
  return [right, bottom];
}

/** The whole graph; one that could not be read so begins at its left, or with the chosen node in the middle. */
export function firstView(nodes: readonly Box[], canvas: Size, chosen: Box | null): View {
  const [right, bottom] = extent(nodes);
  const whole = Math.min((canvas.w - 2 * ROOM) / right, (canvas.h - 2 * ROOM) / bottom, 1);
  const zoom = whole >= SMALLEST ? whole : READABLE;
  const along = (room: number, size: number, from: number, to: number) => {
    if (size * zoom + 2 * ROOM <= room + 1) return (room - size * zoom) / 2;
    const middle = room / 2 - ((from + to) / 2) * zoom;
    return Math.max(Math.min(middle, ROOM), room - ROOM - size * zoom);
  };
  const { x, y, w, h } = chosen ?? { x: 0, y: 0, w: 0, h: 0 };
  return { x: along(canvas.w, right, x, x + w), y: along(canvas.h, bottom, y, y + h), zoom };
}

/** All of a graph, however small. */
export function wholeView(nodes: readonly Box[], canvas: Size): View {
  const [right, bottom] = extent(nodes);
  const fits = Math.min((canvas.w - 2 * ROOM) / Math.max(right, 1), (canvas.h - 2 * ROOM) / Math.max(bottom, 1));
  const zoom = Math.max(Math.min(fits, 1), FURTHEST);
  return { x: (canvas.w - right * zoom) / 2, y: (canvas.h - bottom * zoom) / 2, zoom };
}

/** The view, moved by no more than it takes to have all of a node in it. */
export function intoView(node: Box, canvas: Size, { x, y, zoom }: View): View {
  const along = (at: number, from: number, size: number, room: number) => {
    const [first, last] = [ROOM - from * zoom, room - ROOM - (from + size) * zoom];
    return Math.max(Math.min(at, Math.max(first, last)), Math.min(first, last));
  };
  return { x: along(x, node.x, node.w, canvas.w), y: along(y, node.y, node.h, canvas.h), zoom };
}

/** The view of some boxes: moved by no more than it takes where they have room as large as they are shown; null where they have none. */
export function allInView(boxes: readonly Box[], canvas: Size, view: View): View | null {
  const [x, y] = [Math.min(...boxes.map((box) => box.x)), Math.min(...boxes.map((box) => box.y))];
  const w = Math.max(...boxes.map((box) => box.x + box.w)) - x;
  const h = Math.max(...boxes.map((box) => box.y + box.h)) - y;
  const hasRoom = w * view.zoom + 2 * ROOM <= canvas.w && h * view.zoom + 2 * ROOM <= canvas.h;
  return hasRoom || boxes.length === 1 ? intoView({ x, y, w, h }, canvas, view) : null;
}

/** How a whole graph is made to fit into a small map: its size there by its own, and where its corner lies. */
export interface Fit {
  by: number;
  x: number;
  y: number;
  right: number;
  bottom: number;
}

const RIM = 5;

export function fitOf(nodes: readonly Box[], { w, h }: Size): Fit {
  const [right, bottom] = extent(nodes);
  const by = Math.min((w - 2 * RIM) / Math.max(right, 1), (h - 2 * RIM) / Math.max(bottom, 1));
  return { by, x: (w - right * by) / 2, y: (h - bottom * by) / 2, right, bottom };
}

/** What part of a map is in sight on the canvas; null where all is. */
export function seenPart({ by, x, y, right, bottom }: Fit, view: View, canvas: Size, map: Size): Box | null {
  const inside = view.x >= -1 && view.y >= -1 && right * view.zoom + view.x <= canvas.w + 1;
  if (inside && bottom * view.zoom + view.y <= canvas.h + 1) return null;
  const within = (at: number, most: number) => Math.min(Math.max(at, 0), most);
  const [left, top] = [x - (view.x / view.zoom) * by, y - (view.y / view.zoom) * by];
  const [far, low] = [left + (canvas.w / view.zoom) * by, top + (canvas.h / view.zoom) * by];
  const box = { x: within(left, map.w), y: within(top, map.h) };
  return { ...box, w: within(far, map.w) - box.x, h: within(low, map.h) - box.y };
}

/** The view with a point of a map in its middle. */
export function centred({ by, x, y }: Fit, at: { x: number; y: number }, zoom: number, canvas: Size): View {
  return { x: canvas.w / 2 - ((at.x - x) / by) * zoom, y: canvas.h / 2 - ((at.y - y) / by) * zoom, zoom };
}

// What is drawn of a graph: with its stacks and sub-flows open or closed, each node at its place, and one line for all edges between the
// same two. Python has laid it out as it is at first; where something is opened or closed, the others make room.
import type { Snapshot } from "./messages";
import type { Box, Size } from "./place";
import { makeRoom } from "./room";
import { endsRoute, HEAD, head, type Point, route } from "./route";

/** A node, a sub-flow or a stack by its number; `open` is a frame with others in it. */
export interface Item extends Box {
  id: number;
  open: boolean;
}

export interface Line {
  from: number;
  to: number;
  kind: string;
  /** How many edges it stands for. */
  count: number;
  bends: readonly Point[];
  /** What the condition of the one that it leads to asks of the other; of stacks nothing. */
  condition: string;
}

export interface Scene {
  /** Frames before what lies in them. */
  items: Item[];
  lines: Line[];
  /** By number its box, also of what is hidden. */
  boxes: Box[];
  /** What is to be seen of a node: itself, or what is closed around it. */
  shown: (node: number) => number;
  /** The closed ones around a node, to be opened to see it. */
  closedAround: (node: number) => number[];
}

export type Shape = Pick<Snapshot, "nodes" | "folds" | "rooms" | "closed" | "edges" | "bends" | "conditions">;

const FRAME = { left: 18, top: 38, right: 18, bottom: 20 };

const NO_SIZES: ReadonlyMap<number, Size> = new Map();

/** The scene where `turned` are open that were closed at first, and the other way round; `larger` are cards of another size than they
 * were laid out in. */
export function sceneOf(shape: Shape, turned: ReadonlySet<number>, larger = NO_SIZES): Scene {
  const holders = holdersOf(shape);
  const closed = new Set(shape.closed);
  const isOpen = (id: number) => String(id) in shape.rooms && closed.has(id) === turned.has(id);
  const first: Box[] = [...shape.nodes, ...shape.folds];
  const inside = new Map<number, number[]>();
  holders.forEach((holder, id) => {
    const members = inside.get(holder);
    if (members) members.push(id);
    else inside.set(holder, [id]);
  });
  const placed = new Arranging(shape, first, holders, inside, isOpen, turned, larger);
  const chains = (id: number) => {
    const found: number[] = [];
    for (let at = holders[id] ?? -1; at >= 0; at = holders[at] ?? -1) found.push(at);
    return found;
  };
  const closedAround = (node: number) => chains(node).filter((one) => !isOpen(one));
  const shown = (node: number) => closedAround(node).at(-1) ?? node;
  const items: Item[] = [];
  const add = (ids: readonly number[]) => {
    for (const id of ids) {
      const box = placed.boxes[id];
      if (!box) continue;
      items.push({ id, open: isOpen(id), x: box.x, y: box.y, w: box.w, h: box.h });
      if (isOpen(id)) add(inside.get(id) ?? []);
    }
  };
  add(inside.get(-1) ?? []);
  const lines = linesOf(shape, holders, closedAround, placed.moved);
  return { items, lines, boxes: placed.boxes, shown, closedAround };
}

/** By number what it lies in: the stack that it is a member of, else its sub-flow, else -1. */
function holdersOf({ nodes, folds }: Shape): number[] {
  const holders = [...nodes.map((node) => node.parent), ...folds.map((fold) => fold.parent)];
  folds.forEach((fold, at) => {
    for (const member of fold.members) holders[member] = nodes.length + at;
  });
  return holders;
}

/** Finds where everything stands, from within outwards, and then from the outside in. */
class Arranging {
  boxes: Box[];
  /** By holder how points between what lies in it move; none where all is as it was laid out. */
  private moves = new Map<number, (point: Point) => Point>();
  private dirty = new Set<number>();

  constructor(
    private shape: Shape,
    private first: readonly Box[],
    holders: readonly number[],
    private inside: ReadonlyMap<number, number[]>,
    private isOpen: (id: number) => boolean,
    turned: ReadonlySet<number>,
    private larger: ReadonlyMap<number, Size>,
  ) {
    this.boxes = [...first];
    for (const id of [...turned, ...larger.keys()])
      for (let at = id; at >= 0; at = holders[at] ?? -1) this.dirty.add(holders[at] ?? -1);
    if (this.dirty.size === 0) return;
    this.arrange(-1);
    this.settle(-1, 0, 0);
  }

  moved = (holder: number, point: Point): Point => {
    const move = this.moves.get(holder);
    if (!this.dirty.size) return point;
    const [x0, y0] = this.corner(this.first, holder);
    const [x1, y1] = this.corner(this.boxes, holder);
    const [x, y] = move ? move([point[0] - x0, point[1] - y0]) : [point[0] - x0, point[1] - y0];
    return [x + x1, y + y1];
  };

  private corner(of: readonly Box[], holder: number): Point {
    const box = holder < 0 ? undefined : of[holder];
    return box ? [box.x, box.y] : [0, 0];
  }

  /** The size of what lies in a holder, as it is now. */
  private arrange(holder: number): Size {
    const members = this.inside.get(holder) ?? [];
    const sizes = members.map((id) => this.sizeNow(id));
    const [x0, y0] = this.corner(this.first, holder);
    const own = members.map((id) => this.first[id] as Box);
    const boxes = own.map((box) => ({ ...box, x: box.x - x0, y: box.y - y0 }));
    const move = this.dirty.has(holder) ? makeRoom(boxes, sizes) : undefined;
    if (move) this.moves.set(holder, move);
    let [w, h] = [0, 0];
    members.forEach((id, i) => {
      const box = boxes[i] as Box;
      const [x, y] = move ? move([box.x, box.y]) : [box.x, box.y];
      const size = sizes[i] as Size;
      this.boxes[id] = { x, y, w: size.w, h: size.h };
      [w, h] = [Math.max(w, x + size.w), Math.max(h, y + size.h)];
    });
    return { w: w + FRAME.right, h: h + FRAME.bottom };
  }

  private sizeNow(id: number): Size {
    const room = this.shape.rooms[String(id)];
    if (!room) return this.larger.get(id) ?? (this.first[id] as Size);
    const inner = this.arrange(id);
    if (!this.isOpen(id)) return this.larger.get(id) ?? { w: room.closed[0], h: room.closed[1] };
    return this.dirty.has(id)
      ? { w: Math.max(inner.w, room.closed[0]), h: inner.h }
      : { w: room.open[0], h: room.open[1] };
  }

  /** Makes places within holders places on the canvas. */
  private settle(holder: number, x: number, y: number): void {
    for (const id of this.inside.get(holder) ?? []) {
      const box = this.boxes[id] as Box;
      this.boxes[id] = { ...box, x: box.x + x, y: box.y + y };
      if (this.inside.has(id)) this.settle(id, box.x + x, box.y + y);
    }
  }
}

/** One line for all edges between the same two; what lies in a stack is led to as its stack. */
function linesOf(
  { edges, bends, conditions, folds, nodes }: Shape,
  holders: readonly number[],
  closedAround: (node: number) => number[],
  moved: (holder: number, point: Point) => Point,
): Line[] {
  const end = (node: number) => {
    const holder = holders[node] ?? -1;
    return holder >= nodes.length && folds[holder - nodes.length] ? holder : node;
  };
  const found = new Map<string, Line>();
  edges.forEach(([a, b, kind], number) => {
    const [from, to] = [end(a), end(b)];
    if (from === to || closedAround(from).length > 0 || closedAround(to).length > 0) return;
    const key = `${from}>${to}>${kind === "ends"}`;
    const line = found.get(key);
    if (line) line.count += 1;
    else {
      const points = bends[String(number)] ?? [];
      const holder = holders[from] ?? -1;
      const condition = (from === a && to === b && conditions[String(number)]) || "";
      found.set(key, { from, to, kind, count: 1, bends: points.map(([x, y]) => moved(holder, [x, y])), condition });
    }
  });
  return [...found.values()];
}

/** The paths of a line and of its arrowhead, from one box to another. */
export function wayOf({ kind, bends }: Line, source: Box, target: Box): { path: string; head: string } {
  if (kind === "ends") return endsRoute(source, target);
  const [y1, y2] = [source.y + source.h / 2, target.y + target.h / 2];
  const path = route([source.x + source.w, y1], [target.x - HEAD + 1, y2], bends);
  return { path, head: head([target.x, y2]) };
}

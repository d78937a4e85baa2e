// What an edited flow looks like as boxes and wires: pure, from the snapshot alone.
import type { EditInfo, NodeInfo, Port, Snapshot } from "../model/messages";

/** The card that the flow's inputs stand on; no node can be called so. */
export const INPUTS = "inputs.";
/** Pixels: what a card has above its rows, and each row. The same as in stratix_tasks/view/places.py. */
export const HEAD = 58;
export const ROW = 20;
export const BELOW = 8;
const FOOT = 24;
/** Left, top, right, bottom room between a frame and what lies in it. The same as in stratix_tasks/spec/layout.py. */
export const FRAME = [18, 38, 18, 20] as const;

/** What flows from an output (`source` is a node, or `inputs.day`) to an argument; for an empty `port` the target waits for it. */
export interface Wire {
  id: string;
  source: string;
  target: string;
  port: string;
  kind: string;
}

export interface Place {
  x: number;
  y: number;
}

export interface Box extends Place {
  name: string;
  w: number;
  h: number;
}

export function wireId({ source, target, port }: { source: string; target: string; port: string }): string {
  return `${source}>${target}:${port}`;
}

/** The flow that a node lies in, as the beginning of its name: `price.` of `price.fetch`. */
export function around(name: string): string {
  return name.slice(0, name.lastIndexOf(".") + 1);
}

export function portsOf({ nodes, edit }: Pick<Snapshot, "nodes" | "edit">, name: string): Port[] {
  if (name === INPUTS) return edit?.inputs ?? [];
  const at = nodes.findIndex((node) => node.name === name);
  return edit?.ports[at] ?? [];
}

/** The rows of a card: all arguments where there is room, else those that are given or must be, in their order. */
export function rowsOf(ports: readonly Port[], { h, foot }: { h: number; foot?: string }): Port[] {
  const room = Math.max(0, Math.floor((h - HEAD - (foot ? FOOT : 0)) / ROW));
  if (ports.length <= room) return [...ports];
  const first = ports.filter((port) => port.source || port.text || port.required);
  const chosen = new Set([...new Set([...first, ...ports])].slice(0, room));
  return ports.filter((port) => chosen.has(port));
}

/** A wire for each argument that is the output of a node or an input of the flow, and for each node that one waits for beyond that. */
export function wiresOf({ nodes, edges, edit }: Pick<Snapshot, "nodes" | "edges" | "edit">): Wire[] {
  const found: Wire[] = [];
  const drawn = new Set<string>();
  for (const [at, node] of nodes.entries())
    for (const { name: port, source } of edit?.ports[at] ?? []) {
      if (!source || (source.startsWith(INPUTS) && node.parent >= 0)) continue;
      const from = source.startsWith(INPUTS) ? source : around(node.name) + source;
      found.push(made(from, node.name, port, "data"));
      drawn.add(`${from}>${node.name}`);
    }
  for (const [from, to, kind] of edges) {
    const [source, target] = [nodes[from]?.name ?? "", nodes[to]?.name ?? ""];
    if (!drawn.has(`${source}>${target}`)) found.push(made(source, target, "", kind));
  }
  return found;
}

function made(source: string, target: string, port: string, kind: string): Wire {
  return { id: wireId({ source, target, port }), source, target, port, kind };
}

/** The edit that takes a wire away. */
export function cut({ source, target, port }: Wire): Record<string, unknown> {
  return { edit: "disconnect", source, target, port };
}

/** All that depends on some nodes (`down`), or that they depend on; they themselves, too. */
export function along(wires: readonly Wire[], names: readonly string[], way: "up" | "down"): string[] {
  const found = new Set(names);
  const stack = [...names];
  while (stack.length > 0) {
    const one = stack.pop();
    for (const { source, target } of wires) {
      const [from, to] = way === "down" ? [source, target] : [target, source];
      if (from === one && !to.startsWith(INPUTS) && !found.has(to)) {
        found.add(to);
        stack.push(to);
      }
    }
  }
  return [...found];
}

export type Align = "left" | "top" | "across" | "down";

/** Where boxes stand when they are lined up at the first one's left or top, or spread evenly between the outermost two. */
export function aligned(boxes: readonly Box[], how: Align): Record<string, Place> {
  if (how === "left" || how === "top") {
    const axis = how === "left" ? "x" : "y";
    const least = Math.min(...boxes.map((box) => box[axis]));
    return Object.fromEntries(boxes.map(({ name, x, y }) => [name, { x, y, [axis]: least }]));
  }
  const [axis, size] = how === "across" ? (["x", "w"] as const) : (["y", "h"] as const);
  const sorted = [...boxes].sort((a, b) => a[axis] - b[axis]);
  const [first, last] = [sorted[0], sorted[sorted.length - 1]];
  if (!first || !last) return {};
  const taken = sorted.reduce((sum, box) => sum + box[size], 0);
  const gap = (last[axis] + last[size] - first[axis] - taken) / Math.max(sorted.length - 1, 1);
  let at = first[axis];
  const places: Record<string, Place> = {};
  for (const box of sorted) {
    places[box.name] = { x: box.x, y: box.y, [axis]: Math.round(at * 10) / 10 };
    at += box[size] + gap;
  }
  return places;
}

const WAYS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The nearest box in the direction of an arrow key; what lies straight ahead counts as nearer. */
export function towards(boxes: readonly Box[], from: string, key: string): string | null {
  const way = WAYS[key];
  const here = boxes.find((box) => box.name === from);
  if (!way || !here) return null;
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const box of boxes) {
    const dx = box.x + box.w / 2 - here.x - here.w / 2;
    const dy = box.y + box.h / 2 - here.y - here.h / 2;
    const ahead = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    if (box.name === from || ahead <= 1) continue;
    if (ahead + 3 * aside < least) [best, least] = [box.name, ahead + 3 * aside];
  }
  return best;
}

export const isArrow = (key: string): boolean => key in WAYS;

/** A name for a node that says what it does, which no other node of the flow `prefix` has. */
export function freeName(says: Record<string, unknown>, nodes: readonly Pick<NodeInfo, "name">[], prefix = ""): string {
  const said = String(says.call ?? says.flow ?? says.uses ?? "task");
  const last = said.split(":").pop()?.split(".").pop() ?? "";
  const base = /^[A-Za-z_][A-Za-z0-9_]{0,60}$/.test(last) ? last : "task";
  const taken = new Set(nodes.map((node) => node.name));
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}_${count}`;
    if (!taken.has(prefix + name)) return prefix + name;
  }
}

/** The wire that runs through a box, if one does: points of it are looked at, as it is drawn. */
export function wireUnder<Drawn extends { from: Place; to: Place }>(
  box: Omit<Box, "name">,
  drawn: readonly Drawn[],
): Drawn | null {
  const inside = ({ x, y }: Place) => x > box.x && x < box.x + box.w && y > box.y && y < box.y + box.h;
  return drawn.find(({ from, to }) => curve(from, to).some(inside)) ?? null;
}

const STEPS = 24;

/** Points of a curve from a card's right to another one's left. */
export function curve(from: Place, to: Place): Place[] {
  const bend = Math.max((to.x - from.x) / 2, 24);
  return Array.from({ length: STEPS + 1 }, (_, i) => {
    const t = i / STEPS;
    const [a, b, c, d] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3];
    return {
      x: a * from.x + b * (from.x + bend) + c * (to.x - bend) + d * to.x,
      y: (a + b) * from.y + (c + d) * to.y,
    };
  });
}

/** Where wires begin and end at a box: the output beside the head, an argument at its row. */
export function outAt(box: Omit<Box, "name">): Place {
  return { x: box.x + box.w, y: box.y + HEAD / 2 };
}

export function inAt(box: Omit<Box, "name">, row: number): Place {
  return { x: box.x, y: row < 0 ? box.y + HEAD / 2 : box.y + HEAD + ROW * row + ROW / 2 };
}

/** The node that got another name between two states of a flow: one name has gone, one has come. */
export function renamedIn(
  before: readonly { name: string }[],
  after: readonly { name: string }[],
): [string, string] | null {
  const without = (some: readonly { name: string }[], others: readonly { name: string }[]) => {
    const names = new Set(others.map(({ name }) => name));
    return some.filter(({ name }) => !names.has(name));
  };
  const [gone, came] = [without(before, after), without(after, before)];
  return gone.length === 1 && came.length === 1 ? [gone[0]?.name ?? "", came[0]?.name ?? ""] : null;
}

export function titleOf(info: EditInfo | undefined, way: "undo" | "redo"): string {
  const step = info?.[way];
  return step ? `${way === "undo" ? "Undo" : "Redo"}: ${step}` : `Nothing to ${way}`;
}

// Where cards stand while they are edited: as Python has them, or where a hand has just put them.

import type { NodeInfo, Snapshot } from "../model/messages";
import { firstView, type Size, type View, wholeView } from "../model/place";
import type { Guess } from "./editing";
import { BELOW, type Box, FRAME, HEAD, INPUTS, inAt, outAt, type Place, ROW, rowsOf, type Wire } from "./wires";

const INPUTS_WIDTH = 170;
const APART = 70;

/** All cards; a node inside a frame that is moved moves with it, unless it is moved itself: then the frame grows around it. */
export function boxesOf(nodes: readonly NodeInfo[], moved: Readonly<Record<string, Place>>): Box[] {
  const boxes = nodes.map((node) => ({ name: node.name, ...placeOf(nodes, node, moved), w: node.w, h: node.h }));
  for (let at = nodes.length - 1; at >= 0; at--) {
    const [box, frame] = [boxes[at], boxes[nodes[at]?.parent ?? -1]];
    if (box && frame && (box.name in moved || isOther(nodes[at], box))) Object.assign(frame, around(frame, box));
  }
  return boxes;
}

/** A frame that has room for what lies in it. */
function around(frame: Box, inner: Box): Omit<Box, "name"> {
  const [left, top, right, bottom] = FRAME;
  const [x, y] = [Math.min(frame.x, inner.x - left), Math.min(frame.y, inner.y - top)];
  const far = Math.max(frame.x + frame.w, inner.x + inner.w + right);
  const low = Math.max(frame.y + frame.h, inner.y + inner.h + bottom);
  return { x, y, w: far - x, h: low - y };
}

const isOther = (node: NodeInfo | undefined, { w, h }: Box): boolean => node?.w !== w || node.h !== h;

function placeOf(nodes: readonly NodeInfo[], node: NodeInfo, moved: Readonly<Record<string, Place>>): Place {
  const own = moved[node.name];
  const { x, y } = own ?? node;
  for (let at = node.parent; !own && at >= 0; at = nodes[at]?.parent ?? -1) {
    const frame = nodes[at];
    const to = frame && moved[frame.name];
    if (frame && to) return { x: x + to.x - frame.x, y: y + to.y - frame.y };
  }
  return { x, y };
}

/** Where the card of the flow's inputs stands: left of all, at the top. Null where there are none. */
export function inputsBox(snapshot: Pick<Snapshot, "nodes" | "edit">): Box | null {
  const count = snapshot.edit?.inputs.length ?? 0;
  if (count === 0) return null;
  const x = Math.min(0, ...snapshot.nodes.map((node) => node.x)) - INPUTS_WIDTH - APART;
  const y = Math.min(0, ...snapshot.nodes.map((node) => node.y));
  return { name: INPUTS, x, y, w: INPUTS_WIDTH, h: HEAD + ROW * count + BELOW };
}

/** The places that a move of some nodes changes: theirs, and of what lies in them of that which has one of its own; those of frames
 * whose corner goes with them, and of what stays in there. */
export function withInner(
  nodes: readonly NodeInfo[],
  places: Record<string, Place>,
  placed: readonly string[],
): Record<string, Place> {
  const boxes = boxesOf(nodes, places);
  const names = Object.keys(places);
  const grown = nodes.map((node, at) => {
    const { x, y } = placeOf(nodes, node, places);
    return boxes[at]?.x !== x || boxes[at]?.y !== y;
  });
  return Object.fromEntries(
    boxes
      .filter(
        ({ name }, at) =>
          grown[at] ||
          grown[nodes[at]?.parent ?? -1] ||
          names.some((one) => name === one || (placed.includes(name) && name.startsWith(`${one}.`))),
      )
      .map(({ name, x, y }) => [name, { x: Math.round(x), y: Math.round(y) }]),
  );
}

/** All guesses as one. */
export function guessed(guesses: readonly Guess[]): Required<Guess> {
  return {
    places: Object.assign({}, ...guesses.map(({ places }) => places)),
    wires: guesses.flatMap(({ wires }) => wires ?? []),
    gone: guesses.flatMap(({ gone }) => gone ?? []),
    names: Object.assign({}, ...guesses.map(({ names }) => names)),
  };
}

/** Where a wire begins and ends. */
export function endsOf(
  wire: Wire,
  boxes: readonly Box[],
  { nodes, edit }: Pick<Snapshot, "nodes" | "edit">,
): { from: Place; to: Place } | null {
  const at = boxes.findIndex(({ name }) => name === wire.target);
  const target = boxes[at];
  const isInput = wire.source.startsWith(INPUTS);
  const source = boxes.find(({ name }) => name === (isInput ? INPUTS : wire.source));
  if (!source || !target) return null;
  const input = (edit?.inputs ?? []).findIndex(({ name }) => INPUTS + name === wire.source);
  const from = isInput ? { ...inAt(source, input), x: source.x + source.w } : outAt(source);
  const rows = rowsOf(edit?.ports[at] ?? [], nodes[at] ?? target);
  return { from, to: inAt(target, wire.port ? rows.findIndex(({ name }) => name === wire.port) : -1) };
}

type Fit = (boxes: readonly Box[], size: Size) => View;

// React Flow moves the canvas under what is drawn or dragged within 40 pixels of its border: nothing that is shown whole lies there.
const RIM = 20;

function fromZero(boxes: readonly Box[], { w, h }: Size, show: Fit): View {
  if (boxes.length === 0) return { x: w / 2, y: h / 2, zoom: 1 };
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const view = show(
    boxes.map((box) => ({ ...box, x: box.x - x, y: box.y - y })),
    { w: w - 2 * RIM, h: h - 2 * RIM },
  );
  return { ...view, x: view.x - x * view.zoom + RIM, y: view.y - y * view.zoom + RIM };
}

/** The first view of cards that may stand anywhere. */
export const first = (boxes: readonly Box[], size: Size): View =>
  fromZero(boxes, size, (all, room) => firstView(all, room, null));
/** All of them. */
export const whole = (boxes: readonly Box[], size: Size): View => fromZero(boxes, size, wholeView);

const GAP = 20;

/** A place near another one where no card lies: below it. */
export function clear(boxes: readonly Box[], { x, y }: { x: number; y: number }): { x: number; y: number } {
  const size = { w: 172, h: HEAD + ROW };
  for (let tries = 0; tries < boxes.length; tries++) {
    const hit = boxes.find((box) => x < box.x + box.w && box.x < x + size.w && y < box.y + box.h && box.y < y + size.h);
    if (!hit) break;
    y = hit.y + hit.h + GAP;
  }
  return { x: Math.round(x), y: Math.round(y) };
}

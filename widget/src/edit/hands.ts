// What hands do on the canvas, as edits.
import type { Connection, EdgeChange, Node, NodeChange } from "@xyflow/react";
import type { Fitting } from "../model/messages";
import { endsOf } from "./boxes";
import type { Search, Selection } from "./commands";
import type { Editing } from "./editing";
import { wired } from "./joining";
import { around, type Box, cut, HEAD, INPUTS, type Place, type Wire, wireId, wiresOf, wireUnder } from "./wires";

/** What is selected after changes that come one after the other: of nodes, then of wires. */
export function chosen(before: Selection, nodes: readonly NodeChange[], edges: readonly EdgeChange[]): Selection {
  const after = (names: string[], changes: readonly (NodeChange | EdgeChange)[]) => {
    const set = new Set(names);
    for (const change of changes)
      if (change.type === "select") change.selected ? set.add(change.id) : set.delete(change.id);
    return [...set];
  };
  if (![...nodes, ...edges].some(({ type }) => type === "select")) return before;
  return { nodes: after(before.nodes, nodes), wires: after(before.wires, edges) };
}

export const sourceOf = (node: string, handle: string | null): string =>
  node === INPUTS ? INPUTS + (handle ?? "").slice(4) : node;

export const portOf = (handle: string | null | undefined): string => (handle?.startsWith("in:") ? handle.slice(3) : "");

const isEach = (fitting: Fitting | null, { target, port }: { target: string; port: string }): boolean =>
  fitting?.each[target]?.includes(port) ?? false;

export function connect(
  editing: Editing,
  fitting: Fitting | null,
  { source, sourceHandle, target, targetHandle }: Connection,
) {
  const wire = { source: sourceOf(source, sourceHandle), target, port: portOf(targetHandle) };
  const kind = wire.port ? "data" : "order";
  const had = wiresOf(editing.live.snapshot).filter(
    (one) => wire.port && one.target === target && one.port === wire.port,
  );
  const each = isEach(fitting, wire);
  const title = each ? `connect ${wire.source} → ${target}, one each` : "";
  return editing.apply([wired(wire.source, target, wire.port, each)], title, {
    wires: [{ ...wire, id: wireId(wire), kind }],
    gone: had.map(({ id }) => id).filter((one) => one !== wireId(wire)),
  });
}

export function reconnect(
  editing: Editing,
  fitting: Fitting | null,
  was: Wire,
  { source, sourceHandle, target, targetHandle }: Connection,
) {
  const wire = { source: sourceOf(source, sourceHandle), target, port: portOf(targetHandle) };
  if (wireId(wire) === was.id) return;
  const kind = wire.port ? "data" : "order";
  return editing.apply(
    [cut(was) as { edit: string }, wired(wire.source, target, wire.port, isEach(fitting, wire))],
    `reconnect ${was.source} → ${target}`,
    {
      wires: [{ ...wire, id: wireId(wire), kind }],
      gone: [was.id],
    },
  );
}

export const loose = (wires: readonly Wire[], name: string): boolean =>
  !wires.some(({ source, target }) => source === name || target === name);

export function boxOf(boxes: readonly Box[], node: Node): Box {
  const box = boxes.find(({ name }) => name === node.id);
  return { name: node.id, w: box?.w ?? 0, h: HEAD, ...node.position };
}

/** The wire that a box lies on. */
export function under(
  box: Box,
  wires: readonly Wire[],
  boxes: readonly Box[],
  snapshot: Editing["live"]["snapshot"],
): Wire | undefined {
  const drawn = wires
    .filter(({ target }) => around(target) === around(box.name))
    .flatMap((wire) => {
      const ends = endsOf(wire, boxes, snapshot);
      return ends ? [{ wire, ...ends }] : [];
    });
  return wireUnder(box, drawn)?.wire;
}

export function stayed(nodes: Editing["live"]["snapshot"]["nodes"], places: Record<string, Place>): boolean {
  return nodes.every(
    ({ name, x, y }) => !places[name] || (places[name].x === Math.round(x) && places[name].y === Math.round(y)),
  );
}

export function eventTarget(event: MouseEvent | TouchEvent): Element | null {
  const { clientX, clientY } = pointOf(event);
  return document.elementFromPoint(clientX, clientY);
}

export function pointOf(event: MouseEvent | TouchEvent): { clientX: number; clientY: number } {
  return "changedTouches" in event ? (event.changedTouches[0] as Touch) : event;
}

/** Why what a wire was let go on takes none. */
export function refusal(event: MouseEvent | TouchEvent): string {
  const port = eventTarget(event)?.closest<HTMLElement>("[data-testid=port]");
  const why = port?.dataset.why;
  return why ? `${port.dataset.node}.${port.dataset.port || "after"} does not take it: ${why}` : "";
}

export function searchAt(
  root: HTMLElement,
  toFlow: (point: { x: number; y: number }) => Place,
  { clientX, clientY }: { clientX: number; clientY: number },
  prefix: string,
): Search {
  const view = root.getBoundingClientRect();
  const place = toFlow({ x: clientX, y: clientY });
  return {
    at: { x: clientX - view.left, y: clientY - view.top },
    place: { x: Math.round(place.x), y: Math.round(place.y - HEAD / 2) },
    prefix,
  };
}

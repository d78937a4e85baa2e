// What is given to React Flow: cards and wires, as Python has them and as hands are just changing them.
import { type Edge, type Node, Position } from "@xyflow/react";
import { useRef } from "preact/hooks";
import type { guessed } from "./boxes";
import { isOff, type Search, type Selection } from "./commands";
import type { EditData } from "./EditCard";
import type { Editing } from "./editing";
import { around, type Box, HEAD, INPUTS, ROW, rowsOf, type Wire } from "./wires";

/** By node and port why the wire that is drawn can't end there. */
export type Misfits = Record<string, Record<string, string>>;

export interface Drawing {
  editing: Editing;
  root: HTMLElement;
  selection: Selection;
  select: (nodes: string[], wires?: string[]) => void;
  boxes: { current: Box[] };
}

/** A card that has not changed is the same object, so that a drag draws one of them. */
export function useCards(
  { editing, selection }: Drawing,
  boxes: Box[],
  guess: ReturnType<typeof guessed>,
  misfits: Misfits | null,
): Node[] {
  const kept = useRef(new Map<string, { key: string; node: Node }>());
  const { live } = editing;
  const { nodes, edit, flow } = live.snapshot;
  const fresh = new Map<string, { key: string; node: Node }>();
  for (const [at, box] of boxes.entries()) {
    const info = nodes[at];
    const selected = selection.nodes.includes(box.name);
    const pending = guess.gone.includes(box.name) || box.name in guess.places || box.name in guess.names;
    const key = [live.version, box.x, box.y, selected, pending, JSON.stringify(misfits?.[box.name] ?? !misfits)].join();
    const was = kept.current.get(box.name);
    if (was?.key === key) {
      fresh.set(box.name, was);
      continue;
    }
    const name = guess.names[box.name];
    const data: EditData = {
      node: info && name ? { ...info, label: name } : (info as EditData["node"]),
      ports: info ? (edit?.ports[at] ?? []) : (edit?.inputs ?? []),
      gives: edit?.gives[at] ?? "",
      misfits: misfits?.[box.name] ?? null,
      problem: flow.problems.find((_, at) => edit?.mends[at]?.node === box.name)?.message ?? "",
      off: isOff(live.snapshot, box.name),
      pending,
    };
    fresh.set(box.name, { key, node: card(box, data, selected) });
  }
  kept.current = fresh;
  return [...fresh.values()].map(({ node }) => node);
}

function card(box: Box, data: EditData, selected: boolean): Node {
  const isInputs = box.name === INPUTS;
  const group = !isInputs && data.node.kind === "flow";
  return {
    id: box.name,
    type: isInputs ? "inputs" : group ? "frame" : "card",
    position: { x: box.x, y: box.y },
    width: box.w,
    height: box.h,
    initialWidth: box.w,
    initialHeight: box.h,
    measured: { width: box.w, height: box.h },
    handles: handlesOf(box, data, isInputs),
    zIndex: group ? -1 : 1,
    selected,
    selectable: !isInputs,
    draggable: !isInputs,
    data,
    ariaLabel: isInputs ? "Inputs of the flow" : `${box.name}, ${data.node.wait || data.node.kind}`,
  };
}

/** Where wires begin and end, known before anything is measured: so that no wire is ever missing for a moment. */
function handlesOf(box: Box, data: EditData, isInputs: boolean): NonNullable<Node["handles"]> {
  const right = { type: "source", position: Position.Right, x: box.w - 1, width: 1, height: 1 } as const;
  const left = { type: "target", position: Position.Left, x: 0, width: 1, height: 1 } as const;
  if (isInputs)
    return data.ports.map(({ name }, row) => ({ ...right, id: `out:${name}`, y: HEAD + ROW * row + ROW / 2 }));
  const rows = data.node.kind === "flow" ? data.ports : rowsOf(data.ports, data.node);
  return [
    { ...right, id: "out:", y: HEAD / 2 },
    { ...left, id: "after", y: HEAD / 2 },
    ...rows.map(({ name }, row) => ({ ...left, id: `in:${name}`, y: HEAD + ROW * row + ROW / 2 })),
  ];
}

export function useLines(
  { root, selection, select, boxes }: Drawing,
  wires: Wire[],
  guess: ReturnType<typeof guessed>,
  over: string | null,
  find: (search: Search) => void,
): Edge[] {
  const insert = (wire: Wire, from: Element) => {
    const [view, at] = [root.getBoundingClientRect(), from.getBoundingClientRect()];
    const target = boxes.current.find(({ name }) => name === wire.target);
    select([], [wire.id]);
    find({
      at: { x: at.left - view.left, y: at.bottom - view.top + 4 },
      place: { x: (target?.x ?? 0) - 20, y: (target?.y ?? 0) + (target?.h ?? 0) + 24 },
      prefix: around(wire.target),
      source: wire.source,
      target: { node: wire.target, port: wire.port },
    });
  };
  const drawn = new Set<string>();
  return wires.flatMap((wire) => {
    if (drawn.has(wire.id)) return [];
    drawn.add(wire.id);
    const isInput = wire.source.startsWith(INPUTS);
    const pending = guess.wires.some(({ id }) => id === wire.id) || guess.gone.includes(wire.id);
    const gone = guess.gone.includes(wire.source) || guess.gone.includes(wire.target);
    const selected = selection.wires.includes(wire.id);
    const near = selection.nodes.includes(wire.source) || selection.nodes.includes(wire.target);
    return [
      {
        id: wire.id,
        source: isInput ? INPUTS : wire.source,
        target: wire.target,
        sourceHandle: isInput ? `out:${wire.source.slice(INPUTS.length)}` : "out:",
        targetHandle: wire.port ? `in:${wire.port}` : "after",
        type: "wire",
        data: { wire, insert },
        selected,
        reconnectable: "target",
        className: `stx-edge stx-edge-${wire.kind}${near || selected ? " stx-near" : ""}${pending || gone ? " stx-wire-pending" : ""}${over === wire.id ? " stx-wire-over" : ""}`,
        zIndex: near || selected ? 1 : 0,
        focusable: false,
      } satisfies Edge,
    ];
  });
}

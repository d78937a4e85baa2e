// What is given to React Flow: cards and wires, as Python has them and as hands are just changing them.
import { type Edge, type Node, Position } from "@xyflow/react";
import { useRef } from "preact/hooks";
import { type Label, Labels } from "../model/labels";
import type { Port } from "../model/messages";
import { leftAt, shapeOf } from "../model/shapes";
import { endsOf, type guessed } from "./boxes";
import { type Search, type Selection, saysOff } from "./commands";
import type { EditData } from "./EditCard";
import type { Editing } from "./editing";
import type { WireData } from "./WireLine";
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

/** A card that has not changed is the same object, so that a drag or an edit draws what it changes alone. */
export function useCards(
  { editing, selection }: Drawing,
  boxes: Box[],
  guess: ReturnType<typeof guessed>,
  misfits: Misfits | null,
): Node[] {
  const keep = useKept<Node>();
  const { snapshot } = editing.live;
  const { nodes, edit, flow } = snapshot;
  const problems = new Map<string, string>();
  for (const [at, { message }] of flow.problems.entries()) {
    const node = edit?.mends[at]?.node ?? "";
    if (!problems.has(node)) problems.set(node, message);
  }
  const [selected, gone] = [new Set(selection.nodes), new Set(guess.gone)];
  return keep(
    boxes.map(({ name, x, y, w, h }, at) => {
      const info = nodes[at];
      const label = guess.names[name] ?? info?.label;
      const ports = info ? (edit?.ports[at] ?? NONE) : (edit?.inputs ?? NONE);
      const gives = edit?.gives[at] ?? "";
      const wrong = misfits?.[name] ?? null;
      const problem = problems.get(name) ?? "";
      const pending = gone.has(name) || name in guess.places || name in guess.names;
      const [picked, used] = [selected.has(name), editing.live.look(at)];
      return {
        id: name,
        of: [x, y, w, h, info, used?.icon, label, ports, gives, wrong, problem, pending, picked],
        make: () => {
          const node = (info && label !== info.label ? { ...info, label } : info) as EditData["node"];
          const off = info !== undefined && saysOff(info);
          return card(
            { name, x, y, w, h },
            { node, used, ports, gives, misfits: wrong, problem, off, pending },
            picked,
          );
        },
      };
    }),
  );
}

const NONE: Port[] = [];

interface Made<T> {
  id: string;
  /** What it is made of. */
  of: readonly unknown[];
  make: () => T;
}

/** Makes what is drawn; of what was there last time, too, the same object as then. */
function useKept<T>(): (made: readonly Made<T>[]) => T[] {
  const kept = useRef(new Map<string, { of: readonly unknown[]; made: T }>());
  return (all) => {
    const fresh = new Map<string, { of: readonly unknown[]; made: T }>();
    for (const { id, of, make } of all) {
      const before = kept.current.get(id);
      const same = before?.of.every((value, at) => value === of[at]);
      fresh.set(id, before && same ? before : { of, made: make() });
    }
    kept.current = fresh;
    return [...fresh.values()].map(({ made }) => made);
  };
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
    zIndex: group ? -1 : selected ? 2 : 1,
    selected,
    selectable: !isInputs,
    draggable: !isInputs,
    data,
    ariaLabel: isInputs ? "Inputs of the flow" : `${box.name}, ${data.node.wait || data.node.kind}`,
  };
}

const PLAIN = { left: "plain" } as const;

/** Where wires begin and end, known before anything is measured: so that no wire is ever missing for a moment. */
function handlesOf(box: Box, data: EditData, isInputs: boolean): NonNullable<Node["handles"]> {
  const right = { type: "source", position: Position.Right, x: box.w - 1, width: 1, height: 1 } as const;
  const left = { type: "target", position: Position.Left, x: 0, width: 1, height: 1 } as const;
  if (isInputs)
    return data.ports.map(({ name }, row) => ({ ...right, id: `out:${name}`, y: HEAD + ROW * row + ROW / 2 }));
  const frame = data.node.kind === "flow";
  const rows = frame ? data.ports : rowsOf(data.ports, data.node);
  const shape = frame ? PLAIN : shapeOf(data.node);
  return [
    { ...right, id: "out:", y: HEAD / 2 },
    { ...left, id: "after", y: HEAD / 2 },
    ...rows.map(({ name }, row) => {
      const y = HEAD + ROW * row + ROW / 2;
      return { ...left, id: `in:${name}`, x: leftAt(shape, y, box.h), y };
    }),
  ];
}

export function useLines(
  { editing, root, selection, select, boxes }: Drawing,
  wires: Wire[],
  guess: ReturnType<typeof guessed>,
  over: string | null,
  find: (search: Search) => void,
): Edge[] {
  const keep = useKept<Edge>();
  const insert = useRef<WireData["insert"]>(() => {});
  insert.current = (wire, from) => {
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
  const [nodes, chosen, gone] = [new Set(selection.nodes), new Set(selection.wires), new Set(guess.gone)];
  const asked = new Set(guess.wires.map(({ id }) => id));
  const drawn = new Map(wires.map((wire) => [wire.id, wire])); // some are asked for and there at once
  const { snapshot } = editing.live;
  const conditions = new Map(
    Object.entries(snapshot.conditions).map(([number, told]) => {
      const [from, to] = snapshot.edges[Number(number)] as [number, number, string];
      return [`${snapshot.nodes[from]?.name}>${snapshot.nodes[to]?.name}`, told];
    }),
  );
  const labels = new Labels(boxes.current.filter((_, at) => snapshot.nodes[at]?.kind !== "flow"));
  const labelOf = (wire: Wire): Label | null => {
    const told = conditions.get(`${wire.source}>${wire.target}`);
    const ends = told ? endsOf(wire, boxes.current, snapshot) : null;
    return told && ends ? labels.put(told, [ends.from.x, ends.from.y], [ends.to.x, ends.to.y]) : null;
  };
  return keep(
    [...drawn.values()].map((wire) => {
      const pending = asked.has(wire.id) || [wire.id, wire.source, wire.target].some((one) => gone.has(one));
      const selected = chosen.has(wire.id);
      const near = selected || nodes.has(wire.source) || nodes.has(wire.target);
      const marks = `${near ? " stx-near" : ""}${pending ? " stx-wire-pending" : ""}${over === wire.id ? " stx-wire-over" : ""}`;
      const label = labelOf(wire);
      return {
        id: wire.id,
        of: [wire.kind, selected, near, marks, label?.text, label?.x, label?.y],
        make: () => line(wire, label, insert, selected, near, marks),
      };
    }),
  );
}

function line(
  wire: Wire,
  label: Label | null,
  insert: { current: WireData["insert"] },
  selected: boolean,
  near: boolean,
  marks: string,
): Edge {
  const isInput = wire.source.startsWith(INPUTS);
  return {
    id: wire.id,
    source: isInput ? INPUTS : wire.source,
    target: wire.target,
    sourceHandle: isInput ? `out:${wire.source.slice(INPUTS.length)}` : "out:",
    targetHandle: wire.port ? `in:${wire.port}` : "after",
    type: "wire",
    data: { wire, label, insert: (of: Wire, from: Element) => insert.current(of, from) } satisfies WireData,
    selected,
    reconnectable: "target",
    className: `stx-edge stx-edge-${wire.kind}${marks}`,
    zIndex: near ? 1 : 0,
    focusable: false,
  };
}

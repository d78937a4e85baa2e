// What can be done with what is selected, as one table: buttons, menu and keys are made from it.
import type { NodeInfo, Snapshot } from "../model/messages";
import { withInner } from "./boxes";
import { clip, toPaste, whileCopied } from "./clipboard";
import type { Edit, Editing } from "./editing";
import {
  type Align,
  aligned,
  along,
  around,
  type Box,
  cut,
  HEAD,
  INPUTS,
  type Place,
  titleOf,
  type Wire,
  wiresOf,
} from "./wires";

export interface Selection {
  nodes: string[];
  wires: string[];
}

/** What a quick add searches for, and where it puts what is chosen. */
export interface Search {
  /** The corner of the list, in pixels of the view. */
  at: { x: number; y: number };
  /** Where the node is to stand, in pixels of the graph. */
  place: Place;
  /** The flow that it is placed in: `price.` */
  prefix: string;
  /** Wired from the output of this, or into this argument, or between both. */
  source?: string;
  target?: { node: string; port: string };
  /** Replaces this node instead. */
  replaces?: string;
  /** Lists the free ports that the output of `source` fits, not what can be placed. */
  ports?: boolean;
}

/** What a command works with; `boxes` are the cards as they stand. */
export interface Hands {
  editing: Editing;
  snapshot: Snapshot;
  selection: Selection;
  boxes: Box[];
  select: (nodes: string[], wires?: string[]) => void;
  rename: (node: string) => void;
  find: (how: "add" | "replace" | "ports") => void;
  group: () => void;
  /** Looks for nodes by what stands in them. */
  seek: () => void;
  open: () => void;
  /** Puts what a node gave in the last run in its place. */
  pin: (node: string) => void;
  /** Runs a node and what that needs. */
  runTo: (node: string) => void;
  /** Moves the canvas by what it takes to have nodes in sight, once they are drawn. */
  reveal: (nodes: string[]) => void;
}

export interface Command {
  id: string;
  label: string;
  glyph: string;
  key: string;
  /** Where a button of it stands; what is in none is in the menu of a node alone. */
  place: "history" | "canvas" | "node" | "many" | "wire" | "menu";
  /** Why it can't be done now; empty where it can. */
  why?: (hands: Hands) => string;
  run: (hands: Hands) => unknown;
}

const some = ({ selection }: Hands) => (selection.nodes.length > 0 ? "" : "Select a node first");
const one = ({ selection }: Hands) => (selection.nodes.length === 1 ? "" : "Select one node");
const many = ({ selection }: Hands) => (selection.nodes.length > 1 ? "" : "Select several nodes");

export const COMMANDS: Command[] = [
  {
    ...{ id: "undo", label: "Undo", glyph: "rollback", key: "Mod+z", place: "history" },
    why: ({ editing }) => (editing.info?.undo ? "" : titleOf(editing.info, "undo")),
    run: ({ editing }) => editing.history("undo"),
  },
  {
    ...{ id: "redo", label: "Redo", glyph: "redo", key: "Mod+Shift+Z", place: "history" },
    why: ({ editing }) => (editing.info?.redo ? "" : titleOf(editing.info, "redo")),
    run: ({ editing }) => editing.history("redo"),
  },
  { id: "add", label: "Add a node", glyph: "plus", key: "Tab", place: "canvas", run: ({ find }) => find("add") },
  {
    ...{ id: "layout", label: "Tidy", glyph: "tidy", key: "l", place: "canvas" },
    why: ({ boxes }) => (boxes.length > 0 ? "" : "There is nothing to lay out"),
    run: tidy,
  },
  { id: "duplicate", label: "Duplicate", glyph: "map", key: "d", place: "node", why: some, run: duplicate },
  {
    ...{ id: "node-rename", label: "Rename", glyph: "edit", key: "F2", place: "node" },
    why: one,
    run: ({ rename, selection }) => rename(selection.nodes[0] ?? ""),
  },
  {
    id: "replace",
    label: "Replace",
    glyph: "retrying",
    key: "r",
    place: "node",
    why: one,
    run: ({ find }) => find("replace"),
  },
  { id: "enable", label: "Disable or enable", glyph: "skipped", key: "x", place: "node", why: some, run: toggle },
  {
    ...{ id: "pin", label: "Pin the last result, or unpin", glyph: "pin", key: "p", place: "menu" },
    why: one,
    run: pinOrUnpin,
  },
  {
    ...{ id: "run-to", label: "Run to here", glyph: "until", key: "t", place: "menu" },
    why: (hands) => one(hands) || startable(hands),
    run: ({ runTo, selection }) => runTo(selection.nodes[0] ?? ""),
  },
  {
    ...{ id: "group", label: "Group to a flow", glyph: "group", key: "g", place: "node" },
    why: some,
    run: ({ group }) => group(),
  },
  {
    ...{ id: "unpack", label: "Unpack the flow", glyph: "unpack", key: "G", place: "node" },
    why: (hands) => one(hands) || (isFlow(hands) ? "" : "Only a node that holds a flow can be unpacked"),
    run: async ({ editing, selection, select }) => {
      const made = await editing.apply([{ edit: "ungroup", node: selection.nodes[0] ?? "" }]);
      if (made) select(made);
    },
  },
  {
    ...{ id: "remove", label: "Delete", glyph: "failed", key: "Delete", place: "node" },
    why: ({ selection }) =>
      selection.nodes.length + selection.wires.length > 0 ? "" : "Select a node or a wire first",
    run: remove,
  },
  {
    ...{ id: "ports", label: "Connect to…", glyph: "fork", key: "w", place: "menu" },
    why: one,
    run: ({ find }) => find("ports"),
  },
  { id: "copy", label: "Copy as YAML", glyph: "copy", key: "Mod+c", place: "menu", why: some, run: copy },
  {
    ...{ id: "cut", label: "Cut", glyph: "copy", key: "Mod+x", place: "menu" },
    why: some,
    run: async (hands: Hands) => (await copy(hands)) && remove(hands),
  },
  { id: "seek", label: "Find nodes", glyph: "list", key: "Mod+f", place: "menu", run: ({ seek }) => seek() },
  {
    ...{ id: "select-all", label: "Select all", glyph: "group", key: "Mod+a", place: "menu" },
    run: ({ select, boxes }) => select(boxes.filter(({ name }) => !around(name)).map(({ name }) => name)),
  },
  { id: "upstream", label: "Select upstream", glyph: "upstream", key: "[", place: "menu", why: some, run: chain("up") },
  {
    id: "downstream",
    label: "Select downstream",
    glyph: "upstream",
    key: "]",
    place: "menu",
    why: some,
    run: chain("down"),
  },
  {
    ...{ id: "on-failure", label: "Run it on failure, or after it", glyph: "upstream", key: "c", place: "wire" },
    why: (hands) => (turnable(hands) ? "" : "Select one wire that brings no value: it is dashed"),
    run: turn,
  },
  ...(["left", "top", "across", "down"] as const).map(
    (how): Command => ({
      id: `align-${how}`,
      label: { left: "Align left", top: "Align at the top", across: "Spread across", down: "Spread down" }[how],
      glyph: `align-${how}`,
      key: "",
      place: "many",
      why: many,
      run: line(how),
    }),
  ),
];

function isFlow({ snapshot, selection }: Hands): boolean {
  const kind = snapshot.nodes.find(({ name }) => name === selection.nodes[0])?.kind;
  return kind === "flow" || kind === "each" || kind === "loop" || kind === "nested";
}

/** All of what is selected goes back to the layout; without a selection all there is. Where that leads cards out of sight, they are shown. */
async function tidy({ editing, selection, boxes, reveal }: Hands) {
  const names = selection.nodes.length > 0 ? selection.nodes : boxes.map(({ name }) => name);
  const places = Object.fromEntries(names.map((name) => [name, null]));
  const done = await editing.apply([{ edit: "move", places }], selection.nodes.length > 0 ? "" : "tidy");
  if (done) reveal(selection.nodes.length > 0 ? names : [...names, INPUTS]);
}

async function duplicate({ editing, selection, boxes, select }: Hands) {
  const chosen = boxes.filter(({ name }) => selection.nodes.includes(name));
  const text = await fragment(editing, selection.nodes);
  if (text === null) return;
  const at = [Math.min(...chosen.map(({ x }) => x)) + 30, Math.max(...chosen.map(({ y, h }) => y + h)) + 24];
  const into = around(selection.nodes[0] ?? "").slice(0, -1);
  const names = await editing.apply([{ edit: "paste", text, into, at }], `duplicate ${selection.nodes.join(", ")}`);
  if (names) select(names);
}

function remove({ editing, snapshot, selection, select }: Hands) {
  const gone = [...selection.nodes, ...selection.wires];
  const wires = wiresOf(snapshot).filter(
    ({ id, source, target }) =>
      selection.wires.includes(id) && !selection.nodes.includes(source) && !selection.nodes.includes(target),
  );
  const edits = [
    ...wires.map((wire) => cut(wire) as { edit: string }),
    ...(selection.nodes.length > 0 ? [{ edit: "remove", nodes: selection.nodes }] : []),
  ];
  select([]);
  return editing.apply(edits, "", { gone });
}

function toggle({ editing, snapshot, selection }: Hands) {
  const off = (name: string) => snapshot.nodes.some((node) => node.name === name && saysOff(node));
  const disable = selection.nodes.some((name) => !off(name));
  const edits = selection.nodes
    .filter((name) => off(name) !== disable)
    .map((node) => ({ edit: "set", node, field: "enabled", value: disable ? false : null }));
  return editing.apply(edits, `${disable ? "disable" : "enable"} ${selection.nodes.join(", ")}`);
}

/** The one wire that is selected, where its target waits for the end of its source and takes nothing of it. */
function turnable({ snapshot, selection }: Hands): Wire | undefined {
  const [id, ...others] = selection.wires;
  const wire = others.length === 0 ? wiresOf(snapshot).find((one) => one.id === id) : undefined;
  return wire?.kind === "order" || wire?.kind === "catch" ? wire : undefined;
}

/** What waited until another node completed runs when that fails, and the other way round. */
function turn(hands: Hands) {
  const wire = turnable(hands);
  if (!wire) return;
  const { source, target } = wire;
  const own = (name: string) => name.slice(around(name).length);
  const caught = wiresOf(hands.snapshot).filter((one) => one.target === target && one.kind === "catch");
  const fails = wire.kind === "order";
  const then: Edit = fails
    ? { edit: "set", node: target, field: "catch", value: [...caught.map((one) => own(one.source)), own(source)] }
    : { edit: "connect", source, target, port: "" };
  const title = fails ? `run ${own(target)} when ${own(source)} fails` : `run ${own(target)} after ${own(source)}`;
  return hands.editing.apply([cut(wire) as Edit, then], title);
}

/** Whether the document says of a node that it is not to run. */
export const saysOff = (node: NodeInfo): boolean => says(node, "enabled");

const says = ({ config }: NodeInfo, option: string): boolean => config.some(([field]) => field === option);

function pinOrUnpin({ editing, snapshot, selection, pin }: Hands) {
  const node = selection.nodes[0] ?? "";
  const has = snapshot.nodes.find(({ name }) => name === node);
  return has && says(has, "pin") ? editing.apply([{ edit: "unpin", node }]) : pin(node);
}

/** Why no run can be started. */
function startable({ snapshot }: Hands): string {
  return snapshot.flow.start === true ? "" : snapshot.flow.start;
}

async function fragment(editing: Editing, nodes: string[]): Promise<string | null> {
  try {
    return await editing.calls.call({ type: "copy", nodes });
  } catch (error) {
    editing.refuse((error as Error).message);
    return null;
  }
}

function copy(hands: Hands): Promise<boolean> {
  return whileCopied(copyNow(hands));
}

async function copyNow({ editing, selection }: Hands): Promise<boolean> {
  const text = await fragment(editing, selection.nodes);
  if (text === null) return false;
  await clip(text);
  return true;
}

/** Puts a text from the clipboard in, with its upper left corner at a place. */
export async function paste({ editing, select }: Hands, text: string, place: Place): Promise<void> {
  const names = await editing.apply([{ edit: "paste", text: await toPaste(text), at: [place.x, place.y] }]);
  if (names) select(names);
}

function chain(way: "up" | "down") {
  return ({ snapshot, selection, select }: Hands) => select(along(wiresOf(snapshot), selection.nodes, way));
}

function line(how: Align) {
  return ({ editing, selection, boxes }: Hands) => {
    const places = aligned(
      boxes.filter(({ name }) => selection.nodes.includes(name)),
      how,
    );
    return moved(editing, places, "align");
  };
}

/** One step for all the nodes of a drag, with what lies in them. */
export function moved(editing: Editing, to: Record<string, Place>, word = "move") {
  const names = Object.keys(to);
  const places = withInner(editing.live.snapshot.nodes, to, editing.info?.placed ?? []);
  const told = Object.fromEntries(Object.entries(places).map(([name, { x, y }]) => [name, [x, y]]));
  const title = names.length > 3 ? `${word} ${names.length} nodes` : `${word} ${names.join(", ")}`;
  return editing.apply([{ edit: "move", places: told }], title, { places });
}

/** Where a node stands that follows another one. */
export function beside(box: Box | undefined): Place {
  return box ? { x: box.x + box.w + 60, y: box.y } : { x: 0, y: 0 };
}

/** Where a node stands that is put into a wire. */
export function between(from: Place, to: Place): Place {
  return { x: (from.x + to.x) / 2 - 86, y: (from.y + to.y) / 2 - HEAD / 2 };
}

/** The key of an event as the table has it; nothing while something is typed. */
export function keyName(event: KeyboardEvent): string | null {
  const focus = event.target as Element | null;
  if (event.isComposing || focus?.closest("input, textarea, select, .stx-pop")) return null;
  const mod = event.ctrlKey || event.metaKey ? "Mod+" : "";
  if (event.altKey) return null;
  if (mod) return `${mod}${event.shiftKey ? `Shift+${event.key.toUpperCase()}` : event.key.toLowerCase()}`;
  if (event.key === "Tab") return event.shiftKey || focus?.closest("button, aside, a") ? null : "Tab";
  if (event.key === "Backspace") return "Delete";
  return event.key.length === 1 && !event.shiftKey ? event.key.toLowerCase() : event.key; // Caps Lock or not
}

const SAME: Record<string, string> = { "Mod+y": "Mod+Shift+Z" };

export function commandOf(key: string): Command | undefined {
  return COMMANDS.find((command) => command.key !== "" && command.key === (SAME[key] ?? key));
}

/** A key as people read it. */
export function keyText(key: string): string {
  return key
    .replace("Mod", "Ctrl")
    .replace(/^[A-Z]$/, "Shift+$&")
    .replace(/(?<=^|\+)[a-z]$/, (one) => one.toUpperCase());
}

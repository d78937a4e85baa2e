// Written by scripts/messages.py from stratix_tasks/view/messages.py: change it there.

export const STATES = [
  "pending",
  "ready",
  "running",
  "suspended",
  "waiting",
  "retrying",
  "held",
  "stopping",
  "completed",
  "failed",
  "upstream_failed",
  "cancelled",
  "skipped",
  "open",
  "retired",
] as const;
export const VERBS = [
  "pause",
  "resume",
  "cancel",
  "retry",
  "skip",
  "give",
  "set",
  "approve",
  "reject",
  "answer",
  "send",
  "breakpoint",
  "rollback",
  "fork",
  "until",
  "pin",
] as const;
export const GIVEN = 1;
export const HOLD = 2;
export const ABANDONED = 4;
export const BREAK = 8;
export const PAUSED = 16;
export const WAITS = 32;

export type Able = true | string;

export type Can = Record<string, Able>;

export type Pair = [string, string];

export type Point = [number, number];

export type Edge = [from: number, to: number, kind: "data" | "order" | "when" | "catch" | "ends"];

/** What is wrong with a flow; with `warning` what is worth knowing, and keeps it from nothing. */
export interface Problem {
  code: string;
  message: string;
  node: string;
  line: number;
  hint: string;
  warning: boolean;
}

/** A run whose kernel has ended before it did. */
export interface Interrupted {
  id: string;
  created: number;
}

/** How nodes that use something look: its name for people, the path of an icon around the middle, from -6 to 6, and its colour. Each
 * may be empty. */
export interface CardLook {
  title: string;
  icon: string;
  accent: string;
}

/** A flow as a whole; `start` tells whether the view can start it, `asks` whether it has inputs; `cards` are by what nodes use;
 * `unsaved` counts the edits that nobody has saved. */
export interface FlowInfo {
  name: string;
  description: string;
  problems: Problem[];
  start: Able;
  asks: boolean;
  cards: Record<string, CardLook>;
  interrupted?: Interrupted[];
  unsaved?: number;
}

/** A node before it has a place: `parent` is -1, or the group it lies in; `wait` its kind if it waits; `uses` names a card of the
 * flow, where it has one, and `subtitle` is what that says then; `badge` says how it begins or goes on, where that is not
 * as usual, `begins` alone what its shape says of that; `gives` is the type of what its function returns, where that is said. */
export interface NodeOutline {
  name: string;
  label: string;
  kind: string;
  parent: number;
  doc: string;
  wait: string;
  uses: string;
  subtitle: string;
  badge: string;
  begins: "" | "join" | "catch" | "always";
  call: string;
  gives: string;
  config: Pair[];
  inputs: Pair[];
  when: string | null;
  diff?: "added" | "removed" | "changed";
}

/** A stack of like siblings: its `members` are nodes, `label` what their names begin with; its place in the group `parent`.
 *
 * It stands for them as a node with the number `len(nodes) + its place in the list` would. */
export interface Fold {
  label: string;
  members: number[];
  parent: number;
  x: number;
  y: number;
  w: number;
  h: number;
}

/** The two sizes of a sub-flow or stack: its frame with all that lies in it, and its card. */
export interface Room {
  open: Point;
  closed: Point;
}

/** A node and its place; `line` is what its card says below its name before anything runs, `foot` what it says below that: on
 * what condition it runs, and its badge. */
export interface NodeInfo {
  name: string;
  label: string;
  kind: string;
  parent: number;
  doc: string;
  wait: string;
  uses: string;
  subtitle: string;
  badge: string;
  begins: "" | "join" | "catch" | "always";
  call: string;
  gives: string;
  config: Pair[];
  inputs: Pair[];
  when: string | null;
  diff?: "added" | "removed" | "changed";
  line: string;
  foot: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

export type Status = [
  state: number,
  flags: number,
  attempt: number,
  done: number,
  total: number,
  failed: number,
  running: number,
  skipped: number,
  progress: number | null,
  started: number | null,
  ended: number | null,
  due: number | null,
];

export type Note = "error" | "progress" | "summary" | "size" | "reason" | "wait" | "signal" | "ill";

export type Texts = Partial<Record<Note, string>>;

export interface ForkedFrom {
  run: string;
  node: string | null;
}

/** Of an interrupted run: when its last step was recorded, and the functions that are missing or changed here. */
export interface Left {
  at: number;
  missing: string[];
  changed: string[];
}

/** A run as a whole; `waits` counts what it waits for by kind, while nothing else moves it, `absorbed` bad ends that others
 * went on without; `until` are the nodes that it was asked to go until, `usual` how many seconds runs of its flow take. */
export interface RunInfo {
  id: string;
  state: string;
  reason: string | null;
  started: number;
  ended: number | null;
  inputs: Pair[];
  error: string | null;
  counts: Record<string, number>;
  done: number;
  total: number;
  absorbed: number;
  waits: Record<string, number>;
  can: Can;
  forked_from: ForkedFrom | null;
  until: string[];
  usual: number | null;
  left?: Left;
}

export type ItemRow = [index: number, key: string | null, status: Status, text: string, given: string[]];

export type LogRow = [at: number, level: string, text: string];

export type Metric = [name: string, value: number];

export interface Argument {
  name: string;
  type: string;
  text: string;
  from: string;
  set: boolean;
  as: "json" | "text";
  edit: string | null;
  why: string;
  preview: Table | Picture | Markup | Tree | Large | null;
}

/** A field that somebody is to fill in: `label` above it, `choices` and `hint` as texts; what is `plain` is a text as it is,
 * anything else JSON. `min` to `step` are of a slider. `value` stands in it; `kept` tells of a value that can't be edited here,
 * and stays where nothing else is said. */
export interface AskedField {
  name: string;
  label: string;
  hint: string;
  type: string;
  widget: "text" | "path" | "date" | "datetime" | "time" | "number" | "slider" | "switch" | "choice" | "json";
  plain: boolean;
  choices: string[];
  min: number | null;
  max: number | null;
  step: number | null;
  value: string;
  kept: string;
  required: boolean;
}

export interface Waiting {
  for: string;
  since: number;
  due: number | null;
  message?: string;
  name?: string;
  fields?: AskedField[];
}

/** Who approved, and when (ISO 8601). */
export interface Approval {
  by: string;
  at: string;
}

export interface Attempt {
  attempt: number;
  state: string;
  error: string | null;
}

/** The head of a frame or an array: columns with their types, and the size `of` the whole. */
export interface Table {
  kind: "table";
  columns: Pair[];
  rows: string[][];
  index: string[] | null;
  of: [rows: number, columns: number];
}

/** `data` in base64. */
export interface Picture {
  kind: "picture";
  mime: string;
  data: string;
}

/** As an object wrote itself: to be shown where no script runs and nothing is fetched. */
export interface Markup {
  kind: "html";
  html: string;
}

/** A part of a value, and its own; `more` are left out. */
export interface Part {
  name: string;
  text: string;
  more: number;
  parts: Part[];
}

export interface Tree {
  kind: "tree";
  root: Part;
}

/** What an object drew or wrote of itself is too much to be shown here. */
export interface Large {
  kind: "large";
  mime: string;
  bytes: number;
}

export type Preview = Table | Picture | Markup | Tree | Large;

/** A value as it is shown; without a preview by its text. */
export interface Output {
  text: string;
  type: string;
  shape: string;
  preview: Table | Picture | Markup | Tree | Large | null;
}

export type Given = [name: string, value: Output];

export interface Failure {
  type: string;
  message: string;
  traceback: string;
}

/** Which items are wanted, and in which order: by state (none: all), by a text in their key or error; `state` puts those first
 * that ended badly. */
export interface ItemQuery {
  states: string[];
  search: string;
  sort: "state" | "index" | "slowest";
}

/** Some rows of those `matching` of `total`; `counts` by state, of all; `columns` are what is mapped. */
export interface ItemPage {
  total: number;
  matching: number;
  counts: Record<string, number>;
  columns: string[];
  rows: ItemRow[];
}

/** A run as a whole, closely: what it was given and gave, and the runs of its flow before and after it. */
export interface About {
  inputs: Given[];
  result: Output | null;
  older: string | null;
  newer: string | null;
}

/** All that the inspector shows of a node or item; `args` are there to be edited, `dropped` counts lines not kept, `options` are
 * those that came with the run or that a person gave, `usual` how many seconds such a body takes: the median of
 * the last runs, of an item of those beside it. */
export interface Inspection {
  name: string;
  state: string;
  attempt: number;
  attempts: Attempt[];
  inputs: Given[];
  args: Argument[];
  output: Output | null;
  logs: LogRow[];
  dropped: number;
  error: Failure | null;
  metrics: Metric[];
  options: Pair[];
  usual: number | null;
  code: string;
  why: string;
  ill: string;
  wait: Waiting | null;
  approved: Approval | null;
  can: Can;
}

export type Says = Record<string, unknown>;

/** An argument of a node, or an input of the flow. `text` is what the document gives it, empty for nothing; `source` the node
 * beside it, or `inputs.day`, where that is a wire and no more. */
export interface Port {
  name: string;
  type: string;
  required: boolean;
  text: string;
  source: string;
}

/** The node that a problem is of, as the view calls it (empty: the flow), its field, and the edits that mend it, as `label` says.
 * Without edits the field wants a value; without a label a person has to think. */
export interface Mend {
  node: string;
  field: string;
  label: string;
  edits: Says[];
}

/** A flow that is edited. `undo` and `redo` are what the next one of each takes back or does, empty for nothing; `steps` the titles
 * of those that hold, `offered` of those that the flow had before its cell was run again, or its kernel ended. `document` tells
 * whether it is one, `file` where it lies, if it does, and `stale` whether that is not any more what was read of it here. `ports` and
 * `gives` (the type of a result) are by node, `mends` by problem; `inputs` those of the flow; `placed` the nodes whose places the
 * document has. */
export interface EditInfo {
  undo: string;
  redo: string;
  steps: string[];
  offered: string[];
  document: boolean;
  file: string;
  stale: boolean;
  inputs: Port[];
  ports: Port[][];
  gives: string[];
  mends: Mend[];
  placed: string[];
}

/** What can be placed: a task, an executor or a flow, as a node that `says` so. `group` is its module or domain; `port` the
 * argument that takes what is dropped on it, where that was asked for, or of `each` one element of that; the better the higher `rank`,
 * below 0 what could only wait for it. `card` is how an executor's node looks. */
export interface PaletteItem {
  name: string;
  kind: "task" | "executor" | "flow";
  group: string;
  doc: string;
  card: CardLook | null;
  says: Says;
  ports: Port[];
  gives: string;
  port: string;
  each: boolean;
  rank: number;
}

/** A task that is not written yet, as what can be placed, and the code of a cell that defines it. */
export interface NewTask {
  item: PaletteItem;
  code: string;
}

export type FieldKind =
  | "text"
  | "type"
  | "number"
  | "whole"
  | "switch"
  | "choice"
  | "duration"
  | "expression"
  | "value"
  | "plain"
  | "list"
  | "mapping";

/** A field of nodes or a flow that a form shows. `field` is what an edit `set` (of a flow: `set-flow`) names; `value` what the
 * document says, None for nothing and where it says something else of each (`mixed`); `usual` what holds then. `folded`: not among
 * those that everybody sees at once. `line` is how the document says it. */
export interface FormField {
  field: string;
  label: string;
  kind: FieldKind;
  type: string;
  about: string;
  value: unknown;
  mixed: boolean;
  usual: string;
  choices: string[];
  required: boolean;
  folded: boolean;
  line: string;
  problem: string;
}

/** The fields of a node, or those that several nodes have; of the flow as a whole `nodes` is empty. */
export interface Form {
  nodes: string[];
  fields: FormField[];
}

/** The flow as YAML. `lines` are the first and last line of each node, from 1; `why` tells what keeps it from being written. */
export interface DocumentText {
  text: string;
  lines: Record<string, [number, number]>;
  why: string;
}

/** What is wrong with a text as a document, and what mends each of that in the text (empty: a person has to think). */
export interface Checked {
  problems: Problem[];
  mends: string[];
}

/** Where a wire can end: by node and port `why` it can't (empty: it can); those of `each` node take one element each, so that it
 * is mapped then. */
export interface Fitting {
  why: Record<string, Record<string, string>>;
  each: Record<string, string[]>;
}

/** What an expression gives on the values of the flow's last run. */
export interface Computed {
  text: string;
  type: string;
  why: string;
}

/** What can be written for a name, and its type. */
export interface Named {
  text: string;
  about: string;
}

/** Names to go on with, each in place of what stands from `start` to the caret. */
export interface Completion {
  start: number;
  names: Named[];
}

/** What came of a node in the flow's last run, or was given for an input; or why nothing is known. */
export interface Sample {
  value: Output | null;
  why: string;
}

/** Whose cards show what they gave: all, or none, and by their names those with which it is the other way round. */
export interface Shows {
  all: boolean;
  others: string[];
}

/** The whole view.
 *
 * `rooms`, by number, of all sub-flows and stacks; those in `closed` are so at first, and what lies in them has its place as if
 * they were open where they are. `bends`: by an edge's place in `edges` the points that it passes; between 2i and 2i + 1 it runs
 * level. Of edges between the same two stacks the first has them. `conditions`: so, too, what the condition of the node that an edge
 * leads to asks of where it comes from, in short. `told` and `items`, by node (an item as `name[2]`), and
 * `about`: in what has nothing behind it (a `static` page, a view as a notebook has `saved` it) what is otherwise asked for. */
export interface Snapshot {
  v: 1;
  seq: number;
  mode: "live" | "static" | "saved" | "edit";
  now: number;
  flow: FlowInfo;
  run: RunInfo | null;
  nodes: NodeInfo[];
  folds: Fold[];
  rooms: Record<string, Room>;
  closed: number[];
  edges: Edge[];
  bends: Record<string, Point[]>;
  conditions: Record<string, string>;
  status: Status[];
  texts: Record<string, Texts>;
  told?: Record<string, Inspection>;
  items?: Record<string, ItemPage>;
  about?: About;
  edit?: EditInfo;
  shows?: Shows;
}

/** The widget of a view, as `application/vnd.jupyter.widget-view+json` names it. */
export interface Widget {
  version_major: number;
  version_minor: number;
  model_id: string;
}

/** A view as the file of a notebook has it: `application/vnd.stratix+json`.
 *
 * `snapshot` is JSON as text, of half the size that a tree of JSON has in a notebook. `view` is live where a kernel has it;
 * `stamp` tells at which rest of a run it was kept, `shows` what the cards of the view showed then. */
export interface Saved {
  v: 1;
  snapshot: string;
  view?: Widget;
  stamp?: string;
  shows?: Shows;
}

export interface Kept {
  "application/vnd.stratix+json"?: Saved;
  "image/svg+xml"?: string;
  "text/plain": string;
}

/** What changed; the records of nodes that did are its buffer. */
export interface Patch {
  type: "patch";
  seq: number;
  now: number;
  run: RunInfo | null;
  texts: Record<string, Texts>;
}

/** What of a node is another one; the last two of one that is edited. */
export interface NodeChange {
  info?: NodeInfo;
  status?: Status;
  ports?: Port[];
  gives?: string;
}

/** What is another one in a flow than in what was told last, number `seq` - 1.
 *
 * `was`: by node the number that it had there, -1 for one that was not there; None where all have theirs. `nodes`: what differs
 * of each, by its number. `parts` of the `Snapshot`, and of its `edit`, by name, that are not told node by node. */
export interface Change {
  type: "change";
  seq: number;
  now: number;
  was: number[] | null;
  nodes: Record<string, NodeChange>;
  parts: Says;
  edit: Says;
}

export interface Afresh {
  type: "snapshot";
  snapshot: Snapshot;
}

/** `redo` tells, where it may be asked again with that, who has gone on without what was asked about, and what is rolled back. */
export interface Refusal {
  code: string;
  message: string;
  redo: string;
}

/** The answer to what bore this number. */
export interface Reply {
  type: "reply";
  id: number;
  ok: boolean;
  error: Refusal | null;
  result: unknown;
}

export type Told = Patch | Change | Afresh | Reply;

/** Asks a run, a node or an item for something; `target` is None for the run. */
export interface Request {
  type: "request";
  id: number;
  verb: string;
  target: string | null;
  args: Says;
}

export interface Inspect {
  type: "inspect";
  id: number;
  node: string;
  item: number | null;
}

export interface Items {
  type: "items";
  id: number;
  node: string;
  start: number;
  stop: number;
  query: ItemQuery;
}

/** Asks what can be done now with a node or item. */
export interface WhatCan {
  type: "can";
  id: number;
  node: string;
  item: number | null;
}

/** Asks for the fields of the inputs: as the run was given them, or, of a flow, empty. */
export interface AskInputs {
  type: "inputs";
  id: number;
}

export interface AskAbout {
  type: "about";
  id: number;
}

/** Asks for the paths that begin with a text, where the kernel runs. */
export interface AskPaths {
  type: "paths";
  id: number;
  text: string;
}

/** Asks for what the file of a notebook is to keep of the view as it is now. */
export interface Keep {
  type: "keep";
  id: number;
}

export interface Resync {
  type: "resync";
}

/** Whether the view edits the flow; answered by a snapshot. */
export interface Mode {
  type: "mode";
  edit: boolean;
}

/** One step of edits, in the form of `edits/words.py`; answered with the names of nodes that were added. */
export interface Edits {
  type: "edit";
  id: number;
  edits: Says[];
  title: string;
}

/** Takes the flow of a file, a picture that carries one or a document (`data` in base64): as the flow where there are no nodes yet, else
 * as nodes with their upper left corner `at` a place. One step; answered with the names of nodes that were added. */
export interface OpenFile {
  type: "open";
  id: number;
  name: string;
  data: string;
  at: Point;
}

/** Undo, redo, drop all edits, make those of the cell before on this flow, write the file (`path` where it has none), write it whatever
 * is in it, or take the flow from it again; answered with what was done. */
export interface History {
  type: "history";
  id: number;
  do: "undo" | "redo" | "drop" | "reapply" | "save" | "overwrite" | "reload";
  path: string;
}

/** What can be placed; with `node` what takes its output (`side` out), or fits its argument `port` (`side` in), the best first. */
export interface Palette {
  type: "palette";
  id: number;
  node: string;
  side: "" | "in" | "out";
  port: string;
}

/** Asks for a task of a name that is not there yet, which takes the output of a node, or gives its argument, as `Palette` has it. */
export interface WriteTask {
  type: "stub";
  id: number;
  name: string;
  node: string;
  side: "" | "in" | "out";
  port: string;
}

/** Where a wire from the output of a node, or of an input of the flow (`inputs.day`), can end. */
export interface Fits {
  type: "fits";
  id: number;
  source: string;
}

/** The fields of a node, those that several have in common, or for none those of the flow. */
export interface AskForm {
  type: "form";
  id: number;
  nodes: string[];
}

export interface AskText {
  type: "text";
  id: number;
}

/** What is wrong with a text as a document. */
export interface CheckText {
  type: "check";
  id: number;
  text: string;
}

/** The text with one of its problems mended, by the problem's place among them. */
export interface MendText {
  type: "mend";
  id: number;
  text: string;
  at: number;
}

/** The flow as code for a cell. */
export interface AskPython {
  type: "python";
  id: number;
}

/** Nodes as a YAML fragment. */
export interface Copy {
  type: "copy";
  id: number;
  nodes: string[];
}

/** What an argument or condition of a node gives on the last run's values: a text with `${{ }}`, or an expression. */
export interface Evaluate {
  type: "evaluate";
  id: number;
  node: string;
  text: string;
}

export type Typed = "value" | "expression" | "type";

/** The names that fit in a field of a node (of the flow for an empty name), whose caret is `at` a place in the text; `of`: what is
 * typed there, as a whole. */
export interface Complete {
  type: "complete";
  id: number;
  node: string;
  text: string;
  at: number;
  of: Typed;
}

/** The plain data that a YAML text says. */
export interface AskValue {
  type: "value";
  id: number;
  text: string;
}

/** What came of a node, or of an input (`inputs.day`), in the flow's last run. */
export interface AskSample {
  type: "sample";
  id: number;
  source: string;
}

export type Asked =
  | Request
  | Inspect
  | Items
  | WhatCan
  | AskInputs
  | AskAbout
  | AskPaths
  | Keep
  | Resync
  | Mode
  | Edits
  | OpenFile
  | History
  | Palette
  | WriteTask
  | Fits
  | AskForm
  | AskText
  | CheckText
  | MendText
  | AskPython
  | Copy
  | Evaluate
  | AskSample
  | AskValue
  | Complete;

/** By what is asked the result of its reply. */
export interface Answers {
  request: null;
  inspect: Inspection;
  items: ItemPage;
  can: Can;
  inputs: AskedField[];
  about: About;
  paths: string[];
  keep: Kept;
  edit: string[];
  open: string[];
  history: string;
  palette: PaletteItem[];
  stub: NewTask;
  fits: Fitting;
  form: Form;
  text: DocumentText;
  check: Checked;
  mend: string;
  python: string;
  copy: string;
  evaluate: Computed;
  sample: Sample;
  value: unknown;
  complete: Completion;
}

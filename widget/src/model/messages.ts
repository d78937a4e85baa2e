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
] as const;
export const CACHED = 1;
export const GIVEN = 2;
export const HOLD = 4;
export const ABANDONED = 8;
export const BREAK = 16;
export const PAUSED = 32;
export const WAITS = 64;

export type Able = true | string;

export type Can = Record<string, Able>;

export type Pair = [string, string];

export type Point = [number, number];

export type Edge = [from: number, to: number, kind: "data" | "order" | "when" | "catch"];

export interface Problem {
  code: string;
  message: string;
  node: string;
  line: number;
  hint: string;
}

/** A run whose kernel has ended before it did. */
export interface Interrupted {
  id: string;
  created: number;
}

/** A flow as a whole; `start` tells whether the view can start it. */
export interface FlowInfo {
  name: string;
  description: string;
  problems: Problem[];
  start: Able;
  interrupted?: Interrupted[];
}

/** A node before it has a place: `parent` is -1, or the group it lies in; `wait` its kind if it waits, and what it `asks`;
 * `badge` says how it begins or goes on, where that is not as usual. */
export interface NodeOutline {
  name: string;
  label: string;
  kind: string;
  parent: number;
  doc: string;
  wait: string;
  asks: string;
  badge: string;
  call: string;
  config: Pair[];
  inputs: Pair[];
  when: string | null;
}

/** A node and its place; `line` is what its card says below its name before anything runs. */
export interface NodeInfo {
  name: string;
  label: string;
  kind: string;
  parent: number;
  doc: string;
  wait: string;
  asks: string;
  badge: string;
  call: string;
  config: Pair[];
  inputs: Pair[];
  when: string | null;
  line: string;
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

export type Texts = Partial<Record<"error" | "progress" | "summary" | "reason" | "wait" | "signal" | "ill", string>>;

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

/** A run as a whole; `waits` counts what it waits for by kind, while nothing else moves it. */
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
  waits: Record<string, number>;
  can: Can;
  forked_from: ForkedFrom | null;
  left?: Left;
}

export type ItemRow = [index: number, key: string | null, status: Status, text: string];

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
}

/** A field that somebody is to fill in: `label` above it, `choices` and `hint` as texts; what is `plain` is a text as it is,
 * anything else JSON. */
export interface AskedField {
  name: string;
  label: string;
  hint: string;
  choices: string[];
  switch: boolean;
  plain: boolean;
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

export interface Output {
  text: string;
  type: string;
  shape: string;
}

export interface Failure {
  type: string;
  message: string;
  traceback: string;
}

/** Some rows of `total`. */
export interface ItemPage {
  total: number;
  rows: ItemRow[];
}

/** All that the inspector shows of a node or item; `args` are there to be edited, `dropped` counts lines not kept. */
export interface Inspection {
  name: string;
  state: string;
  attempt: number;
  attempts: Attempt[];
  inputs: Pair[];
  args: Argument[];
  output: Output | null;
  logs: LogRow[];
  dropped: number;
  error: Failure | null;
  metrics: Metric[];
  code: string;
  why: string;
  ill: string;
  wait: Waiting | null;
  approved: Approval | null;
  can: Can;
}

/** The whole view.
 *
 * `bends`: by an edge's place in `edges` the points that it passes; between 2i and 2i + 1 it runs level. `told` and
 * `items`, by node: in a page with nothing behind it what is otherwise asked for. */
export interface Snapshot {
  v: 1;
  seq: number;
  mode: "live" | "static";
  now: number;
  flow: FlowInfo;
  run: RunInfo | null;
  nodes: NodeInfo[];
  edges: Edge[];
  bends: Record<string, Point[]>;
  status: Status[];
  texts: Record<string, Texts>;
  told?: Record<string, Inspection>;
  items?: Record<string, ItemPage>;
}

/** What changed; the records of nodes that did are its buffer. */
export interface Patch {
  type: "patch";
  seq: number;
  now: number;
  run: RunInfo | null;
  texts: Record<string, Texts>;
}

export interface Afresh {
  type: "snapshot";
  snapshot: Snapshot;
}

export interface Refusal {
  code: string;
  message: string;
}

/** The answer to what bore this number. */
export interface Reply {
  type: "reply";
  id: number;
  ok: boolean;
  error: Refusal | null;
  result: unknown;
}

export type Told = Patch | Afresh | Reply;

/** Asks a run, a node or an item for something; `target` is None for the run. */
export interface Request {
  type: "request";
  id: number;
  verb: string;
  target: string | null;
  args: Record<string, unknown>;
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
}

/** Asks what can be done now with a node or item. */
export interface WhatCan {
  type: "can";
  id: number;
  node: string;
  item: number | null;
}

export interface Resync {
  type: "resync";
}

export type Asked = Request | Inspect | Items | WhatCan | Resync;

/** By what is asked the result of its reply. */
export interface Answers {
  request: null;
  inspect: Inspection;
  items: ItemPage;
  can: Can;
}

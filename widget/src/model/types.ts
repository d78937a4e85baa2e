// What Python sends and takes. The Python side of this file is stratix_tasks/view/messages.py.

export type NodeKind = "task" | "map" | "flow";
export type Kind = "sleep" | "approval" | "signal";

/** [state, flags, attempt, done, total, failed, running, skipped, progress, started, ended, due] */
export type Status = [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number | null,
  number | null,
  number | null,
  number | null,
];

export interface NodeInfo {
  name: string;
  label: string;
  kind: NodeKind;
  parent: number;
  x: number;
  y: number;
  w: number;
  h: number;
  doc: string;
  call: string;
  /** Of a node that waits: what for. */
  wait: Kind | "";
  /** What the card says below its name before anything runs. */
  line: string;
  config: [string, string][];
  inputs: [string, string][];
  when: string | null;
}

export interface Texts {
  error?: string;
  progress?: string;
  summary?: string;
  reason?: string;
  /** What is asked while it waits, and the name of the signal. */
  wait?: string;
  signal?: string;
}

/** true, or why it can't be done now */
export type Can = Record<string, true | string>;

export interface RunInfo {
  id: string;
  state: string;
  reason: string | null;
  started: number;
  ended: number | null;
  inputs: [string, string][];
  error: string | null;
  counts: Record<string, number>;
  done: number;
  total: number;
  /** How many waits there are of which kind, while nothing else moves the run. */
  waits: Partial<Record<Kind, number>>;
  can: Can;
  forked_from?: { run: string; node: string | null } | null;
  /** Of an interrupted run: when its last step was recorded, and the functions that are missing or changed here. */
  left?: { at: number; missing: string[]; changed: string[] };
}

export interface Problem {
  code: string;
  message: string;
  node: string;
  line: number;
  hint: string;
}

export interface Snapshot {
  v: 1;
  seq: number;
  mode: "live" | "static";
  now: number;
  flow: {
    name: string;
    description: string;
    problems: Problem[];
    start: true | string;
    interrupted?: { id: string; created: number }[];
  };
  run: RunInfo | null;
  nodes: NodeInfo[];
  edges: [number, number, "data" | "order" | "when"][];
  /** By an edge's place in `edges` the points that it passes; between 2i and 2i + 1 it runs level. */
  bends?: Record<string, [number, number][]>;
  status: Status[];
  texts: Record<string, Texts>;
  /** In a page with nothing behind it: what is told of nodes, and their first items, by name. */
  told?: Record<string, Inspection>;
  items?: Record<string, { total: number; rows: ItemPage }>;
}

/** index, key, status, text */
export type ItemPage = [number, string | null, Status, string][];

export interface PatchHead {
  type: "patch";
  seq: number;
  now: number;
  run: RunInfo | null;
  texts: Record<string, Texts>;
}

/** An argument; `edit` is the text of its editor, null where `why` tells that it can't be edited here. */
export interface Argument {
  name: string;
  text: string;
  from: string;
  set: boolean;
  as: "json" | "text";
  edit: string | null;
  why: string;
}

export interface Inspection {
  name: string;
  state: string;
  attempt: number;
  attempts: { attempt: number; started: number | null; ended: number | null; state: string; error: string | null }[];
  inputs: [string, string][];
  args: Argument[];
  output: { text: string; type: string; shape: string } | null;
  logs: [number, string, string][];
  dropped: number;
  error: { type: string; message: string; traceback: string } | null;
  metrics: [string, number][];
  code: string;
  why: string;
  wait: Wait | null;
  approved: { by: string; at: string } | null;
  can: Can;
}

/** Times in Unix seconds. */
export interface Wait {
  for: Kind;
  since: number;
  due: number | null;
  message?: string;
  name?: string;
}

export interface ItemRow {
  index: number;
  key: string | null;
  status: Status;
  text: string;
}

export interface Reply {
  type: "reply";
  id: number;
  ok: boolean;
  error: { code: string; message: string } | null;
  result: unknown;
}

export type Incoming = PatchHead | Reply | { type: "snapshot"; snapshot: Snapshot };

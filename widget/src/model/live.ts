// The state that mirrors Python: a snapshot, kept up to date by numbered binary patches.
import { changed } from "./change";
import type { CardLook, Change, NodeInfo, Patch, RunInfo, Snapshot, Status, Texts } from "./messages";
import { stackInfo, sumOf } from "./stacks";

export const RECORD = 56;

/** The records of a patch: node number and status each. */
export function decode(view: DataView): [number, Status][] {
  const records: [number, Status][] = [];
  for (let at = 0; at + RECORD <= view.byteLength; at += RECORD) {
    const u32 = (offset: number) => view.getUint32(at + offset, true);
    const number = (value: number) => (Number.isNaN(value) ? null : value);
    const f64 = (offset: number) => number(view.getFloat64(at + offset, true));
    const status: Status = [
      view.getUint8(at + 4),
      view.getUint8(at + 5),
      view.getUint16(at + 6, true),
      u32(8),
      u32(12),
      u32(16),
      u32(20),
      u32(24),
      number(view.getFloat32(at + 28, true)),
      f64(32),
      f64(40),
      f64(48),
    ];
    records.push([u32(0), status]);
  }
  return records;
}

type Listener = () => void;
const BLANK: Status = [0, 0, 0, 0, 0, 0, 0, 0, null, null, null, null];
const NONE: Texts = {};

/** Holds a snapshot; `take` applies a patch and tells whose node changed. */
const ENDED = new Set(["completed", "failed", "cancelled"]);

export class Live {
  snapshot: Snapshot;
  /** Python's clock minus ours, in seconds. */
  private skew = 0;
  private nodes = new Map<number, Set<Listener>>();
  private whole = new Set<Listener>();
  /** Rises with every change of the graph itself. */
  version = 0;
  /** No kernel answers. */
  gone = false;
  private goneAt = 0;
  private stacks: NodeInfo[] = [];
  private sums = new Map<number, Status>();

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    this.stacks = snapshot.folds.map((fold) => stackInfo(fold, snapshot.nodes));
    this.sync(snapshot.now);
  }

  now(): number {
    if (this.gone) return this.goneAt;
    return this.isKept ? this.snapshot.now : Date.now() / 1000 + this.skew;
  }

  /** The time at which bodies are: of a run whose kernel has ended that of its last step. */
  at(): number {
    return this.run?.left?.at ?? this.now();
  }

  /** How the run stands as it is drawn: one that had not ended when its kernel went as one that was interrupted. */
  get standing(): string | undefined {
    const state = this.run?.state;
    return this.gone && state !== undefined && !ENDED.has(state) ? "interrupted" : state;
  }

  /** Nothing is behind it: it is a page, or what a notebook has kept. */
  get isKept(): boolean {
    return this.snapshot.mode === "static" || this.snapshot.mode === "saved";
  }

  /** Whether there is someone to ask for anything. */
  get canAsk(): boolean {
    return !this.isKept && !this.gone;
  }

  get run(): RunInfo | null {
    return this.snapshot.run;
  }

  /** A node, or a stack by the number that follows those of the nodes. */
  info(id: number): NodeInfo | undefined {
    return this.snapshot.nodes[id] ?? this.stacks[id - this.snapshot.nodes.length];
  }

  /** How what a node uses looks; nothing where that has no icon. */
  look(id: number): CardLook | undefined {
    const [cards, uses] = [this.snapshot.flow.cards, this.info(id)?.uses ?? ""];
    const found = Object.hasOwn(cards, uses) ? cards[uses] : undefined;
    return found?.icon ? found : undefined;
  }

  /** How many nodes lie in a sub-flow or stack. */
  count(id: number): number {
    return this.members(id).length || this.snapshot.nodes.filter((node) => node.parent === id).length;
  }

  /** The members of a stack; none of a node. */
  members(id: number): readonly number[] {
    return this.snapshot.folds[id - this.snapshot.nodes.length]?.members ?? [];
  }

  status(id: number): Status {
    const own = this.snapshot.status[id];
    const members = own ? [] : this.members(id);
    if (members.length === 0) return own ?? BLANK;
    const known = this.sums.get(id) ?? sumOf(members.map((member) => this.status(member)));
    this.sums.set(id, known);
    return known;
  }

  texts(node: number): Texts {
    return this.snapshot.texts[String(node)] ?? NONE;
  }

  replace(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.stacks = snapshot.folds.map((fold) => stackInfo(fold, snapshot.nodes));
    this.sums.clear();
    this.version += 1;
    this.sync(snapshot.now);
    for (const listeners of this.nodes.values()) for (const listener of [...listeners]) listener();
    for (const listener of [...this.whole]) listener();
  }

  /** false when something is missing before it: ask for a snapshot. */
  change(change: Change): boolean {
    if (change.seq <= this.snapshot.seq) return true;
    if (change.seq !== this.snapshot.seq + 1) return false;
    this.replace(changed(this.snapshot, change));
    return true;
  }

  /** The same of a run. */
  take(head: Patch, records: [number, Status][]): boolean {
    if (head.seq <= this.snapshot.seq) return true;
    if (head.seq !== this.snapshot.seq + 1) return false;
    const { status, texts } = this.snapshot;
    this.sums.clear();
    for (const [node, record] of records) status[node] = record;
    const merged: Record<string, Texts> = { ...texts, ...head.texts };
    this.snapshot = { ...this.snapshot, seq: head.seq, run: head.run, texts: merged, status };
    this.sync(head.now);
    const changed = new Set(records.map(([node]) => node));
    for (const node of Object.keys(head.texts)) changed.add(Number(node));
    for (const node of changed) for (const listener of [...(this.nodes.get(node) ?? [])]) listener();
    for (const listener of [...this.whole]) listener();
    return true;
  }

  onNode(node: number, listener: Listener): Listener {
    const members = this.members(node);
    if (members.length > 0) {
      const ends = members.map((member) => this.onNode(member, listener));
      return () => {
        for (const end of ends) end();
      };
    }
    const listeners = this.nodes.get(node) ?? new Set();
    this.nodes.set(node, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  onRun(listener: Listener): Listener {
    this.whole.add(listener);
    return () => this.whole.delete(listener);
  }

  lose(gone: boolean): void {
    if (this.gone === gone) return;
    this.goneAt = this.now();
    this.gone = gone;
    for (const listener of [...this.whole]) listener();
  }

  private sync(now: number): void {
    this.skew = now - Date.now() / 1000;
  }
}

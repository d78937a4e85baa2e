// Whose cards show what they gave. Nothing is asked of Python for those that show nothing.
import type { Calls } from "../transport";
import type { Live } from "./live";
import type { Picture, Shows } from "./messages";
import { type Peek, peekOf } from "./peek";
import type { Size } from "./place";
import { stateName } from "./states";

type Listener = () => void;
const NONE: ReadonlyMap<number, Peek> = new Map();
/** Questions that are open at once. */
const TOGETHER = 8;

export class Peeks {
  /** By node what its card shows; another map whenever that is something else. */
  shown = NONE;
  all = false;
  /** The names of those that are otherwise than all, also in the next run. */
  private others: ReadonlySet<string> = new Set();
  /** By name what its card shows, and as what of the node. */
  private told = new Map<string, { of: string; peek: Peek | null }>();
  /** The cards that are drawn; null where they can't show anything. */
  private drawn: readonly number[] | null = [];
  private asking = false;
  private listeners = new Set<Listener>();
  private turns = new Set<(node: number | null) => void>();

  constructor(
    private live: Live,
    private calls: Calls,
    private measured: (picture: Picture) => Promise<Size>,
  ) {
    this.show(live.snapshot.shows);
  }

  /** Which do, as a notebook keeps it; undefined where none does. */
  get shows(): Shows | undefined {
    return this.all || this.others.size > 0 ? { all: this.all, others: [...this.others] } : undefined;
  }

  /** Those that did when it was kept: it may come from anywhere. */
  show(shows: Shows | undefined): void {
    this.all = shows?.all === true;
    this.others = new Set(Array.isArray(shows?.others) ? shows.others : []);
    this.turned(null);
  }

  isOn(node: number): boolean {
    return this.all !== this.others.has(this.name(node));
  }

  /** Why a node's card can show nothing; empty where it can. */
  why(node: number): string {
    if (this.whyAll) return this.whyAll;
    return stateName(this.live.status(node)) === "completed" ? "" : "it has no result";
  }

  /** Why no card can. */
  get whyAll(): string {
    if (this.drawn === null) return "there are too many cards";
    return this.live.run ? "" : "it has not been run";
  }

  turn(node: number): void {
    const others = new Set(this.others);
    if (!others.delete(this.name(node))) others.add(this.name(node));
    this.others = others;
    this.turned(node);
  }

  turnAll(): void {
    this.all = !this.all;
    this.others = new Set();
    this.turned(null);
  }

  /** Calls back when `shown` is another map, or something was turned; the answer ends it. */
  watch(changed: Listener): Listener {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  /** Calls with the node that was turned, whose card is to stay where it is; null where all were. The answer ends it. */
  watchTurns(turned: (node: number | null) => void): Listener {
    this.turns.add(turned);
    return () => this.turns.delete(turned);
  }

  /** Keeps up to date what the cards that are drawn show; null for those that are painted. The answer ends it. */
  follow(drawn: readonly number[] | null): Listener {
    this.drawn = drawn;
    this.update();
    return this.live.onRun(() => (this.all || this.others.size > 0) && this.update());
  }

  private name(node: number): string {
    return this.live.snapshot.nodes[node]?.name ?? "";
  }

  private turned(node: number | null): void {
    for (const turned of this.turns) turned(node);
    this.update();
    for (const changed of [...this.listeners]) changed();
  }

  private update(): void {
    const on = (this.drawn ?? []).filter((node) => this.name(node) && this.isOn(node) && this.why(node) === "");
    const found = new Map<number, Peek>();
    for (const node of on) {
      const { of, peek } = this.told.get(this.name(node)) ?? {};
      if (of === this.state(node) && peek && !(this.all && peek.short)) found.set(node, peek);
    }
    void this.ask(on);
    if (found.size === this.shown.size && [...found].every(([node, peek]) => this.shown.get(node) === peek)) return;
    this.shown = found;
    for (const changed of [...this.listeners]) changed();
  }

  /** Asks of some of those of which it is not known, and goes on from there. */
  private async ask(on: readonly number[]): Promise<void> {
    const next = on.filter((node) => this.told.get(this.name(node))?.of !== this.state(node)).slice(0, TOGETHER);
    if (this.asking || next.length === 0) return;
    this.asking = true;
    await Promise.all(next.map((node) => this.learn(node)));
    this.asking = false;
    this.update();
  }

  private async learn(node: number): Promise<void> {
    const [name, of] = [this.name(node), this.state(node)];
    const value = await this.calls.call({ type: "inspect", node: name, item: null }).then(
      ({ output }) => output,
      ({ message }: Error) => ({ text: message, type: "", shape: "", preview: null }),
    );
    const picture = value?.preview?.kind === "picture" ? await this.measured(value.preview) : null;
    this.told.set(name, { of, peek: value && peekOf(value, picture) });
  }

  /** What it was told for: all that a status says. */
  private state(node: number): string {
    return `${this.live.run?.id} ${this.live.status(node)}`;
  }
}

// What is asked of Python, and what the view shows meanwhile. The flow itself is Python's: a guess lasts until the answer.
import type { Live } from "../model/live";
import type { EditInfo, Edits, History, OpenFile } from "../model/messages";
import type { Calls } from "../transport";
import type { Place, Wire } from "./wires";

export type Edit = { edit: string } & Record<string, unknown>;

/** What a view shows before Python has answered. */
export interface Guess {
  places?: Record<string, Place>;
  wires?: Wire[];
  /** Nodes and wires that go. */
  gone?: string[];
  names?: Record<string, string>;
}

interface Asked {
  guess: Guess;
  version: number;
  answered: boolean;
}

export class Editing {
  private asked = new Set<Asked>();
  private listeners = new Set<() => void>();
  /** What was typed and refused, by field: it is there when one comes back. */
  readonly drafts = new Map<string, { text: string; why: string }>();

  constructor(
    readonly live: Live,
    readonly calls: Calls,
    private tell: (notice: string) => void,
  ) {}

  get info(): EditInfo | undefined {
    return this.live.snapshot.edit;
  }

  /** What is asked for and not there yet. */
  get guesses(): Guess[] {
    return [...this.asked].map(({ guess }) => guess);
  }

  /** Takes the flow of a file in, as one step. */
  open(name: string, data: string, { x, y }: Place): Promise<string[] | null> {
    return this.step({ type: "open", name, data, at: [x, y] });
  }

  /** One step of edits; the names of nodes that were added, or null where it was refused: the reason is told, unless `quiet`. */
  async apply(edits: Edit[], title = "", guess: Guess = {}, quiet?: (why: string) => void): Promise<string[] | null> {
    return edits.length === 0 ? [] : this.step({ type: "edit", edits, title }, guess, quiet);
  }

  private async step(
    asks: Omit<Edits, "id"> | Omit<OpenFile, "id">,
    guess: Guess = {},
    quiet?: (why: string) => void,
  ): Promise<string[] | null> {
    const mine: Asked = { guess, version: this.live.version, answered: false };
    this.asked.add(mine);
    this.changed();
    try {
      const added = await this.calls.call(asks);
      this.tell("");
      mine.answered = true;
      this.settle();
      return added;
    } catch (error) {
      this.asked.delete(mine);
      this.changed();
      (quiet ?? this.tell)((error as Error).message);
      return null;
    }
  }

  async history(what: History["do"], path = ""): Promise<string | null> {
    try {
      const done = await this.calls.call({ type: "history", do: what, path });
      this.tell("");
      return done;
    } catch (error) {
      this.tell((error as Error).message);
      return null;
    }
  }

  /** Says why something can't be done. */
  refuse(why: string): void {
    this.tell(why);
  }

  /** A snapshot has come: what it answers is no guess any more. */
  settle(): void {
    for (const one of this.asked) if (one.answered && this.live.version > one.version) this.asked.delete(one);
    this.changed();
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    const end = this.live.onRun(() => this.settle());
    return () => {
      this.listeners.delete(listener);
      end();
    };
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

// What can be done with nodes and items: Python alone says it, and is asked again when what it was told for has changed.
import type { Calls } from "../transport";
import type { Target } from "./actions";
import type { Live } from "./live";
import type { Can, Status } from "./messages";

type Listener = () => void;
const NOTHING: Can = {};

export class Abilities {
  private told = new Map<string, { of: string; can: Can }>();

  constructor(
    private live: Live,
    private calls: Calls,
  ) {}

  /** How a target stands, and what can be done with it: nothing before Python has told. */
  standing(target: Target): { status: Status; can: Can } {
    const status = target.own?.status ?? this.live.status(target.node);
    return { status, can: this.told.get(this.id(target))?.can ?? NOTHING };
  }

  /** What can be done with it now: as it was told, where nothing has changed since. */
  async now(target: Target): Promise<Can> {
    return this.isCurrent(target) ? this.standing(target).can : this.ask(target);
  }

  /** Keeps what is told of a target up to date; `changed` is called when there is something new. The answer ends it. */
  watch(target: Target, changed: Listener): Listener {
    let [over, asking] = [false, false];
    const look = async () => {
      if (asking) return;
      asking = true;
      while (!over && this.live.canAsk && !this.isCurrent(target)) {
        await this.ask(target);
        if (!over) changed();
      }
      asking = false;
    };
    const ends = [this.live.onNode(target.node, look), this.live.onRun(look)];
    look();
    return () => {
      over = true;
      for (const end of ends) end();
    };
  }

  private async ask(target: Target): Promise<Can> {
    const [id, of] = [this.id(target), this.state(target)];
    const node = this.live.snapshot.nodes[target.node]?.name ?? "";
    const can = await this.calls.call({ type: "can", node, item: target.item }).catch(() => NOTHING);
    this.told.set(id, { of, can });
    return can;
  }

  private isCurrent(target: Target): boolean {
    return this.told.get(this.id(target))?.of === this.state(target);
  }

  private id({ name }: Target): string {
    return `${this.live.run?.id} ${name}`;
  }

  /** What it was told for: the state of the run, and all that a status says but progress and times. */
  private state({ node }: Target): string {
    return `${this.live.run?.state} ${this.live.status(node).slice(0, 8)}`;
  }
}

// The way to Python; the only file that knows who hosts us: a notebook's model, or a page with nothing behind it.
import { sifted } from "./model/items";
import type { Answers, Asked, Refusal, Reply, Snapshot, Told } from "./model/messages";

/** What has an answer, before it has its number. */
type Question<Message = Asked> = Message extends { id: number } ? Omit<Message, "id"> : never;

/** The part of an anywidget model that is used: never save_changes, which can jam while an async cell runs. */
export interface AnyModel {
  get(name: "snapshot"): Snapshot;
  send(content: unknown): void;
  on(event: string, callback: (...values: never[]) => void): void;
  off(event: string, callback: (...values: never[]) => void): void;
}

export interface Transport {
  snapshot(): Snapshot;
  send(message: Asked): void;
  listen(handler: (message: Told, buffers: DataView[]) => void, signal: AbortSignal): void;
  /** Calls back when the way to Python may be cut. */
  doubt(handler: () => void, signal: AbortSignal): void;
}

export function modelTransport(model: AnyModel): Transport {
  return {
    snapshot: () => model.get("snapshot"),
    send: (message) => model.send(message),
    listen(handler, signal) {
      const custom = (message: Told, buffers: DataView[]) => handler(message, buffers ?? []);
      model.on("msg:custom", custom as never);
      signal.addEventListener("abort", () => model.off("msg:custom", custom as never));
    },
    doubt(handler, signal) {
      model.on("comm_live_update", handler as never);
      signal.addEventListener("abort", () => model.off("comm_live_update", handler as never));
    },
  };
}

/** A page with nothing behind it answers from what is in it. */
export function staticTransport(snapshot: Snapshot): Transport {
  let answer: (message: Told, buffers: DataView[]) => void = () => {};
  return {
    snapshot: () => snapshot,
    send(message) {
      const result = kept(snapshot, message);
      const error =
        result === undefined
          ? {
              code: "static",
              message: snapshot.mode === "saved" ? "the notebook has not kept this" : "this is not in the page",
              redo: "",
            }
          : null;
      const id = "id" in message ? message.id : 0;
      queueMicrotask(() => answer({ type: "reply", id, ok: error === null, error, result }, []));
    },
    listen(handler) {
      answer = handler;
    },
    doubt: () => {},
  };
}

/** What the page has of what is asked for; undefined for what it has not. */
export function kept({ told, items, about }: Snapshot, message: Asked): unknown {
  if (message.type === "about") return about;
  if (message.type === "inspect") return told?.[toldAs(message.node, message.item)];
  if (message.type !== "items") return undefined;
  const has = items?.[message.node];
  return has && sifted(has, message.query, message.start, message.stop);
}

/** What `told` has a node or item by. */
export function toldAs(node: string, item: number | null): string {
  return item === null ? node : `${node}[${item}]`;
}

/** An answer that is none. */
export class Refused extends Error {
  /** What is rolled back where it is asked again with `redo`; empty where that is of no use. */
  readonly redo: string;

  constructor(told: Refusal | null) {
    super(told?.message ?? "refused");
    this.redo = told?.redo ?? "";
  }
}

/** Requests with answers: each message has a number, and its reply the same. */
export class Calls {
  private next = 1;
  private waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Refused) => void }>();

  constructor(private transport: Transport) {}

  call<Asks extends Question>(message: Asks): Promise<Answers[Asks["type"]]> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: never) => void, reject });
      this.transport.send({ ...message, id } as Asked);
    });
  }

  /** What has no answer of its own. */
  tell(message: Asked): void {
    this.transport.send(message);
  }

  answer(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.result as never);
    else waiting?.reject(new Refused(reply.error));
  }
}

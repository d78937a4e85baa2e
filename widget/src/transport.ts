// The way to Python; the only file that knows who hosts us: a notebook's model, or a page with nothing behind it.
import type { Incoming, Snapshot } from "./model/types";

/** The part of an anywidget model that is used: never save_changes, which can jam while an async cell runs. */
export interface AnyModel {
  get(name: "snapshot"): Snapshot;
  send(content: unknown): void;
  on(event: string, callback: (...values: never[]) => void): void;
  off(event: string, callback: (...values: never[]) => void): void;
}

export interface Transport {
  snapshot(): Snapshot;
  send(message: Record<string, unknown>): void;
  listen(handler: (message: Incoming, buffers: DataView[]) => void, signal: AbortSignal): void;
  /** Calls back when the way to Python may be cut. */
  doubt(handler: () => void, signal: AbortSignal): void;
}

export function modelTransport(model: AnyModel): Transport {
  return {
    snapshot: () => model.get("snapshot"),
    send: (message) => model.send(message),
    listen(handler, signal) {
      const custom = (message: Incoming, buffers: DataView[]) => handler(message, buffers ?? []);
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
  let answer: (message: Incoming, buffers: DataView[]) => void = () => {};
  return {
    snapshot: () => snapshot,
    send(message) {
      const result = kept(snapshot, message);
      const error = result === undefined ? { code: "static", message: "this is not in the page" } : null;
      const reply = { type: "reply", id: Number(message.id), ok: error === null, error, result } as const;
      queueMicrotask(() => answer(reply, []));
    },
    listen(handler) {
      answer = handler;
    },
    doubt: () => {},
  };
}

/** What the page has of what is asked for; undefined for what it has not. */
export function kept({ told, items }: Snapshot, message: Record<string, unknown>): unknown {
  const node = String(message.node);
  if (message.type === "inspect" && (message.item ?? null) === null) return told?.[node];
  if (message.type !== "items") return undefined;
  const has = items?.[node];
  return has && { ...has, rows: has.rows.slice(Number(message.start), Number(message.stop)) };
}

/** Requests with answers: each message has a number, and its reply the same. */
export class Calls {
  private next = 1;
  private waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();

  constructor(private transport: Transport) {}

  call<T>(message: Record<string, unknown>): Promise<T> {
    const id = this.next++;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: never) => void, reject });
      this.transport.send({ ...message, id });
    });
  }

  answer(reply: { id: number; ok: boolean; error: { message: string } | null; result: unknown }): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.result as never);
    else waiting?.reject(new Error(reply.error?.message ?? "refused"));
  }
}

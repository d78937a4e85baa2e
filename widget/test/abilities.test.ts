import { describe, expect, it } from "vitest";
import { Abilities } from "../src/model/abilities";
import { Live } from "../src/model/live";
import type { Asked, Can, Snapshot, Status } from "../src/model/messages";
import { Calls } from "../src/transport";

const of = (state: number, progress: number | null = null): Status => [
  ...([state, 0, 1, 0, 0, 0, 0, 0] as const),
  ...([progress, 100, null, null] as const),
];
const TARGET = { node: 0, item: null, name: "a" };

/** A view of one running node; `answer` answers the oldest question that has no answer yet. */
function view() {
  const asked: (Asked & { id: number })[] = [];
  const snapshot = {
    seq: 0,
    mode: "live",
    now: 0,
    run: { id: "r", state: "running" },
    nodes: [{ name: "a" }],
    folds: [],
  };
  const live = new Live({ ...snapshot, status: [of(2)], texts: {} } as unknown as Snapshot);
  const calls = new Calls({
    snapshot: () => live.snapshot,
    send: (message) => asked.push(message as Asked & { id: number }),
    listen: () => {},
    doubt: () => {},
  });
  let [told, answered] = [0, 0];
  const abilities = new Abilities(live, calls);
  return {
    abilities,
    asked,
    changes: () => told,
    watch: () =>
      abilities.watch(TARGET, () => {
        told += 1;
      }),
    answer: async (can: Can) => {
      const id = asked[answered++]?.id ?? -1;
      calls.answer({ type: "reply", id, ok: true, error: null, result: can });
      await new Promise((done) => setTimeout(done));
    },
    patch: (status: Status, state = "running") => {
      const run = { id: "r", state } as Snapshot["run"];
      live.take({ type: "patch", seq: live.snapshot.seq + 1, now: 0, run, texts: {} }, [[0, status]]);
    },
  };
}

describe("what can be done", () => {
  it("is nothing before Python has told, and then what it told", async () => {
    const { abilities, asked, answer, changes, watch } = view();
    watch();
    expect(abilities.standing(TARGET).can).toEqual({});
    expect(asked).toMatchObject([{ type: "can", node: "a", item: null }]);
    await answer({ pause: true, set: "it is running" });
    expect(abilities.standing(TARGET).can).toEqual({ pause: true, set: "it is running" });
    expect(changes()).toBe(1);
  });

  it("is asked again when the node or the run is in another state, and not for its progress", async () => {
    const { asked, answer, patch, watch } = view();
    watch();
    await answer({ pause: true });
    patch(of(2, 0.5));
    expect(asked.length).toBe(1);
    patch(of(8));
    expect(asked.length).toBe(2);
    await answer({});
    patch(of(8), "completed");
    expect(asked.length).toBe(3);
  });

  it("is asked once more when something changed while it was asked", async () => {
    const { abilities, asked, answer, patch, watch } = view();
    watch();
    patch(of(8));
    expect(asked.length).toBe(1);
    await answer({ pause: true });
    expect(asked.length).toBe(2);
    await answer({ rollback: true });
    expect(abilities.standing(TARGET).can).toEqual({ rollback: true });
    expect(asked.length).toBe(2);
  });

  it("is known at once where nothing has changed since it was told", async () => {
    const { abilities, asked, answer } = view();
    const first = abilities.now(TARGET);
    await answer({ pause: true });
    expect([await first, await abilities.now(TARGET)]).toEqual([{ pause: true }, { pause: true }]);
    expect(asked.length).toBe(1);
  });

  it("is asked no more when nobody watches", async () => {
    const { asked, answer, changes, patch, watch } = view();
    const end = watch();
    end();
    await answer({ pause: true });
    patch(of(8));
    expect([asked.length, changes()]).toEqual([1, 0]);
  });
});

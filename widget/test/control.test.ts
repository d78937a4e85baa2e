import { describe, expect, it } from "vitest";
import { actionsOf, descendants } from "../src/model/actions";
import { ago, bannerOf } from "../src/model/banner";
import { Live } from "../src/model/live";
import {
  ABANDONED,
  type Argument,
  BREAK,
  type Can,
  HOLD,
  type NodeInfo,
  type RunInfo,
  type Snapshot,
  type Status,
} from "../src/model/messages";
import { restOf } from "../src/model/rest";
import { sourceText } from "../src/model/source";
import { detail, lookIn } from "../src/model/states";

const of = (state: number, flags = 0): Status => [state, flags, 1, 0, 0, 0, 0, 0, null, 100, null, null];
const PENDING = of(0);
const RUNNING = of(2);
const HELD = of(6);
const COMPLETED = of(8);

const run: RunInfo = {
  id: "run-1",
  state: "running",
  reason: null,
  started: 100,
  ended: null,
  inputs: [],
  error: null,
  counts: {},
  done: 12,
  total: 40,
  absorbed: 0,
  waits: {},
  can: {},
  forked_from: null,
  until: [],
  usual: null,
};

function info(name: string, parent = -1): NodeInfo {
  return {
    name,
    label: name,
    kind: "task",
    parent,
    x: 0,
    y: 0,
    w: 1,
    h: 1,
    doc: "",
    call: `m:${name}`,
    config: [],
    inputs: [],
    when: null,
    wait: "",
    uses: "",
    subtitle: "",
    badge: "",
    begins: "",
    line: "",
    gives: "",
    foot: "",
  };
}

function snapshot(change: Partial<RunInfo> | null, interrupted: { id: string; created: number }[] = []): Snapshot {
  return {
    v: 1,
    seq: 0,
    mode: "live",
    now: 1000,
    flow: { name: "f", description: "", problems: [], start: true, asks: false, cards: {}, interrupted },
    run: change && { ...run, ...change },
    nodes: [info("a")],
    edges: [],
    folds: [],
    rooms: {},
    closed: [],
    bends: {},
    conditions: {},
    status: [[...PENDING]],
    texts: {},
  };
}

const left = { at: 820, missing: [], changed: [] };

describe("actions", () => {
  const ids = (status: Status, item = false) => actionsOf(status, item, {}).map((action) => action.id);

  it("offers to resume what is held, and to pause the rest", () => {
    expect(ids(HELD)[0]).toBe("node-resume");
    expect(ids(of(2, HOLD))[0]).toBe("node-resume");
    expect(ids(RUNNING)[0]).toBe("node-pause");
  });

  it("offers to cancel only what has not ended", () => {
    expect(ids(RUNNING)).toContain("node-cancel");
    expect(ids(COMPLETED)).not.toContain("node-cancel");
  });

  it("keeps breakpoints, forks and rollbacks to whole nodes", () => {
    for (const id of ["node-breakpoint", "node-fork", "node-rollback"]) {
      expect(ids(PENDING)).toContain(id);
      expect(ids(PENDING, true)).not.toContain(id);
    }
  });

  it("goes back to an item that is a scope, and edits the inputs of another one", () => {
    const last = (can: Can) => actionsOf(COMPLETED, true, can).at(-1)?.id;
    expect(last({ pause: true, rollback: true })).toBe("node-rollback");
    expect(last({ pause: true, rollback: true, set: true })).toBe("edit-input");
  });

  it("takes a breakpoint away where there is one", () => {
    const on = (status: Status) => actionsOf(status, false, {}).find((one) => one.id === "node-breakpoint")?.args?.on;
    expect(on(PENDING)).toBe(true);
    expect(on(of(0, BREAK))).toBe(false);
  });

  it("has a key of its own for each action", () => {
    const keys = actionsOf(PENDING, false, { approve: true }).map((action) => action.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("descendants", () => {
  it("are all that depend on a node, also on the sub-flow that it lies in", () => {
    const nodes = [info("a"), info("g"), info("z"), info("g.b", 1), info("g.c", 1)];
    const edges: Snapshot["edges"] = [
      [0, 1, "data"],
      [1, 2, "data"],
      [3, 4, "data"],
    ];
    expect([...descendants({ nodes, edges }, 3)].sort()).toEqual([2, 4]);
    expect([...descendants({ nodes, edges }, 2)]).toEqual([]);
  });
});

const OPENS = 'from stratix_tasks import default_engine; default_engine().run("run-1")';

describe("rest", () => {
  it("is where a run stands still: it has ended, is paused, or waits for people", () => {
    const at = (over: Partial<RunInfo>) => restOf(snapshot(over));
    expect([at({}), at({ state: "pausing" })]).toEqual([null, null]);
    expect(at({ state: "completed", done: 40, ended: 7.5 })).toBe("run-1 completed 40/40 7.5");
    expect(at({ waits: { approval: 1 } })).toContain("run-1 running 12/40");
    expect(at({ state: "paused", counts: { failed: 1 } })).not.toBe(at({ state: "paused", counts: { failed: 2 } }));
  });

  it("of a flow is as it is now", () => {
    expect(restOf(snapshot(null))).toBe(restOf(snapshot(null)));
    expect(restOf(snapshot(null))).not.toBe(restOf({ ...snapshot(null), nodes: [] }));
  });
});

describe("banner", () => {
  it("is not there for a run that needs nobody", () => {
    expect(bannerOf(snapshot({}), 1000, false)).toBeNull();
    expect(bannerOf(snapshot({ state: "paused", reason: "user" }), 1000, false)).toBeNull();
    expect(bannerOf(snapshot(null), 1000, false)).toBeNull();
  });

  it("tells how an interrupted run stands and offers to go on", () => {
    const banner = bannerOf(snapshot({ state: "interrupted", left }), 1000, false);
    expect(banner?.text).toContain("recorded 3 minutes ago. 12 of 40 done, nothing recorded is lost.");
    expect(banner?.offers.map((offer) => [offer.id, offer.verb, offer.args])).toEqual([
      ["banner-recover", "recover", { run: "run-1", changed: "ask" }],
    ]);
  });

  it("names the functions that are missing and where they come from", () => {
    const missing = ["__main__:work", "lib:load", "lib:save"];
    const banner = bannerOf(snapshot({ state: "interrupted", left: { ...left, missing } }), 1000, false);
    expect(banner?.hint).toBe("First run the cells that define work and make lib importable.");
  });

  it("offers three ways on when code has changed", () => {
    const changed = bannerOf(
      snapshot({ state: "interrupted", left: { ...left, changed: ["__main__:work"] } }),
      1000,
      false,
    );
    const paused = bannerOf(snapshot({ state: "paused", reason: "code-changed" }), 1000, false);
    for (const banner of [changed, paused])
      expect(banner?.offers.map((offer) => offer.args.changed)).toEqual(["reuse", "rerun", "fork"]);
    expect(changed?.hint).toBe("The code of work has changed since.");
  });

  it.each(["max-recoveries", "disk"])("says what to do when a run is paused for %s", (reason) => {
    const banner = bannerOf(snapshot({ state: "paused", reason }), 1000, false);
    expect(banner?.hint).not.toBe("");
    expect(banner?.offers[0]?.verb).toBe("resume");
  });

  it("counts the interrupted runs of a flow", () => {
    const one = bannerOf(snapshot(null, [{ id: "x", created: 940 }]), 1000, false);
    expect([one?.text, one?.offers[0]?.args.run]).toEqual(["1 interrupted run, started 1 minute ago.", "x"]);
    const rows = ["new", "old"].map((id) => ({ id, created: 400 }));
    expect(bannerOf(snapshot(null, rows), 1000, false)?.text).toContain("2 interrupted runs, the newest");
  });

  it("says that no kernel answers and what to run, except of a run that has ended", () => {
    expect(bannerOf(snapshot({}), 1000, true)?.offers).toEqual([]);
    expect(bannerOf(snapshot({}), 1000, true)?.code).toBe(OPENS);
    expect(bannerOf(snapshot({ state: "completed" }), 1000, true)).toBeNull();
  });

  it("says of a saved view of when it is, and what to run for a live one", () => {
    const saved = (over: Partial<RunInfo> | null) => bannerOf({ ...snapshot(over), mode: "saved" }, 1000, false);
    expect(saved({ state: "completed" })).toMatchObject({ hint: "For a live view, run:", code: OPENS, isQuiet: true });
    expect(saved({ state: "paused" })?.text).toMatch(/^As saved on Jan 1, 1970, .*, with 12 of 40 done\./);
    expect(saved({ state: "paused" })?.code).toBe(OPENS);
    expect(saved(null)?.hint).toBe("Run its cell for a live view.");
  });

  it("tells spans in their largest unit", () => {
    expect([0, 1, 59, 60, 7200, 100_000].map(ago)).toEqual([
      "1 second",
      "1 second",
      "59 seconds",
      "1 minute",
      "2 hours",
      "1 day",
    ]);
  });
});

describe("cards", () => {
  it("say that a node stands at its breakpoint, and that an abandoned body still runs", () => {
    expect(detail(info("a"), HELD, { reason: "breakpoint" }, 200)).toBe("at its breakpoint");
    expect(detail(info("a"), of(11, ABANDONED), {}, 200)).toBe("cancelled · runs on");
  });

  it("show bodies of an interrupted run as interrupted", () => {
    expect(lookIn(RUNNING, "interrupted").word).toBe("interrupted");
    expect(lookIn(RUNNING, "running").word).toBe("running");
    expect(lookIn(COMPLETED, "interrupted").word).toBe("completed");
  });
});

describe("a lost kernel", () => {
  it("stops the clock, refuses requests and is told once", () => {
    const live = new Live(snapshot({}));
    let told = 0;
    live.onRun(() => {
      told += 1;
    });
    live.lose(true);
    live.lose(true);
    expect([told, live.canAsk]).toEqual([1, false]);
    expect(live.now()).toBe(live.now());
    live.lose(false);
    expect(live.canAsk).toBe(true);
  });
});

describe("a run whose kernel has ended", () => {
  it("is drawn as interrupted as soon as nobody answers, and as it ended where it had", () => {
    const live = new Live(snapshot({}));
    expect(live.standing).toBe("running");
    live.lose(true);
    expect(lookIn(RUNNING, live.standing).word).toBe("interrupted");
    const over = new Live(snapshot({ state: "failed" }));
    over.lose(true);
    expect(over.standing).toBe("failed");
  });
  it("has no body that goes on: what had begun is as old as at its last step", () => {
    const left = { at: 130, by: "", missing: [], changed: [], versions: [] } as unknown as RunInfo["left"];
    expect(new Live(snapshot({ state: "interrupted", left })).at()).toBe(130);
    expect(new Live(snapshot({})).at()).toBeCloseTo(new Live(snapshot({})).now(), 0);
  });
});

const expr = (inner: string) => `$${"{{"} ${inner} }}`;

describe("arguments", () => {
  const row: Argument = {
    name: "x",
    type: "int",
    text: "",
    from: "",
    set: false,
    as: "json",
    edit: "1",
    why: "",
    preview: null,
  };
  it("say where they come from", () => {
    expect(sourceText({ ...row, from: expr("tasks.load.output") })).toBe("from load");
    expect(sourceText({ ...row, from: expr("tasks.load.output"), edit: "" })).toBe("later from load");
    expect(sourceText({ ...row, from: expr("inputs.n") })).toBe("input n");
    expect(sourceText({ ...row, from: expr("tasks.load.output[0]") })).toBe(expr("tasks.load.output[0]"));
  });
});

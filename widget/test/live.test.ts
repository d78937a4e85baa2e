import { describe, expect, it } from "vitest";
import { ALL } from "../src/model/items";
import { decode, Live, RECORD } from "../src/model/live";
import {
  type Asked,
  GIVEN,
  HOLD,
  type ItemPage,
  type ItemRow,
  type NodeInfo,
  PAUSED,
  type Patch,
  type RunInfo,
  type Snapshot,
  type Status,
} from "../src/model/messages";
import { detail, duration, lookIn, lookOf } from "../src/model/states";
import { kept } from "../src/transport";

const blank: Status = [0, 0, 0, 0, 0, 0, 0, 0, null, null, null, null];
const run: RunInfo = {
  id: "r",
  state: "running",
  reason: null,
  started: 100,
  ended: null,
  inputs: [],
  error: null,
  counts: {},
  done: 0,
  total: 2,
  absorbed: 0,
  waits: {},
  can: {},
  forked_from: null,
  until: [],
  usual: null,
};
const info: NodeInfo = {
  name: "a",
  label: "a",
  kind: "task",
  parent: -1,
  x: 0,
  y: 0,
  w: 1,
  h: 1,
  doc: "",
  call: "m:a",
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

function snapshot(): Snapshot {
  return {
    v: 1,
    seq: 4,
    mode: "live",
    now: 100,
    flow: { name: "f", description: "", problems: [], start: true, asks: false, cards: {} },
    run,
    nodes: [info, { ...info, name: "b", label: "b" }],
    edges: [[0, 1, "data"]],
    folds: [],
    rooms: {},
    closed: [],
    bends: {},
    conditions: {},
    status: [[...blank], [...blank]],
    texts: {},
  };
}

function head(seq: number, texts: Patch["texts"] = {}): Patch {
  return { type: "patch", seq, now: 101, run: { ...run, done: 1 }, texts };
}

function bytes(node: number, state: number, progress: number): DataView {
  const view = new DataView(new ArrayBuffer(RECORD));
  view.setUint32(0, node, true);
  view.setUint8(4, state);
  view.setUint16(6, 2, true);
  view.setFloat32(28, progress, true);
  view.setFloat64(32, 100.5, true);
  view.setFloat64(40, Number.NaN, true);
  view.setFloat64(48, Number.NaN, true);
  return view;
}

describe("patches", () => {
  it("are decoded from fixed records, NaN meaning nothing", () => {
    expect(decode(bytes(1, 2, 0.5))).toEqual([[1, [2, 0, 2, 0, 0, 0, 0, 0, 0.5, 100.5, null, null]]]);
  });

  it("change the nodes that they name and tell only those that listen to them", () => {
    const live = new Live(snapshot());
    const heard: string[] = [];
    live.onNode(0, () => heard.push("a"));
    live.onNode(1, () => heard.push("b"));
    live.onRun(() => heard.push("run"));
    expect(live.take(head(5), decode(bytes(1, 2, Number.NaN)))).toBe(true);
    expect(live.status(1)[0]).toBe(2);
    expect(live.run?.done).toBe(1);
    expect(heard).toEqual(["b", "run"]);
  });

  it("are refused when one is missing, so that a snapshot is asked for", () => {
    expect(new Live(snapshot()).take(head(7), [])).toBe(false);
  });

  it("that are older than the snapshot change nothing", () => {
    const live = new Live(snapshot());
    expect(live.take(head(4), decode(bytes(1, 2, 0)))).toBe(true);
    expect(live.status(1)[0]).toBe(0);
  });

  it("bring texts for the nodes that they name", () => {
    const live = new Live(snapshot());
    live.take(head(5, { "0": { error: "boom" } }), []);
    expect(live.texts(0).error).toBe("boom");
    expect(live.texts(1)).toEqual({});
  });
});

describe("states", () => {
  it("a failed card leads with its error", () => {
    const status: Status = [9, 0, 1, 0, 0, 0, 0, 0, null, 1, 2, null];
    expect(detail(info, status, { error: "ValueError: no" }, 3)).toBe("ValueError: no");
  });

  it("a retrying card counts down", () => {
    const status: Status = [5, 0, 2, 0, 0, 0, 0, 0, null, 1, null, 13];
    expect(detail(info, status, {}, 3)).toBe("attempt 3 in 10 s");
  });

  it("a completed card shows duration and summary", () => {
    const status: Status = [8, 0, 1, 0, 0, 0, 0, 0, null, 1, 3.5, null];
    expect(detail(info, status, { summary: "3 × 4" }, 9)).toBe("2.5 s · 3 × 4");
  });

  it("a card leads with the attempt, which a narrow one must not cut", () => {
    const status: Status = [8, 0, 2, 0, 0, 0, 0, 0, null, 1, 3.5, null];
    expect(detail(info, status, { summary: "3 × 4" }, 9)).toBe("attempt 2 · 2.5 s · 3 × 4");
  });

  it("a value given by hand does not look computed", () => {
    const status: Status = [8, GIVEN, 2, 0, 0, 0, 0, 0, null, 1, 3.5, null];
    expect(lookOf(status)).toMatchObject({ look: "completed", glyph: "edit", word: "given" });
    expect(detail(info, status, { summary: "42" }, 9)).toBe("given · 42");
  });

  it("what was set back shows no progress of its former attempt", () => {
    const status: Status = [1, 0, 1, 0, 0, 0, 0, 0, 0.5, null, null, null];
    expect(detail(info, status, { progress: "5/10" }, 9)).toBe("ready");
  });

  it("a running body that is held looks as pausing", () => {
    expect(lookOf([2, HOLD, 1, 0, 0, 0, 0, 0, null, 1, null, null]).word).toBe("pausing");
  });

  it.each([
    [0.2, "200 ms"],
    [3.25, "3.3 s"],
    [0, "0 ms"],
    [0.9997, "1.0 s"],
    [9.96, "10 s"],
    [59.6, "1:00"],
    [125, "2:05"],
    [3725, "1:02:05"],
  ])("durations read as people say them: %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

describe("what is paused", () => {
  const map: Status = [13, 0, 0, 3, 8, 0, 0, 0, null, 100, null, null];
  it("is said of a mapped node whose items are paused", () => {
    expect(lookOf([...map.slice(0, 1), PAUSED, ...map.slice(2)] as Status).word).toBe("held");
    expect(lookOf(map).word).toBe("ready");
  });
  it("is said of a mapped node with no item at work while the run is paused", () => {
    expect(lookIn(map, "paused").word).toBe("held");
    expect(lookIn(map, "running").word).toBe("ready");
    const between: Status = [...blank];
    between[0] = map[0];
    between[3] = between[4] = 2;
    expect([lookIn(between, "paused").word, lookIn(between, "pausing").word]).toEqual(["held", "running"]);
  });
  it("is the first word of a paused or stopping card", () => {
    expect(detail(info, [3, 0, 1, 0, 0, 0, 0, 0, null, 1, null, null], { progress: "3/9" }, 3)).toBe("suspended · 3/9");
    expect(detail(info, [7, 0, 1, 0, 0, 0, 0, 0, null, 1, null, null], {}, 3)).toBe("stopping · 2.0 s");
  });
});

describe("a page with nothing behind it", () => {
  const rows = [0, 1, 2].map((index): ItemRow => [index, null, blank, "", []]);
  const page3: ItemPage = { total: 3, matching: 3, counts: {}, columns: [], rows };
  const page = { ...snapshot(), told: { a: { why: "because" } }, items: { a: { ...page3 } } };
  const of = (message: Record<string, unknown>) => kept(page as unknown as Snapshot, message as unknown as Asked);
  it("answers from what is in it", () => {
    expect(of({ type: "inspect", node: "a", item: null })).toEqual({ why: "because" });
    const asked = { type: "items", node: "a", start: 1, stop: 9, query: ALL };
    expect((of(asked) as ItemPage).rows.map(([index]) => index)).toEqual([1, 2]);
  });
  it("has no answer to the rest", () => {
    expect(of({ type: "inspect", node: "a", item: 2 })).toBeUndefined();
    expect(of({ type: "request", verb: "pause" })).toBeUndefined();
  });
});

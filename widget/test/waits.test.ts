import { describe, expect, it } from "vitest";
import { actionsOf } from "../src/model/actions";
import { type Can, type NodeInfo, type RunInfo, type Status, WAITS } from "../src/model/messages";
import { detail, lookIn, lookOf, PLANNED } from "../src/model/states";
import { glyphOf, left, slept, waitsText } from "../src/model/waits";
import { keyed } from "../src/view/keys";

const HOUR = 3600;
const waiting = (due: number | null = null): Status => [4, 0, 1, 0, 0, 0, 0, 0, null, 100, null, due];
const MAP: Status = [13, WAITS, 0, 1, 3, 0, 0, 0, null, 100, null, null];
const RUNNING: Status = [2, 0, 1, 0, 0, 0, 0, 0, null, 100, null, null];
const wait = (kind: string) => ({ name: "w", kind: "task", wait: kind }) as NodeInfo;
const run = (waits: RunInfo["waits"]) => ({ waits }) as RunInfo;

describe("a waiting card", () => {
  it("says what is asked; of a sleep and before anything is known its kind", () => {
    expect(detail(wait("approval"), waiting(), { wait: "Ship it?" }, 200)).toBe("Ship it?");
    expect(detail(wait("sleep"), waiting(300), {}, 200)).toBe("sleep");
  });

  it.each([
    [12.4, "13 s left"],
    [0, "0 s left"],
    [-3, "0 s left"],
    [299, "4:59 left"],
    [HOUR, "1 h left"],
    [24 * HOUR - 0.1, "24 h left"],
    [24 * HOUR - 60, "23 h left"],
    [7 * 24 * HOUR - 60, "6 days left"],
  ])("says what is left: %s", (seconds, text) => {
    expect(left(waiting(200 + seconds), 200)).toBe(text);
  });

  it("says nothing of time where there is no end, or where it waits no more", () => {
    expect(left(waiting(), 200)).toBe("");
    expect(left([8, ...waiting(300).slice(1)] as Status, 200)).toBe("");
  });

  it("fills while it sleeps", () => {
    expect(slept(waiting(300), 150)).toBe(0.25);
    expect(slept(waiting(300), 999)).toBe(1);
    expect(slept(waiting(), 150)).toBeNull();
  });

  it("looks as waiting, also while the run is paused; so does a mapped node whose items wait", () => {
    expect(lookOf(MAP).word).toBe("waiting");
    expect(lookIn(MAP, "paused").word).toBe("waiting");
    expect(lookIn(waiting(), "interrupted").word).toBe("waiting");
    expect(lookOf(RUNNING).look).not.toBe(lookOf(MAP).look);
  });

  it("has the icon of what it uses while it is planned or waits, and the glyph of its state afterwards", () => {
    const signal = { title: "Signal", icon: "M0 0L1 1", accent: "#8b5cf6" };
    expect(glyphOf(wait("signal"), lookOf(waiting()), signal)).toBe("M0 0L1 1");
    expect(glyphOf(wait("signal"), PLANNED, signal)).toBe("M0 0L1 1");
    expect(glyphOf(wait(""), PLANNED, undefined)).toBe("task");
    expect(glyphOf(wait("signal"), { look: "completed", glyph: "completed" }, signal)).toBe("completed");
  });
});

describe("an answer", () => {
  const first = (can: Can, status = waiting()) => actionsOf(status, false, can)[0]?.id;

  it("is the first action of what waits for it, and of nothing else", () => {
    expect(first({ approve: true })).toBe("node-approve");
    expect(first({ send: true })).toBe("node-send");
    expect(first({ approve: true }, MAP)).toBe("node-approve");
    expect(first({})).toBe("node-pause");
  });

  it("to a mapped node says that it is for all of its items", () => {
    const both = { approve: true, reject: true } as Can;
    const labels = (status: Status) => actionsOf(status, false, both).map((action) => action.label);
    expect(labels(MAP).slice(0, 2)).toEqual(["Approve all", "Reject all…"]);
    expect(labels(waiting()).slice(0, 2)).toEqual(["Approve", "Reject…"]);
  });

  it("has the key A, for either", () => {
    const press = (can: Can) => keyed("a", waiting(), can, false);
    expect(press({ approve: true })).toMatchObject({ verb: "approve" });
    expect(press({ send: true })).toMatchObject({ verb: "send", asks: "send" });
    expect(press({ send: "its items wait for different signals" })).toBeNull();
    expect(press({})).toBeNull();
  });
});

describe("what waits", () => {
  it("is said of a run that nothing else moves, people first", () => {
    expect(waitsText(run({ approval: 1 }))).toBe("waiting for 1 approval");
    expect(waitsText(run({ sleep: 1, signal: 2, approval: 1 }))).toBe("waiting for 2 signals and 1 approval");
    expect(waitsText(run({ approval: 1, input: 1, signal: 1 }))).toBe("waiting for 1 approval, 1 input and 1 signal");
    expect(waitsText(run({ sleep: 3 }))).toBe("asleep");
    expect(waitsText(run({ sleep: 3, held: 1 }))).toBe("paused at 1 node");
    expect(waitsText(run({ held: 1200 }))).toBe("paused at 1,200 nodes");
    expect(waitsText(run({}))).toBe("");
  });
});

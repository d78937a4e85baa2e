import { describe, expect, it } from "vitest";
import { changed } from "../src/model/change";
import { Live } from "../src/model/live";
import type { Change, Snapshot } from "../src/model/messages";

const named = (name: string) => ({ name, label: name }) as Snapshot["nodes"][number];
const before = {
  seq: 4,
  nodes: ["a", "b", "c"].map(named),
  status: [[], [], []] as never,
  folds: [],
  edit: { undo: "", ports: [[], [{ name: "x" }], []], gives: ["", "int", ""] } as never,
} as unknown as Snapshot;
const change: Change = { type: "change", seq: 5, now: 9, was: null, nodes: {}, parts: {}, edit: {} };

describe("what an edit has changed", () => {
  it("leaves the same objects where nothing has, so that nothing of it is drawn again", () => {
    const after = changed(before, { ...change, nodes: { "0": { info: named("z") } }, edit: { undo: "rename a to z" } });
    expect(after.nodes.map(({ name }) => name)).toEqual(["z", "b", "c"]);
    expect(after.nodes[1]).toBe(before.nodes[1]);
    expect(after.edit?.ports[1]).toBe(before.edit?.ports[1]);
    expect(after.edit?.undo).toBe("rename a to z");
    expect(before.nodes[0]?.name).toBe("a");
  });

  it("moves what has another number, with all that is told of it", () => {
    const after = changed(before, { ...change, was: [2, 1, -1], nodes: { "2": { info: named("d"), ports: [] } } });
    expect(after.nodes.map(({ name }) => name)).toEqual(["c", "b", "d"]);
    expect(after.edit?.gives).toEqual(["", "int", ""]);
    expect(after.status).toHaveLength(3);
  });

  it("is asked for as a whole by who has missed something before it", () => {
    const live = new Live(before);
    expect(live.change({ ...change, seq: 6 })).toBe(false);
    expect(live.change({ ...change, seq: 4 })).toBe(true);
    expect(live.version).toBe(0);
    expect(live.change(change)).toBe(true);
    expect([live.version, live.snapshot.seq]).toEqual([1, 5]);
  });
});

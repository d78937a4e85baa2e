import { describe, expect, it } from "vitest";
import { findNodes, standing } from "../src/model/find";
import type { NodeInfo, Status } from "../src/model/messages";
import type { Item, Scene } from "../src/model/scene";
import { nextCard } from "../src/model/walk";

const node = (name: string, call: string, inputs: [string, string][] = []): NodeInfo =>
  ({
    name,
    label: name,
    call,
    inputs,
    config: [["pool", "api"]],
    doc: "",
    when: null,
    badge: "",
  }) as unknown as NodeInfo;
const NODES = [node("load", "m:read_csv", [["path", "prices.csv"]]), node("clean", "m:clean"), node("fit", "m:fit")];
const states = (at: number) => ["completed", "failed", "upstream_failed"][at] ?? "";

describe("finding", () => {
  it("looks in names, functions and arguments, whatever their case", () => {
    expect(findNodes(NODES, "LOAD", states)).toEqual([0]);
    expect(findNodes(NODES, "read_csv", states)).toEqual([0]);
    expect(findNodes(NODES, "prices", states)).toEqual([0]);
    expect(findNodes(NODES, "api", states)).toEqual([0, 1, 2]);
  });
  it("wants every word, and finds by how nodes stand", () => {
    expect(findNodes(NODES, "state:failed", states)).toEqual([1]);
    expect(findNodes(NODES, "m: state:completed", states)).toEqual([0]);
    expect(findNodes(NODES, "clean state:completed", states)).toEqual([]);
  });
  it("finds nothing where nothing is looked for", () => {
    expect(findNodes(NODES, "  ", states)).toEqual([]);
  });
});

const item = (id: number, x: number, y: number): Item => ({ id, open: false, x, y, w: 100, h: 50 });
const ITEMS = [item(0, 0, 100), item(1, 150, 0), item(2, 150, 100), item(3, 300, 0)];
const SCENE = {
  items: ITEMS,
  boxes: ITEMS,
  lines: [
    { from: 0, to: 1, kind: "data", count: 1, bends: [] },
    { from: 1, to: 3, kind: "data", count: 1, bends: [] },
  ],
} as unknown as Scene;

describe("walking", () => {
  it("goes along an edge to the sides, though another card lies nearer", () => {
    expect(nextCard(SCENE, 0, "ArrowRight")).toBe(1);
    expect(nextCard(SCENE, 3, "ArrowLeft")).toBe(1);
  });
  it("goes to the nearest card where no edge leads, and up and down", () => {
    expect(nextCard(SCENE, 2, "ArrowLeft")).toBe(0);
    expect(nextCard(SCENE, 1, "ArrowDown")).toBe(2);
    expect(nextCard(SCENE, 2, "ArrowUp")).toBe(1);
  });
  it("ends at the edge of the graph", () => {
    expect(nextCard(SCENE, 3, "ArrowRight")).toBe(null);
  });
});

describe("a count of units in a state", () => {
  const of = (state: number, done = 0, total = 0, failed = 0): Status =>
    [state, 0, 1, done, total, failed, 0, 0, null, null, null, null] as Status;
  const FAILED = 9;
  const OPEN = 13;
  it("leads to the nodes in it", () => {
    expect(standing([of(8), of(FAILED), of(OPEN, 1, 3, 2), of(FAILED)], "failed")).toEqual([1, 3]);
  });
  it("leads to groups that have such in them where no node is", () => {
    expect(standing([of(8), of(OPEN, 1, 4, 2), of(OPEN, 4, 4)], "failed")).toEqual([1]);
    expect(standing([of(8), of(OPEN, 1, 4), of(8, 4, 4)], "ready")).toEqual([1]);
  });
});

import { describe, expect, it } from "vitest";
import type { Fold, NodeInfo } from "../src/model/messages";
import type { Box } from "../src/model/place";
import { makeRoom } from "../src/model/room";
import { type Scene, type Shape, sceneOf } from "../src/model/scene";

const NONE = new Set<number>();

function node(name: string, x: number, y: number, parent = -1, kind = "task", w = 100, h = 50): NodeInfo {
  const said = {
    doc: "",
    wait: "",
    uses: "",
    subtitle: "",
    badge: "",
    begins: "" as const,
    call: "",
    gives: "",
    line: "",
    foot: "",
  };
  return { name, label: name, kind, parent, ...said, config: [], inputs: [], when: null, x, y, w, h };
}

const fold = (members: number[], x: number, y: number): Fold => ({
  label: "f",
  members,
  parent: -1,
  x,
  y,
  w: 100,
  h: 50,
});

/** a → three like siblings in a stack → z, and below it a sub-flow with two nodes. */
const SHAPE: Shape = {
  nodes: [
    node("a", 0, 0),
    node("f_0", 168, 38),
    node("f_1", 168, 114),
    node("f_2", 168, 190),
    node("z", 300, 0),
    node("g", 0, 150, -1, "flow"),
    node("g.in", 18, 188, 5),
    node("g.out", 168, 188, 5),
  ],
  folds: [fold([1, 2, 3], 150, 0)],
  rooms: { "8": { open: [136, 260], closed: [100, 50] }, "5": { open: [286, 108], closed: [100, 50] } },
  closed: [5, 8],
  edges: [
    [0, 1, "data"],
    [0, 2, "data"],
    [0, 3, "data"],
    [1, 4, "data"],
    [2, 4, "data"],
    [3, 4, "data"],
    [6, 7, "data"],
  ],
  bends: {},
  conditions: { "0": "> 3", "6": "true" },
};

const box = (scene: Scene, id: number) => scene.boxes[id] as Box;
const ids = (scene: Scene) => scene.items.map((item) => item.id);
const within = (inner: Box, outer: Box) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.w <= outer.x + outer.w &&
  inner.y + inner.h <= outer.y + outer.h;
const apart = (a: Box, b: Box) => a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;

describe("a scene", () => {
  it("hides what lies in what is closed, and draws one line for all edges of a stack", () => {
    const scene = sceneOf(SHAPE, NONE);
    expect(ids(scene).sort()).toEqual([0, 4, 5, 8]);
    expect(scene.lines.map(({ from, to, count }) => [from, to, count])).toEqual([
      [0, 8, 3],
      [8, 4, 3],
    ]);
    expect(scene.shown(2)).toBe(8);
    expect(scene.shown(7)).toBe(5);
    expect(scene.closedAround(0)).toEqual([]);
  });
  it("has what a condition asks on the line from a node, and on none of a stack", () => {
    const told = sceneOf(SHAPE, new Set([5])).lines.map(({ from, to, condition }) => [from, to, condition]);
    expect(told).toEqual([
      [0, 8, ""],
      [8, 4, ""],
      [6, 7, "true"],
    ]);
  });
  it("opens a stack: a frame around its members, for which the others make room", () => {
    const scene = sceneOf(SHAPE, new Set([8]));
    expect(ids(scene)).toEqual(expect.arrayContaining([0, 1, 2, 3, 4, 8]));
    for (const member of [1, 2, 3]) expect(within(box(scene, member), box(scene, 8))).toBe(true);
    const alone = [0, 4, 5, 8].map((id) => box(scene, id));
    alone.forEach((one, i) => {
      for (const other of alone.slice(i + 1)) expect(apart(one, other)).toBe(true);
    });
    expect(box(scene, 0).y + 25).toBe(box(scene, 8).y + 130); // in the middle of its line
  });
  it("opens a sub-flow with the edges in it", () => {
    const scene = sceneOf(SHAPE, new Set([5]));
    expect(scene.lines.some(({ from, to }) => from === 6 && to === 7)).toBe(true);
    expect(within(box(scene, 7), box(scene, 5))).toBe(true);
  });
  it("is as it was laid out when all that was opened is closed again", () => {
    const there = sceneOf(SHAPE, new Set([5, 8]));
    expect(box(there, 4)).not.toEqual(box(sceneOf(SHAPE, NONE), 4));
    expect(sceneOf(SHAPE, NONE).items).toEqual(sceneOf(SHAPE, new Set()).items);
  });
  it("closes what was open at first, and what stood beside it moves up", () => {
    const open: Shape = {
      ...SHAPE,
      closed: [8],
      nodes: SHAPE.nodes.map((one, i) => (i === 5 ? { ...one, w: 286, h: 108 } : one)),
    };
    const scene = sceneOf(open, new Set([5]));
    expect(ids(scene)).not.toContain(6);
    expect([box(scene, 5).w, box(scene, 5).h]).toEqual([100, 50]);
  });
});

describe("making room", () => {
  const boxes: Box[] = [
    { x: 0, y: 50, w: 100, h: 50 },
    { x: 150, y: 0, w: 100, h: 50 },
    { x: 150, y: 76, w: 100, h: 50 },
    { x: 300, y: 50, w: 100, h: 50 },
    { x: 0, y: 200, w: 100, h: 50 },
  ];
  const grown = (at: number, w: number, h: number) =>
    makeRoom(
      boxes,
      boxes.map((one, i) => (i === at ? { w, h } : one)),
    );
  it("moves what is beside to the right, what is below down, and nothing else to the side", () => {
    const move = grown(1, 300, 150);
    expect(move([300, 50])[0]).toBe(500);
    expect(move([150, 76])[1] - move([150, 0])[1]).toBe(176);
    expect(move([0, 200])).toEqual([0, 300]);
  });
  it("moves a point between the boxes with them", () => {
    const move = grown(1, 100, 150);
    expect(move([150, 60])[1] - move([150, 0])[1]).toBe(160);
  });
  it("moves nothing where nothing has another size", () => {
    const move = makeRoom(boxes, boxes);
    for (const { x, y } of boxes) expect(move([x, y])).toEqual([x, y]);
  });
});

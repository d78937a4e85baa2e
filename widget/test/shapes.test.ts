import { describe, expect, it } from "vitest";
import ROWS from "../../tests/formats/shapes.json";
import { leftAt, outline, shapeOf, spine, within } from "../src/model/shapes";

interface Row {
  node: Parameters<typeof shapeOf>[0];
  box: [number, number, number, number];
  paths: [string, string, string];
}
const SHAPES = ROWS as Row[];

describe("the shape of a card", () => {
  it.each(SHAPES)("is the same on the page and in a picture: $node $box", ({ node, box: [x, y, w, h], paths }) => {
    const [shape, box] = [shapeOf(node), { x, y, w, h }];
    expect([outline(shape, box), spine(shape, box), within(shape, box)]).toEqual(paths);
  });

  it("has its left edge where arguments stand", () => {
    const at = (left: "plain" | "point") => [0, 25, 50, 100].map((y) => leftAt({ left }, y, 100));
    expect(at("plain")).toEqual([0, 0, 0, 0]);
    expect(at("point")).toEqual([15, 8, 0, 15]);
    expect(spine({ left: "point" }, { x: 0, y: 0, w: 172, h: 100 })).toBe("M15 100L0 50L15 0");
  });

  it("tells at its left how it begins, whatever it is", () => {
    const sides = (kind: string, wait = "") =>
      (["", "join", "catch", "always"] as const).map((begins) => shapeOf({ kind, wait, begins }).left);
    expect(sides("task")).toEqual(["plain", "point", "cut", "step"]);
    expect(sides("loop")).toEqual(["plain", "point", "cut", "step"]);
    expect(sides("task", "approval")).toEqual(["round", "point", "cut", "step"]);
  });

  it("tells many from one, and a flow from a task", () => {
    const told = (kind: string) => {
      const { many, flow, loop } = shapeOf({ kind, wait: "", begins: "" });
      return [many, flow, loop];
    };
    expect(["task", "map", "each", "flow", "nested", "loop", "stack"].map(told)).toEqual([
      ...[
        [false, false, false],
        [true, false, false],
        [true, true, false],
        [false, true, false],
      ],
      ...[
        [false, true, false],
        [false, false, true],
        [true, false, false],
      ],
    ]);
  });
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of documents look so
import { describe, expect, it } from "vitest";
import { startsOf, takes } from "../src/model/along";
import type { NodeInfo } from "../src/model/messages";
import type { Line, Scene } from "../src/model/scene";

const node = (label: string, ...inputs: [string, string][]) => ({ label, inputs }) as NodeInfo;
const line = (from: number, to: number, kind = "data", condition = "") =>
  ({ from, to, kind, count: 1, bends: [], condition }) as Line;
const sceneOf = (...lines: Line[]) =>
  ({ lines, boxes: [0, 1, 2].map((at) => ({ x: 300 * at, y: 0, w: 172, h: 58 })) }) as unknown as Scene;

describe("what goes along an edge", () => {
  it("is what the arguments take that name its source, whole, in part or in a text", () => {
    const target = node(
      "fit",
      ["days", "${{ tasks.load.output }}"],
      ["price", "${{ tasks.load.output.price }}"],
      ["name", "of ${{ tasks.load.output.name }} and ${{ tasks.other.output }}"],
      ["other", "${{ tasks.loader.output }}"],
      ["n", "12"],
    );
    expect(takes(target, node("load"))).toEqual(["days", "price", "name"]);
    expect(takes(target, node("oth"))).toEqual([]);
  });
  it("is told once of each source, beside its card, above the line", () => {
    expect(startsOf(sceneOf(line(0, 1), line(0, 2), line(1, 2)))).toEqual([[185, 24], null, [485, 24]]);
  });
  it("stands below a line that goes up", () => {
    const up = sceneOf(line(1, 2));
    up.boxes[1] = { x: 300, y: 200, w: 172, h: 58 };
    expect(startsOf(up)).toEqual([[485, 242]]);
    expect(startsOf({ ...up, lines: [{ ...line(1, 2), bends: [[500, 300]] }] })).toEqual([[485, 224]]);
  });
  it("is not told where nothing is passed on, or where conditions stand", () => {
    expect(startsOf(sceneOf(line(0, 1, "order"), line(1, 2, "catch")))).toEqual([null, null]);
    expect(startsOf(sceneOf(line(0, 1), line(0, 2, "when", "> 3")))).toEqual([null, null]);
  });
});

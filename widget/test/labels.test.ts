import { describe, expect, it } from "vitest";
import { asksOf, labelled } from "../src/model/labels";

describe("what a condition asks of a node", () => {
  it.each([
    ["tasks.check.output > 3", "> 3"],
    ["!(tasks.check.output > 3)", "not > 3"],
    ["tasks.check.output == 'a && b'", "= 'a && b'"],
    ["tasks.check.output.rows >= inputs.least", "rows ≥ least"],
    ["tasks.check.output == true", "true"],
    ["!(tasks.check.output == true)", "false"],
    ["tasks.check.output != true", "false"],
    ["tasks.check.output", "true"],
    ["!tasks.check.output", "false"],
    ["tasks.check.status == 'failed'", "status = 'failed'"],
    ["size(tasks.check.output) > tasks.other.output", "size(check) > other"],
    ["tasks.check.output > 3 || inputs.all", "check > 3 || all"],
    ["tasks.check.output ? inputs.a : inputs.b", "check ? a : b"],
  ])("%s", (when, told) => expect(asksOf(when, "check")).toBe(told));

  it("is of each node that part which names it", () => {
    const when = "(tasks.is_ok.output == true) && ((tasks.check.output == 2) && tasks.check.output.n > 1)";
    expect(asksOf(when, "is_ok")).toBe("true");
    expect(asksOf(when, "check")).toBe("= 2 & n > 1");
    expect(asksOf(when, "checks")).toBe("");
  });
});

describe("a label", () => {
  const target = { x: 300, y: 100, w: 172, h: 58 };
  const at = (
    text: string,
    from: readonly [number, number],
    ...cards: { x: number; y: number; w: number; h: number }[]
  ) => labelled(text, from, [300, 129], [target, ...cards]);

  it("ends before the arrowhead, on the side that the edge does not come from", () => {
    expect(at("> 3", [172, 20])).toEqual({ text: "> 3", x: 288, y: 142 });
    expect(at("> 3", [172, 129])).toEqual({ text: "> 3", x: 288, y: 124 });
    expect(at("> 3", [172, 300])).toEqual({ text: "> 3", x: 288, y: 124 });
  });
  it("stands beyond those of other edges that end there", () => {
    expect(labelled("> 3", [172, 20], [300, 129], [], 2)?.y).toBe(166);
    expect(labelled("> 3", [172, 129], [300, 129], [], 1)?.y).toBe(112);
  });
  it("is cut where a card begins, and left out where nothing of it can be told", () => {
    expect(at("a long condition", [172, 129])?.text).toBe("a long condition");
    const beside = { x: 60, y: 110, w: 180, h: 58 };
    expect(at("a long condition", [172, 129], beside)?.text).toBe("a lon…");
    expect(at("> 3", [172, 129], { ...beside, w: 215 })).toBeNull();
    expect(at("> 3", [172, 129], { ...beside, y: 300, w: 215 })).not.toBeNull();
    expect(at("", [172, 129])).toBeNull();
  });
});

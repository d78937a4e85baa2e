import { describe, expect, it } from "vitest";
import { answered, begun, fieldWrong, unsaid } from "../src/model/form";
import type { AskedField } from "../src/model/messages";

function field(name: string, widget: AskedField["widget"], more: Partial<AskedField> = {}): AskedField {
  return {
    ...{
      name,
      widget,
      label: name,
      hint: "",
      type: "",
      choices: [],
      min: null,
      max: null,
      step: null,
      value: "",
      kept: "",
    },
    ...{ plain: widget === "text" || widget === "date", required: false },
    ...more,
  };
}

describe("a form that was filled in", () => {
  const fields = [field("to", "text"), field("rows", "json"), field("yes", "switch"), field("note", "text")];
  it("says texts and switches as they are, the rest as it was typed, and nothing of what is empty", () => {
    expect(answered(fields, { to: "7", rows: " 3 ", note: "", yes: false })).toEqual({
      fields: { to: "7", yes: false },
      texts: { rows: "3" },
    });
  });
  it("says nothing of a switch that nobody touched, but for one that has to be said", () => {
    expect(answered(fields, begun(fields))).toEqual({ fields: {}, texts: {} });
    const asked = [field("yes", "switch", { required: true })];
    expect(answered(asked, begun(asked))).toEqual({ fields: { yes: false }, texts: {} });
  });
});

describe("what stands in a form at first", () => {
  it("is the value of the run, else what was said before", () => {
    const fields = [field("a", "number", { value: "3" }), field("b", "text"), field("c", "switch", { value: "true" })];
    expect(begun(fields, { a: "1", b: "x", gone: "y" })).toEqual({ a: "3", b: "x", c: true });
  });
});

describe("what was taken away in a form", () => {
  it("is what had a value and has none, not what never had one", () => {
    const fields = [field("a", "number", { value: "3" }), field("b", "text"), field("c", "switch", { value: "false" })];
    expect(unsaid(fields, begun(fields))).toEqual([]);
    expect(unsaid(fields, { ...begun(fields), a: "" })).toEqual(["a"]);
  });
});

describe("what is wrong with a field", () => {
  it("is that it has to be said, or that it is no JSON where it is to be", () => {
    expect(fieldWrong(field("a", "text", { required: true }), " ")).toBe("It has to be said.");
    expect(fieldWrong(field("a", "text"), undefined)).toBeNull();
    expect(fieldWrong(field("a", "number"), "[1")).toContain("breaks off");
    expect(fieldWrong(field("a", "text"), "[1")).toBeNull();
    expect(fieldWrong(field("a", "switch", { required: true }), false)).toBeNull();
  });
});

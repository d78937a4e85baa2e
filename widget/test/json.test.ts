import { describe, expect, it } from "vitest";
import { jsonWrong } from "../src/model/json";

describe("what is typed as JSON", () => {
  it.each(["1", '"a"', "[1, 2]", "null", ' {"a": [1]} '])("is taken: %s", (text) => {
    expect(jsonWrong(text)).toBeNull();
  });
  it.each([
    ["[1, 2", "It breaks off: ] is missing."],
    ['{"a": [1, {"b": 2', "It breaks off: }]} is missing."],
    ['"never', 'It breaks off: " is missing.'],
    ['["a\\"]', 'It breaks off: "] is missing.'],
    ["hello", 'Not JSON: a text stands in double quotes: "hello"'],
    ["True", "Write true."],
    ["None", "Write null."],
    ["'a'", "A text stands in double quotes."],
  ])("breaks off, or is none, and is told what to write: %s", (text, told) => {
    expect(jsonWrong(text)).toBe(told);
  });
  it("is told from where on it is none, and never to quote what is no text", () => {
    expect(jsonWrong("abc", "float")).toBe("Write a number, such as 0.5.");
    expect(jsonWrong("abc", "str")).toContain("double quotes");
    for (const text of ["[1,, 2]", "[1]]", "1 2", '{"a" 1}']) expect(jsonWrong(text)).toMatch(/^Not JSON/);
    for (const text of ["[1,, 2]", "[1]]", "1 2"]) expect(jsonWrong(text)).not.toContain("quotes");
  });
});

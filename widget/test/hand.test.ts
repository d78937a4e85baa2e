import { describe, expect, it } from "vitest";
import type { Can, Status } from "../src/model/messages";
import { intoView } from "../src/model/place";
import { plain } from "../src/model/plain";
import { keyed, keyOf } from "../src/view/keys";

const ESC = String.fromCharCode(27);
const CANVAS = { w: 800, h: 400 };

describe("a printed line", () => {
  it.each([
    [`${ESC}[31mred${ESC}[0m and ${ESC}[1;38;5;208mbold${ESC}[m`, "red and bold"],
    ["  0%|     |\r 50%|##   |\r100%|#####|\r", "100%|#####|"],
    ["Traceback:\n  a[0]\r\n  b", "Traceback:\n  a[0]\n  b"],
    ["[31m] is no colour", "[31m] is no colour"],
  ])("is shown as a terminal would show it: %j", (text, shown) => {
    expect(plain(text)).toBe(shown);
  });
});

describe("a chosen node", () => {
  const node = { x: 1000, y: 100, w: 200, h: 60 };

  it("that is in sight leaves the view where it is", () => {
    const view = { x: -500, y: 0, zoom: 1 };
    expect(intoView(node, CANVAS, view)).toEqual(view);
  });

  it("that is outside is brought in, at the zoom that a hand has set", () => {
    const right = intoView(node, CANVAS, { x: 0, y: 0, zoom: 1 });
    expect(right).toEqual({ x: 800 - 28 - 1200, y: 0, zoom: 1 });
    expect(intoView(node, CANVAS, { x: -3000, y: -900, zoom: 2 })).toEqual({ x: 28 - 2000, y: 28 - 200, zoom: 2 });
  });

  it("that is larger than the canvas shows as much as there is room for", () => {
    const { x } = intoView({ ...node, w: 2000 }, CANVAS, { x: -400, y: 0, zoom: 1 });
    expect(x + 1000).toBeLessThanOrEqual(28);
    expect(x + 3000).toBeGreaterThanOrEqual(800 - 28);
  });
});

describe("a key", () => {
  const running: Status = [2, 0, 1, 0, 0, 0, 0, 0, null, 1, null, null];
  const can: Can = { pause: true, cancel: true, set: "it is running", skip: true, give: true };
  const press = (key: string, more: Partial<KeyboardEvent> = {}) =>
    keyOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more } as KeyboardEvent);
  const asked = (key: string) => keyed(press(key) ?? "", running, can, false);

  it("asks for the action that can be done now", () => {
    expect(asked("p")).toMatchObject({ verb: "pause" });
    expect(asked("P")).toMatchObject({ verb: "pause" });
    expect(asked("v")).toMatchObject({ verb: "give", asks: "skip" });
  });

  it("asks for nothing where the action can't be done, or with a modifier, as in a copy", () => {
    expect(asked("e")).toBeNull();
    expect(press("c", { ctrlKey: true })).toBeNull();
    expect(press("P", { shiftKey: true })).toBeNull();
    expect(press("q")).toBeNull();
  });

  it("opens the menu by the menu key and Shift F10", () => {
    expect(press("ContextMenu")).toBe("menu");
    expect(press("F10", { shiftKey: true })).toBe("menu");
    expect(press("F10")).toBeNull();
  });
});

import { describe, expect, it, vi } from "vitest";
import { STROKES } from "../src/model/glyphs";
import type { Live } from "../src/model/live";
import { type CardLook, STATES } from "../src/model/messages";
import { hit, lineAt, painting, turns } from "../src/model/paint";
import type { Item, Scene } from "../src/model/scene";

const item = (id: number, x: number, y: number, w: number, h: number, open = false): Item => ({ id, open, x, y, w, h });
const FRAME = item(9, 0, 0, 400, 200, true);
const scene = (...items: Item[]) => ({ items }) as Scene;

describe("a point of a painted graph", () => {
  it("is on the card that lies there, not on the frame around it", () => {
    const shown = scene(FRAME, item(1, 20, 40, 100, 50));
    expect(hit(shown, 60, 60)?.id).toBe(1);
    expect(hit(shown, 300, 150)?.id).toBe(9);
    expect(hit(shown, 500, 60)).toBe(null);
  });
  it("is on the innermost of frames", () => {
    const shown = scene(FRAME, item(8, 10, 30, 200, 100, true));
    expect(hit(shown, 100, 100)?.id).toBe(8);
  });
  it("opens a card at its right and closes a frame at its left, where there is something to open", () => {
    const card = item(1, 0, 0, 172, 58);
    expect(turns(card, true, 160, 20)).toBe(true);
    expect(turns(card, true, 20, 20)).toBe(false);
    expect(turns(card, false, 160, 20)).toBe(false);
    expect(turns(FRAME, true, 20, 20)).toBe(true);
    expect(turns(FRAME, true, 20, 100)).toBe(false);
  });
});

describe("a line of a painted graph", () => {
  const boxes = [item(0, 0, 0, 100, 50), item(1, 300, 0, 100, 50), item(2, 300, 400, 100, 50)];
  const to = (id: number) => ({ from: 0, to: id, kind: "data", count: 1, bends: [], condition: "" });
  const shown = { items: [], lines: [to(1), to(2)], boxes } as unknown as Scene;
  it("is looked at where the pointer may be on it alone, the uppermost first", () => {
    const asked: string[] = [];
    const none = (path: string) => asked.push(path) < 0;
    expect(lineAt(shown, 200, 300, 7, none)).toBe(null);
    expect(asked.length).toBe(1);
    expect(lineAt(shown, 200, 30, 7, () => true)?.to).toBe(2);
    expect(lineAt(shown, 200, -30, 7, () => true)).toBe(null);
  });
});

describe("what stands on edges", () => {
  const boxes = [item(0, 0, 0, 172, 58), item(1, 300, 0, 172, 58)];
  const line = { from: 0, to: 1, kind: "when", count: 1, bends: [], condition: "> 3" };
  const shown = { items: [], lines: [line], boxes } as unknown as Scene;
  const written = (zoom: number, area = { x: 0, y: 0, w: 900, h: 600 }) => {
    const texts: string[] = [];
    const paper = new Proxy({} as CanvasRenderingContext2D, {
      get: (_, name) => (name === "fillText" ? (text: string) => texts.push(text) : () => {}),
      set: () => true,
    });
    const work = painting(
      paper,
      { scene: shown, live: { run: null } as Live, colour: () => "" },
      { x: 0, y: 0, zoom },
      area,
    );
    while (!work.next().done);
    return texts;
  };
  it("is painted where it can be read, and in sight", () => {
    expect(written(1)).toEqual(["> 3"]);
    expect(written(0.4)).toEqual([]);
    expect(written(1, { x: 0, y: 200, w: 900, h: 600 })).toEqual([]);
  });
});

describe("a painted card", () => {
  class Drawn {
    constructor(readonly path: string) {}
  }
  vi.stubGlobal("Path2D", Drawn);
  const node = { name: "load", label: "load", kind: "task", wait: "", begins: "", line: "All of a day.", foot: "" };
  const paths = (zoom: number, state: number | null, used?: CardLook) => {
    const stroked: string[] = [];
    const put = (shape?: Drawn) => shape && stroked.push(shape.path);
    const paper = new Proxy({} as CanvasRenderingContext2D, {
      get: (_, name) => (name === "stroke" || name === "fill" ? put : () => {}),
      set: () => true,
    });
    const live = {
      ...{ run: state === null ? null : {}, standing: "running", snapshot: { nodes: [node] } },
      ...{ info: () => node, texts: () => ({}), at: () => 0, count: () => 0, look: () => used },
      status: () => [state ?? 0, 0, 1, 0, 0, 0, 0, 0, null, 1, 2, null],
    } as unknown as Live;
    const shown = { items: [item(0, 0, 0, 172, 58)], lines: [], boxes: [] } as unknown as Scene;
    const area = { x: 0, y: 0, w: 900, h: 600 };
    const work = painting(paper, { scene: shown, live, colour: () => "" }, { x: 0, y: 0, zoom }, area);
    while (!work.next().done);
    return stroked;
  };
  it("has the glyph of its state where it can be read, for colours alone tell not everybody", () => {
    expect(paths(1, STATES.indexOf("completed"))).toContain(STROKES.completed);
    expect(paths(1, STATES.indexOf("failed"))).toContain(STROKES.failed);
    expect(paths(1, null)).toContain(STROKES.task);
    expect(paths(0.3, STATES.indexOf("failed"))).not.toContain(STROKES.failed);
  });

  it("has the icon of what it uses: in place of that of a task, and beside that of its state", () => {
    const mail = { title: "Mail", icon: "M0 0L1 1", accent: "#d6336c" };
    expect(paths(1, null, mail)).toContain(mail.icon);
    expect(paths(1, null, mail)).not.toContain(STROKES.task);
    expect(paths(1, STATES.indexOf("completed"), mail)).toEqual(expect.arrayContaining([mail.icon, STROKES.completed]));
    expect(paths(0.3, STATES.indexOf("completed"), mail)).not.toContain(mail.icon);
  });
});

import { describe, expect, it } from "vitest";
import {
  allInView,
  type Box,
  centred,
  firstView,
  fitOf,
  heightFor,
  NEAREST,
  READABLE,
  seenPart,
  toolbarPlace,
  wholeView,
  zoomed,
} from "../src/model/place";
import { route } from "../src/model/route";

const TOOL = { w: 300, h: 40 };
const CANVAS = { w: 800, h: 500 };
const at = (x: number, y: number, w = 170, h = 58): Box => ({ x, y, w, h });
const apart = (a: Box, b: Box) => a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;

describe("the toolbar", () => {
  it("stands above its card, in its middle, where there is room", () => {
    expect(toolbarPlace(at(300, 200), [], TOOL, CANVAS)).toEqual({ x: 235, y: 150 });
  });
  it("stands below a card at the top", () => {
    expect(toolbarPlace(at(300, 10), [], TOOL, CANVAS)).toEqual({ x: 235, y: 78 });
  });
  it("stays within the canvas", () => {
    for (const card of [at(-40, 200), at(760, 200), at(640, 440), at(300, -500)]) {
      const { x, y } = toolbarPlace(card, [], TOOL, CANVAS);
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x + TOOL.w).toBeLessThanOrEqual(CANVAS.w);
      expect(y + TOOL.h).toBeLessThanOrEqual(CANVAS.h);
    }
  });
  it("covers no card of a dense column, its own neither", () => {
    const column = [0, 1, 2, 3, 4].map((row) => at(300, 20 + row * 84));
    for (const card of column) {
      const others = column.filter((other) => other !== card);
      const box = { ...toolbarPlace(card, others, TOOL, CANVAS), ...TOOL };
      for (const other of column) expect(apart(box, other)).toBe(true);
    }
  });

  it("stays near its card where all is full around it, and covers what covers least", () => {
    const rows = [0, 1, 2, 3, 4, 5].flatMap((row) => [0, 1, 2].map((column) => at(30 + column * 260, 20 + row * 82)));
    for (const card of rows) {
      const others = rows.filter((other) => other !== card);
      const { x, y } = toolbarPlace(card, others, TOOL, { w: 800, h: 540 });
      expect(apart({ x, y, ...TOOL }, card)).toBe(true);
      expect(Math.abs(x + TOOL.w / 2 - card.x - card.w / 2)).toBeLessThan((TOOL.w + card.w) / 2 + 41);
      expect(Math.abs(y + TOOL.h / 2 - card.y - card.h / 2)).toBeLessThan((TOOL.h + card.h) / 2 + 41);
    }
  });
});

describe("the first view", () => {
  it("shows the whole of a graph that fits, in the middle", () => {
    expect(firstView([at(0, 0, 400, 100)], CANVAS, null)).toEqual({ x: 200, y: 200, zoom: 1 });
  });
  it("shows a wide graph from its left at a size that can be read", () => {
    const wide = [at(0, 0), at(3000, 0)];
    const view = firstView(wide, CANVAS, null);
    expect(view.zoom).toBe(READABLE);
    expect(view.x).toBeGreaterThan(0);
  });
  it("has the chosen node in sight", () => {
    const wide = [at(0, 0), at(1500, 0), at(3000, 0)];
    for (const node of wide) {
      const { x, zoom } = firstView(wide, CANVAS, node);
      expect(node.x * zoom + x).toBeGreaterThanOrEqual(0);
      expect((node.x + node.w) * zoom + x).toBeLessThanOrEqual(CANVAS.w);
    }
  });
  it("begins a graph of very many nodes at a size that can be read, too; the whole of it is shown when that is asked for", () => {
    const many = Array.from({ length: 100 }, (_, i) => at(i * 200, 0));
    expect(firstView(many, CANVAS, null).zoom).toBe(READABLE);
    const { x, zoom } = wholeView(many, CANVAS);
    expect(x).toBeGreaterThan(0);
    expect(x + (99 * 200 + 170) * zoom).toBeLessThan(CANVAS.w);
  });
});

describe("what is to be in sight", () => {
  const view = { x: 0, y: 0, zoom: 1 };
  it("moves the view by what that takes, and leaves the zoom", () => {
    expect(allInView([at(100, 100), at(300, 100)], CANVAS, view)).toEqual(view);
    expect(allInView([at(-500, 100), at(-300, 100)], CANVAS, view)).toMatchObject({ x: 528, y: 0, zoom: 1 });
    expect(allInView([at(2000, 0)], CANVAS, view)?.zoom).toBe(1);
  });
  it("has no room where it is wider than the canvas", () => {
    expect(allInView([at(0, 0), at(2000, 0)], CANVAS, view)).toBeNull();
  });
});

describe("the height", () => {
  it("is that of the graph at the size that the width gives it", () => {
    expect(heightFor([at(0, 0), at(300, 0)], 900)).toBe(170);
    expect(heightFor([at(0, 0), at(0, 200)], 900)).toBe(200 + 58 + 106);
    expect(heightFor([at(0, 0), at(1000, 400)], 900)).toBeLessThan(heightFor([at(0, 0), at(1000, 400)], 1400));
  });
  it("is bearable for any graph", () => {
    expect(heightFor([at(0, 0), at(0, 20_000)], 900)).toBe(560);
    expect(heightFor([], 900)).toBe(170);
  });
});

describe("a zoom", () => {
  it("leaves the point in its place, and ends at the nearest and the furthest", () => {
    const to = zoomed({ x: 40, y: -20, zoom: 0.5 }, 2, { x: 100, y: 80 });
    expect(to).toEqual({ x: -20, y: -120, zoom: 1 });
    expect(zoomed({ x: 0, y: 0, zoom: 1 }, 100, { x: 0, y: 0 }).zoom).toBe(NEAREST);
  });
});

describe("an edge", () => {
  it("runs level where it passes a column", () => {
    const bends: [number, number][] = [
      [100, 50],
      [200, 50],
    ];
    const path = route([0, 0], [300, 0], bends);
    expect(path).toBe("M0 0C50 0 50 50 100 50L200 50C250 50 250 0 300 0");
  });
  it("turns around where it goes back to the left", () => {
    const bends: [number, number][] = [
      [100, 50],
      [0, 50],
    ];
    expect(route([80, 0], [20, 100], bends)).toBe("M80 0C104 0 124 50 100 50L0 50C-24 50 -4 100 20 100");
  });
  it("is one curve to the next column", () => {
    expect(route([0, 0], [100, 40])).toBe("M0 0C50 0 50 40 100 40");
  });
});

describe("a small map of the whole", () => {
  const nodes = [
    { x: 0, y: 0, w: 200, h: 60 },
    { x: 1800, y: 740, w: 200, h: 60 },
  ];
  const [map, canvas] = [
    { w: 140, h: 84 },
    { w: 1000, h: 500 },
  ];
  const fit = fitOf(nodes, map);

  it("shows all of a graph, in its middle", () => {
    for (const { x, y, w, h } of nodes) {
      expect(fit.x + x * fit.by).toBeGreaterThanOrEqual(0);
      expect(fit.y + (y + h) * fit.by).toBeLessThanOrEqual(map.h);
      expect(fit.x + (x + w) * fit.by).toBeLessThanOrEqual(map.w);
    }
    expect(fit.x).toBeCloseTo(map.w - fit.x - 2000 * fit.by);
  });

  it("is not there while all is in sight", () => {
    expect(seenPart(fit, { x: 0, y: 0, zoom: 0.5 }, canvas, map)).toBeNull();
    expect(seenPart(fit, { x: -2, y: 0, zoom: 0.5 }, canvas, map)).not.toBeNull();
    expect(seenPart(fit, { x: 0, y: 0, zoom: 1 }, canvas, map)).toMatchObject({ w: expect.closeTo(1000 * fit.by) });
  });

  it("takes the view to where a hand points at it", () => {
    const at = { x: fit.x + 1900 * fit.by, y: fit.y + 770 * fit.by };
    const { x, y, zoom } = centred(fit, at, 1.5, canvas);
    expect(zoom).toBe(1.5);
    expect([x + 1900 * zoom, y + 770 * zoom]).toEqual([expect.closeTo(500), expect.closeTo(250)]);
  });
});

// A graph as a picture on a canvas: what cards, frames and edges look like when there are too many of them to be elements of the page.
import { startsOf } from "./along";
import { type EdgeLook, edgeLook } from "./edges";
import { FILLED, strokesOf } from "./glyphs";
import { labelsOf } from "./labels";
import type { Live } from "./live";
import type { Box, View } from "./place";
import { type Item, type Line, type Scene, wayOf } from "./scene";
import { BEHIND, outline, type Shape, shapeOf, spine, within } from "./shapes";
import { detail, type Look, lookIn, PLANNED } from "./states";
import { glyphOf } from "./waits";

/** Colours of a theme, by the names that the style sheet has for them. */
export type Palette = (name: string) => string;

/** From this size on cards have their names, and from the second on their second line. */
const NAMED = 0.22;
const TOLD = 0.5;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const BOLD: Partial<Record<EdgeLook, string>> = { taken: "ink", active: "near" };
/** Pixels that no label is longer than. */
const WIDEST = 400;
const LIGHT = new Set(["running", "cancelled", "planned", "waiting"]);

/** Paints what touches `area`, piece by piece: each step of it takes a millisecond or two. */
export function* painting(
  canvas: CanvasRenderingContext2D,
  { scene, live, colour }: { scene: Scene; live: Live; colour: Palette },
  { x, y, zoom }: View,
  area: Box,
): Generator<void> {
  const sees = (box: Box) =>
    box.x < area.x + area.w && area.x < box.x + box.w && box.y < area.y + area.h && area.y < box.y + box.h;
  canvas.setTransform(zoom, 0, 0, zoom, x, y);
  const [frames, cards] = [scene.items.filter((item) => item.open), scene.items.filter((item) => !item.open)];
  for (const item of frames) if (sees(item)) frame(canvas, item, live, colour);
  yield;
  yield* edges(canvas, scene, live, colour, zoom, sees);
  if (zoom >= TOLD) yield* conditions(canvas, scene, live, colour, sees);
  if (zoom >= TOLD && live.run) yield* sizes(canvas, scene, live, colour, sees);
  let count = 0;
  for (const item of cards) {
    if (!sees(item)) continue;
    card(canvas, item, live, colour, zoom);
    if (++count % (zoom < NAMED ? 400 : 25) === 0) yield;
  }
}

/** All lines of one look are one stroke: a thousand strokes cost far more than one of a thousand lines. */
function* edges(
  canvas: CanvasRenderingContext2D,
  scene: Scene,
  live: Live,
  colour: Palette,
  zoom: number,
  sees: (box: Box) => boolean,
): Generator<void> {
  const looks: Record<string, Line[]> = {};
  let looked = 0;
  for (const line of scene.lines) {
    if (++looked % 1500 === 0) yield;
    const [a, b] = [scene.boxes[line.from], scene.boxes[line.to]];
    if (!a || !b || !sees(boundsOf(a, b, line))) continue;
    const look = lookOf(line, live);
    const key = line.kind === "catch" ? "catch" : look;
    looks[key] ??= [];
    looks[key].push(line);
  }
  yield;
  for (const [look, lines] of Object.entries(looks)) {
    canvas.strokeStyle = canvas.fillStyle = colour({ taken: "taken", active: "near", catch: "failed" }[look] ?? "edge");
    canvas.globalAlpha = (look === "idle" ? 0.4 : 1) * Math.min(1, 0.25 + zoom * 1.5);
    canvas.lineWidth = Math.max(1.4, 0.6 / zoom);
    canvas.setLineDash(look === "idle" && zoom > NAMED ? [2, 4] : []);
    for (let at = 0; at < lines.length; at += 120) {
      const heads: string[] = [];
      canvas.beginPath();
      for (const line of lines.slice(at, at + 120)) heads.push(trace(canvas, line, scene, zoom));
      canvas.stroke();
      canvas.beginPath();
      for (const head of heads) follow(canvas, head);
      canvas.fill();
      yield;
    }
  }
  canvas.globalAlpha = 1;
  canvas.setLineDash([]);
}

const LABELS = new WeakMap<Scene, ReturnType<typeof labelsOf>>();

/** What stands on edges, once one is near enough to read it. */
function conditions(
  canvas: CanvasRenderingContext2D,
  scene: Scene,
  live: Live,
  colour: Palette,
  sees: (box: Box) => boolean,
): Generator<void> {
  const labels = LABELS.get(scene) ?? labelsOf(scene);
  LABELS.set(scene, labels);
  return texts(canvas, scene, colour, (line, at) => {
    const label = labels[at];
    if (!label || !sees({ x: label.x - WIDEST, y: label.y - 12, w: WIDEST, h: 16 })) return null;
    const ink = BOLD[lookOf(line, live)];
    return { ...label, ends: "right", weight: ink ? 600 : 400, ink: ink ?? "quiet" };
  });
}

const STARTS = new WeakMap<Scene, ReturnType<typeof startsOf>>();

/** How much nodes gave, where their edges begin. */
function sizes(
  canvas: CanvasRenderingContext2D,
  scene: Scene,
  live: Live,
  colour: Palette,
  sees: (box: Box) => boolean,
): Generator<void> {
  const starts = STARTS.get(scene) ?? startsOf(scene);
  STARTS.set(scene, starts);
  return texts(canvas, scene, colour, ({ from }, at) => {
    const [start, text] = [starts[at], live.texts(from).size];
    if (!start || !text || !sees({ x: start[0], y: start[1] - 12, w: WIDEST, h: 16 })) return null;
    return { text, x: start[0], y: start[1], ends: "left", weight: 400, ink: "quiet" };
  });
}

interface Text {
  text: string;
  x: number;
  y: number;
  ends: CanvasTextAlign;
  weight: number;
  ink: string;
}

/** Small texts beside lines, where one has any; with paper around them, since lines may pass. */
function* texts(
  canvas: CanvasRenderingContext2D,
  scene: Scene,
  colour: Palette,
  of: (line: Line, at: number) => Text | null,
): Generator<void> {
  canvas.lineWidth = 3;
  canvas.lineJoin = "round";
  canvas.strokeStyle = colour("paper");
  for (const [at, line] of scene.lines.entries()) {
    if (at % 1500 === 1499) yield;
    const told = of(line, at);
    if (!told) continue;
    canvas.textAlign = told.ends;
    canvas.font = `${told.weight} 10.5px ${FONT}`;
    canvas.fillStyle = colour(told.ink);
    canvas.strokeText(told.text, told.x, told.y);
    canvas.fillText(told.text, told.x, told.y);
  }
  canvas.textAlign = "left";
}

function lookOf({ kind, from, to }: Line, live: Live): EdgeLook {
  return live.run ? edgeLook(kind, live.status(from), live.status(to), live.standing) : "plain";
}

/** Adds a line to the path; the answer is its arrowhead, which is too small to be seen from afar. */
function trace(canvas: CanvasRenderingContext2D, line: Line, scene: Scene, zoom: number): string {
  const [a, b] = [scene.boxes[line.from] as Box, scene.boxes[line.to] as Box];
  if (zoom < NAMED) {
    canvas.moveTo(a.x + a.w, a.y + a.h / 2);
    for (const [x, y] of line.bends) canvas.lineTo(x, y);
    canvas.lineTo(b.x, b.y + b.h / 2);
    return "";
  }
  const { path, head } = wayOf(line, a, b);
  follow(canvas, path);
  return head;
}

function follow(canvas: CanvasRenderingContext2D, path: string): void {
  for (const [, command, numbers] of path.matchAll(/([MLCZ])([^A-Z]*)/g)) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, x = 0, y = 0] = (numbers ?? "").trim().split(/[ ,]+/).map(Number);
    if (command === "M") canvas.moveTo(x1, y1);
    else if (command === "L") canvas.lineTo(x1, y1);
    else if (command === "Z") canvas.closePath();
    else canvas.bezierCurveTo(x1, y1, x2, y2, x, y);
  }
}

const BOUNDS = new WeakMap<Line, Box>();

/** The box that holds a line; lines of a scene stay where they are. */
function boundsOf(a: Box, b: Box, line: Line): Box {
  const known = BOUNDS.get(line) ?? around(a, b, line);
  BOUNDS.set(line, known);
  return known;
}

function around(a: Box, b: Box, { bends }: Line): Box {
  const xs = [a.x, a.x + a.w, b.x, b.x + b.w, ...bends.map(([x]) => x)];
  const ys = [a.y, a.y + a.h, b.y, b.y + b.h, ...bends.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
}

export function looksOf(live: Live, id: number): Look {
  return live.run ? lookIn(live.status(id), live.standing) : PLANNED;
}

function frame(canvas: CanvasRenderingContext2D, { id, x, y, w, h }: Item, live: Live, colour: Palette): void {
  const { look } = looksOf(live, id);
  canvas.beginPath();
  canvas.roundRect(x, y, w, h, 13);
  canvas.fillStyle = canvas.strokeStyle = colour(look);
  canvas.globalAlpha = 0.06;
  canvas.fill();
  canvas.globalAlpha = 0.5;
  canvas.lineWidth = 1.5;
  canvas.stroke();
  canvas.globalAlpha = 1;
  canvas.fillStyle = colour(`t-${look}`);
  canvas.font = `600 12px ${FONT}`;
  canvas.fillText(`▾ ${live.info(id)?.label ?? ""}`, x + 12, y + 23);
}

interface Paths {
  edge: Path2D;
  side: Path2D;
  inner: Path2D | null;
}
const PATHS = new Map<string, Paths>();

/** The paths of a shape in a size, of which a graph has few. */
function pathsOf(shape: Shape, w: number, h: number): Paths {
  const key = `${shape.left} ${shape.right} ${shape.loop} ${shape.flow} ${w} ${h}`;
  const known = PATHS.get(key);
  if (known) return known;
  const box = { x: 0, y: 0, w, h };
  const inner = within(shape, box);
  const made = {
    edge: new Path2D(outline(shape, box)),
    side: new Path2D(spine(shape, { ...box, x: 1.5 })),
    inner: inner ? new Path2D(inner) : null,
  };
  PATHS.set(key, made);
  return made;
}

function card(canvas: CanvasRenderingContext2D, item: Item, live: Live, colour: Palette, zoom: number): void {
  const { id, x, y, w, h } = item;
  const node = live.info(id);
  if (!node) return;
  const status = live.status(id);
  const looks = looksOf(live, id);
  const { look, word } = looks;
  const near = zoom >= TOLD;
  const paint = colour(look);
  canvas.fillStyle = paint;
  canvas.globalAlpha = look === "skipped" ? 0.6 : 1;
  const shape = shapeOf(node);
  if (zoom < NAMED && shape.left === "plain") {
    canvas.fillRect(x, y, w, h);
    canvas.globalAlpha = 1;
    return;
  }
  const { edge, side, inner } = pathsOf(shape, w, h);
  canvas.translate(x, y);
  for (const by of shape.many ? BEHIND : []) {
    canvas.globalAlpha = 0.4;
    canvas.translate(by, by);
    canvas.fill(edge);
    canvas.translate(-by, -by);
    canvas.globalAlpha = 1;
  }
  if (near) canvas.fillStyle = colour("card");
  canvas.fill(edge);
  if (near || shape.many) {
    canvas.strokeStyle = paint;
    canvas.lineWidth = 1;
    canvas.stroke(edge);
    if (inner) canvas.stroke(inner);
  }
  if (near) {
    canvas.lineWidth = 4;
    canvas.stroke(side);
  }
  canvas.translate(-x, -y);
  canvas.globalAlpha = 1;
  const many = id >= live.snapshot.nodes.length || node.kind === "flow" ? ` ▸ ${live.count(id)}` : "";
  canvas.fillStyle = near ? colour("ink") : LIGHT.has(look) ? "#fff" : "#111";
  canvas.font = `600 ${near ? 13 : 17}px ${FONT}`;
  if (!near) {
    text(canvas, node.label + many, x + 14, y + h / 2 + 6, w - 26, 10);
    return;
  }
  const [left, room, used] = [x + BESIDE, w - BESIDE - 12, live.look(id)];
  const beside = used && look !== "planned" && look !== "waiting";
  text(canvas, node.label + many, left, y + 23, beside ? room - ICON : room, 7.6);
  canvas.fillStyle = colour(`t-${look}`);
  canvas.font = `11.5px ${FONT}`;
  const told = live.run ? detail(node, status, { ...live.texts(id) }, live.at(), word) : node.line;
  text(canvas, told, left, y + 42, room, 6.4);
  if (node.foot) text(canvas, node.foot, left, y + 66, room, 6.4);
  const accent = used?.accent || colour("quiet");
  glyph(canvas, glyphOf(node, looks, used), x + 23, y + 19, look, used && !live.run ? () => accent : colour);
  if (beside) stroke(canvas, used.icon, x + w - 21, y + 18, accent);
}

/** What the icon of what a node uses takes at the right of its name. */
const ICON = 20;

/** Where the texts of a card begin, beside its glyph. */
const BESIDE = 39;
const GLYPHS = new Map<string, Path2D>();

/** The glyph of a state, or of the kind of what is planned, in its disc. */
function glyph(
  canvas: CanvasRenderingContext2D,
  name: string,
  x: number,
  y: number,
  look: string,
  colour: Palette,
): void {
  const planned = look === "planned";
  canvas.translate(x, y);
  canvas.beginPath();
  canvas.arc(0, 0, planned ? 8 : 9, 0, 2 * Math.PI);
  canvas.fillStyle = canvas.strokeStyle = colour(look);
  canvas.lineWidth = 1.5;
  if (planned) canvas.stroke();
  else canvas.fill();
  canvas.translate(-x, -y);
  stroke(canvas, name, x, y, planned ? colour("t-planned") : LIGHT.has(look) ? "#fff" : "#111");
}

/** A glyph by its name, or an icon by its path, around a point. */
function stroke(canvas: CanvasRenderingContext2D, name: string, x: number, y: number, ink: string): void {
  const shape = GLYPHS.get(name) ?? new Path2D(strokesOf(name));
  GLYPHS.set(name, shape);
  canvas.translate(x, y);
  canvas.fillStyle = canvas.strokeStyle = ink;
  canvas.lineWidth = 1.6;
  canvas.lineCap = canvas.lineJoin = "round";
  if (FILLED.has(name)) canvas.fill(shape);
  else canvas.stroke(shape);
  canvas.translate(-x, -y);
}

/** As much of a text as has room, at the width of a character: to measure each would take longer than to draw it. */
function text(canvas: CanvasRenderingContext2D, said: string, x: number, y: number, room: number, wide: number): void {
  const most = Math.max(Math.floor(room / wide), 1);
  canvas.fillText(said.length > most ? `${said.slice(0, most - 1)}…` : said, x, y);
}

/** The item that lies at a point of the graph: a card, else the innermost frame. */
export function hit(scene: Scene, x: number, y: number): Item | null {
  const at = (item: Item) => x >= item.x && x <= item.x + item.w && y >= item.y && y <= item.y + item.h;
  return scene.items.findLast((item) => !item.open && at(item)) ?? scene.items.findLast(at) ?? null;
}

/** The line that passes a point no further than `reach` away; `isOn` tells that of a path. */
export function lineAt(
  { lines, boxes }: Scene,
  x: number,
  y: number,
  reach: number,
  isOn: (path: string) => boolean,
): Line | null {
  const passes = (line: Line) => {
    const [a, b] = [boxes[line.from], boxes[line.to]];
    if (!a || !b) return false;
    const { x: left, y: top, w, h } = boundsOf(a, b, line);
    const far = x < left - reach || x > left + w + reach || y < top - reach || y > top + h + reach;
    return !far && isOn(wayOf(line, a, b).path);
  };
  return lines.findLast(passes) ?? null;
}

/** Whether a point of an item is where it is opened or closed. */
export function turns(item: Item, isBox: boolean, x: number, y: number): boolean {
  if (!isBox || y > item.y + 36) return false;
  return item.open ? x < item.x + 30 : x > item.x + item.w - 34;
}

// The shapes of cards, as paths: the left side of a card tells how it begins, the right side what it is, and what lies behind or
// within it whether it stands for many, or for a flow. The same as in stratix_tasks/formats/shapes.py.
import type { NodeInfo } from "./messages";
import type { Box } from "./place";

/** At the left: as usual; where several come together; on failure; at the end, whatever has happened. */
export type Side = "plain" | "round" | "point" | "cut" | "step";

export interface Shape {
  left: Side;
  right: "plain" | "round";
  /** It comes back to itself. */
  loop: boolean;
  /** Others like it lie behind it. */
  many: boolean;
  /** A flow lies in it. */
  flow: boolean;
}

const BEGINS: Record<NodeInfo["begins"], Side> = { "": "plain", join: "point", catch: "cut", always: "step" };
const MANY = new Set(["map", "each", "stack"]);
const FLOWS = new Set(["each", "flow", "nested"]);

export function shapeOf({ kind, wait, begins }: Pick<NodeInfo, "kind" | "wait" | "begins">): Shape {
  const [gate, loop] = [wait !== "", kind === "loop"];
  return {
    left: gate && begins === "" ? "round" : BEGINS[begins],
    right: gate || loop ? "round" : "plain",
    ...{ loop, many: MANY.has(kind), flow: FLOWS.has(kind) },
  };
}

const CORNER = 9;
/** Where the bar at a plain left side begins and ends. */
const BAR = 6;
const ROUND = 29;
const [POINT, CUT, STEP, NOTCH] = [15, 13, 8, 14];
/** How far cards lie behind a card that stands for many. */
export const BEHIND = [9, 5];

/** The edge of a card. */
export function outline({ left, right }: Pick<Shape, "left" | "right">, box: Box): string {
  const { x, y, w, h } = box;
  const r = right === "round" ? Math.min(ROUND, h / 2) : CORNER;
  const [far, low] = [x + w, y + h];
  const top = `M${said(x + inset(left, h), y)}L${said(far - r, y)}Q${said(far, y, far, y + r)}`;
  return `${top}L${said(far, low - r)}Q${said(far, low, far - r, low)}${up(left, box)}Z`;
}

/** Its left side alone. */
export function spine({ left }: Pick<Shape, "left">, box: Box): string {
  const { x, y, h } = box;
  if (left === "plain") return `M${said(x, y + h - BAR)}L${said(x, y + BAR)}`;
  return `M${up(left, box).slice(1)}`;
}

/** The line in a card that says what it is beside a task: the frame of a flow, the way back of a loop; nothing of a task. */
export function within({ left, right, loop, flow }: Shape, { x, y, w, h }: Box): string {
  if (flow) return outline({ left, right }, { x: x + 4, y: y + 4, w: w - 8, h: h - 8 });
  if (!loop) return "";
  const r = Math.min(ROUND, h / 2) - 5;
  const [far, low] = [x + w - 5, y + h - 5];
  const top = `M${said(far - r, y + 5)}Q${said(far, y + 5, far, y + 5 + r)}`;
  return `${top}L${said(far, low - r)}Q${said(far, low, far - r, low)}`;
}

/** How far from its left edge a point of its left side lies, `y` from its top: where an argument stands. */
export function leftAt({ left }: Pick<Shape, "left">, y: number, h: number): number {
  return left === "point" ? Math.round(POINT * Math.abs(1 - (2 * y) / h)) : 0;
}

/** How far from its left edge the upper and the lower one begin. */
function inset(side: Side, h: number): number {
  return { plain: CORNER, round: Math.min(ROUND, h / 2), point: POINT, cut: CUT, step: STEP }[side];
}

/** From the end of the lower edge to the beginning of the upper one. */
function up(side: Side, { x, y, h }: Box): string {
  const [low, d] = [y + h, inset(side, h)];
  const [begin, end] = [`L${said(x + d, low)}`, said(x + d, y)];
  if (side === "point") return `${begin}L${said(x, y + h / 2)}L${end}`;
  if (side === "cut") return `${begin}L${said(x, low - CUT)}L${said(x, y + CUT)}L${end}`;
  if (side === "step") {
    const steps = [
      [x + d, low - NOTCH],
      [x, low - NOTCH],
      [x, y + NOTCH],
      [x + d, y + NOTCH],
    ];
    return `${begin}${steps.map((step) => `L${said(...step)}`).join("")}L${end}`;
  }
  return `${begin}Q${said(x, low, x, low - d)}L${said(x, y + d)}Q${said(x, y)} ${end}`;
}

function said(...numbers: number[]): string {
  return numbers.map((number) => String(Math.round(number * 10) / 10)).join(" ");
}

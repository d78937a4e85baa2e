// What stands on an edge: of a node that runs on a condition what that asks of where the edge comes from.
import type { Box } from "./place";
import { HEAD, type Point } from "./route";

export interface Label {
  text: string;
  /** Where it ends, on its base line. */
  x: number;
  y: number;
}

const CHARACTER = 6.3;
/** Characters without which nothing is told. */
const LEAST = 3;
const [BESIDE, ABOVE, BELOW, LINE] = [4, 5, 13, 12];
const SIGNS: Record<string, string> = { "==": "=", "!=": "≠", ">=": "≥", "<=": "≤" };

/** What a condition asks of a node of its flow, in short; nothing where it asks nothing of that. */
export function asksOf(when: string, node: string): string {
  const named = new RegExp(String.raw`\btasks\.${node}\b`);
  const parts = conjuncts(when).filter((part) => named.test(part));
  return parts.map((part) => short(part, node)).join(" & ");
}

function short(part: string, node: string): string {
  const whole = bare(part);
  if (whole.startsWith("!")) {
    const told = short(whole.slice(1), node);
    return told === "true" ? "false" : told === "false" ? "true" : `not ${told}`;
  }
  const found = new RegExp(
    String.raw`^tasks\.${node}\.(?:output\b\.?|(?=status\b))([\w.[\]]*)\s*(==|!=|>=|<=|>|<)?\s*((?:"[^"]*"|'[^']*'|[^&|?"'])*)$`,
  ).exec(whole);
  if (!found) return named(whole);
  const [, path = "", sign = "", value = ""] = found;
  const left = path ? `${path} ` : "";
  if (!sign) return value ? named(whole) : `${left}true`;
  const is = named(value.trim());
  if (is === "true" || is === "false") return `${left}${(sign === "==") === (is === "true")}`;
  return `${left}${SIGNS[sign] ?? sign} ${is}`;
}

/** With the names that people gave alone. */
function named(text: string): string {
  return text.replace(/\btasks\.(\w+)\.output\b|\binputs\.(\w+)/g, "$1$2");
}

/** Without the brackets around all of it. */
function bare(text: string): string {
  const trimmed = text.trim();
  return trimmed.startsWith("(") && closes(trimmed) === trimmed.length - 1 ? bare(trimmed.slice(1, -1)) : trimmed;
}

/** Where the bracket closes that opens a text. */
function closes(text: string): number {
  return outer(text).findIndex((depth, at) => at > 0 && depth === 0);
}

/** By character how deep in brackets it stands, or what follows it; what is quoted counts as one deeper. */
function outer(text: string): number[] {
  let [depth, quote] = [0, ""];
  return [...text].map((character) => {
    if (quote) quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if ("([{".includes(character)) depth += 1;
    else if (")]}".includes(character)) depth -= 1;
    return depth + Number(quote !== "");
  });
}

/** The parts of a condition that all have to hold. */
function conjuncts(text: string): string[] {
  const whole = bare(text);
  const [depth, parts] = [outer(whole), [] as string[]];
  let begun = 0;
  for (let at = whole.indexOf("&&"); at >= 0; at = whole.indexOf("&&", at + 2)) {
    if (depth[at] !== 0) continue;
    parts.push(whole.slice(begun, at));
    begun = at + 2;
  }
  parts.push(whole.slice(begun));
  return parts.length === 1 ? parts : parts.flatMap(conjuncts);
}

/** A label before the end of an edge, on the side that the edge does not come from, as far as there is room before the cards. Where
 * several edges end it is further from there than `others`. */
export function labelled(text: string, from: Point, to: Point, cards: readonly Box[], others = 0): Label | null {
  const x = to[0] - HEAD - BESIDE;
  const y = to[1] + (from[1] < to[1] - 1 ? BELOW + LINE * others : -ABOVE - LINE * others);
  const near = cards.filter((card) => card.y < y + 3 && y - LINE < card.y + card.h && card.x + card.w <= to[0]);
  const left = Math.max(from[0], ...near.map((card) => card.x + card.w));
  const room = Math.floor((x - left - BESIDE) / CHARACTER);
  if (!text || room < LEAST) return null;
  return { text: text.length <= room ? text : `${text.slice(0, room - 1)}…`, x, y };
}

/** The labels of a graph with these cards; frames are none. */
export class Labels {
  private ends = new Map<string, number>();

  constructor(private cards: readonly Box[]) {}

  put(text: string, from: Point, to: Point): Label | null {
    const others = this.ends.get(`${to}`) ?? 0;
    const label = labelled(text, from, to, this.cards, others);
    if (label) this.ends.set(`${to}`, others + 1);
    return label;
  }
}

// What a card shows of a value: its head, and how large that is. The value is drawn by what draws it in the panel; here it is cut.
import type { Output, Part, Preview, Table } from "./messages";
import type { Size } from "./place";

/** A value that is small enough for a card, and the room that it takes there. */
export interface Peek {
  value: Pick<Output, "text" | "preview">;
  size: Size;
  /** The second line of its card says it, too. */
  short: boolean;
}

/** Rows of a table, of a tree, lines of a text. */
const [ROWS, PARTS, LINES] = [5, 6, 6];
/** Pixels: the width of a character, the height of a row of each, of what is said below a table, and what a frame adds. */
const [CHARACTER, ROW, PART, LINE, BELOW, FRAME] = [6.3, 21, 18, 16, 18, 10];
const [NARROWEST, WIDEST, LOWEST, TALLEST] = [60, 300, 40, 190];
/** What a cell adds to its text, and the characters of its longest one. */
const [CELL, WORD] = [16, 20];
/** How wide the line is that tells what was left out. */
const TOLD = 190;
const MARKUP: Size = { w: 280, h: 130 };
const LARGE = 34;
/** Characters of one line of the widest text. */
const MOST = Math.floor((WIDEST - FRAME - CELL) / CHARACTER);
/** So much of a text the narrowest card says beside how long it took. */
const SHORT = 12;

/** Nothing of a value that is empty. `picture` is how large a picture is by itself. */
export function peekOf(value: Output, picture: Size | null = null): Peek | null {
  const made = value.preview && headOf(value.preview, picture);
  if (made) return { value: { text: value.text, preview: made.preview }, size: fitted(made.size), short: false };
  const lines = value.text.split("\n");
  const text = [...lines.slice(0, LINES).map((line) => cut(line, MOST)), ...(lines.length > LINES ? ["…"] : [])];
  if (value.text.trim() === "") return null;
  const more = value.preview?.kind === "large" ? LARGE : 0;
  const preview = value.preview?.kind === "large" ? value.preview : null;
  const size = { w: widest(text) * CHARACTER + CELL, h: text.length * LINE + FRAME + more };
  const short = !more && value.text.length <= SHORT && lines.length === 1;
  return { value: { text: text.join("\n"), preview }, size: fitted(more ? { ...size, w: WIDEST } : size), short };
}

/** The size of a card that shows it below what it says anyway. */
export function withPeek(card: Size, { size }: Peek): Size {
  return { w: Math.max(card.w, size.w + 2 * ASIDE), h: card.h + size.h + UNDER };
}

/** Pixels at the sides and below it. */
export const ASIDE = 12;
export const UNDER = 12;

/** Of what is larger than a card its beginning; null for what is shown as a text. */
function headOf(preview: Preview, picture: Size | null): { preview: Preview; size: Size } | null {
  if (preview.kind === "table") return tableHead(preview);
  if (preview.kind === "tree") return preview.root.parts.length > 0 ? treeHead(preview.root) : null;
  if (preview.kind === "html") return { preview, size: MARKUP };
  if (preview.kind === "picture") return { preview, size: pictureSize(picture ?? { w: 4, h: 3 }) };
  return null;
}

/** As many columns as have room, one at least. */
function tableHead({ columns, rows, index, of }: Table): { preview: Preview; size: Size } {
  const words = (texts: readonly string[]) => texts.map((text) => cut(text, WORD));
  const few = rows.slice(0, ROWS).map(words);
  const named = index && words(index.slice(0, ROWS));
  const heads = columns.map(([name, kind]): [string, string] => [cut(name, WORD), kind]);
  let wide = named ? widest(named) * CHARACTER + CELL : 0;
  let count = 0;
  for (const [at, [name]] of heads.entries()) {
    const own = widest([name, ...few.map((row) => row[at] ?? "")]) * CHARACTER + CELL;
    if (count > 0 && wide + own > WIDEST - 2) break;
    wide += own;
    count += 1;
  }
  const isCut = of[0] > few.length || of[1] > count;
  const cells = few.map((row) => row.slice(0, count));
  return {
    preview: { kind: "table", columns: heads.slice(0, count), rows: cells, index: named, of },
    size: { w: Math.max(wide + 2, isCut ? TOLD : 0), h: (few.length + 1) * ROW + 2 + (isCut ? BELOW : 0) },
  };
}

/** Its parts, without theirs. */
function treeHead(root: Part): { preview: Preview; size: Size } {
  const parts = root.parts.slice(0, PARTS).map(({ name, text }) => {
    const short = cut(name, MOST / 2);
    return { name: short, text: cut(text, MOST - short.length - 1), more: 0, parts: [] };
  });
  const more = root.more + root.parts.length - parts.length;
  const lines = parts.map(({ name, text }) => `${name} ${text}`);
  const size = { w: widest(lines) * CHARACTER + CELL + FRAME, h: (parts.length + (more > 0 ? 1 : 0)) * PART + FRAME };
  return { preview: { kind: "tree", root: { ...root, parts, more } }, size };
}

/** As large as it is, where that has room, and no smaller than can be seen. */
function pictureSize({ w, h }: Size): Size {
  const by = Math.min(WIDEST / w, TALLEST / h);
  return { w: w * by, h: h * by };
}

function fitted({ w, h }: Size): Size {
  const within = (size: number, least: number, most: number) => Math.round(Math.min(Math.max(size, least), most));
  return { w: within(w, NARROWEST, WIDEST), h: within(h, h < LOWEST ? h : LOWEST, TALLEST) };
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => text.length), 1);
}

function cut(text: string, most: number): string {
  const room = Math.max(Math.floor(most), 2);
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}

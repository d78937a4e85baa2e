// YAML as coloured pieces, a line at a time: enough to read by, no parser. Python parses.

export type Piece = readonly [
  kind: "key" | "text" | "number" | "word" | "comment" | "expr" | "mark" | "",
  text: string,
];

const KEY =
  /^(\s*(?:- +)*)("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#'"{}[\],&*?|>!%@`-][^#{}[\],]*?|-[^\s#:][^#:]*?)(\s*:)(?=\s|$)/;
const PARTS: [Piece[0], RegExp][] = [
  ["expr", /^\$\{\{.*?(?:\}\}|$)/],
  ["text", /^(?:"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)/],
  ["number", /^[+-]?(?:\d[\d_]*\.?\d*(?:e[+-]?\d+)?|\.inf|\.nan)(?=\s|[,\]}]|$)/i],
  ["word", /^(?:true|false|null|~)(?=\s|[,\]}]|$)/],
  ["mark", /^[[\]{},|>&*!-]/],
  ["", /^[^\s"'[\]{},#$]+/],
  ["", /^\s+/],
  ["", /^./],
];

/** The pieces of a line; put together they are the line. */
export function pieces(line: string): Piece[] {
  const found: Piece[] = [];
  let rest = line;
  const key = KEY.exec(line);
  if (key) {
    found.push(["", key[1] ?? ""], ["key", key[2] ?? ""], ["mark", key[3] ?? ""]);
    rest = line.slice(key[0].length);
  }
  let blank = true; // a comment begins after a blank
  while (rest !== "") {
    if (blank && rest.startsWith("#")) {
      found.push(["comment", rest]);
      break;
    }
    const [kind, text] = first(rest);
    found.push([kind, text]);
    blank = /\s$/.test(text);
    rest = rest.slice(text.length);
  }
  return found.filter(([, text]) => text !== "");
}

function first(rest: string): Piece {
  for (const [kind, shape] of PARTS) {
    const match = shape.exec(rest);
    if (match?.[0]) return [kind, match[0]];
  }
  return ["", rest];
}

/** The node whose lines hold a line, counted from 1; the innermost. */
export function nodeAt(lines: Readonly<Record<string, readonly [number, number]>>, line: number): string | null {
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [name, [first, last]] of Object.entries(lines))
    if (first <= line && line <= last && last - first < least) [best, least] = [name, last - first];
  return best;
}

/** What is to be put in the place of which part of one text, so that it becomes another one: as little as can be. */
export function difference(before: string, after: string): { from: number; to: number; text: string } {
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before[from] === after[from]) from++;
  let end = 0;
  while (end < most - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return { from, to: before.length - end, text: after.slice(from, after.length - end) };
}

/** What Enter puts in: a new line as deep as this one, deeper after a colon. */
export function broken(before: string): string {
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const indent = /^\s*/.exec(line)?.[0] ?? "";
  return `\n${indent}${/:\s*$/.test(line) ? "  " : ""}`;
}

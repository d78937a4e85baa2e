// Where an argument comes from, in words.
import type { Argument } from "./messages";

const WHOLE = /^\$\{\{ (tasks|inputs)\.([A-Za-z0-9_]+)(?:\.output)? \}\}$/;

/** `from load`, `input n`, or the expression as it stands; what has not come yet is said to be still to come. */
export function sourceText(row: Argument): string {
  const found = WHOLE.exec(row.from);
  const later = row.edit === "" && row.as === "json";
  if (!found) return later ? `later from ${row.from}` : row.from;
  if (found[1] === "inputs") return `input ${found[2]}`;
  return `${later ? "later " : ""}from ${found[2]}`;
}

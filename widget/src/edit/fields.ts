// What is typed into a form, as a document says it: pure.
import { jsonWrong } from "../model/json";
import type { FormField } from "../model/messages";

/** What was typed, YAML that Python is to read, or what is wrong with it. */
export type Parsed = { value: unknown } | { yaml: string } | { wrong: string };

const WHOLE = /^[+-]?\d+$/;
const DURATION = /^\d+(\.\d+)?\s*(ms|s|m|h|d)?(\s*\d+(\.\d+)?\s*(ms|s|m|h|d))*$/;

/** Whether a text is computed when it runs; a list or mapping with such texts in it is none. */
export const isExpression = (text: string): boolean => text.includes("${{") && !/^\s*[[{]/.test(text);

/** A value of the document as it stands in its field. */
export function shownAs(kind: FormField["kind"], value: unknown): string {
  if (value === null || value === undefined) return "";
  if (kind === "list" && Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(", ");
  if (typeof value === "string" && (kind !== "value" || isExpression(value))) return value;
  if (typeof value === "number" && kind === "duration") return String(value);
  return JSON.stringify(value, null, kind === "mapping" ? 1 : undefined);
}

/** What a typed text says; an empty one takes the field away (null), except that of a text, for which "" has to be written. */
export function parsed({ kind, choices }: Pick<FormField, "kind" | "choices">, text: string): Parsed {
  const typed = text.trim();
  if (typed === "") return { value: null };
  if (kind === "text") return { value: typed === '""' ? "" : text };
  if (kind === "type") return { value: typed };
  if (isExpression(typed)) return { value: typed };
  if (kind === "expression") return { value: typed };
  if (kind === "choice")
    return choices.includes(typed) ? { value: typed } : { wrong: `Choose one of ${choices.join(", ")}.` };
  if (kind === "switch")
    return typed === "true" || typed === "false" ? { value: typed === "true" } : { wrong: "Write true or false." };
  if (kind === "whole") return WHOLE.test(typed) ? { value: Number(typed) } : { wrong: "Write a whole number." };
  if (kind === "number")
    return Number.isFinite(Number(typed)) ? { value: Number(typed) } : { wrong: "Write a number." };
  if (kind === "duration")
    return DURATION.test(typed)
      ? { value: Number.isFinite(Number(typed)) ? Number(typed) : typed }
      : { wrong: "Write a duration: 30s, 5m, 1h." };
  if (kind === "list" && !typed.startsWith("["))
    return {
      value: typed
        .split(",")
        .map((one) => one.trim())
        .filter(Boolean),
    };
  if (/^(\{\s*[^"\s}]|\[\s*[A-Za-z_{])/.test(typed) && jsonWrong(typed) !== null) return { yaml: typed };
  const wrong = jsonWrong(typed);
  if (wrong !== null && kind === "plain" && !/^[[{"]/.test(typed)) return { value: typed }; // a word, a duration
  return wrong === null ? { value: JSON.parse(typed) } : { wrong };
}

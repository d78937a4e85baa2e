// Forms: what stands in their fields, what is said by them, and what of it is remembered.
import { jsonWrong } from "./json";
import type { AskedField } from "./messages";

export type Said = Record<string, string | boolean>;
/** An answer: texts and switches as they are, the rest JSON as it was typed, which Python reads. */
export type Answered = { fields: Record<string, string | boolean>; texts: Record<string, string> };

/** What a form says; a field that was left empty is not said. */
export function answered(fields: AskedField[], said: Said): Answered {
  const told: Answered = { fields: {}, texts: {} };
  for (const { name, plain, widget } of fields) {
    const one = said[name] ?? "";
    if (typeof one === "boolean") told.fields[name] = one;
    else if (widget === "switch" && one === "") continue;
    else if (plain && one !== "") told.fields[name] = one;
    else if (one.trim() !== "") told.texts[name] = one.trim();
  }
  return told;
}

/** The fields whose value somebody took away: their defaults are meant. */
export function unsaid(fields: AskedField[], said: Said): string[] {
  return fields.filter((field) => isEmptied(field, said[field.name])).map(({ name }) => name);
}

export const isEmptied = ({ value }: AskedField, now: string | boolean | undefined): boolean =>
  value !== "" && (now === undefined || now === "");

/** What stands in the fields at first: their values, and what was said `before` where they have none. */
export function begun(fields: AskedField[], before: Said = {}): Said {
  const found = fields.map(({ name, widget, value, required }): [string, string | boolean] => {
    const first = value || before[name] || "";
    if (widget !== "switch") return [name, typeof first === "string" ? first : ""];
    return [name, first === "" ? (required ? false : "") : first === true || first === "true"];
  });
  return Object.fromEntries(found.filter(([, value]) => value !== ""));
}

/** What is wrong with a field, in a sentence; null where nothing is. */
export function fieldWrong(
  { required, plain, widget }: AskedField,
  value: string | boolean | undefined,
): string | null {
  const text = typeof value === "string" ? value.trim() : "";
  if (value === undefined || text === "") return required && typeof value !== "boolean" ? "It has to be said." : null;
  return plain || widget === "switch" ? null : jsonWrong(text);
}

const PLACE = "stratix:inputs:";

/** What was said the last time that this flow was started from a view in this browser. */
export function remembered(flow: string): Said {
  try {
    return JSON.parse(localStorage.getItem(PLACE + flow) ?? "{}") as Said;
  } catch {
    return {}; // a host without a store of its own
  }
}

export function remember(flow: string, said: Said): void {
  try {
    localStorage.setItem(PLACE + flow, JSON.stringify(said));
  } catch {
    // then it is asked for anew
  }
}

// Finding what can be placed: pure.
import type { PaletteItem } from "../model/messages";

/** Of each item how well a query matches it: 0 for not at all. */
export function score(item: Pick<PaletteItem, "name" | "group" | "doc">, query: string): number {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return 1;
  const name = item.name.toLowerCase();
  const words = name.split(/[._]/);
  if (name === wanted) return 6;
  if (name.startsWith(wanted)) return 5;
  if (words.some((word) => word.startsWith(wanted))) return 4;
  if (name.includes(wanted)) return 3;
  const told = `${name} ${item.group} ${item.doc}`.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  if (wanted.split(/\s+/).every((part) => told.some((word) => word.startsWith(part)))) return 2; // no "ask" in "task"
  return isSpread(wanted, name) ? 1 : 0;
}

/** Whether the letters are there in this order. */
function isSpread(letters: string, text: string): boolean {
  let at = 0;
  for (const letter of letters) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** What matches, the best first; what fits better or was used lately first among equals, and what does not fit last, if it is asked
 * for. */
export function found(items: readonly PaletteItem[], query: string, recent: readonly string[] = []): PaletteItem[] {
  const late = (item: PaletteItem) => {
    const at = recent.indexOf(item.name);
    return at < 0 ? recent.length : at;
  };
  return items
    .map((item) => ({ item, points: score(item, query) }))
    .filter(({ item, points }) => points > 0 && (fits(item) || query.trim() !== ""))
    .sort(
      (a, b) =>
        Number(fits(b.item)) - Number(fits(a.item)) ||
        b.points - a.points ||
        b.item.rank - a.item.rank ||
        late(a.item) - late(b.item),
    )
    .map(({ item }) => item);
}

/** Whether it takes what it is looked for; if not, it could only wait for that. */
export const fits = ({ rank }: PaletteItem): boolean => rank >= 0;

/** The name of a task that could be written, where nothing that can be placed has it; else nothing. */
export function unwritten(items: readonly Pick<PaletteItem, "name">[], query: string): string {
  const name = query.trim();
  const taken = items.some((item) => item.name === name || item.name.endsWith(`:${name}`));
  return /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) && !taken ? name : "";
}

/** By group in the order in which the groups are met. */
export function grouped(items: readonly PaletteItem[]): [string, PaletteItem[]][] {
  const groups = new Map<string, PaletteItem[]>();
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  return [...groups];
}

const KEPT = "stratix-recently-placed";
const MOST = 5;

/** The names of what was placed last, in this browser. */
export function recent(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string") : [];
  } catch {
    return []; // a page may have no storage
  }
}

export function placed(name: string): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify([name, ...recent().filter((one) => one !== name)].slice(0, MOST)));
  } catch {
    // then it is not remembered
  }
}

// The items of a page with nothing behind it: filtered and sorted as Python would.
import type { ItemPage, ItemQuery } from "./messages";
import { type StateName, stateName } from "./states";

export const ALL: ItemQuery = { states: [], search: "", sort: "state" };
const BAD = new Set<StateName>(["failed", "upstream_failed", "cancelled"]);

/** The part of a page that a query wants, from its place `start` to `stop`. */
export function sifted(page: ItemPage, { states, search, sort }: ItemQuery, start: number, stop: number): ItemPage {
  const needle = search.trim().toLowerCase();
  const found = page.rows.filter(
    ([index, key, status, text, given]) =>
      (states.length === 0 || states.includes(stateName(status))) &&
      (needle === "" || `${index} ${key ?? ""} ${text} ${given.join(" ")}`.toLowerCase().includes(needle)),
  );
  const took = ([, , status]: ItemPage["rows"][number]) => (status[10] ?? 0) - (status[9] ?? 0);
  const bad = ([, , status]: ItemPage["rows"][number]) => (BAD.has(stateName(status)) ? 0 : 1);
  found.sort(
    (a, b) => (sort === "slowest" ? took(b) - took(a) : sort === "state" ? bad(a) - bad(b) : 0) || a[0] - b[0],
  );
  return { ...page, matching: found.length, rows: found.slice(start, stop) };
}

/** The query with a state taken in, or out where it is in already. */
export function toggled(query: ItemQuery, state: string): ItemQuery {
  const has = query.states.includes(state);
  return { ...query, states: has ? query.states.filter((one) => one !== state) : [...query.states, state] };
}

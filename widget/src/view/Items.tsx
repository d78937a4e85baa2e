import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ALL, toggled } from "../model/items";
import type { Live } from "../model/live";
import type { ItemPage, ItemQuery, ItemRow } from "../model/messages";
import { duration, LOOKS, lookOf, type StateName, stateName } from "../model/states";
import { glyphOf, left } from "../model/waits";
import { type Calls, toldAs } from "../transport";
import { askedAgain } from "./asking";
import { useClock } from "./hooks";
import { Icon } from "./Icon";

const HEIGHT = 24;
/** Rows in sight before the list is measured. */
const SHOWN = 9;
/** Rows that are asked for beyond those in sight, on either side. */
const SPARE = 8;
/** Letters of a key for which there is room, at the least and at the most. */
const [LEAST, MOST] = [3, 12];
/** Characters of a column of what is mapped over. */
const WIDEST = 18;
const EMPTY: ItemPage = { total: 0, matching: 0, counts: {}, columns: [], rows: [] };
const SORTS: [ItemQuery["sort"], string][] = [
  ["state", "failed first"],
  ["index", "in order"],
  ["slowest", "slowest first"],
];

interface Props {
  live: Live;
  calls: Calls;
  node: number;
  /** What they are called: items, rounds. */
  what: string;
  open: (item: number) => void;
}

/** The items of a mapped node or flow, or the rounds of a loop: only the rows in sight are asked for and drawn, filtered and
 * sorted by Python, so that 100,000 stay fluid. */
export function Items({ live, calls, node, what, open }: Props) {
  const [top, setTop] = useState(0);
  const [query, setQuery] = useState(ALL);
  const box = useRef<HTMLDivElement>(null);
  const first = Math.max(Math.floor(top / HEIGHT) - SPARE, 0);
  const shown = useRows(box);
  const { page, from } = usePage(live, calls, node, first, first + shown + 2 * SPARE, query);
  const ask = (next: ItemQuery) => {
    setQuery(next);
    setTop(0);
    if (box.current) box.current.scrollTop = 0;
  };
  useClock(live.snapshot.mode === "live" && page.rows.some(([, , status]) => left(status, live.now())));
  const known = page.counts;
  const keys = Math.max(...page.rows.map(([index, key]) => String(key ?? index).length), LEAST);
  const given = page.columns.map((name, at) =>
    Math.max(name.length, ...page.rows.map((row) => row[4][at]?.length ?? 0)),
  );
  const widths = given.map((most) => `minmax(5.5ch, ${Math.min(most + 1, WIDEST)}ch)`).join(" ");
  const columns = `15px ${Math.min(keys, MOST) * 1.15}ch ${widths} minmax(8ch, 1fr) 5em`; // keys are bold
  return (
    <div
      class="stx-item-table"
      data-testid="items"
      data-matching={page.matching}
      data-total={page.total}
      style={{ "--columns": columns }}
    >
      {Object.keys(known).length > 0 && <Sieve counts={known} query={query} ask={ask} what={what} />}
      {page.columns.length > 0 && (
        <div class="stx-item stx-item-head" aria-hidden="true">
          <span />
          <span class="stx-item-key">{page.rows.some(([, key]) => key !== null) ? "key" : "#"}</span>
          {page.columns.map((name) => (
            <span key={name} class="stx-item-given">
              {name}
            </span>
          ))}
          <span class="stx-item-text">result</span>
          <span class="stx-item-time" />
        </div>
      )}
      <div
        ref={box}
        class="stx-items nowheel"
        style={{ maxHeight: `${Math.max(page.matching, 1) * HEIGHT + 2}px` }}
        onScroll={(e) => setTop(e.currentTarget.scrollTop)}
      >
        {page.matching === 0 && page.total > 0 && (
          <p class="stx-quiet stx-none">None of {page.total.toLocaleString("en")}.</p>
        )}
        <div style={{ height: `${page.matching * HEIGHT}px`, position: "relative" }}>
          {page.rows.map((row, at) => (
            <Row key={row[0]} live={live} node={node} row={row} at={from + at} open={open} />
          ))}
        </div>
      </div>
    </div>
  );
}

/** How many rows a list has room for: as many as its panel leaves it. */
function useRows(list: { current: HTMLElement | null }): number {
  const [rows, setRows] = useState(SHOWN);
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const seen = new ResizeObserver(() => setRows(Math.max(Math.ceil(element.clientHeight / HEIGHT), SHOWN)));
    seen.observe(element);
    return () => seen.disconnect();
  }, []);
  return rows;
}

/** The rows from one place to another, asked for again a little after each change. */
function usePage(live: Live, calls: Calls, node: number, first: number, stop: number, query: ItemQuery) {
  const [shown, setShown] = useState({ page: EMPTY, from: 0 });
  const name = live.snapshot.nodes[node]?.name ?? "";
  useEffect(() => {
    const ask = () => calls.call({ type: "items", node: name, start: first, stop, query });
    return askedAgain(live, node, ask, (page) => setShown({ page, from: first }));
  }, [live, calls, node, name, first, stop, query]);
  return shown;
}

interface SieveProps {
  counts: Record<string, number>;
  query: ItemQuery;
  ask: (query: ItemQuery) => void;
  what: string;
}

/** Which states, which text, which order. */
function Sieve({ counts, query, ask, what }: SieveProps) {
  const [text, setText] = useState(query.search);
  const latest = useRef(query);
  useLayoutEffect(() => {
    latest.current = query;
  });
  useEffect(() => {
    if (text === latest.current.search) return;
    const timer = setTimeout(() => ask({ ...latest.current, search: text }), 150);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="stx-sieve">
      {Object.entries(counts).map(([name, count]) => (
        <button
          type="button"
          key={name}
          class={`stx-chip-button stx-s-${LOOKS[name as StateName].look}`}
          data-testid="item-chip"
          data-state={name}
          aria-pressed={query.states.includes(name)}
          onClick={() => ask(toggled(query, name))}
        >
          <i class="stx-dot" /> {count.toLocaleString("en")} {LOOKS[name as StateName].word}
        </button>
      ))}
      <input
        class="stx-field"
        type="search"
        data-testid="item-search"
        aria-label={`Search the ${what}`}
        placeholder="search"
        title="In keys, values and errors"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <select
        class="stx-field"
        data-testid="item-sort"
        aria-label={`Order of the ${what}`}
        onChange={(event) => ask({ ...query, sort: event.currentTarget.value as ItemQuery["sort"] })}
      >
        {SORTS.map(([sort, label]) => (
          <option key={sort} value={sort} selected={sort === query.sort}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}

interface RowProps {
  live: Live;
  node: number;
  row: ItemRow;
  /** Its place among those that match. */
  at: number;
  open: (item: number) => void;
}

function Row({ live, node, row: [index, key, status, text, given], at, open }: RowProps) {
  const info = live.snapshot.nodes[node];
  const look = lookOf(status);
  const [, , attempt, , , , , , , started, ended] = status;
  const has = !live.isKept || live.snapshot.told?.[toldAs(info?.name ?? "", index)] !== undefined;
  return (
    <button
      type="button"
      disabled={!has}
      title={has ? undefined : "Of this one no more was kept."}
      class={`stx-item stx-s-${look.look}`}
      style={{ top: `${at * HEIGHT}px` }}
      data-testid="item-row"
      data-state={stateName(status)}
      data-item={index}
      onClick={() => open(index)}
    >
      <span class="stx-glyph" aria-hidden="true">
        <Icon name={info ? glyphOf(info, look, live.look(node)) : look.glyph} size={10} />
      </span>
      <span class="stx-item-key" title={key ?? undefined}>
        {key ?? index}
      </span>
      {given.map((value, column) => (
        <span key={column} class="stx-item-given" title={value}>
          {value}
        </span>
      ))}
      <span class="stx-item-text" title={text}>
        {text || look.word}
      </span>
      <span class="stx-item-time">
        {attempt > 1 ? `×${attempt} ` : ""}
        {started !== null && ended !== null ? duration(ended - started) : left(status, live.now())}
      </span>
    </button>
  );
}

import { useEffect, useState } from "preact/hooks";
import type { Live } from "../model/live";
import { duration, lookOf, stateName } from "../model/states";
import type { ItemPage, ItemRow } from "../model/types";
import { glyphOf, left } from "../model/waits";
import type { Calls } from "../transport";
import { useClock } from "./hooks";
import { Icon } from "./Icon";

const HEIGHT = 24;
const SHOWN = 9;

interface Props {
  live: Live;
  calls: Calls;
  node: number;
  total: number;
  open: (item: number) => void;
}

/** The items of a mapped node: only the rows in sight are asked for and drawn, so that 100,000 stay fluid. */
export function Items({ live, calls, node, total, open }: Props) {
  const [top, setTop] = useState(0);
  const [rows, setRows] = useState<ItemRow[]>([]);
  const first = Math.max(Math.floor(top / HEIGHT) - 4, 0);
  const info = live.snapshot.nodes[node];
  const name = info?.name;
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      timer = undefined;
      calls
        .call<{ rows: ItemPage }>({
          type: "items",
          node: name,
          start: first,
          stop: first + SHOWN + 8,
        })
        .then(
          (answer) => !over && setRows(answer.rows.map(([index, key, status, text]) => ({ index, key, status, text }))),
          () => {},
        );
    };
    ask();
    const stop = live.onNode(node, () => {
      timer ??= setTimeout(ask, 300);
    });
    return () => {
      over = true;
      clearTimeout(timer);
      stop();
    };
  }, [live, calls, node, name, first]);
  useClock(live.snapshot.mode === "live" && rows.some((row) => left(row.status, live.now())));
  return (
    <div
      class="stx-items nowheel"
      style={{ height: `${Math.min(total, SHOWN) * HEIGHT + 2}px` }}
      onScroll={(e) => setTop(e.currentTarget.scrollTop)}
    >
      <div style={{ height: `${total * HEIGHT}px`, position: "relative" }}>
        {rows.map((row) => {
          const look = lookOf(row.status);
          const [, , attempt, , , , , , , started, ended] = row.status;
          return (
            <button
              type="button"
              class={`stx-item stx-s-${look.look}`}
              key={row.index}
              style={{ top: `${row.index * HEIGHT}px` }}
              data-testid="item-row"
              data-state={stateName(row.status)}
              data-item={row.index}
              onClick={() => open(row.index)}
            >
              <span class="stx-glyph" aria-hidden="true">
                <Icon name={info ? glyphOf(info, look, false) : look.glyph} size={10} />
              </span>
              <span class="stx-item-key">{row.key ?? row.index}</span>
              <span class="stx-item-text">{row.text || look.word}</span>
              <span class="stx-item-time">
                {attempt > 1 ? `×${attempt} ` : ""}
                {started !== null && ended !== null ? duration(ended - started) : left(row.status, live.now())}
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}

import { useEffect, useState } from "preact/hooks";
import type { Live } from "../model/live";
import type { ItemPage } from "../model/messages";
import { duration, lookOf, stateName } from "../model/states";
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
  /** Rows at most: a page with nothing behind it has no more. */
  most: number;
  open: (item: number) => void;
}

/** The items of a mapped node or flow, or the rounds of a loop: only the rows in sight are asked for and drawn, so that 100,000 stay fluid. */
export function Items({ live, calls, node, most, open }: Props) {
  const [top, setTop] = useState(0);
  const [{ total, rows }, setPage] = useState<ItemPage>({ total: 0, rows: [] });
  const count = Math.min(total, most);
  const first = Math.max(Math.floor(top / HEIGHT) - 4, 0);
  const info = live.snapshot.nodes[node];
  const name = info?.name ?? "";
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      timer = undefined;
      calls
        .call({
          type: "items",
          node: name,
          start: first,
          stop: first + SHOWN + 8,
        })
        .then(
          (answer) => !over && setPage(answer),
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
  useClock(live.snapshot.mode === "live" && rows.some(([, , status]) => left(status, live.now())));
  return (
    <div
      class="stx-items nowheel"
      style={{ height: `${Math.min(count, SHOWN) * HEIGHT + 2}px` }}
      onScroll={(e) => setTop(e.currentTarget.scrollTop)}
    >
      <div style={{ height: `${count * HEIGHT}px`, position: "relative" }}>
        {rows.map(([index, key, status, text]) => {
          const look = lookOf(status);
          const [, , attempt, , , , , , , started, ended] = status;
          return (
            <button
              type="button"
              class={`stx-item stx-s-${look.look}`}
              key={index}
              style={{ top: `${index * HEIGHT}px` }}
              data-testid="item-row"
              data-state={stateName(status)}
              data-item={index}
              onClick={() => open(index)}
            >
              <span class="stx-glyph" aria-hidden="true">
                <Icon name={info ? glyphOf(info, look, false) : look.glyph} size={10} />
              </span>
              <span class="stx-item-key">{key ?? index}</span>
              <span class="stx-item-text">{text || look.word}</span>
              <span class="stx-item-time">
                {attempt > 1 ? `×${attempt} ` : ""}
                {started !== null && ended !== null ? duration(ended - started) : left(status, live.now())}
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}

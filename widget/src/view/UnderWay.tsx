import type { Live } from "../model/live";
import type { Inspection, Status } from "../model/messages";
import { plain } from "../model/plain";
import { share, underWay } from "../model/running";
import { lookIn } from "../model/states";
import { useClock } from "./hooks";
import { Scroll } from "./Scroll";

const TAIL = 8;

interface Props {
  live: Live;
  status: Status;
  seen: Inspection | null;
  /** What it says of its progress. */
  text: string | undefined;
}

/** A body that runs: how far it is, how long it takes, and what it printed last. */
export function UnderWay({ live, status, seen, text }: Props) {
  useClock(live.snapshot.mode === "live");
  const progress = share(status);
  const look = lookIn(status, live.standing);
  const tail = seen?.logs.slice(-TAIL) ?? [];
  return (
    <div class="stx-under-way" data-testid="under-way">
      <p>
        <b>{look.word}</b> {underWay(status, seen?.usual ?? null, live.at())}
      </p>
      {progress !== null && (
        <div
          class="stx-way"
          role="progressbar"
          aria-label="progress"
          aria-valuenow={Math.round(progress * 100)}
          aria-valuemin={0}
          aria-valuemax={100}
        >
          <i class={`stx-s-${look.look}`} style={{ width: `${progress * 100}%` }} />
        </div>
      )}
      {(progress !== null || text) && (
        <p class="stx-quiet">
          {progress !== null && `${Math.round(progress * 100)} %`} {text}
        </p>
      )}
      {tail.length > 0 && (
        <Scroll class="stx-logs" atEnd>
          {tail.map(([at, level, line], index) => (
            <div key={`${at} ${index}`} class={`stx-log-${level}`}>
              {plain(line) || " "}
            </div>
          ))}
        </Scroll>
      )}
    </div>
  );
}

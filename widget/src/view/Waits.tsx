import type { Answered } from "../model/form";
import type { Live } from "../model/live";
import type { Inspection, Status, Waiting } from "../model/messages";
import { left, moment } from "../model/waits";
import type { Calls } from "../transport";
import { Answer } from "./Answer";
import { useClock } from "./hooks";
import { Icon } from "./Icon";

/** Who is waited for, since when and until when; afterwards who approved. */
export function Waits({
  live,
  node,
  calls,
  seen,
  answer,
}: {
  live: Live;
  node: number;
  calls: Calls;
  seen: Inspection;
  answer: (args: Answered, from: Element) => void;
}) {
  const { wait, approved } = seen;
  const icon = live.look(node)?.icon ?? "waiting";
  useClock(wait !== null && live.snapshot.mode === "live");
  if (approved)
    return (
      <div class="stx-waits stx-s-completed" data-testid="node-approved">
        <Icon name={icon} size={14} />
        <p>
          Approved{approved.by && " by "}
          <b>{approved.by}</b>, {moment(Date.parse(approved.at) / 1000, live.now())}
        </p>
      </div>
    );
  if (!wait) return null;
  return (
    <div class="stx-waits stx-s-waiting" data-testid="node-wait">
      <Icon name={icon} size={14} />
      <div>
        <p>{asked(wait)}</p>
        <small>{times(wait, live.now())}</small>
        {wait.fields && seen.can.answer === true && live.canAsk && (
          <Answer fields={wait.fields} calls={calls} answer={answer} />
        )}
      </div>
    </div>
  );
}

function asked(wait: Waiting) {
  if (wait.for === "sleep") return "Sleeps; nobody is waited for.";
  if (wait.for === "approval")
    return (
      <>
        Somebody is to approve: <b>{wait.message}</b>
      </>
    );
  if (wait.for === "input")
    return (
      <>
        Somebody is to answer: <b>{wait.message}</b>
      </>
    );
  return (
    <>
      Waits for the signal <b>{wait.name}</b>
    </>
  );
}

/** since 14:02 · until 27 Nov, 14:02 · 23 h left */
function times({ since, due }: Waiting, now: number): string {
  const waiting: Status = [4, 0, 0, 0, 0, 0, 0, 0, null, since, null, due];
  const end = due === null ? ["for as long as it takes"] : [`until ${moment(due, now)}`, left(waiting, now)];
  return [`since ${moment(since, now)}`, ...end].join(" · ");
}

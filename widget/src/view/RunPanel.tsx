import { useEffect, useState } from "preact/hooks";
import type { Live } from "../model/live";
import type { About } from "../model/messages";
import { duration } from "../model/states";
import { moment } from "../model/waits";
import type { Calls } from "../transport";
import { asked } from "./asking";
import { Copied } from "./Copied";
import type { Ask } from "./doing";
import { Given } from "./Given";
import { Icon } from "./Icon";
import { Sheet } from "./Sheet";
import { Shown } from "./Shown";

interface Props {
  live: Live;
  calls: Calls;
  ask: Ask;
  close: () => void;
}

/** The run as a whole: its id, what it was given and gave, and the way to the runs before and after it. */
export function RunPanel({ live, calls, ask, close }: Props) {
  const run = live.run;
  const [told, setTold] = useState<About | null>(null);
  useEffect(() => asked(() => calls.call({ type: "about" }), setTold), [calls, run?.id, run?.state]);
  if (!run) return null;
  const go = (id: string | null | undefined, label: string, test: string, glyph: string) => (
    <button
      type="button"
      class="stx-button stx-icon-only"
      data-testid={test}
      title={label}
      aria-label={label}
      disabled={!id || !live.canAsk}
      onClick={() => id && ask("open", null, { run: id })}
    >
      <Icon name={glyph} size={13} />
    </button>
  );
  return (
    <Sheet label={`Run ${run.id}`} testid="run-panel">
      <header>
        <b>Run</b>
        <Copied text={run.id} what="the id" test="run" />
        {go(told?.older, "The run before it", "run-older", "older")}
        {go(told?.newer, "The run after it", "run-newer", "newer")}
        <button type="button" class="stx-close" onClick={close} aria-label="Close">
          ×
        </button>
      </header>
      <p class="stx-quiet">
        {run.state}, started {moment(run.started, live.now())}
        {run.ended !== null && `, took ${duration(run.ended - run.started)}`}
      </p>
      {run.error && <div class="stx-error">{run.error}</div>}
      <h4>Inputs</h4>
      {told ? <Given rows={told.inputs} empty="It has none." /> : null}
      <h4>Result</h4>
      {told?.result ? (
        <div class="stx-output" data-testid="run-result">
          <span class="stx-type">{told.result.type}</span>
          <Shown value={told.result} />
        </div>
      ) : (
        <p class="stx-quiet">{told && run.state === "completed" ? "It yields nothing." : "None so far."}</p>
      )}
    </Sheet>
  );
}

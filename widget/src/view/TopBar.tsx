import { useEffect, useRef, useState } from "preact/hooks";
import { standing } from "../model/find";
import type { Live } from "../model/live";
import type { Able, NodeInfo, RunInfo } from "../model/messages";
import { elapsed } from "../model/running";
import { isWaiting, LOOKS, lookOf, type StateName } from "../model/states";
import { isHeld, waitsText } from "../model/waits";
import type { Ask } from "./doing";
import { useClock } from "./hooks";
import { Icon } from "./Icon";

const OVER = ["completed", "failed", "cancelled", "interrupted"];
const ORDER: StateName[] = [
  ...["running", "stopping", "ready", "retrying", "suspended", "held", "waiting", "pending"],
  ...["completed", "failed", "upstream_failed", "cancelled", "skipped"],
] as StateName[];

/** Of what a run waits for, while nothing else moves, the first node. */
function firstLeft(live: Live, run: RunInfo): number {
  const waits = (node: NodeInfo, at: number) => node.wait !== "" && isWaiting(live.status(at));
  const rests = (_: NodeInfo, at: number) => lookOf(live.status(at)).look === "paused";
  return live.snapshot.nodes.findIndex(isHeld(run) ? rests : waits);
}

interface Props {
  live: Live;
  ask: Ask;
  show: (node: number) => void;
  /** Starts it, or asks for its inputs first, beside what was clicked. */
  start: (from: Element) => void;
  /** Opens or closes what is told of the run as a whole. */
  about: () => void;
  /** Goes into editing and out of it; undefined where nothing can be edited. */
  edit: ((on: boolean) => void) | undefined;
}

export function TopBar({ live, ask, show, start, about, edit }: Props) {
  const { flow, run, mode } = live.snapshot;
  const unended = run !== null && !OVER.includes(run.state);
  const active = unended && !live.gone;
  useClock(active && mode === "live");
  const shown = useRef(-1);
  /** From what was shown last to the next node in a state, and round again. */
  const next = (name: StateName) => {
    const found = standing(
      live.snapshot.nodes.map((_, at) => live.status(at)),
      name,
    );
    shown.current = found.find((at) => at > shown.current) ?? found[0] ?? -1;
    if (shown.current >= 0) show(shown.current);
  };
  return (
    <div class="stx-top">
      <div class="stx-title">
        <b>{flow.name}</b>
        <Crumbs live={live} ask={ask} />
        <Until nodes={run?.until ?? []} />
        {flow.description && !run?.forked_from && (
          <span class="stx-doc" title={flow.description}>
            {flow.description.split("\n")[0]}
          </span>
        )}
      </div>
      {run && (
        <div class="stx-run">
          {active && waitsText(run) ? (
            <button
              type="button"
              class={`stx-chip stx-run-${isHeld(run) ? "paused" : "waiting"}`}
              data-testid="run-waits"
              title="Show what waits"
              onClick={() => show(firstLeft(live, run))}
            >
              {waitsText(run)}
            </button>
          ) : (
            <span
              class={`stx-chip stx-run-${live.gone && unended ? "paused" : run.state}`}
              data-testid="run-state"
              title={run.reason ?? ""}
            >
              {live.gone && unended ? `was ${run.state}` : run.state}
              {run.reason && run.reason !== "user" && run.state !== "completed" ? ` (${run.reason})` : ""}
            </span>
          )}
          <span class="stx-elapsed">{elapsed(run, live.at())}</span>
          {(mode === "live" || live.snapshot.about) && (
            <button
              type="button"
              class="stx-link stx-id"
              data-testid="run-about"
              title={`Run ${run.id}: its inputs, its result, the runs beside it`}
              onClick={about}
            >
              {run.id.slice(-6)}
            </button>
          )}
          <span class="stx-counts">
            {ORDER.filter((name) => run.counts[name]).map((name) => (
              <button
                key={name}
                type="button"
                class={`stx-count stx-s-${LOOKS[name].look}`}
                data-state={name}
                title="Go to the next of these"
                onClick={() => next(name)}
              >
                <i class="stx-dot" />
                {(run.counts[name] ?? 0).toLocaleString("en")}{" "}
                {name === "running" && live.standing === "interrupted" ? "was running" : LOOKS[name].word}
              </button>
            ))}
            {run.absorbed > 0 && (
              <span
                class="stx-count"
                data-testid="run-absorbed"
                title="Bad ends that others went on without: they are not the run's."
              >
                ({run.absorbed.toLocaleString("en")} handled)
              </span>
            )}
          </span>
        </div>
      )}
      {live.canAsk && (
        <div class="stx-actions">
          {edit && <EditSwitch on={mode === "edit"} edit={edit} />}
          {!run && <Button id="run-start" label="Run" glyph="running" can={flow.start} onClick={start} primary />}
          {run && OVER.includes(run.state) && run.state !== "interrupted" && (
            <Button id="run-again" label="Run again" glyph="running" can={true} onClick={start} />
          )}
          {run && active && run.state !== "paused" && run.state !== "pausing" && (
            <Button id="run-pause" label="Pause" glyph="paused" can={run.can.pause} onClick={() => ask("pause")} />
          )}
          {run && (run.state === "paused" || run.state === "pausing") && (
            <Button
              id="run-resume"
              label="Resume"
              glyph="running"
              can={run.can.resume}
              onClick={() => ask("resume")}
              primary
            />
          )}
          {run && active && (
            <Button
              id="run-cancel"
              label="Cancel"
              glyph="stop"
              can={run.can.cancel}
              late
              onClick={() => ask("cancel")}
            />
          )}
          {run && (run.state === "failed" || run.state === "cancelled") && (
            <Button
              id="run-retry"
              label="Retry"
              glyph="retrying"
              can={run.can.retry}
              onClick={() => ask("retry")}
              primary
            />
          )}
        </div>
      )}
    </div>
  );
}

/** Whether the flow is edited or looked at. */
function EditSwitch({ on, edit }: { on: boolean; edit: (on: boolean) => void }) {
  return (
    <button
      type="button"
      class={`stx-button${on ? " stx-on" : ""}`}
      data-testid="edit-mode"
      aria-pressed={on}
      title={on ? "Look at the flow" : "Edit the flow"}
      onClick={() => edit(!on)}
    >
      <Icon name="edit" size={13} /> {on ? "Done" : "Edit"}
    </button>
  );
}

/** Where the run goes, if not through all of the flow. */
function Until({ nodes }: { nodes: readonly string[] }) {
  if (nodes.length === 0) return null;
  return (
    <span class="stx-doc" data-testid="run-until" title="What these nodes do not need is not run">
      <Icon name="until" size={11} /> until {nodes.join(", ")}
    </span>
  );
}

/** The run that this one was forked from. */
function Crumbs({ live, ask }: { live: Live; ask: Ask }) {
  const from = live.run?.forked_from;
  if (!from) return null;
  return (
    <button
      type="button"
      class="stx-link"
      data-testid="run-origin"
      title={`Show run ${from.run}`}
      disabled={live.snapshot.mode !== "live"}
      onClick={() => ask("open", null, { run: from.run })}
    >
      <Icon name="fork" size={11} /> fork of run {from.run.slice(-6)}
      {from.node ? `, from ${from.node}` : ""}
    </button>
  );
}

const MOMENT = 700;

/** Whether so many milliseconds have gone by since it came up. */
function useLater(ms: number): boolean {
  const [later, setLater] = useState(ms === 0);
  useEffect(() => {
    const timer = ms > 0 ? setTimeout(() => setLater(true), ms) : undefined;
    return () => clearTimeout(timer);
  }, [ms]);
  return later;
}

interface ButtonProps {
  id: string;
  label: string;
  glyph: string;
  can: Able | undefined;
  onClick: (from: Element) => void;
  primary?: boolean;
  /** Not at once when it comes up: the second click of a hand that meant what stood there is not for it. */
  late?: boolean;
}

/** An action; where it can't be done now it says why. */
function Button({ id, label, glyph, can, onClick, primary, late }: ButtonProps) {
  const why = can ?? "not possible now";
  const ripe = useLater(late ? MOMENT : 0);
  return (
    <button
      type="button"
      data-testid={id}
      class={`nodrag stx-button${primary ? " stx-primary" : ""}`}
      disabled={why !== true || !ripe}
      title={why === true ? label : why}
      onClick={(event) => {
        event.stopPropagation();
        if (event.detail < 2) onClick(event.currentTarget); // the second click of a double click is none
      }}
    >
      <Icon name={glyph} size={13} /> {label}
    </button>
  );
}

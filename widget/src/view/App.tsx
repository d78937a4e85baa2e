import { ReactFlowProvider } from "@xyflow/react";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Live } from "../model/live";
import type { Calls } from "../transport";
import { Graph } from "./Graph";
import { useRun } from "./hooks";
import { Inspector } from "./Inspector";
import { TopBar } from "./TopBar";

export type Ask = (verb: string, target?: string | null) => void;

export function App({ live, calls, root }: { live: Live; calls: Calls; root: HTMLElement }) {
  useRun(live);
  const [selected, setSelected] = useState<number | null>(null);
  const [notice, setNotice] = useState("");
  const { mode, run, flow, nodes } = live.snapshot;

  useEffect(() => {
    root.dataset.mode = mode;
    root.dataset.runState = run?.state ?? "none";
  });

  // The focus stays in the view: with the focus nowhere, the next key would be the notebook's.
  const close = useCallback(() => {
    root.focus({ preventScroll: true });
    setSelected(null);
  }, [root]);

  useEffect(() => {
    const end = new AbortController();
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    };
    root.addEventListener("keydown", onKey, { capture: true, signal: end.signal });
    return () => end.abort();
  }, [root, close]);

  const ask: Ask = useCallback(
    (verb, target = null) => {
      setNotice("");
      calls.call({ type: "request", verb, target, args: {} }).catch((error: Error) => setNotice(error.message));
    },
    [calls],
  );

  return (
    <ReactFlowProvider>
      <TopBar live={live} ask={ask} />
      {notice && (
        <div class="stx-notice" role="alert">
          <span>{notice}</span>
          <button type="button" onClick={() => setNotice("")} aria-label="Dismiss">
            ×
          </button>
        </div>
      )}
      {flow.problems.length > 0 && (
        <ul class="stx-problems" data-testid="problems">
          {flow.problems.map((problem) => (
            <li key={problem.message}>
              <b>{problem.node || "flow"}</b> {problem.message} <i>{problem.hint}</i> <code>{problem.code}</code>
            </li>
          ))}
        </ul>
      )}
      <div class="stx-main" style={{ height: `${heightFor(nodes)}px` }}>
        <Graph live={live} selected={selected} select={setSelected} ask={ask} />
        {selected !== null && nodes[selected] && (
          <Inspector key={selected} live={live} calls={calls} node={selected} ask={ask} close={close} />
        )}
      </div>
      <div class="stx-live" aria-live="polite">
        {run ? `Run ${run.state}, ${run.done} of ${run.total} done` : ""}
      </div>
    </ReactFlowProvider>
  );
}

/** Enough for the graph at a readable size, within what a notebook page bears. */
function heightFor(nodes: { y: number; h: number }[]): number {
  const bottom = Math.max(0, ...nodes.map((node) => node.y + node.h));
  return Math.min(Math.max(bottom + 90, 260), 560);
}

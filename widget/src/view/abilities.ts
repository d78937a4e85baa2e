// What can be done with a node in its state.

import type { Target } from "../model/actions";
import type { Live } from "../model/live";
import { isOver, lookOf, stateName } from "../model/states";
import type { Can, Status } from "../model/types";

const STARTED = ["running", "suspended", "waiting", "stopping"];

/** How a target stands, and what can be done with it. */
export function standing(live: Live, target: Target): { status: Status; can: Can } {
  if (target.own) return target.own;
  const status = live.status(target.node);
  return { status, can: abilities(status, live.run?.state, live.snapshot.nodes[target.node]?.kind) };
}

/** What the buttons allow; Python decides again when it is asked. */
export function abilities(status: Status, run = "", kind = "task"): Can {
  const name = stateName(status);
  const word = lookOf(status).word;
  const over = isOver(status);
  const done = name === "completed" || name === "skipped";
  const dead = run === "interrupted" ? "its kernel has ended: go on with the run first" : null;
  const ending = dead ?? (run === "ending" ? "the run is ending" : null);
  const bad = over && name !== "completed";
  return {
    pause: ending ?? (!over || `it is ${word}`),
    resume: ending ?? (!over || `it is ${word}`),
    cancel: dead ?? (!over || `it is ${word}`),
    retry:
      ending ?? (bad || name === "retrying" || status[5] > 0 || (over ? "it has completed" : "nothing has failed")),
    skip: ending ?? (done ? `it is ${word}` : true),
    set: ending ?? settable(status, kind),
    breakpoint: ending ?? true,
    fork: true,
    rollback:
      ending ??
      (run === "pending" ? "the run has not begun" : done || `it is ${word}: only to a node that has completed`),
  };
}

/** Arguments can be changed of what has not started, and of a task that failed. */
function settable(status: Status, kind: string): true | string {
  const name = stateName(status);
  if (name === "open" || name === "closed") return kind === "map" ? "edit its items one by one" : "it has started";
  if (STARTED.includes(name)) return `it is ${lookOf(status).word}`;
  return !isOver(status) || (name === "failed" && kind === "task") || `it is ${lookOf(status).word}`;
}

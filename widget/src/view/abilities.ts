// What can be done with a node in its state.

import type { Target } from "../model/actions";
import type { Live } from "../model/live";
import { isOver, isWaiting, lookOf, stateName } from "../model/states";
import type { Can, NodeInfo, Status } from "../model/types";

const TASK = { kind: "task", wait: "" } as const;
const ANSWER: Record<string, string> = { approval: "approve", signal: "send" };
const STARTED = ["running", "suspended", "waiting", "stopping"];

/** How a target stands, and what can be done with it. */
export function standing(live: Live, target: Target): { status: Status; can: Can } {
  if (target.own) return target.own;
  const status = live.status(target.node);
  const can = abilities(status, live.run?.state, live.snapshot.nodes[target.node]);
  if (can.send === true && !live.texts(target.node).signal) can.send = "its items wait for different signals: open one";
  return { status, can };
}

/** What the buttons allow; Python decides again when it is asked. */
export function abilities(status: Status, run = "", node: Pick<NodeInfo, "kind" | "wait"> = TASK): Can {
  const name = stateName(status);
  const word = lookOf(status).word;
  const over = isOver(status);
  const done = name === "completed" || name === "skipped";
  const dead = run === "interrupted" ? "its kernel has ended: go on with the run first" : null;
  const ending = dead ?? (run === "ending" ? "the run is ending" : null);
  const bad = over && name !== "completed";
  const answer = isWaiting(status) && ANSWER[node.wait];
  const waits = name === "waiting" && "it is waiting, and nothing of it runs: pause what comes after it";
  return {
    ...(answer && { [answer]: ending ?? true }),
    pause: ending ?? (waits || !over || `it is ${word}`),
    resume: ending ?? (!over || `it is ${word}`),
    cancel: dead ?? (!over || `it is ${word}`),
    retry:
      ending ?? (bad || name === "retrying" || status[5] > 0 || (over ? "it has completed" : "nothing has failed")),
    skip: ending ?? (done ? `it is ${word}` : true),
    set: ending ?? settable(status, node.kind),
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
  if (name === "open") return kind === "map" ? "edit its items one by one" : "it has started";
  if (STARTED.includes(name)) return `it is ${lookOf(status).word}`;
  return !isOver(status) || (name === "failed" && kind === "task") || `it is ${lookOf(status).word}`;
}

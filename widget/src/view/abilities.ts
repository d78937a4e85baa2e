// What can be done with a node in its state.
import { HOLD, isOver, lookOf, stateName } from "../model/states";
import type { Can, Status } from "../model/types";

export function isHeld(status: Status): boolean {
  const name = stateName(status);
  return name === "held" || name === "suspended" || (status[1] & HOLD) > 0;
}

/** What the buttons allow; Python decides again when it is asked. */
export function abilities(status: Status, run: string): Can {
  const name = stateName(status);
  const over = isOver(status);
  const ending = run === "ending" ? "the run is ending" : null;
  const bad = over && name !== "completed";
  const live = !over;
  return {
    pause: ending ?? (live || `it is ${lookOf(status).word}`),
    resume: ending ?? (live || `it is ${lookOf(status).word}`),
    cancel: live || `it is ${lookOf(status).word}`,
    retry:
      ending ?? (bad || name === "retrying" || status[5] > 0 || (over ? "it has completed" : "nothing has failed")),
    skip: ending ?? (name === "completed" ? "it has completed" : name === "skipped" ? "it is skipped" : true),
  };
}

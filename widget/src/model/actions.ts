// What can be done with a node, as a table: the toolbar, the menu and the keys are made from it.

import { BREAK, type Can, HOLD, type Snapshot, type Status, type VERBS, WAITS } from "./messages";
import { isOver, stateName } from "./states";

export interface Action {
  id: string;
  /** What Python tells whether it can be done by. */
  verb: (typeof VERBS)[number];
  label: string;
  glyph: string;
  key: string;
  /** In the toolbar: before a line (main) or after it (side), or in the menu alone. */
  place: "main" | "side" | "menu";
  args?: Record<string, unknown>;
  /** What is asked before it is done. */
  asks?: "rollback" | "skip" | "send" | "reject";
  /** The one thing to do now: it has its label everywhere. */
  first?: true;
}

export interface Target {
  node: number;
  item: number | null;
  name: string;
  /** Of an item: how it stands; of a node the view itself knows. */
  own?: { status: Status; signal?: string };
}

export function isHeld(status: Status): boolean {
  const name = stateName(status);
  return name === "held" || name === "suspended" || (status[1] & HOLD) > 0;
}

const ANSWERS: Action[] = [
  { id: "node-approve", verb: "approve", label: "Approve", glyph: "completed", key: "a", place: "main", first: true },
  {
    ...{ id: "node-reject", verb: "reject", label: "Reject…", glyph: "failed", key: "x", place: "main" },
    asks: "reject",
  } as Action,
  {
    ...{ id: "node-send", verb: "send", label: "Send a value…", glyph: "signal", key: "a", place: "main" },
    ...{ asks: "send", first: true },
  } as Action,
];
/** What a form in the inspector does. */
export const ANSWER: Action = {
  ...{ id: "node-answer", verb: "answer", label: "Answer", glyph: "approval", key: "", place: "menu" },
} as Action;
const PAUSE: Action = { id: "node-pause", verb: "pause", label: "Pause", glyph: "paused", key: "p", place: "main" };
const RESUME: Action = {
  id: "node-resume",
  verb: "resume",
  label: "Resume",
  glyph: "running",
  key: "p",
  place: "main",
};
const CANCEL: Action = { id: "node-cancel", verb: "cancel", label: "Cancel", glyph: "stop", key: "c", place: "main" };
const RETRY: Action = { id: "node-retry", verb: "retry", label: "Retry", glyph: "retrying", key: "r", place: "main" };
const SKIP: Action = { id: "node-skip", verb: "skip", label: "Skip", glyph: "skipped", key: "s", place: "main" };
const GIVE: Action = {
  ...{ id: "node-give", verb: "give", label: "Skip with a value…", glyph: "skipped", key: "v", place: "menu" },
  asks: "skip",
} as Action;
const EDIT: Action = { id: "edit-input", verb: "set", label: "Edit inputs", glyph: "edit", key: "e", place: "side" };
const FORK: Action = { id: "node-fork", verb: "fork", label: "Run from here", glyph: "fork", key: "f", place: "side" };
const UNTIL: Action = {
  ...{ id: "node-run-to", verb: "until", label: "Run to here", glyph: "until", key: "t", place: "menu" },
} as Action;
const PIN: Action = { id: "node-pin", verb: "pin", label: "Pin this result", glyph: "pin", key: "n", place: "menu" };
const BACK: Action = {
  ...{ id: "node-rollback", verb: "rollback", label: "Roll back to here", glyph: "rollback", key: "z", place: "side" },
  asks: "rollback",
} as Action;

function breakpoint(on: boolean): Action {
  const label = on ? "Remove breakpoint" : "Set breakpoint";
  return {
    id: "node-breakpoint",
    verb: "breakpoint",
    label,
    glyph: "breakpoint",
    key: "b",
    place: "side",
    args: { on: !on },
  };
}

/** In the order in which they stand; answers where something waits for them. Breakpoints, forks and pins are of whole nodes; an item of a mapped flow, or
 * a round, has no inputs that are edited, and can be gone back to. */
export function actionsOf(status: Status, item: boolean, can: Can): Action[] {
  const all = (status[1] & WAITS) > 0;
  const answers = ANSWERS.filter(({ verb }) => verb in can).map((one) =>
    all && one.verb !== "send" ? { ...one, label: one.label.replace(/…|$/, " all$&") } : one,
  );
  const first = isHeld(status) ? RESUME : PAUSE;
  const main = isOver(status) ? [first, RETRY, SKIP] : [...answers, first, CANCEL, RETRY, SKIP];
  if (item) return [...main, GIVE, !("set" in can) && "rollback" in can ? BACK : EDIT];
  return [...main, GIVE, breakpoint((status[1] & BREAK) > 0), EDIT, FORK, BACK, UNTIL, PIN];
}

/** Every key of an action. */
export const KEYS = new Set(
  [...ANSWERS, PAUSE, CANCEL, RETRY, SKIP, GIVE, breakpoint(true), EDIT, FORK, BACK, UNTIL, PIN].map(({ key }) => key),
);

/** The nodes that a rollback to `node` sets back: all that depend on it, on the groups it lies in too. */
export function descendants({ nodes, edges }: Pick<Snapshot, "nodes" | "edges">, node: number): Set<number> {
  const found = new Set<number>();
  for (let at = node; at >= 0; at = nodes[at]?.parent ?? -1) {
    const stack = [at];
    while (stack.length > 0) {
      const from = stack.pop();
      for (const [a, b, kind] of edges)
        if (a === from && kind !== "ends" && !found.has(b)) {
          found.add(b);
          stack.push(b);
        }
    }
  }
  return found;
}

// States as people see them: name, glyph and words.
import { ABANDONED, GIVEN, HOLD, type NodeInfo, PAUSED, STATES, type Status, WAITS } from "./messages";

export type StateName = (typeof STATES)[number];

export interface Look {
  look: string;
  glyph: string;
  word: string;
}

/** States that look otherwise than they are called. What they are called is one word everywhere: in Python, in data frames and here. */
const OTHERWISE: Partial<Record<StateName, Partial<Look>>> = {
  ready: { look: "queued", glyph: "queued" },
  suspended: { look: "paused", glyph: "paused" },
  held: { look: "paused", glyph: "paused" },
  stopping: { look: "running", glyph: "cancelled" },
  upstream_failed: { look: "upstream", glyph: "upstream" },
  open: { look: "running", glyph: "running", word: "running" },
  retired: { look: "cancelled", glyph: "cancelled" },
};

function named(name: StateName): Look {
  return { look: name, glyph: name, word: name.replace("_", " "), ...OTHERWISE[name] };
}

/** How a node looks of which nothing runs. */
export const PLANNED: Look = { look: "planned", glyph: "", word: "" };

/** How each state looks; several share a look. */
export const LOOKS = Object.fromEntries(STATES.map((name) => [name, named(name)])) as Record<StateName, Look>;

export function stateName(status: Status): StateName {
  return STATES[status[0]] ?? "pending";
}

export function lookOf(status: Status): Look {
  const look = LOOKS[stateName(status)];
  if (isGiven(status)) return { ...look, glyph: "edit", word: "given" };
  if (isWaiting(status)) return LOOKS.waiting;
  if (status[1] & PAUSED) return LOOKS.held;
  if (status[1] & HOLD && look.look === "running") return { ...look, glyph: "paused", word: "pausing" };
  if (stateName(status) === "open" && status[6] === 0 && status[3] + status[5] + status[7] < status[4])
    return LOOKS.ready;
  return look;
}

/** Bodies of a run whose kernel ended, ended with it. */
export function lookIn(status: Status, run: string | undefined): Look {
  const look = lookOf(status);
  const rests = look === LOOKS.ready ? run === "pausing" || run === "paused" : look === LOOKS.open && run === "paused";
  if (rests && stateName(status) === "open") return LOOKS.held; // a loop between two rounds, too
  const was = run === "interrupted" && (look.look === "running" || stateName(status) === "suspended");
  return was ? { ...LOOKS.held, word: "interrupted" } : look;
}

/** Whether its value was given by a person: nothing computed it. */
export function isGiven(status: Status): boolean {
  return (status[1] & GIVEN) > 0 && stateName(status) === "completed";
}

/** Whether it waits; of a mapped node, whether its items do and none of them runs. */
export function isWaiting(status: Status): boolean {
  return stateName(status) === "waiting" || (status[1] & WAITS) > 0;
}

export function isOver(status: Status): boolean {
  return status[0] >= 8 && status[0] <= 12;
}

/** Whether an attempt of it has begun that counts: what was set back keeps no progress. */
export function isUnderWay(status: Status): boolean {
  const name = stateName(status);
  return !isOver(status) && name !== "pending" && name !== "ready";
}

/** Seconds as people read them: 0.4 s, 12 s, 3:05, 1:02:03 */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const two = (part: number) => String(part).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** Words that the second line begins with: no other sign on the card says it as plainly. */
const TOLD = new Set(["held", "suspended", "pausing", "stopping", "given"]);

/** What the second line of a card says. */
export function detail(
  node: NodeInfo,
  status: Status,
  texts: { [name: string]: string | undefined },
  now: number,
  word = lookOf(status).word,
): string {
  const name = stateName(status);
  const [, , attempt, , , , , , , started, ended, due] = status;
  if (word === "waiting") return texts.wait || node.wait || word;
  if (name === "failed") return texts.error ?? "failed";
  if (name === "retrying" && due !== null) return `attempt ${attempt + 1} in ${duration(Math.max(due - now, 0))}`;
  if (name === "held" && texts.reason === "breakpoint") return "at its breakpoint";
  const parts: string[] = TOLD.has(word) ? [word] : [];
  if (attempt > 1 && node.kind === "task" && !isGiven(status)) parts.push(`attempt ${attempt}`);
  if (texts.progress && isUnderWay(status)) parts.push(texts.progress);
  if (
    started !== null &&
    !isGiven(status) &&
    name !== "suspended" &&
    (ended !== null || !isOver(status)) &&
    name !== "pending" &&
    name !== "ready"
  )
    parts.push(duration(Math.max((ended ?? now) - started, 0)));
  if (name === "completed" && texts.summary) parts.push(texts.summary);
  if (name === "skipped" && texts.reason) parts.push(texts.reason);
  if (node.subtitle && !isOver(status) && !texts.progress) parts.push(node.subtitle);
  if (status[1] & ABANDONED) parts.splice(0, TOLD.has(word) ? 1 : 0, word, "runs on");
  return parts.join(" · ") || word;
}

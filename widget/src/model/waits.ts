// Waits in words: what is left of one, when it is over, and what all of a run waits for.

import type { CardLook, NodeInfo, RunInfo, Status } from "./messages";
import { duration, isWaiting, type Look } from "./states";

/** What is left of a wait: 12 s left, 4:59 left, 23 h left, 6 days left; nothing where it has no end. */
export function left(status: Status, now: number): string {
  const due = status[11];
  if (!isWaiting(status) || due === null) return "";
  const whole = Math.max(Math.ceil(due - now), 0);
  if (whole < 60) return `${whole} s left`;
  if (whole < 3600) return `${duration(whole)} left`;
  return whole < 2 * 86400 ? `${Math.floor(whole / 3600)} h left` : `${Math.floor(whole / 86400)} days left`;
}

/** How much of a wait with an end is over, from 0 to 1. */
export function slept(status: Status, now: number): number | null {
  const [started, due] = [status[9], status[11]];
  if (!isWaiting(status) || started === null || due === null) return null;
  return Math.min(Math.max((now - started) / Math.max(due - started, 1e-3), 0), 1);
}

/** The glyph of a node: of one that is planned or waits the icon of what it uses, where that has one. */
export function glyphOf(node: NodeInfo, look: Pick<Look, "look" | "glyph">, used: CardLook | undefined): string {
  if (look.look === "planned") return used?.icon ?? node.kind;
  return (look.look === "waiting" && used?.icon) || look.glyph;
}

/** What is left of a run where nothing else moves: `waiting for 1 approval and 2 signals`, `paused at 2 nodes`, `asleep`;
 * else nothing. */
export function waitsText({ waits }: RunInfo): string {
  const { sleep, held, ...people } = waits;
  const said = Object.entries(people).map(
    ([kind, count]) => `${count.toLocaleString("en")} ${kind}${count > 1 ? "s" : ""}`,
  );
  if (said.length > 0)
    return `waiting for ${[said.slice(0, -1).join(", "), ...said.slice(-1)].filter(Boolean).join(" and ")}`;
  if (held) return `paused at ${held.toLocaleString("en")} node${held > 1 ? "s" : ""}`;
  return sleep ? "asleep" : "";
}

/** Whether it is people's pauses and breakpoints that a run waits for, and no answer of theirs. */
export function isHeld(run: RunInfo): boolean {
  return waitsText(run).startsWith("paused");
}

/** A moment as the clock on the wall has it; of another day than `now` with the day. Unix seconds. */
export function moment(at: number, now: number): string {
  const [then, today] = [new Date(at * 1000), new Date(now * 1000)];
  const time = then.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  if (then.toDateString() === today.toDateString()) return time;
  return `${then.toLocaleDateString([], { day: "numeric", month: "short" })}, ${time}`;
}

// What is said of a body that is under way: how far it is, since when, and how long it may still take.
import type { RunInfo, Status } from "./messages";
import { duration } from "./states";

/** Seconds below which nobody is told how long it may still take: it is over before that is read. */
const LEAST = 1;

/** How far it is, from 0 to 1: what a body says, of a fan-out its items that have ended; null where that is not known. */
export function share(status: Status): number | null {
  const [, , , done, total, failed, , skipped, progress] = status;
  return total > 0 ? (done + failed + skipped) / total : progress;
}

/** Seconds that are left, by how far it is, or by how long such a body took before; null where neither is known. */
export function remaining(status: Status, usual: number | null, now: number): number | null {
  const [progress, started] = [share(status), status[9]];
  if (started === null) return null;
  const elapsed = Math.max(now - started, 0);
  if (progress !== null && progress > 0.02) return (elapsed * (1 - progress)) / progress;
  return usual !== null && usual > elapsed ? usual - elapsed : null;
}

/** `12 s · about 30 s left`: of a run that goes on, by how long such runs take. */
export function elapsed(run: RunInfo, now: number): string {
  const seconds = Math.max((run.ended ?? now) - run.started, 0);
  const left = run.state === "running" && run.usual !== null ? run.usual - seconds : 0;
  return left >= LEAST ? `${duration(seconds)} · about ${duration(left)} left` : duration(seconds);
}

/** `running for 12 s · attempt 2 · about 30 s left` */
export function underWay(status: Status, usual: number | null, now: number): string {
  const [, , attempt, , , , , , , started] = status;
  const parts = started === null ? [] : [`for ${duration(Math.max(now - started, 0))}`];
  if (status[4] > 0)
    parts.push(
      `${Math.round((share(status) ?? 0) * status[4]).toLocaleString("en")} of ${status[4].toLocaleString("en")}`,
    );
  if (attempt > 1) parts.push(`attempt ${attempt}`);
  const left = remaining(status, usual, now);
  if (left !== null && left >= LEAST) parts.push(`about ${duration(left)} left`);
  else if (usual !== null && left === null) parts.push(`usually takes ${duration(usual)}`);
  return parts.join(" · ");
}

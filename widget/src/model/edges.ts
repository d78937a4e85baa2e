// How an edge looks: what has flowed along it, flows now, or never will.
import type { Status } from "./messages";
import { isOver, stateName } from "./states";

/** `plain` while nothing has come, `active` while its target works on what came along it, `taken` once something came, `idle`
 * where nothing will. */
export type EdgeLook = "plain" | "active" | "taken" | "idle";

const NEVER = new Set(["skipped", "upstream_failed", "retired"]);
const WORKS = new Set(["running", "open", "stopping"]);

const STILL = new Set(["paused", "interrupted"]);

/** Of an edge of a kind from one node to another, as they stand: failures go along catches, all else along the others. In a run
 * that stands still nothing moves. */
export function edgeLook(kind: string, from: Status, to: Status, run = "running"): EdgeLook {
  if (NEVER.has(stateName(from)) || NEVER.has(stateName(to))) return "idle";
  if (!isOver(from)) return "plain";
  if ((stateName(from) === "completed") === (kind === "catch")) return "idle";
  return WORKS.has(stateName(to)) && !STILL.has(run) ? "active" : "taken";
}

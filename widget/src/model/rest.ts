// When a view stands still, so that the file of a notebook may keep it.
import type { Snapshot } from "./messages";

const RESTS = ["completed", "failed", "cancelled", "paused", "interrupted"];

/** Names the rest at which a view stands; null while its run goes on. What waits, with nothing else to do, rests too. */
export function restOf({ run, flow, nodes, edges }: Snapshot): string | null {
  if (!run) return `${flow.name} ${hash(JSON.stringify([flow, nodes, edges]))}`;
  if (!RESTS.includes(run.state) && Object.keys(run.waits).length === 0) return null;
  return [run.id, run.state, `${run.done}/${run.total}`, run.ended ?? hash(JSON.stringify(run.counts))].join(" ");
}

function hash(text: string): string {
  let made = 0;
  for (let at = 0; at < text.length; at++) made = (Math.imul(made, 31) + text.charCodeAt(at)) | 0;
  return (made >>> 0).toString(36);
}

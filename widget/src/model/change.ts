// What an edit has changed of a flow, put into what was there: what has not changed is the same object as before.
import type { Change, EditInfo, NodeChange, Snapshot, Status } from "./messages";

const BLANK: Status = [0, 0, 0, 0, 0, 0, 0, 0, null, null, null, null];

/** The flow after a change, which must be the next one. */
export function changed(before: Snapshot, { seq, now, was, nodes, parts, edit }: Change): Snapshot {
  const by = <T>(old: readonly T[], none: T, own: (change: NodeChange) => T | undefined): T[] => {
    const kept = was ? was.map((at) => old[at] ?? none) : [...old];
    for (const [at, change] of Object.entries(nodes)) kept[Number(at)] = own(change) ?? (kept[Number(at)] as T);
    return kept;
  };
  const after: Snapshot = {
    ...before,
    ...parts,
    seq,
    now,
    nodes: by(before.nodes, undefined as never, ({ info }) => info),
    status: by(before.status, BLANK, ({ status }) => status),
  };
  if (before.edit) after.edit = edited(before.edit, edit, by);
  return after;
}

type By = <T>(old: readonly T[], none: T, own: (change: NodeChange) => T | undefined) => T[];

function edited(before: EditInfo, parts: Change["edit"], by: By): EditInfo {
  const ports = by(before.ports, [], ({ ports }) => ports);
  return { ...before, ...parts, ports, gives: by(before.gives, "", ({ gives }) => gives) };
}

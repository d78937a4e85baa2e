// A stack of like siblings as one node: what is known of it follows from its members.
import { type Fold, type NodeInfo, STATES, type Status } from "./messages";
import { isOver, type StateName, stateName } from "./states";

/** How the members of a stack stand as one, as a mapped node's items do. */
export function sumOf(members: readonly Status[]): Status {
  const count = (...states: StateName[]) => members.filter((one) => states.includes(stateName(one))).length;
  const failed = count("failed", "upstream_failed");
  const [done, skipped, cancelled] = [count("completed"), count("skipped"), count("cancelled", "retired")];
  const running = count("running", "stopping", "open");
  const over = members.every(isOver);
  const ended = failed > 0 ? "failed" : cancelled > 0 ? "cancelled" : done > 0 ? "completed" : "skipped";
  const state: StateName = over ? ended : count("pending") === members.length ? "pending" : "open";
  const times = (at: 9 | 10) => members.map((one) => one[at]).filter((time) => time !== null);
  const [started, last] = [times(9), times(10)];
  return [
    STATES.indexOf(state),
    0,
    0,
    ...([done, members.length, failed, running, skipped] as const),
    null,
    started.length > 0 ? Math.min(...started) : null,
    over && last.length > 0 ? Math.max(...last) : null,
    null,
  ];
}

/** A stack as a card shows it. */
export function stackInfo(fold: Fold, nodes: readonly NodeInfo[]): NodeInfo {
  const one = nodes[fold.members[0] ?? 0] as NodeInfo;
  const count = fold.members.length.toLocaleString("en");
  return {
    ...one,
    ...{ name: `${fold.label} × ${count}`, label: fold.label, kind: "stack", parent: fold.parent },
    ...{ line: `${count} alike${one.line ? ` · ${one.line}` : ""}`, foot: "", badge: "", when: null, subtitle: "" },
    ...{ x: fold.x, y: fold.y, w: fold.w, h: fold.h, inputs: [], config: [] },
  };
}

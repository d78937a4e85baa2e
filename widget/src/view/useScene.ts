import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { Target } from "../model/actions";
import type { Live } from "../model/live";
import { type Peek, withPeek } from "../model/peek";
import type { Peeks } from "../model/peeks";
import { type Scene, sceneOf } from "../model/scene";
import type { Calls } from "../transport";
import type { Doing } from "./doing";
import { usePeeks } from "./Peeking";

const NONE: ReadonlySet<number> = new Set();

/** So many cards and frames React Flow moves fluently; what has more is painted. */
const MOST = 300;

export interface Showing {
  scene: Scene;
  /** It is painted: there are too many cards for elements of the page. */
  painted: boolean;
  /** By node what its card shows of its result. */
  peeks: ReadonlyMap<number, Peek>;
  /** What was opened or closed last, or the node that others were opened for. */
  last: number | null;
  /** Opens what is closed, closes what is open. */
  turn: (id: number) => void;
}

/** What a graph is drawn from, as elements or painted. */
export interface GraphProps extends Showing {
  live: Live;
  calls: Calls;
  selected: number | null;
  /** What the toolbar is about: the selected node, or the item of it that is open. */
  target: Target | null;
  select: (node: number | null) => void;
  doing: Doing;
  root: HTMLElement;
}

/** What is drawn, and how stacks and sub-flows are opened and closed; a node that is chosen is to be seen. */
export function useScene(live: Live, peeks: Peeks, chosen: number | null): Showing {
  const shape = useMemo(() => live.snapshot.nodes.map((node) => node.name).join(), [live, live.version]);
  const [turned, setTurned] = useState({ shape, ids: NONE });
  const [last, setLast] = useState<number | null>(null);
  const ids = turned.shape === shape ? turned.ids : NONE;
  const plain = useMemo(() => sceneOf(live.snapshot, ids), [live, live.version, ids]);
  const painted = plain.items.length > MOST;
  usePeeks(peeks);
  useEffect(() => peeks.follow(painted ? null : closedOf(plain)), [peeks, plain, painted]);
  useEffect(() => peeks.watchTurns(setLast), [peeks]);
  const { shown } = peeks;
  const scene = useMemo(() => larger(live, ids, plain, shown), [plain, shown]);
  const turnAll = useCallback(
    (all: readonly number[]) =>
      setTurned((before) => ({ shape, ids: before.shape === shape ? exchanged(before.ids, all) : new Set(all) })),
    [shape],
  );
  const hidden = chosen === null ? [] : scene.closedAround(chosen);
  useEffect(() => {
    if (hidden.length === 0) return;
    setLast(chosen);
    turnAll(hidden);
  }, [chosen, hidden.join()]);
  const turn = useCallback(
    (id: number) => {
      setLast(id);
      turnAll([id]);
    },
    [turnAll],
  );
  return { scene, painted, peeks: shown, turn, last };
}

/** The scene with room for what cards show. */
function larger(live: Live, ids: ReadonlySet<number>, plain: Scene, shown: ReadonlyMap<number, Peek>): Scene {
  if (shown.size === 0) return plain;
  const sizes = plain.items
    .filter(({ id, open }) => !open && shown.has(id))
    .map((item) => [item.id, withPeek(item, shown.get(item.id) as Peek)] as const);
  return sceneOf(live.snapshot, ids, new Map(sizes));
}

function closedOf({ items }: Scene): number[] {
  return items.filter(({ open }) => !open).map(({ id }) => id);
}

function exchanged(ids: ReadonlySet<number>, all: readonly number[]): ReadonlySet<number> {
  const next = new Set(ids);
  for (const id of all) if (!next.delete(id)) next.add(id);
  return next;
}

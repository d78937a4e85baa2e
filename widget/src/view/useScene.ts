import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { Target } from "../model/actions";
import type { Live } from "../model/live";
import { type Scene, sceneOf } from "../model/scene";
import type { Calls } from "../transport";
import type { Doing } from "./doing";

const NONE: ReadonlySet<number> = new Set();

export interface Showing {
  scene: Scene;
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
export function useScene(live: Live, chosen: number | null): Showing {
  const shape = useMemo(() => live.snapshot.nodes.map((node) => node.name).join(), [live, live.version]);
  const [turned, setTurned] = useState({ shape, ids: NONE });
  const [last, setLast] = useState<number | null>(null);
  const ids = turned.shape === shape ? turned.ids : NONE;
  const scene = useMemo(() => sceneOf(live.snapshot, ids), [live, live.version, ids]);
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
  return { scene, turn, last };
}

function exchanged(ids: ReadonlySet<number>, all: readonly number[]): ReadonlySet<number> {
  const next = new Set(ids);
  for (const id of all) if (!next.delete(id)) next.add(id);
  return next;
}

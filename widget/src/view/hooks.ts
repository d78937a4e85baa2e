import { useEffect, useReducer } from "preact/hooks";
import type { Live } from "../model/live";

/** Draw again when one node changed. */
export function useNode(live: Live, node: number): void {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => live.onNode(node, () => again(undefined as never)), [live, node]);
}

/** Draw again when anything about the run changed. */
export function useRun(live: Live): void {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => live.onRun(() => again(undefined as never)), [live]);
}

/** Draw again every `ms` while `on`: for clocks. */
export function useClock(on: boolean, ms = 500): void {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => again(undefined as never), ms);
    return () => clearInterval(timer);
  }, [on, ms]);
}

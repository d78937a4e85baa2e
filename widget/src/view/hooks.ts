import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import type { Abilities } from "../model/abilities";
import type { Target } from "../model/actions";
import type { Live } from "../model/live";
import type { Can, Status } from "../model/messages";

/** Draw again when one node changed, or what can be done with nodes as such: the run's state, and who can be asked. */
export function useNode(live: Live, node: number): void {
  useChanging(
    (changed) => {
      const ends = [live.onNode(node, changed), live.onRun(changed)];
      return () => {
        for (const end of ends) end();
      };
    },
    () => [live.version, live.status(node), live.texts(node), live.run?.state, live.canAsk],
    [live, node],
  );
}

/** Draw again when anything about the run changed. */
export function useRun(live: Live): void {
  useChanging(
    (changed) => live.onRun(changed),
    () => [live.snapshot, live.gone],
    [live],
  );
}

/** How a target stands and what can be done with it; draws again when Python tells otherwise. */
export function useStanding(abilities: Abilities, target: Target): { status: Status; can: Can } {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => abilities.watch(target, () => again(undefined as never)), [abilities, target.name]);
  return abilities.standing(target);
}

/** Draw again when one of the values that are looked at is another one; also when that was before we began to listen. */
function useChanging(listen: (changed: () => void) => () => void, look: () => unknown[], inputs: unknown[]): void {
  const [, again] = useReducer((count: number) => count + 1, 0);
  const drawn = useRef<unknown[]>([]);
  drawn.current = look();
  useEffect(() => {
    const changed = () => {
      const found = look();
      if (found.some((value, at) => value !== drawn.current[at])) again(undefined as never);
    };
    changed();
    return listen(changed);
  }, inputs);
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

/** How wide an element is, in pixels: 0 as long as it is not shown, as that of a notebook may not be at first. */
export function useWidth(element: HTMLElement): number {
  const [width, setWidth] = useState(() => element.clientWidth); // once: to ask for it lays out the page
  useEffect(() => {
    const seen = new ResizeObserver(() => setWidth(element.clientWidth));
    seen.observe(element);
    return () => seen.disconnect();
  }, [element]);
  return width;
}

/** Functions that stay the same ones however often they are drawn anew, and do what those of the last time do: React Flow tells all
 * its cards of each one that is another. */
export function useSteady<Hands extends object>(hands: Hands): Hands {
  const latest = useRef(hands);
  latest.current = hands;
  return useMemo(() => {
    const all = () => latest.current as Record<string, (...given: unknown[]) => unknown>;
    const call = (name: string) => [name, (...given: unknown[]) => all()[name]?.(...given)];
    return Object.fromEntries(Object.keys(hands).map(call)) as Hands;
  }, []);
}

type Hearing = { [Kind in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Kind]) => void };

/** Hears what happens in an element, or in the page, with what the last drawing knows. From the drawing on, not from the picture that
 * follows it: a hand, or a busy browser, may bring a key before that. */
export function useHeard(within: EventTarget, hands: Hearing, capture = false): void {
  const steady = useSteady(hands);
  useLayoutEffect(() => {
    const end = new AbortController();
    for (const [kind, hear] of Object.entries(steady))
      within.addEventListener(kind, hear as (event: Event) => void, { capture, signal: end.signal });
    return () => end.abort();
  }, [within, capture]);
}

/** Calls when something is pressed outside of an element. */
export function useAway(box: { current: HTMLElement | null }, away: () => void): void {
  const pointerdown = (event: PointerEvent) => {
    if (box.current && !event.composedPath().includes(box.current)) away();
  };
  useHeard(document, { pointerdown }, true);
}

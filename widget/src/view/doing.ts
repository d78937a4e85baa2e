// What a hand sets off, as the parts of a view hand it on.
import type { Abilities } from "../model/abilities";
import type { Action, Target } from "../model/actions";
import type { Peeks } from "../model/peeks";

/** Something on the screen, or a place on it. */
export type Anchor = Element | DOMRect;
/** Does an action, or opens what it asks first beside `anchor`. */
export type Act = (action: Action, target: Target, anchor: Anchor) => void;
/** Asks the run. */
export type Ask = (verb: string, target?: string | null, args?: Record<string, unknown>) => void;

/** Starts a run, or runs the one that is shown again; with `until` no further than that node. */
export type Start = (anchor: Element, until?: string) => void;

/** How a request says that. */
export function untilOf(until: string): { until?: string } {
  return until ? { until } : {};
}

export interface Doing {
  abilities: Abilities;
  act: Act;
  menu: (target: Target, anchor: Anchor) => void;
  peeks: Peeks;
}

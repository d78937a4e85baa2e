// The keys of the actions.
import { useEffect } from "preact/hooks";
import { type Action, actionsOf, type Target } from "../model/actions";
import type { Live } from "../model/live";
import type { Can, Status } from "../model/types";
import { standing } from "./abilities";
import type { Doing } from "./doing";

/** Heard in the whole view: a key acts on what `find` says that the focus is about. */
export function useKeys(live: Live, root: HTMLElement, doing: Doing, find: (focus: Element) => Target | null): void {
  useEffect(() => {
    const end = new AbortController();
    const onKey = (event: KeyboardEvent) => {
      const target = find(event.target instanceof Element ? event.target : root);
      if (!target || !live.run || !live.canAsk) return;
      const { status, can } = standing(live, target);
      const found = keyed(event, status, can, target.item !== null);
      if (!found) return;
      const place = target.item === null ? `.react-flow__node[data-id="${target.node}"]` : ".stx-inspector header";
      const anchor = root.querySelector(place) ?? root;
      if (found === "menu") doing.menu(target, anchor);
      else doing.act(found, target, anchor);
      event.preventDefault();
      event.stopPropagation();
    };
    root.addEventListener("keydown", onKey, { signal: end.signal });
    return () => end.abort();
  });
}

/** What a key asks for: an action that can be done now, the menu, or nothing. While something is typed it is a letter. */
export function keyed(event: KeyboardEvent, status: Status, can: Can, item: boolean): Action | "menu" | null {
  const focus = event.target as Element | null;
  if (event.ctrlKey || event.metaKey || event.altKey || focus?.closest("input, textarea, .stx-confirm")) return null;
  if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) return "menu";
  const key = event.shiftKey ? event.key : event.key.toLowerCase(); // Caps Lock or not
  return actionsOf(status, item, can).find((action) => action.key === key && can[action.verb] === true) ?? null;
}

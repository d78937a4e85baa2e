// The keys of the actions.
import { type Action, actionsOf, KEYS, type Target } from "../model/actions";
import type { Live } from "../model/live";
import type { Can, Status } from "../model/messages";
import type { Doing } from "./doing";
import { cardOf } from "./focus";
import { useHeard } from "./hooks";

/** Heard in the whole view: a key acts on what `find` says that the focus is about. */
export function useKeys(live: Live, root: HTMLElement, doing: Doing, find: (focus: Element) => Target | null): void {
  useHeard(root, {
    keydown: (event) => {
      const target = find(event.target instanceof Element ? event.target : root);
      if (!target || !live.run || !live.canAsk) return;
      const key = keyOf(event);
      if (!key) return;
      const own = target.item === null ? cardOf(root, target.node) : root.querySelector(".stx-inspector header");
      const anchor = own ?? root;
      if (key === "menu") doing.menu(target, anchor);
      else
        doing.abilities.now(target).then((can) => {
          const found = keyed(key, doing.abilities.standing(target).status, can, target.item !== null);
          if (found) doing.act(found, target, anchor);
        });
      event.preventDefault();
      event.stopPropagation();
    },
    // What the focus comes to is asked for at once, so that the key after it need not wait.
    focusin: (event) => {
      const target = event.target instanceof Element ? find(event.target) : null;
      if (target && live.run && live.canAsk) doing.abilities.now(target);
    },
  });
}

/** A key of an action, the menu, or nothing. While something is typed it is a letter. */
export function keyOf(event: KeyboardEvent): string | null {
  const focus = event.target as Element | null;
  if (event.ctrlKey || event.metaKey || event.altKey || focus?.closest("input, textarea, .stx-confirm")) return null;
  if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) return "menu";
  const key = event.shiftKey ? event.key : event.key.toLowerCase(); // Caps Lock or not
  return KEYS.has(key) ? key : null;
}

/** What a key asks for: an action that can be done now, or nothing. */
export function keyed(key: string, status: Status, can: Can, item: boolean): Action | null {
  return actionsOf(status, item, can).find((action) => action.key === key && can[action.verb] === true) ?? null;
}

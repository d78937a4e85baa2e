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
      const key = keyOf(event);
      if (key === null || !live.run) return;
      if (isPeek(key)) peek(key, target, doing);
      else if (!target || !live.canAsk) return;
      else act(key, target);
      event.preventDefault();
      event.stopPropagation();
    },
    // What the focus comes to is asked for at once, so that the key after it need not wait.
    focusin: (event) => {
      const target = event.target instanceof Element ? find(event.target) : null;
      if (target && live.run && live.canAsk) doing.abilities.now(target);
    },
  });
  const act = (key: string, target: Target) => {
    const own = target.item === null ? cardOf(root, target.node) : root.querySelector(".stx-inspector header");
    const anchor = own ?? root;
    if (key === "menu") return void doing.menu(target, anchor);
    doing.abilities.now(target).then((can) => {
      const found = keyed(key, doing.abilities.standing(target).status, can, target.item !== null);
      if (found) doing.act(found, target, anchor);
    });
  };
}

/** Of the view alone: the results in cards, of one and of all. */
const [PEEK, PEEK_ALL] = ["o", "O"];
const isPeek = (key: string): boolean => key === PEEK || key === PEEK_ALL;

function peek(key: string, target: Target | null, { peeks }: Doing): void {
  if (key === PEEK_ALL) peeks.turnAll();
  else if (target && !peeks.why(target.node)) peeks.turn(target.node);
}

/** A key of an action, the menu, or nothing. While something is typed it is a letter. */
export function keyOf(event: KeyboardEvent): string | null {
  const focus = event.target as Element | null;
  if (event.ctrlKey || event.metaKey || event.altKey || focus?.closest("input, textarea, .stx-confirm")) return null;
  if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) return "menu";
  const key = event.shiftKey ? event.key : event.key.toLowerCase(); // Caps Lock or not
  return KEYS.has(key) || isPeek(key) ? key : null;
}

/** What a key asks for: an action that can be done now, or nothing. */
export function keyed(key: string, status: Status, can: Can, item: boolean): Action | null {
  return actionsOf(status, item, can).find((action) => action.key === key && can[action.verb] === true) ?? null;
}

// The keys of the actions.
import { type Action, actionsOf } from "../model/actions";
import type { Can, Status } from "../model/types";

/** What a key asks for: an action that can be done now, the menu, or nothing. While something is typed it is a letter. */
export function keyed(event: KeyboardEvent, status: Status, can: Can, item: boolean): Action | "menu" | null {
  const focus = event.target as Element | null;
  if (event.ctrlKey || event.metaKey || event.altKey || focus?.closest("input, textarea, .stx-confirm")) return null;
  if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) return "menu";
  const key = event.shiftKey ? event.key : event.key.toLowerCase(); // Caps Lock or not
  return actionsOf(status, item).find((action) => action.key === key && can[action.verb] === true) ?? null;
}

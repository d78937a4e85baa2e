// Where the focus goes. It stays in the view: with the focus nowhere, the next key would be the notebook's.

/** Gives the focus to what had it, or to the view where that is gone. */
export function focusOn(root: HTMLElement, before: Element | null): void {
  const there = before instanceof HTMLElement && before !== document.body && root.contains(before);
  (there ? before : root).focus({ preventScroll: true });
}

/** What can have the focus and stands for a node. */
export const CARD = ".react-flow__node, .stx-cursor";

export function cardOf(root: HTMLElement, node: number | null): HTMLElement | null {
  return root.querySelector(`:is(${CARD})[data-id="${node}"]`);
}

/** Takes the focus to the view itself whenever what has it goes away or can't have it any more: a button that was clicked, a row
 * that another query does not find. Where a hand has gone elsewhere it stays there. */
export function keepFocus(root: HTMLElement, signal: AbortSignal): void {
  let last: HTMLElement | null = null;
  const listen = (on: EventTarget, name: string, heard: (event: Event) => void) =>
    on.addEventListener(name, heard, { capture: true, signal });
  listen(root, "focusin", ({ target }) => {
    last = target as HTMLElement;
  });
  let [pressed, leaves] = [false, false];
  listen(root, "keydown", (event) => {
    leaves = (event as KeyboardEvent).key === "Tab";
  });
  listen(root, "focusout", (event) => {
    const to = (event as FocusEvent).relatedTarget;
    if (!(to instanceof Node) || root.contains(to)) return;
    const before = last;
    if (to.contains(root) && pressed && !leaves) queueMicrotask(() => focusOn(root, before));
    else last = null;
  });
  listen(document, "pointerdown", (event) => {
    [pressed, leaves] = [event.composedPath().includes(root), false];
    if (!pressed) last = null;
  });
  // A notebook gives the focus to its cell when something in there is pressed, and keeps it where its menu was open, or for the
  // right button: what was pressed in the view is the view's, and so is the next key.
  const hold = () => {
    if (pressed && root.isConnected && !root.contains(focused(root))) root.focus({ preventScroll: true });
  };
  for (const name of ["mousedown", "mouseup"]) listen(document, name, () => pressed && setTimeout(hold));
  const changed = new MutationObserver(() => {
    if (!last || !isGone(root, last) || !isFree(root, last)) return;
    last = null;
    root.focus({ preventScroll: true });
  });
  changed.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled", "hidden"] });
  signal.addEventListener("abort", () => changed.disconnect());
}

function isGone(root: HTMLElement, element: HTMLElement): boolean {
  return !root.contains(element) || element.matches(":disabled") || element.closest("[hidden]") !== null;
}

/** Whether nothing else of the page has the focus. */
function isFree(root: HTMLElement, last: HTMLElement): boolean {
  const has = document.activeElement;
  return has === null || has === document.body || focused(root) === last;
}

function focused(root: HTMLElement): Element | null {
  return (root.getRootNode() as Document | ShadowRoot).activeElement;
}

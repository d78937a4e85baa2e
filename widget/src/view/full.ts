// The full window: the view stands above everything else of the page, without leaving its place in it.
import { useEffect, useState } from "preact/hooks";

const CHANGED = "stx-full";

function isFull(root: HTMLElement): boolean {
  return root.popover !== null;
}

export function setFull(root: HTMLElement, on: boolean): void {
  if (on === isFull(root)) return;
  root.popover = on ? "manual" : null;
  if (on) root.showPopover();
  root.dispatchEvent(new Event(CHANGED));
}

export function useFull(root: HTMLElement): { on: boolean; toggle: () => void } {
  const [on, setOn] = useState(isFull(root));
  useEffect(() => {
    const end = new AbortController();
    root.addEventListener(CHANGED, () => setOn(isFull(root)), { signal: end.signal });
    return () => end.abort();
  }, [root]);
  return { on, toggle: () => setFull(root, !isFull(root)) };
}

// A new cell of the notebook: whoever holds the view puts it in, if it can.

/** The code of a cell that is to stand below the view; who puts it there says so by `preventDefault`. */
export const CELL = "stratix-cell";

/** Whether there was somebody who could. */
export function newCell(root: HTMLElement, source: string): boolean {
  return !root.dispatchEvent(new CustomEvent(CELL, { detail: source, bubbles: true, cancelable: true }));
}

// What part of a graph a canvas shows, and how that is changed: the same for both kinds of canvases.
import type { Size, View } from "../model/place";

export interface Camera {
  view: View;
  size: Size;
  /** Shows another part; `byHand` if a person wants it, so that it is left as it is from then on. */
  move: (view: View, byHand?: boolean) => void;
}

/** The part of a canvas that no panel lies on. */
export function uncovered(root: HTMLElement, { w, h }: Size): Size {
  const [panel, canvas] = [root.querySelector(".stx-inspector"), root.querySelector(".stx-canvas")];
  if (!panel || !canvas) return { w, h };
  const [on, all] = [panel.getBoundingClientRect(), canvas.getBoundingClientRect()];
  const [left, top] = [on.left - all.left, on.top - all.top];
  if (on.width >= all.width - 1) return { w, h: top > h / 4 ? Math.min(top, h) : h }; // over the lower part of a narrow view
  return { w: left > w / 4 ? Math.min(left, w) : w, h };
}

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

const STEP = 24;
const LEAST = 240;
/** The width that was chosen last holds for every panel of the page. */
let chosen: number | null = null;

interface Props {
  label: string;
  /** Whether it takes its room beside the canvas, or lies over it. */
  beside?: boolean;
  testid?: string;
  children: ComponentChildren;
}

/** A panel at the right of the canvas, as wide as its edge is dragged: of a view over it, of an editor beside it; where that is narrow
 * at its lower edge. */
export function Sheet({ label, beside = false, testid, children }: Props) {
  const [width, setWidth] = useState(chosen);
  const sheet = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const around = sheet.current?.parentElement; // where all that is to make way for it knows of it
    around?.style.setProperty("--panel", width === null ? "" : `${width}px`);
  }, [width]);
  const set = (element: HTMLElement, wide: number) => {
    const room = element.parentElement?.parentElement?.clientWidth ?? wide;
    chosen = Math.round(Math.min(Math.max(wide, LEAST), room - 60));
    setWidth(chosen);
  };
  const widthOf = (element: HTMLElement) => element.parentElement?.clientWidth ?? LEAST;
  const drag = (event: PointerEvent) => {
    const handle = event.currentTarget as HTMLElement;
    const [from, was] = [event.clientX, widthOf(handle)];
    handle.setPointerCapture(event.pointerId);
    const end = new AbortController();
    handle.addEventListener("pointermove", (to) => set(handle, was + from - to.clientX), { signal: end.signal });
    handle.addEventListener("lostpointercapture", () => end.abort(), { signal: end.signal });
  };
  const key = (event: KeyboardEvent) => {
    const step = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
    if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return;
    set(event.currentTarget, widthOf(event.currentTarget) + step);
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <aside
      class={`stx-panel nowheel ${beside ? "stx-edit-panel" : "stx-inspector"}`}
      aria-label={label}
      data-testid={testid}
      tabIndex={-1}
      ref={sheet}
    >
      <div
        class="stx-edge-handle"
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the panel"
        aria-valuenow={width ?? 370}
        aria-valuemin={LEAST}
        aria-valuemax={4000}
        tabIndex={0}
        title="Drag to change the width; double click for the usual one"
        data-testid="panel-width"
        onPointerDown={drag}
        onDblClick={() => {
          chosen = null;
          setWidth(null);
        }}
        onKeyDown={key}
      />
      <div class="stx-sheet">{children}</div>
    </aside>
  );
}

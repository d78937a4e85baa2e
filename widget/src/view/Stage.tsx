import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Box, heightFor } from "../model/place";

const STEP = 24;
const LEAST = 120;

/** The room of the canvas: as tall as the graph needs, until its handle is taken. A double click gives it back to the graph. */
export function Stage({ boxes, children }: { boxes: readonly Box[]; children: ComponentChildren }) {
  const main = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [byHand, setByHand] = useState<number | null>(null);
  useLayoutEffect(() => {
    const element = main.current;
    if (!element) return;
    setWidth(element.clientWidth);
    const seen = new ResizeObserver(() => setWidth(element.clientWidth));
    seen.observe(element);
    return () => seen.disconnect();
  }, []);
  const height = byHand ?? heightFor(boxes, width || 900);
  const set = (height: number) => setByHand(Math.max(Math.round(height), LEAST));
  const drag = (event: PointerEvent) => {
    const [handle, from, was] = [
      event.currentTarget as HTMLElement,
      event.clientY,
      main.current?.clientHeight ?? height,
    ];
    handle.setPointerCapture(event.pointerId);
    const end = new AbortController();
    handle.addEventListener("pointermove", (to) => set(was + to.clientY - from), { signal: end.signal });
    handle.addEventListener("lostpointercapture", () => end.abort(), { signal: end.signal });
  };
  const key = (event: KeyboardEvent) => {
    const step = { ArrowDown: STEP, ArrowUp: -STEP }[event.key];
    if (step === undefined) return;
    set((main.current?.clientHeight ?? height) + step);
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <>
      <div class="stx-main" ref={main} style={{ height: `${height}px` }}>
        {children}
      </div>
      <div
        class="stx-handle"
        role="separator"
        aria-orientation="horizontal"
        aria-label="Height of the view"
        aria-valuenow={height}
        aria-valuemin={LEAST}
        aria-valuemax={4000}
        tabIndex={0}
        title="Drag to change the height; double click for that of the graph"
        data-testid="height"
        onPointerDown={drag}
        onDblClick={() => setByHand(null)}
        onKeyDown={key}
      />
    </>
  );
}

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Live } from "../model/live";
import { type Box, centred, type Fit, fitOf, seenPart } from "../model/place";
import { type Camera, uncovered } from "./camera";
import { useSteady } from "./hooks";
import { onTheme, paletteOf } from "./palette";

const SIZE = { w: 140, h: 84 };
/** Milliseconds between two paintings while states change. */
const OFTEN = 250;

interface Props {
  live: Live;
  boxes: readonly Box[];
  /** The colour of a box, by its place; none for a frame, which is seen by what lies in it. */
  look: (at: number) => string;
  camera: Camera;
  root: HTMLElement;
}

/** The whole graph, small, and what part of it is in sight; a hand moves that. It is there while not all is in sight, and where a panel
 * leaves the canvas so tall that it covers less than half of that. */
export function SmallMap({ live, boxes, look, camera, root }: Props) {
  const fit = useMemo(() => fitOf(boxes, SIZE), [boxes]);
  const part = seenPart(fit, camera.view, camera.size, SIZE);
  const [hasRoom, setRoom] = useState(true);
  useLayoutEffect(() => setRoom(uncovered(root, camera.size).h >= 2 * SIZE.h));
  if (part === null || !hasRoom) return null;
  const go = (event: PointerEvent) => {
    if (event.buttons === 0) return;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const at = { x: event.clientX - box.left, y: event.clientY - box.top };
    camera.move(centred(fit, at, camera.view.zoom, camera.size), true);
  };
  return (
    <div
      class="stx-small"
      data-testid="small-map"
      aria-hidden="true" // all of it is done by keys, and said by the cards
      title="The whole graph: drag to see another part"
      style={{ width: `${SIZE.w}px`, height: `${SIZE.h}px` }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={go}
    >
      <Paper {...{ live, boxes, look, fit, root }} />
      <i style={{ left: `${part.x}px`, top: `${part.y}px`, width: `${part.w}px`, height: `${part.h}px` }} />
    </div>
  );
}

/** The graph itself, painted when it comes up, and some time after it or how its nodes stand has changed: the graph is drawn first. */
function Paper({ live, boxes, look, fit, root }: Omit<Props, "camera"> & { fit: Fit }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { paint, soon } = useSteady({
    paint: () => canvas.current && paintAll(canvas.current, boxes, look, fit, root),
    soon: () => {
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        paint();
      }, OFTEN);
    },
  });
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => {
    paint();
    const ends = [onTheme(root, paint), live.onRun(soon)];
    return () => {
      clearTimeout(timer.current);
      timer.current = undefined;
      for (const end of ends) end();
    };
  }, [live, root]);
  useEffect(soon, [live.version, boxes, fit]);
  const scale = window.devicePixelRatio || 1;
  return <canvas ref={canvas} width={SIZE.w * scale} height={SIZE.h * scale} />;
}

function paintAll(
  canvas: HTMLCanvasElement,
  boxes: readonly Box[],
  look: (at: number) => string,
  { by, x, y }: Fit,
  root: Element,
): void {
  const paper = canvas.getContext("2d");
  if (!paper) return;
  const [colour, scale] = [paletteOf(root), canvas.width / SIZE.w];
  paper.setTransform(scale, 0, 0, scale, 0, 0);
  paper.clearRect(0, 0, SIZE.w, SIZE.h);
  let last = "";
  boxes.forEach((box, at) => {
    const now = look(at);
    if (!now) return;
    if (now !== last) paper.fillStyle = colour(now);
    last = now;
    paper.fillRect(x + box.x * by, y + box.y * by, Math.max(box.w * by, 1), Math.max(box.h * by, 1));
  });
}

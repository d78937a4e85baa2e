import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Live } from "../model/live";
import { looksOf } from "../model/paint";
import { centred, type Fit, fitOf, seenPart } from "../model/place";
import type { Scene } from "../model/scene";
import type { Camera } from "./camera";
import { onTheme, paletteOf } from "./palette";

const SIZE = { w: 140, h: 84 };
/** Milliseconds between two paintings while states change. */
const OFTEN = 600;

interface Props {
  live: Live;
  scene: Scene;
  camera: Camera;
  root: HTMLElement;
}

/** The whole graph, small, and what part of it is in sight; a hand moves that. It is there while not all is in sight. */
export function SmallMap({ live, scene, camera, root }: Props) {
  const fit = useMemo(() => fitOf(scene.items, SIZE), [scene]);
  const part = seenPart(fit, camera.view, camera.size, SIZE);
  if (part === null) return null;
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
      <Paper {...{ live, scene, fit, root }} />
      <i style={{ left: `${part.x}px`, top: `${part.y}px`, width: `${part.w}px`, height: `${part.h}px` }} />
    </div>
  );
}

/** The graph itself, painted when it or how its nodes stand has changed. */
function Paper({ live, scene, fit, root }: Omit<Props, "camera"> & { fit: Fit }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const paint = () => canvas.current && paintAll(canvas.current, live, scene, fit, root);
    let timer: ReturnType<typeof setTimeout> | undefined;
    paint();
    const ends = [
      onTheme(root, paint),
      live.onRun(() => {
        timer ??= setTimeout(() => {
          timer = undefined;
          paint();
        }, OFTEN);
      }),
    ];
    return () => {
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }, [live, live.version, scene, fit, root]);
  const scale = window.devicePixelRatio || 1;
  return <canvas ref={canvas} width={SIZE.w * scale} height={SIZE.h * scale} />;
}

function paintAll(canvas: HTMLCanvasElement, live: Live, scene: Scene, { by, x, y }: Fit, root: Element): void {
  const paper = canvas.getContext("2d");
  if (!paper) return;
  const [colour, scale] = [paletteOf(root), canvas.width / SIZE.w];
  paper.setTransform(scale, 0, 0, scale, 0, 0);
  paper.clearRect(0, 0, SIZE.w, SIZE.h);
  let last = "";
  for (const item of scene.items) {
    if (item.open) continue;
    const { look } = looksOf(live, item.id);
    if (look !== last) paper.fillStyle = colour(look);
    last = look;
    paper.fillRect(x + item.x * by, y + item.y * by, Math.max(item.w * by, 1), Math.max(item.h * by, 1));
  }
}

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Live } from "../model/live";
import { hit, lineAt, looksOf, turns } from "../model/paint";
import { type Box, intoView, onCanvas, type Size, type View, zoomed } from "../model/place";
import type { Item, Line } from "../model/scene";
import { stateName } from "../model/states";
import { DIRECTIONS, type Direction, nextCard } from "../model/walk";
import { Along } from "./Along";
import { type Rest, restAt } from "./Beside";
import { isBox } from "./Card";
import { type Camera, uncovered } from "./camera";
import { Over } from "./Over";
import { Painter } from "./painter";
import { onTheme } from "./palette";
import type { GraphProps } from "./useScene";

const CLICK = 5;
/** Pixels from a line within which the pointer rests on it. */
const NEAR = 7;
/** Milliseconds between two paintings while states change. */
const OFTEN = 250;

/** A graph of very many nodes, painted: while it is moved, the last picture of it is moved, and the next one painted bit by bit. */
export function Painting({ live, calls, scene, turn, last, selected, target, select, doing, root }: GraphProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<Size>({ w: 0, h: 0 });
  const [view, setView] = useState<View>({ x: 0, y: 0, zoom: 1 });
  const moved = useRef(false);
  const painter = useRef<Painter | null>(null);
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const made = new Painter(element, root, setView);
    painter.current = made;
    const measure = () => {
      made.resize({ w: element.clientWidth, h: element.clientHeight });
      setSize(made.size);
    };
    const seen = new ResizeObserver(measure);
    seen.observe(element);
    const themed = onTheme(root, () => made.repaint());
    measure();
    return () => {
      seen.disconnect();
      themed();
      made.end();
    };
  }, [root]);
  useLayoutEffect(() => {
    const made = painter.current;
    if (!made) return;
    made.what = { live, scene, selected };
    made.repaint();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = live.onRun(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        made.repaint();
      }, OFTEN);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [live, live.version, scene, selected]);
  useEffect(() => {
    const shown = { nodes: () => facts(live, scene, painter.current?.view, canvas.current) };
    (window as unknown as { stratix?: typeof shown }).stratix = shown;
  }, [live, scene]);

  const camera: Camera = {
    view,
    size,
    move: (to, byHand = false) => {
      if (byHand) moved.current = true;
      painter.current?.show(to);
    },
  };
  const under = (event: MouseEvent): Item | null => {
    const box = canvas.current?.getBoundingClientRect();
    const { x, y, zoom } = painter.current?.view ?? view;
    return box ? hit(scene, (event.clientX - box.left - x) / zoom, (event.clientY - box.top - y) / zoom) : null;
  };
  const [rests, setRests] = useState<{ line: Line; at: Rest } | null>(null);
  /** Where no card is, the line on which the pointer rests. */
  const rest = (event: MouseEvent, card: Item | null) => {
    const [element, paper] = [canvas.current, canvas.current?.getContext("2d")];
    const box = element?.getBoundingClientRect();
    if (!element || !paper || !box) return;
    const { x, y, zoom } = painter.current?.view ?? view;
    const [px, py, reach] = [(event.clientX - box.left - x) / zoom, (event.clientY - box.top - y) / zoom, NEAR / zoom];
    const isOn = (path: string) => {
      paper.save();
      paper.resetTransform();
      paper.lineWidth = 2 * reach;
      const is = paper.isPointInStroke(new Path2D(path), px, py);
      paper.restore();
      return is;
    };
    const line = card ? null : lineAt(scene, px, py, reach, isOn);
    if (line !== (rests?.line ?? null)) setRests(line && { line, at: restAt(event, element) });
  };
  const pick = (event: MouseEvent) => {
    const item = under(event);
    const box = canvas.current?.getBoundingClientRect();
    const node = item && live.info(item.id);
    if (!item || !box || !node) return select(null);
    const { x, y, zoom } = painter.current?.view ?? view;
    const [px, py] = [(event.clientX - box.left - x) / zoom, (event.clientY - box.top - y) / zoom];
    const stack = item.id >= live.snapshot.nodes.length;
    if ((stack && !item.open) || turns(item, isBox(node), px, py)) turn(item.id);
    else if (!stack) select(item.id);
  };
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => {
    if (selected !== null) setAt(selected);
  }, [selected]);
  const first = scene.items.find((item) => !item.open)?.id ?? 0;
  const cursor = scene.shown(at !== null && scene.boxes[at] ? at : first);
  const walk = (direction: Direction) => {
    const to = nextCard(scene, cursor, direction);
    const box = to === null ? undefined : scene.boxes[to];
    if (to === null || !box) return;
    setAt(to);
    camera.move(intoView(box, uncovered(root, size), painter.current?.view ?? view), true);
  };
  const key = (event: KeyboardEvent) => {
    if (DIRECTIONS.has(event.key)) walk(event.key as Direction);
    else if (event.key !== "Enter" && event.key !== " ") return;
    else if (cursor < live.snapshot.nodes.length) select(cursor);
    else turn(cursor);
    event.preventDefault();
  };
  const drag = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const element = event.currentTarget as HTMLElement;
    const start = painter.current?.view ?? view;
    let far = false;
    const end = new AbortController();
    element.setPointerCapture(event.pointerId);
    setRests(null);
    const move = (to: PointerEvent) => {
      const [dx, dy] = [to.clientX - event.clientX, to.clientY - event.clientY];
      far ||= Math.hypot(dx, dy) > CLICK;
      if (far) camera.move({ ...start, x: start.x + dx, y: start.y + dy }, true);
    };
    element.addEventListener("pointermove", move, { signal: end.signal });
    element.addEventListener(
      "pointerup",
      (up) => {
        end.abort();
        if (!far) pick(up);
      },
      { signal: end.signal },
    );
    element.addEventListener("pointercancel", () => end.abort(), { signal: end.signal });
  };
  const wheel = (event: WheelEvent) => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    setRests(null);
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const point = { x: event.clientX - box.left, y: event.clientY - box.top };
    camera.move(zoomed(painter.current?.view ?? view, 2 ** (-event.deltaY / 300), point), true);
  };
  return (
    <div class="stx-canvas">
      <canvas
        ref={canvas}
        class="stx-painting"
        data-testid="painting"
        role="img"
        aria-label={`${live.snapshot.nodes.length.toLocaleString("en")} nodes; find them with Ctrl+F`}
        onPointerDown={drag}
        onPointerMove={(event) => {
          if (event.buttons !== 0) return;
          const item = under(event);
          painter.current?.hover(item);
          (event.currentTarget as HTMLElement).title = (item && live.info(item.id)?.name) ?? "";
          rest(event, item?.open ? null : item);
        }}
        onPointerLeave={() => {
          painter.current?.hover(null);
          setRests(null);
        }}
        onWheel={wheel}
        onContextMenu={(event) => {
          const item = under(event);
          if (!item || item.id >= live.snapshot.nodes.length || !live.run || !live.canAsk) return;
          event.preventDefault();
          event.stopPropagation();
          const name = live.info(item.id)?.name ?? "";
          doing.menu({ node: item.id, item: null, name }, new DOMRect(event.clientX, event.clientY, 0, 0));
        }}
      />
      <Cursor live={live} id={cursor} box={onCanvas(scene.boxes[cursor] ?? NOWHERE, view)} onKey={key} />
      {rests && <Along key={`${rests.line.from} ${rests.line.to}`} live={live} calls={calls} {...rests} />}
      <Over {...{ live, scene, last, selected, target, doing, root, camera, moved }} />
    </div>
  );
}

const NOWHERE: Box = { x: 0, y: 0, w: 0, h: 0 };

/** The card that the keys are at, as an element above its picture: it has the focus, and says what it stands for. */
function Cursor({ live, id, box, onKey }: { live: Live; id: number; box: Box; onKey: (event: KeyboardEvent) => void }) {
  const node = live.info(id);
  const said = node ? [node.name, node.wait || node.kind, looksOf(live, id).word].filter(Boolean).join(", ") : "";
  return (
    <>
      <div
        class="stx-cursor"
        role="button"
        tabIndex={0}
        data-testid="cursor"
        data-id={id}
        data-node={node?.name}
        aria-label={said}
        aria-roledescription="node"
        style={{ transform: `translate(${box.x}px, ${box.y}px)`, width: `${box.w}px`, height: `${box.h}px` }}
        onKeyDown={onKey}
      />
      <span class="stx-visually-hidden" aria-live="polite">
        {said}
      </span>
    </>
  );
}

/** What the elements of cards tell elsewhere, and where they are on the page. */
function facts(live: GraphProps["live"], scene: GraphProps["scene"], view?: View, canvas?: HTMLCanvasElement | null) {
  const box = canvas?.getBoundingClientRect();
  const { x, y, zoom } = view ?? { x: 0, y: 0, zoom: 1 };
  return scene.items.map((item) => {
    const status = live.status(item.id);
    return {
      ...{ node: live.info(item.id)?.name, state: stateName(status), done: status[3], total: status[4] },
      ...{ x: (box?.left ?? 0) + x + item.x * zoom, y: (box?.top ?? 0) + y + item.y * zoom },
      ...{ width: item.w * zoom, height: item.h * zoom, open: item.open },
    };
  });
}

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Live } from "../model/live";
import { hit, looksOf, type Palette, painting, turns } from "../model/paint";
import { type Box, intoView, onCanvas, type Size, type View, zoomed } from "../model/place";
import type { Item } from "../model/scene";
import { stateName } from "../model/states";
import { DIRECTIONS, type Direction, nextCard } from "../model/walk";
import { isBox } from "./Card";
import { type Camera, uncovered } from "./camera";
import type { GraphProps } from "./Graph";
import { Over } from "./Over";
import { onTheme, paletteOf } from "./palette";

/** Pixels painted beyond each edge, so that a graph can be moved for a while before more of it must be painted. */
const BEYOND = 240;
/** Milliseconds of painting in a frame: what it takes to put it on the sheet, too. */
const SLICE = 5;
const CLICK = 5;
/** Milliseconds without a change of the zoom after which what is shown is painted for it; further than this from the zoom of
 * what is shown, it is painted at once. */
const CALM = 100;
const FAR = 1.6;
/** Milliseconds between two paintings while states change. */
const OFTEN = 250;

interface Sheet {
  paper: CanvasRenderingContext2D;
  view: View;
}

/** A graph of very many nodes, painted: while it is moved, the last picture of it is moved, and the next one painted bit by bit. */
export function Painting({ live, scene, turn, last, selected, target, select, doing, root }: GraphProps) {
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
        }}
        onPointerLeave={() => painter.current?.hover(null)}
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

/** Keeps a picture that is larger than the canvas, shows it where the view is, and paints the next one when that is elsewhere. */
class Painter {
  what: Pick<GraphProps, "live" | "scene" | "selected"> | null = null;
  view: View = { x: 0, y: 0, zoom: 1 };
  size: Size = { w: 0, h: 0 };
  private sheet: Sheet | null = null;
  /** The sheet before, to be painted on again: a new one takes some megabytes. */
  private spare: CanvasRenderingContext2D | null = null;
  private next: (Sheet & { work: Generator<void> }) | null = null;
  private stale = true;
  private over: Item | null = null;
  private frame = 0;
  private zoomedAt = 0;
  private calm: ReturnType<typeof setTimeout> | undefined;
  private colour: Palette;

  constructor(
    private canvas: HTMLCanvasElement,
    private root: HTMLElement,
    private told: (view: View) => void,
  ) {
    this.colour = paletteOf(root);
  }

  resize(size: Size): void {
    this.size = size;
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(size.w * scale);
    this.canvas.height = Math.round(size.h * scale);
    this.repaint();
  }

  show(view: View): void {
    if (view.zoom !== this.view.zoom) this.zoomedAt = performance.now();
    this.view = view;
    this.ask();
  }

  hover(item: Item | null): void {
    if (item?.id === this.over?.id) return;
    this.over = item;
    this.canvas.style.cursor = item ? "pointer" : "grab";
    this.ask();
  }

  repaint(): void {
    this.stale = true;
    this.colour = paletteOf(this.root);
    this.ask();
  }

  end(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.calm);
  }

  private ask(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private draw(): void {
    const paper = this.canvas.getContext("2d", { alpha: false }); // what nothing shines through is only copied
    if (!paper || !this.what || this.size.w === 0) return;
    const { view, sheet } = this;
    const scale = window.devicePixelRatio || 1;
    paper.setTransform(scale, 0, 0, scale, 0, 0);
    paper.fillStyle = this.colour("paper");
    paper.fillRect(0, 0, this.size.w, this.size.h);
    if (sheet) {
      const by = view.zoom / sheet.view.zoom;
      const [left, top] = [view.x - (sheet.view.x + BEYOND) * by, view.y - (sheet.view.y + BEYOND) * by];
      const { width, height } = sheet.paper.canvas;
      // Pixel on pixel, what is only moved is copied; anything between two pixels, and smooth, takes many times as long.
      const on = (at: number) => (by === 1 ? Math.round(at * scale) / scale : at);
      paper.imageSmoothingEnabled = false;
      paper.drawImage(sheet.paper.canvas, on(left), on(top), (width / scale) * by, (height / scale) * by);
    }
    this.outline(paper);
    this.told(view);
    this.work(scale);
  }

  private outline(paper: CanvasRenderingContext2D): void {
    const { x, y, zoom } = this.view;
    const { scene, selected } = this.what as NonNullable<Painter["what"]>;
    const chosen = selected === null ? undefined : scene.boxes[selected];
    for (const [box, width] of [[this.over, 1.5] as const, [chosen, 3] as const]) {
      if (!box) continue;
      paper.strokeStyle = this.colour("near");
      paper.lineWidth = width;
      paper.beginPath();
      paper.roundRect(
        x + box.x * zoom - 3,
        y + box.y * zoom - 3,
        box.w * zoom + 6,
        box.h * zoom + 6,
        10 * Math.min(zoom, 1),
      );
      paper.stroke();
    }
  }

  /** Goes on with the next picture for some milliseconds, or begins one where the last does not show the view. */
  private work(scale: number): void {
    if (!this.next && (this.stale || !this.isGood(this.sheet))) {
      const calm = this.zoomedAt + CALM - performance.now();
      if (this.sheet && calm > 0 && this.isNear(this.sheet)) {
        clearTimeout(this.calm);
        this.calm = setTimeout(() => this.ask(), calm);
        return;
      }
      this.next = this.begin(scale);
    }
    if (!this.next) return;
    const until = performance.now() + SLICE;
    let done = false;
    while (!done && performance.now() < until) {
      done = this.next.work.next().done === true;
      this.next.paper.getImageData(0, 0, 1, 1); // else all of it would be put on the sheet at once, when that is first shown
    }
    if (done) {
      this.spare = this.sheet?.paper ?? null;
      this.sheet = this.next;
      this.next = null;
    }
    this.ask();
  }

  private begin(scale: number): Sheet & { work: Generator<void> } {
    this.stale = false;
    const paper = this.blank(
      Math.round((this.size.w + 2 * BEYOND) * scale),
      Math.round((this.size.h + 2 * BEYOND) * scale),
    );
    paper.fillStyle = this.colour("paper");
    paper.fillRect(0, 0, paper.canvas.width, paper.canvas.height);
    const { x, y, zoom } = this.view;
    const view = { x: x * scale + BEYOND * scale, y: y * scale + BEYOND * scale, zoom: zoom * scale };
    const area = {
      ...{ x: -(x + BEYOND) / zoom, y: -(y + BEYOND) / zoom },
      ...{ w: (this.size.w + 2 * BEYOND) / zoom, h: (this.size.h + 2 * BEYOND) / zoom },
    };
    const { live, scene } = this.what as NonNullable<Painter["what"]>;
    return { paper, view: { x, y, zoom }, work: painting(paper, { live, scene, colour: this.colour }, view, area) };
  }

  private blank(width: number, height: number): CanvasRenderingContext2D {
    const spare = this.spare;
    this.spare = null;
    if (spare?.canvas.width === width && spare.canvas.height === height) {
      spare.reset();
      return spare;
    }
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    return canvas.getContext("2d", { alpha: false, willReadFrequently: true }) as CanvasRenderingContext2D;
  }

  /** Whether a picture of another zoom will do for a moment. */
  private isNear({ view }: Sheet): boolean {
    const by = this.view.zoom / view.zoom;
    return by < FAR && by > 1 / FAR;
  }

  private isGood(sheet: Sheet | null): boolean {
    if (!sheet || sheet.view.zoom !== this.view.zoom) return false;
    return Math.abs(sheet.view.x - this.view.x) < BEYOND * 0.7 && Math.abs(sheet.view.y - this.view.y) < BEYOND * 0.7;
  }
}

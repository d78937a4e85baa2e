// Keeps a graph that is painted fluent: a picture larger than the canvas is moved, while the next one is painted.
import { type Palette, painting } from "../model/paint";
import type { Size, View } from "../model/place";
import type { Item } from "../model/scene";
import { paletteOf } from "./palette";
import type { GraphProps } from "./useScene";

/** Pixels painted beyond each edge, so that a graph can be moved for a while before more of it must be painted. */
const BEYOND = 240;
/** Milliseconds of painting in a frame: what it takes to put it on the sheet, too. */
const SLICE = 5;
/** Milliseconds without a change of the zoom after which what is shown is painted for it; further than this from the zoom of
 * what is shown, it is painted at once. */
const CALM = 100;
const FAR = 1.6;

interface Sheet {
  paper: CanvasRenderingContext2D;
  view: View;
}

/** Keeps a picture that is larger than the canvas, shows it where the view is, and paints the next one when that is elsewhere. */
export class Painter {
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

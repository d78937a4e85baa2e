// An output of a notebook: the live view where a kernel has it, else the view as it was kept.
import type { Kept, Saved, Widget } from "../model/messages";
import { CELL } from "../view/cell";
import { STANDS, type Stands } from "../view/stands";
import { drawKept, MIME, withLast } from "./drawing";
import {
  above,
  insertBelow,
  type LabPanel,
  type OutputModel,
  type Renderer,
  type Rendermime,
  type SessionContext,
} from "./host";

const WIDGET = "application/vnd.jupyter.widget-view+json";
/** Milliseconds in which a kernel may answer before what was kept is shown: nothing flashes before a live view. */
const PATIENCE = 1_500;
/** How often, and how many times, to look whether the manager of widgets has come. */
const LOOKS = { every: 250, times: 40 };

type PanelClass = new () => LabPanel;

/** The class of our outputs, made of JupyterLab's own Panel. */
export function outputOf(Panel: PanelClass): new () => LabPanel {
  return class StratixOutput extends Panel {
    private model: OutputModel | null = null;
    private began = 0;
    /** The renderer of the live view, and the factory that made it: that of the manager of widgets comes later. */
    private inner: Renderer | null = null;
    private factory: unknown = null;
    private watcher = new MutationObserver(() => this.show());
    private session: SessionContext | null = null;
    private looking: ReturnType<typeof setInterval> | undefined;
    private later: ReturnType<typeof setTimeout> | undefined;
    private stands: Stands | null = null;
    private keptAt = document.createElement("div");
    private drawn = "";
    private erase: Promise<() => void> | null = null;

    constructor() {
      super();
      this.addClass("stratix-output");
      this.node.append(this.keptAt);
      this.node.addEventListener(STANDS, (event) => this.heard((event as CustomEvent<Stands>).detail));
      this.node.addEventListener(CELL, (event) => {
        if (insertBelow(this, (event as CustomEvent<string>).detail)) event.preventDefault();
      });
    }

    async renderModel(model: OutputModel): Promise<void> {
      this.model = model;
      this.tryLive();
    }

    onAfterAttach(message: unknown): void {
      super.onAfterAttach(message);
      this.began ||= performance.now();
      this.session ??= this.follow();
      this.tryLive();
    }

    dispose(): void {
      if (this.isDisposed) return;
      this.watcher.disconnect();
      clearInterval(this.looking);
      clearTimeout(this.later);
      this.session?.kernelChanged.disconnect(this.again, this);
      this.undraw();
      super.dispose();
    }

    /** Tries again when there is another kernel, and for a while because the manager of widgets comes late. */
    private follow(): SessionContext | null {
      const session = above<SessionContext>(this, "sessionContext");
      session?.kernelChanged.connect(this.again, this);
      let left = LOOKS.times;
      this.looking = setInterval(() => {
        this.tryLive();
        if (this.isLive || --left === 0) clearInterval(this.looking);
      }, LOOKS.every);
      return session;
    }

    private again = (): void => {
      if (!this.isLive) this.factory = null;
      this.tryLive();
    };

    private get saved(): Saved | undefined {
      return this.model?.data[MIME] as Saved | undefined;
    }

    /** The widget of the view: in what was kept it is named by us alone, since others would draw it before the picture. */
    private get widget(): Widget | undefined {
      return (this.model?.data[WIDGET] as Widget | undefined) ?? this.saved?.view;
    }

    private get isLive(): boolean {
      return (this.inner?.widgets.length ?? 0) > 0;
    }

    private tryLive(): void {
      if (this.isDisposed || !this.isAttached || !this.model) return;
      const rendermime = above<Rendermime>(this, "rendermime");
      const factory = rendermime?.getFactory(WIDGET);
      const view = this.widget;
      if (rendermime && factory && view?.model_id && this.model.trusted && !this.isLive && factory !== this.factory) {
        this.factory = factory;
        this.watcher.disconnect();
        this.inner?.dispose();
        this.inner = rendermime.createRenderer(WIDGET);
        this.inner.setHidden(true);
        this.addWidget(this.inner);
        this.watcher.observe(this.inner.node, { childList: true });
        // A copy: the renderer of widgets empties `model_id` when its view goes.
        const model = { data: { [WIDGET]: { ...view } }, metadata: {}, trusted: true, setData() {} };
        void this.inner.renderModel(model);
      }
      this.show();
    }

    /** Shows the one or the other. */
    private show(): void {
      if (this.isDisposed) return;
      const live = this.isLive;
      this.inner?.setHidden(!live);
      if (!live && this.stands) this.keepLast(this.stands);
      if (live) this.undraw();
      else if (this.mayAnswer) this.later ??= setTimeout(() => this.show(), PATIENCE);
      else this.draw();
      this.node.dataset.shows = live ? "live" : this.drawn ? "saved" : "";
    }

    private get mayAnswer(): boolean {
      const waits = performance.now() - this.began < PATIENCE && !this.drawn;
      return waits && !!this.model?.trusted && !this.inner?.node.textContent?.startsWith("Error");
    }

    private draw(): void {
      const data = this.model?.data as Partial<Kept>;
      const text = this.saved?.snapshot ?? "";
      if (this.drawn === text && this.erase) return;
      this.undraw();
      this.drawn = text;
      this.erase = drawKept(data, this.keptAt);
    }

    private undraw(): void {
      this.erase?.then((end) => end());
      this.erase = null;
      this.drawn = "";
    }

    /** A live view has its place, has come to a rest, or lost its kernel. What the file has of it is brought up to date. */
    private async heard(stands: Stands): Promise<void> {
      if (stands.gone()) return this.keepLast(stands);
      const isNew = this.stands !== stands;
      this.stands = stands;
      if (isNew && this.saved?.shows) stands.show(this.saved.shows);
      const stamp = stands.rest();
      if (stamp === null || stamp === this.saved?.stamp) return this.keep({});
      const kept = await stands.keep().catch(() => null); // the kernel may end just then: what there is stays
      const saved = kept?.[MIME];
      if (!this.isDisposed && saved) this.keep({ ...kept, [MIME]: { ...saved, stamp } });
    }

    /** Its kernel has ended under it: what it showed last is newer than what was kept. */
    private keepLast(stands: Stands): void {
      this.stands = null;
      const saved = this.saved;
      if (saved && stands.rest() !== saved.stamp) this.keep({ [MIME]: withLast(saved, stands.last()) });
    }

    private keep(kept: Partial<Kept>): void {
      const model = this.model;
      const { [WIDGET]: widget, ...now } = model?.data ?? {};
      const saved = kept[MIME] ?? this.saved;
      const shows = this.stands ? this.stands.shows() : saved?.shows;
      const isOther = JSON.stringify(shows) !== JSON.stringify(this.saved?.shows);
      if (!model || !saved || (!widget && !kept[MIME] && !isOther)) return;
      const { shows: _, ...rest } = saved;
      const data = { ...now, ...kept, [MIME]: { ...rest, view: this.widget, ...(shows && { shows }) } };
      model.setData({ data, metadata: model.metadata });
    }
  };
}

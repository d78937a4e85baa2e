import type { Live } from "../model/live";
import type { Kept, Shows, Snapshot } from "../model/messages";
import type { Peeks } from "../model/peeks";
import { restOf } from "../model/rest";
import type { Calls } from "../transport";

/** What a live view tells whoever holds it, by an event of this name: how it stands, and how to keep it. */
export interface Stands {
  /** The rest at which it stands; null while its run goes on. */
  rest(): string | null;
  /** No kernel answers. */
  gone(): boolean;
  /** What is drawn now. */
  last(): Snapshot;
  /** What its cards show, and to show what they did when it was kept. */
  shows(): Shows | undefined;
  show(shows: Shows): void;
  /** Asks Python for what a notebook is to keep. */
  keep(): Promise<Kept>;
}
export const STANDS = "stratix-stands";
/** Milliseconds of stillness: of a run, and of a flow, which people edit step by step. */
const SOON = 250;
const LATER = 2_000;

/** Tells when the view gets its place, when it comes to a rest, and when it loses its kernel: a change that is followed by
 * another is none. */
export function tellStands(live: Live, calls: Calls, peeks: Peeks, root: HTMLElement, signal: AbortSignal): void {
  if (live.isKept) return;
  const detail: Stands = {
    rest: () => restOf(live.snapshot),
    gone: () => live.gone,
    last: () => live.snapshot,
    shows: () => peeks.shows,
    show: (shows) => peeks.show(shows),
    keep: () => calls.call({ type: "keep" }),
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    clearTimeout(timer);
    const tell = () => root.dispatchEvent(new CustomEvent(STANDS, { detail, bubbles: true }));
    timer = setTimeout(tell, live.run ? SOON : LATER);
  };
  let told: string | null = null;
  const release = live.onRun(() => {
    if (!live.run && !live.gone) return soon(); // whoever holds it looks whether a flow is another one
    const rest = live.gone ? "gone" : restOf(live.snapshot);
    if (rest !== null && rest !== told) soon();
    told = rest;
  });
  const turned = peeks.watchTurns(soon);
  const placed = new ResizeObserver(soon);
  placed.observe(root);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    release();
    turned();
    placed.disconnect();
  });
}

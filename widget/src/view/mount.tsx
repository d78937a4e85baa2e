import { options, render } from "preact";
import { decode, Live } from "../model/live";
import type { Change, Patch } from "../model/messages";
import { Peeks } from "../model/peeks";
import { Calls, type Transport } from "../transport";
import { App } from "./App";
import { keepFocus } from "./focus";
import { measured } from "./Peeking";
import { tellStands } from "./stands";
import { followTheme } from "./theme";

// What follows from a drawing is there before the next key or click, as React has it and React Flow counts on: after the picture it
// would come too late for a fast hand, or on a busy machine.
options.requestAnimationFrame = queueMicrotask;

/** Draws a view into an element; the answer ends it. Its life hangs on one AbortSignal. */
export function mount(transport: Transport, el: HTMLElement): () => void {
  const end = new AbortController();
  const live = new Live(transport.snapshot());
  const calls = new Calls(transport);
  const peeks = new Peeks(live, calls, measured);
  const heard = watch(transport, live, end.signal);
  transport.listen((message, buffers) => {
    heard();
    if (message.type === "reply") calls.answer(message);
    else if (message.type === "snapshot") live.replace(message.snapshot);
    else if (!taken(live, message, buffers)) transport.send({ type: "resync" });
  }, end.signal);
  const root = document.createElement("div");
  root.className = "stx";
  root.dataset.testid = "stratix-view";
  root.tabIndex = -1;
  keepKeys(root, end.signal);
  keepFocus(root, end.signal);
  el.append(root);
  followTheme(root, end.signal);
  tellStands(live, calls, peeks, root, end.signal);
  render(<App {...{ live, calls, peeks, root }} />, root);
  return () => {
    render(null, root);
    root.remove();
    end.abort();
  };
}

function taken(live: Live, message: Patch | Change, [buffer]: DataView[]): boolean {
  return message.type === "change" ? live.change(message) : live.take(message, buffer ? decodeBuffer(buffer) : []);
}

/** Keys in here are ours: no cell is ever deleted by one. JupyterLab takes a key for the first element, from what has the
 * focus upwards, that it has a binding for, unless it comes to this mark before: whatever gets the focus bears it. */
function keepKeys(root: HTMLElement, signal: AbortSignal): void {
  const mark = (event: Event) => {
    if (event.target instanceof Element) event.target.setAttribute("data-lm-suppress-shortcuts", "true");
  };
  // JupyterLab takes the text's own undo away from the field that has the focus, by a listener on the field itself.
  root.addEventListener("beforeinput", (event) => event.stopPropagation(), { capture: true, signal });
  root.addEventListener("focusin", mark, { signal });
  // The notebook's menu is about the cell, and takes the keys: of a text that can be copied the browser's own is shown.
  const menu = (event: Event) => {
    event.stopPropagation();
    if (!(event.target as Element).closest("input, textarea, select, .stx-panel, .stx-banner")) event.preventDefault();
  };
  root.addEventListener("contextmenu", menu, { signal });
}

const PATIENCE = 4_000;
const OLD = 30;

/** Asks for a snapshot now, and when the way to Python may be cut. Without an answer the kernel is gone; but a view that
 * was just made may as well wait for a busy cell, so that only an old one, as a notebook keeps it, is in doubt. */
function watch(transport: Transport, live: Live, signal: AbortSignal): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = (doubtful: boolean) => {
    clearTimeout(timer);
    if (live.isKept) return;
    if (doubtful) timer = setTimeout(() => live.lose(true), PATIENCE);
    try {
      transport.send({ type: "resync" });
    } catch {
      live.lose(true);
    }
  };
  transport.doubt(() => ask(true), signal);
  signal.addEventListener("abort", () => clearTimeout(timer));
  const old = Date.now() / 1000 - live.snapshot.now > OLD;
  queueMicrotask(() => ask(old));
  return () => {
    clearTimeout(timer);
    live.lose(false);
  };
}

function decodeBuffer(buffer: DataView | ArrayBuffer) {
  return decode(buffer instanceof DataView ? buffer : new DataView(buffer));
}

// Draws what a notebook has kept, with the same front end as a live view.
import type { Kept, Saved, Snapshot } from "../model/messages";

interface Front {
  renderStatic(snapshot: Snapshot, el: HTMLElement): () => void;
}

export const MIME = "application/vnd.stratix+json";
/** Where this script lies, and the front end beside it. */
const HERE = (document.currentScript as HTMLScriptElement).src.replace(/[^/]*$/, "");
let loading: Promise<Front> | undefined;

function front(): Promise<Front> {
  loading ??= Promise.all([import(`${HERE}widget.js`), styled()]).then(([module]) => module as Front);
  return loading;
}

function styled(): Promise<unknown> {
  const link = document.createElement("link");
  const done = new Promise((resolve) => {
    link.onload = link.onerror = resolve;
  });
  document.head.append(Object.assign(link, { rel: "stylesheet", href: `${HERE}widget.css` }));
  return done;
}

/** Draws it into an element; the answer ends it. All of it may come from anywhere: texts are drawn as texts. */
export async function drawKept(kept: Partial<Kept>, el: HTMLElement): Promise<() => void> {
  const saved = kept[MIME];
  try {
    if (saved?.v !== 1) throw new Error(`a newer version has saved this view (${saved?.v})`);
    const { renderStatic } = await front();
    return renderStatic({ ...JSON.parse(saved.snapshot), mode: "saved", shows: saved.shows }, el);
  } catch (error) {
    console.warn("stratix-tasks: drawn as a picture:", error);
    return drawPicture(kept, el);
  }
}

/** In an image no script runs. */
function drawPicture(kept: Partial<Kept>, el: HTMLElement): () => void {
  const text = String(kept["text/plain"] ?? "");
  const svg = kept["image/svg+xml"];
  const made = svg ? document.createElement("img") : document.createElement("pre");
  if (made instanceof HTMLImageElement) {
    made.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(String(svg))}`;
    made.alt = text;
    made.style.maxWidth = "100%";
  } else made.textContent = text;
  el.replaceChildren(made);
  return () => el.replaceChildren();
}

/** The last that a view has shown, with what was kept of its nodes before. */
export function withLast(saved: Saved, last: Snapshot): Saved {
  const { told, items, about } = JSON.parse(saved.snapshot) as Snapshot;
  const { stamp: _, ...rest } = saved;
  return { ...rest, snapshot: JSON.stringify({ ...last, mode: "saved", told, items, about }) };
}

// The colours of the theme, where something is painted.
import type { Palette } from "../model/paint";

/** Looked up once each, until the theme is another. */
export function paletteOf(root: Element): Palette {
  const known = new Map<string, string>();
  const style = getComputedStyle(root);
  return (name) => {
    const found = known.get(name) ?? (style.getPropertyValue(`--${name}`).trim() || "#888");
    known.set(name, found);
    return found;
  };
}

/** Calls back when the theme of a view is another; the answer ends it. */
export function onTheme(root: Element, changed: () => void): () => void {
  const seen = new MutationObserver(changed);
  seen.observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  return () => seen.disconnect();
}

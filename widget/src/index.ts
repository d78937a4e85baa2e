// What hosts load: an anywidget module, and `renderStatic` for pages with nothing behind them.

import type { Snapshot } from "./model/messages";
import { type AnyModel, modelTransport, staticTransport } from "./transport";
import { mount } from "./view/mount";
import "./view/style.css";
import "./view/panels.css";
import "./view/canvas.css";

function render({ model, el }: { model: AnyModel; el: HTMLElement }): () => void {
  return mount(modelTransport(model), el);
}

export function renderStatic(snapshot: Snapshot, el: HTMLElement): () => void {
  return mount(staticTransport(snapshot), el);
}

export default { render };

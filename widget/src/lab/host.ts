// The parts of JupyterLab that are used, as it has them: nothing of it is built in, it hands us its own.

export interface OutputModel {
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
  trusted: boolean;
  setData(options: Pick<OutputModel, "data" | "metadata">): void;
}

export interface LabWidget {
  node: HTMLElement;
  parent: LabWidget | null;
  isAttached: boolean;
  isDisposed: boolean;
  setHidden(hidden: boolean): void;
  dispose(): void;
}

export interface LabPanel extends LabWidget {
  widgets: readonly LabWidget[];
  addWidget(widget: LabWidget): void;
  addClass(name: string): void;
  onAfterAttach(message: unknown): void;
}

export interface Renderer extends LabPanel {
  renderModel(model: OutputModel): Promise<void>;
}

export interface Rendermime {
  getFactory(mime: string): unknown;
  createRenderer(mime: string): Renderer;
}

interface Signal {
  connect(slot: () => void, owner: unknown): void;
  disconnect(slot: () => void, owner: unknown): void;
}

export interface SessionContext {
  kernelChanged: Signal;
}

/** A notebook: its cells, and the document behind them. */
export interface Cells {
  widgets: readonly unknown[];
  model: { sharedModel: { insertCell(index: number, cell: { cell_type: "code"; source: string }): unknown } } | null;
}

/** Puts a cell below the one that a widget stands in; whether there is one. */
export function insertBelow(widget: LabWidget, source: string): boolean {
  let inner: LabWidget = widget;
  for (let at = widget.parent; at; inner = at, at = at.parent) {
    const { widgets, model } = at as unknown as Partial<Cells>;
    const index = typeof model?.sharedModel?.insertCell === "function" ? (widgets ?? []).indexOf(inner) : -1;
    if (index < 0) continue;
    model?.sharedModel.insertCell(index + 1, { cell_type: "code", source });
    return true;
  }
  return false;
}

/** What JupyterLab shares with extensions: versions of a package by its name. */
export type Scope = Record<string, Record<string, { loaded?: unknown; from: string; get(): Promise<() => unknown> }>>;

/** The app's own copy of a shared package: the one that it has loaded. */
export async function shared<T>(scope: Scope, name: string): Promise<T> {
  const copies = Object.values(scope[name] ?? {});
  const one = copies.find((copy) => copy.loaded) ?? copies[copies.length - 1];
  if (!one) throw new Error(`this JupyterLab shares no ${name}`);
  return (await one.get())() as T;
}

/** The nearest owner up the tree that has it: an output area its `rendermime`, a notebook's panel its `sessionContext`. */
export function above<T>(widget: LabWidget, name: string): T | null {
  for (let at = widget.parent; at; at = at.parent) if (name in at) return at[name as never] as T;
  return null;
}

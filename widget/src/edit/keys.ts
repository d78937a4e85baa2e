// The keys of the editor: heard in the whole view while nothing is typed; none of them reaches the notebook.
import { useLayoutEffect, useRef } from "preact/hooks";
import { useHeard } from "../view/hooks";
import { commandOf, type Hands, keyName } from "./commands";
import { isArrow, towards } from "./wires";

interface Does {
  /** Closes what is open, lets go what is selected, or leaves the full window. */
  escape: () => void;
  focus: (node: string) => void;
  nudge: (dx: number, dy: number) => unknown;
  paste: (text: string) => unknown;
  menu: () => void;
}

const STEP = 10;
const NUDGE: Record<string, [number, number]> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

export function useEditKeys(root: HTMLElement, hands: Hands, does: Does): void {
  useHeard(root, {
    keydown: (event) => {
      if (!pressed(event, hands, does)) return;
      event.preventDefault();
      event.stopPropagation();
    },
    paste: (event) => {
      if (isTyping(event.target)) return;
      event.preventDefault();
      event.stopPropagation();
      void does.paste(event.clipboardData?.getData("text/plain") ?? "");
    },
  });
}

/** The focus stays in the view when what had it goes, unless a press elsewhere took it: else the next key would be the notebook's. */
export function useHeldFocus(root: HTMLElement): void {
  const ours = useRef(false);
  const told = (event: Event) => {
    ours.current = event.composedPath().includes(root);
  };
  useHeard(document, { pointerdown: told, focusin: told }, true);
  useLayoutEffect(() => {
    if (ours.current && document.activeElement === document.body) root.focus({ preventScroll: true });
  });
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("input, textarea, select") !== null;

const SEEK = "Mod+f";
/** Also while something is typed: of the page the browser would find what is written. */
const isSeek = (event: KeyboardEvent): boolean => (event.ctrlKey || event.metaKey) && event.key === "f";

/** Whether a key was ours. */
function pressed(event: KeyboardEvent, hands: Hands, does: Does): boolean {
  if (event.key === "Escape") {
    does.escape();
    return true;
  }
  const focus = event.target as Element;
  const card = focus.closest<HTMLElement>(".react-flow__node")?.dataset.id;
  const about = hands.selection.nodes[0] ?? card;
  const nudge = event.altKey && NUDGE[event.key];
  if (nudge && !isTyping(focus) && hands.selection.nodes.length > 0) {
    void does.nudge(...nudge);
    return true;
  }
  const key = isSeek(event) ? SEEK : keyName(event);
  if (key === null) return false;
  if (isArrow(key)) return walk(key, about, hands, does);
  if (focus.closest("button, summary, [role=tab], .stx-edit-panel, .stx-palette") && (key === "Enter" || key === " "))
    return false;
  if ((key === "Enter" || key === " ") && about) {
    if (card && !hands.selection.nodes.includes(card)) hands.select([card]);
    if (key === "Enter") hands.open();
    return true;
  }
  if (key === "ContextMenu" || (key === "F10" && event.shiftKey)) {
    does.menu();
    return true;
  }
  const command = commandOf(key);
  if (!command) return false;
  if (command.why?.(hands)) return true; // it is still no key of the notebook
  void command.run(hands);
  return true;
}

function walk(key: string, from: string | undefined, { boxes, select }: Hands, { focus }: Does): boolean {
  const to = from === undefined ? (boxes[0]?.name ?? null) : towards(boxes, from, key);
  if (to === null) return from !== undefined;
  select([to]);
  focus(to);
  return true;
}

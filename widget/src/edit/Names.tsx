import { useRef, useState } from "preact/hooks";
import type { Named, Typed } from "../model/messages";
import type { Editing } from "./editing";

type Box = HTMLInputElement | HTMLTextAreaElement;
interface Shown {
  names: Named[];
  /** What is replaced: from here to the caret. */
  start: number;
  end: number;
  /** The one that Enter takes; at first none, so that Enter still says what is typed. */
  at: number;
}

const PAUSE = 120;

/** Names to go on with while something is typed into a field: arrows and Enter, Tab, or a click takes one; Escape puts them away. */
export function useNames(editing: Editing, node: string, of: Typed) {
  const [shown, setShown] = useState<Shown | null>(null);
  const box = useRef<Box | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const close = () => {
    clearTimeout(timer.current);
    setShown(null);
  };
  const ask = (element: Box) => {
    box.current = element;
    clearTimeout(timer.current);
    setShown(null);
    const { value: text, selectionStart } = element;
    const at = selectionStart ?? text.length;
    timer.current = setTimeout(() => {
      editing.calls.call({ type: "complete", node, text, at, of }).then(
        ({ names, start }) => {
          const still = element.value === text && document.activeElement === element;
          if (still && names.length > 0) setShown({ names, start, end: at, at: -1 });
        },
        () => {},
      );
    }, PAUSE);
  };
  const take = (name: Named | undefined) => {
    const element = box.current;
    if (!element || !shown || !name) return;
    close();
    element.setSelectionRange(shown.start, shown.end);
    document.execCommand("insertText", false, name.text); // which the text's own undo knows of, and who listens to it
  };
  /** Whether a key was one of the list. */
  const key = (event: KeyboardEvent): boolean => {
    if (!shown) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setShown({ ...shown, at: (shown.at + step + shown.names.length) % shown.names.length });
    else if (event.key === "Escape") close();
    else if (event.key === "Tab" && !event.shiftKey) take(shown.names[Math.max(shown.at, 0)]);
    else if (event.key === "Enter" && shown.at >= 0) take(shown.names[shown.at]);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  const list = shown && (
    <div class="stx-names" role="listbox" aria-label="Names" data-testid="names">
      {shown.names.map((name, at) => (
        <div
          key={name.text}
          role="option"
          tabIndex={-1}
          aria-selected={at === shown.at}
          class={at === shown.at ? "stx-on" : ""}
          onPointerDown={(event) => {
            event.preventDefault();
            take(name);
          }}
        >
          {name.text} <i>{name.about}</i>
        </div>
      ))}
    </div>
  );
  return { ask, key, close, list };
}

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useAway } from "../view/hooks";

interface Props {
  label: string;
  first: string;
  at: { x: number; y: number };
  /** The name, or null where it was given up. */
  done: (name: string | null) => void;
}

/** Asks for a name beside what it is of. */
export function AskName({ label, first, at, done }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(first);
  useAway(box, () => done(null));
  useLayoutEffect(() => {
    field.current?.focus({ preventScroll: true });
    field.current?.select();
  }, []);
  return (
    <div ref={box} class="stx-pop stx-confirm" style={{ left: `${at.x}px`, top: `${at.y}px` }}>
      <label>
        {label}
        <input
          ref={field}
          class="stx-field"
          data-testid="ask-name"
          value={text}
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.isComposing) return;
            event.preventDefault();
            event.stopPropagation();
            done(text.trim() || null);
          }}
        />
      </label>
      <div class="stx-choice">
        <button
          type="button"
          class="stx-button stx-primary"
          data-testid="ask-name-yes"
          onClick={() => done(text.trim() || null)}
        >
          OK
        </button>
      </div>
    </div>
  );
}

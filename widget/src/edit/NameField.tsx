import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface Props {
  name: string;
  /** Over the name that it changes, in pixels of the view. */
  at: { x: number; y: number; w: number };
  /** The new name, or null where it stays. */
  done: (to: string | null) => void;
}

/** A name as a field, which has the focus at once, so that no letter is taken for a key. Enter and a click elsewhere rename, Escape does not. */
export function NameField({ name, at, done }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(name);
  const over = useRef(false);
  const end = (to: string | null) => {
    if (over.current) return;
    over.current = true;
    done(to === name || to === "" ? null : to);
  };
  useLayoutEffect(() => {
    field.current?.focus({ preventScroll: true });
    field.current?.select();
  }, []);
  return (
    <input
      ref={field}
      class="stx-field stx-rename"
      data-testid="rename"
      aria-label={`New name of ${name}`}
      style={{ left: `${at.x}px`, top: `${at.y}px`, width: `${at.w}px` }}
      value={text}
      spellcheck={false}
      onInput={(event) => setText(event.currentTarget.value)}
      onBlur={() => end(text.trim())}
      onKeyDown={(event) => {
        if ((event.key !== "Enter" && event.key !== "Escape") || event.isComposing) return;
        event.preventDefault();
        event.stopPropagation();
        end(event.key === "Enter" ? text.trim() : null);
      }}
    />
  );
}

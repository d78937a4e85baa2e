import { useEffect, useState } from "preact/hooks";
import { Icon } from "./Icon";

/** A text that a click copies; where that is not allowed it can be selected. */
export function Copied({ text, what, test }: { text: string; what: string; test: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <span class="stx-copied">
      <code data-testid={`${test}-id`}>{text}</code>
      <button
        type="button"
        class="stx-button stx-icon-only"
        data-testid={`${test}-copy`}
        title={`Copy ${what}`}
        aria-label={`Copy ${what}`}
        onClick={() => navigator.clipboard?.writeText(text).then(() => setDone(true))}
      >
        <Icon name={done ? "completed" : "copy"} size={12} />
      </button>
    </span>
  );
}

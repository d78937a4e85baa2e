import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { findNodes } from "../model/find";
import type { Live } from "../model/live";
import { stateName } from "../model/states";

/** Finds nodes on the canvas; Enter goes from one to the next, and each is shown and chosen. */
export function Search({ live, select, close }: { live: Live; select: (node: number) => void; close: () => void }) {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus({ preventScroll: true }), []);
  const found = findNodes(live.snapshot.nodes, query, (node) => stateName(live.status(node)));
  const go = (step: number) => {
    const next = found.length > 0 ? (Math.max(at, step > 0 ? -1 : 0) + step + found.length) % found.length : -1;
    setAt(next);
    if (next >= 0) select(found[next] as number);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    go(event.shiftKey ? -1 : 1);
  };
  return (
    <search class="stx-search" data-testid="search">
      <input
        ref={field}
        class="stx-field"
        aria-label="Find nodes"
        placeholder="Name, argument, or state:failed"
        value={query}
        onInput={(event) => {
          setQuery((event.currentTarget as HTMLInputElement).value);
          setAt(-1);
        }}
        onKeyDown={key}
      />
      <span aria-live="polite">
        {query.trim() &&
          (found.length === 0 ? "none" : `${at >= 0 ? `${at + 1} of ` : ""}${found.length.toLocaleString("en")}`)}
      </span>
      <button type="button" class="stx-close" aria-label="Close the search" onClick={close}>
        ×
      </button>
    </search>
  );
}

import { useEffect, useRef, useState } from "preact/hooks";
import type { PaletteItem } from "../model/messages";
import { asked } from "../view/asking";
import { accentOf, Used } from "../view/Used";
import type { Editing } from "./editing";
import { found, grouped, recent } from "./search";

interface Props {
  editing: Editing;
  /** Places it where it was let go, or somewhere free for a click. */
  add: (item: PaletteItem, at: { clientX: number; clientY: number } | null) => void;
}

const SHAKE = 5;

/** What can be placed: to click, or to drag onto the canvas. */
export function Palette({ editing, add }: Props) {
  const { live, calls } = editing;
  const [items, setItems] = useState<PaletteItem[]>([]);
  const [query, setQuery] = useState("");
  const [held, setHeld] = useState<{ name: string; x: number; y: number } | null>(null);
  useEffect(
    () => asked(() => calls.call({ type: "palette", node: "", side: "", port: "" }), setItems),
    [calls, live.version],
  );
  const late = recent();
  const shown = found(items, query, late);
  const groups = grouped(query ? shown : [...items].sort((a, b) => order(a) - order(b)));
  const lately = query ? [] : late.flatMap((name) => items.filter((item) => item.name === name).slice(0, 1));
  const drag = useDrag(setHeld, add);
  const draw = (item: PaletteItem) => (
    <button
      type="button"
      key={`${item.group} ${item.name}`}
      class="stx-palette-item"
      data-testid="palette-item"
      data-name={item.name}
      title={`${item.doc || item.name}\nClick, or drag it onto the canvas`}
      onPointerDown={(event) => drag(event, item)}
      onClick={(event) => event.detail === 0 && add(item, null)}
    >
      <b>
        {item.card?.icon && (
          <span style={accentOf(item.card)}>
            <Used look={item.card} size={13} />
          </span>
        )}
        {item.name}
      </b>
      {item.doc && <small>{item.doc}</small>}
    </button>
  );
  return (
    <aside class="stx-palette nowheel" aria-label="What can be placed">
      <input
        class="stx-field"
        data-testid="palette-search"
        placeholder="Search"
        aria-label="Search what can be placed"
        value={query}
        spellcheck={false}
        onInput={(event) => setQuery(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.isComposing || !shown[0]) return;
          event.preventDefault();
          event.stopPropagation();
          add(shown[0], null);
        }}
      />
      <div class="stx-palette-list">
        {lately.length > 0 && (
          <details open>
            <summary>recent</summary>
            {lately.map(draw)}
          </details>
        )}
        {groups.map(([group, some]) => (
          <details key={`${group} ${query !== ""}`} open={query !== "" || some[0]?.kind !== "executor"}>
            <summary>{group}</summary>
            {some.map(draw)}
          </details>
        ))}
        {shown.length === 0 && (
          <p class="stx-quiet">{query ? "Nothing of that name." : "A cell that defines a @task adds it here."}</p>
        )}
      </div>
      {held && (
        <div class="stx-held" style={{ left: `${held.x + 8}px`, top: `${held.y + 8}px` }}>
          {held.name}
        </div>
      )}
    </aside>
  );
}

function order({ kind, group }: PaletteItem): number {
  return { task: group === "this notebook" ? 0 : 1, flow: 2, executor: 3 }[kind];
}

/** A press that moves is a drag, and ends where it is let go; one that does not is a click. */
function useDrag(hold: (held: { name: string; x: number; y: number } | null) => void, add: Props["add"]) {
  const end = useRef<AbortController | null>(null);
  useEffect(() => () => end.current?.abort(), []);
  return (down: PointerEvent, item: PaletteItem) => {
    if (down.button !== 0) return;
    end.current?.abort();
    const life = new AbortController();
    end.current = life;
    let dragged = false;
    const view = (down.currentTarget as Element).closest(".stx-palette")?.getBoundingClientRect();
    const move = ({ clientX, clientY }: PointerEvent) => {
      dragged ||= Math.hypot(clientX - down.clientX, clientY - down.clientY) > SHAKE;
      if (dragged) hold({ name: item.name, x: clientX - (view?.left ?? 0), y: clientY - (view?.top ?? 0) });
    };
    const up = (event: PointerEvent) => {
      life.abort();
      hold(null);
      if (!dragged) return add(item, null);
      if (document.elementFromPoint(event.clientX, event.clientY)?.closest(".stx-edit-canvas")) add(item, event);
    };
    const stop = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      life.abort();
      hold(null);
    };
    document.addEventListener("pointermove", move, { signal: life.signal });
    document.addEventListener("pointerup", up, { signal: life.signal });
    document.addEventListener("keydown", stop, { signal: life.signal, capture: true });
  };
}

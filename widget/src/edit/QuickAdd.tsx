import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PaletteItem, Port } from "../model/messages";
import { useAway } from "../view/hooks";
import { useUnique } from "../view/ids";
import type { Search } from "./commands";
import type { Editing } from "./editing";
import { addInput, isWired, place, wired } from "./joining";
import { fits, found, placed, recent, unwritten } from "./search";
import { portsOf } from "./wires";

interface Props {
  editing: Editing;
  search: Search;
  /** What is placed is selected; with `on` the next search begins at it. `code` defines a task that is not there yet. */
  done: (node: string | null, on: boolean, code?: string) => void;
}

interface Choice {
  id: string;
  name: string;
  about: string;
  side: string;
  item?: PaletteItem;
  /** The name of a task to be written. */
  fresh?: string;
  wire?: { target: string; port: string; each: boolean };
  /** An input of the flow that could be made for it. */
  input?: Port;
}

const MOST = 60;

/** A list to choose from while typing: what can be placed here, or the ports that fit. Enter takes the first; Ctrl+Enter goes on from it. */
export function QuickAdd({ editing, search, done }: Props) {
  const [items, setItems] = useState<Choice[] | null>(null);
  const [palette, setPalette] = useState<PaletteItem[]>([]);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const [spot, setSpot] = useState(search.at);
  const busy = useRef(false);
  useAway(box, () => done(null, false));
  const id = useUnique();
  useEffect(() => {
    let over = false;
    const ask = search.ports ? fitting(editing, search.source ?? "") : choices(editing, search);
    ask.then(
      (told) => {
        if (over) return;
        if ("items" in told) setPalette(told.items);
        else setItems(told.ports);
      },
      (error: Error) => editing.refuse(error.message),
    );
    return () => {
      over = true;
    };
  }, [search]);
  useLayoutEffect(() => {
    field.current?.focus({ preventScroll: true });
    const element = box.current;
    const room = element?.offsetParent;
    if (!element || !room) return;
    setSpot({
      x: Math.max(6, Math.min(search.at.x, room.clientWidth - element.offsetWidth - 6)),
      y: Math.max(6, Math.min(search.at.y, room.clientHeight - 330)),
    });
  }, [search]);
  const shown = useMemo(() => {
    if (search.ports)
      return (items ?? []).filter(({ name }) => name.toLowerCase().includes(query.trim().toLowerCase()));
    return [
      ...asInput(editing, search, query),
      ...found(palette, query, recent()).slice(0, MOST).map(asChoice),
      ...toWrite(unwritten(palette, query)),
    ];
  }, [items, palette, query]);
  useEffect(() => {
    box.current?.querySelector(`#${id}-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [at]);

  const take = async (choice: Choice | undefined, on: boolean) => {
    if (!choice || busy.current) return;
    busy.current = true;
    if (choice.wire) {
      const { target, port, each } = choice.wire;
      await editing.apply([wired(search.source ?? "", target, port, each)]);
      return done(null, false);
    }
    if (choice.input) {
      await addInput(editing, choice.input, search);
      return done(null, false);
    }
    const [node, side, port] = asked(search);
    const made = choice.fresh
      ? await editing.calls.call({ type: "stub", name: choice.fresh, node, side, port }).catch(refused)
      : { item: choice.item, code: "" };
    if (!made?.item) return done(null, false);
    const put = await place(editing, made.item, search);
    if (put) placed(made.item.name);
    done(put, on && put !== null, put ? made.code : "");
  };
  const refused = (error: Error) => {
    editing.refuse(error.message);
    return null;
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((before) => (shown.length === 0 ? 0 : (before + step + shown.length) % shown.length));
    else if (event.key === "Enter" && !event.isComposing) void take(shown[at], event.ctrlKey || event.metaKey);
    else if (event.key === "Escape" || event.key === "Tab") done(null, false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={box}
      class="stx-pop stx-quick nowheel"
      data-testid="quick-add"
      style={{ left: `${spot.x}px`, top: `${spot.y}px` }}
    >
      <input
        ref={field}
        class="stx-field"
        data-testid="quick-add-field"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={shown.length > 0 ? `${id}-${at}` : undefined}
        aria-label={title(search)}
        placeholder={title(search)}
        value={query}
        spellcheck={false}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <div class="stx-quick-list" role="listbox" id={`${id}-list`} aria-label={title(search)}>
        {shown.map((choice, number) => (
          <div
            key={choice.id}
            id={`${id}-${number}`}
            role="option"
            tabIndex={-1}
            aria-selected={number === at}
            class={number === at ? "stx-on" : ""}
            data-testid="quick-add-item"
            data-name={choice.name}
            onPointerMove={() => setAt(number)}
            onClick={(event) => void take(choice, event.ctrlKey || event.metaKey)}
            onKeyDown={onKey}
          >
            <b>{choice.name}</b> <i>{choice.side}</i>
            {choice.about && <small>{choice.about}</small>}
          </div>
        ))}
        {shown.length === 0 && (
          <p class="stx-quiet">{query ? "Nothing of that name fits here." : "Nothing fits here."}</p>
        )}
      </div>
      <small class="stx-quiet">
        {search.ports ? "Enter connects" : "Enter adds, Ctrl+Enter adds and goes on from there"}
      </small>
    </div>
  );
}

function title({ replaces, source, target, ports }: Search): string {
  if (ports) return `Where ${source} can go`;
  if (replaces) return `Replace ${replaces} by…`;
  if (source && target) return `Put between ${source} and ${target.node}…`;
  if (source) return `Goes on from ${source}…`;
  if (target) return `Gives ${target.node}${target.port ? `.${target.port}` : ""}…`;
  return "Add a node…";
}

function asChoice(item: PaletteItem): Choice {
  const side = !fits(item) ? "only waits" : item.port ? `${item.each ? "for each " : ""}→ ${item.port}` : item.group;
  return { id: `${item.kind} ${item.group} ${item.name}`, name: item.name, about: item.doc, side, item };
}

/** What an argument could be given by whoever starts the flow. */
function asInput({ live }: Editing, { target, source }: Search, query: string): Choice[] {
  const port =
    target?.port && !source ? portsOf(live.snapshot, target.node).find(({ name }) => name === target.port) : undefined;
  if (!port || !`new input ${port.name}`.includes(query.trim().toLowerCase())) return [];
  const about = "whoever starts the flow says it";
  return [{ id: "new input", name: `New input ${port.name}`, about, side: port.type, input: port }];
}

function toWrite(name: string): Choice[] {
  const about = "a task that you write in a cell";
  return name ? [{ id: "new task", name: `New task ${name}`, about, side: "", fresh: name }] : [];
}

function asked({ source, target, replaces }: Search) {
  if (source && !replaces) return [source, "out", ""] as const;
  if (target && !replaces) return [target.node, "in", target.port] as const;
  return ["", "", ""] as const;
}

async function choices(editing: Editing, search: Search): Promise<{ items: PaletteItem[] }> {
  const [node, side, port] = asked(search);
  return { items: await editing.calls.call({ type: "palette", node, side, port }) };
}

/** The free ports that the output of a node fits; and each node that could wait for it. */
async function fitting(editing: Editing, source: string): Promise<{ ports: Choice[] }> {
  const told = await editing.calls.call({ type: "fits", source });
  const ports: Choice[] = [];
  for (const [target, misfits] of Object.entries(told.why)) {
    const known = portsOf(editing.live.snapshot, target);
    const free = (port: Port) => !port.source && misfits[port.name] === "";
    for (const port of known.filter(free)) {
      const each = told.each[target]?.includes(port.name) ?? false;
      ports.push({
        ...{ id: `${target}.${port.name}`, name: `${target}.${port.name}`, about: port.text && `now ${port.text}` },
        ...{ side: `${each ? "for each " : ""}${port.type}`, wire: { target, port: port.name, each } },
      });
    }
    const circle = Object.values(misfits).some((why) => why.includes("circle"));
    if (target !== source && !circle && !isWired(editing, source, target, ""))
      ports.push({
        id: `${target} after`,
        name: target,
        about: "only waits for it",
        side: "",
        wire: { target, port: "", each: false },
      });
  }
  return { ports };
}

import { useReactFlow } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import type { Live } from "../model/live";
import type { PaletteItem } from "../model/messages";
import { allInView } from "../model/place";
import type { Calls } from "../transport";
import { Copied } from "../view/Copied";
import { newCell } from "../view/cell";
import type { Ask, Start } from "../view/doing";
import { setFull } from "../view/full";
import { useWidth } from "../view/hooks";
import { Search } from "../view/Search";
import { AskName } from "./AskName";
import { clear, inputsBox, whole } from "./boxes";
import { beside, type Hands, moved, paste, type Selection, type Search as Wanted } from "./commands";
import { EditBar } from "./EditBar";
import { EditGraph } from "./EditGraph";
import { EditMenu } from "./EditMenu";
import { EditPanel, type EditTab } from "./EditPanel";
import { Editing } from "./editing";
import { place } from "./joining";
import { useEditKeys, useHeldFocus } from "./keys";
import { NameField } from "./NameField";
import { Palette } from "./Palette";
import { Problems } from "./Problems";
import { QuickAdd } from "./QuickAdd";
import { placed } from "./search";
import { around, type Box, freeName, HEAD, type Place, renamedIn } from "./wires";
import "./edit.css";

interface Props {
  live: Live;
  calls: Calls;
  root: HTMLElement;
  ask: Ask;
  start: Start;
}

const NONE: Selection = { nodes: [], wires: [] };
/** Pixels from which on there is room for the palette. */
const WIDE = 760;
const NOWHERE = { node: "", field: "" };

/** A flow as it is edited: what can be placed, the canvas, and what is said of what is selected. */
export function Editor({ live, calls, root, ask, start }: Props) {
  const [notice, setNotice] = useState("");
  const editing = useMemo(() => new Editing(live, calls, setNotice), [live, calls]);
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => editing.onChange(() => again(undefined as never)), [editing]);
  const [chosen, setChosen] = useState<Selection>(NONE);
  const [renaming, setRenaming] = useState<string | null>(null);
  const [search, setSearch] = useState<Wanted | null>(null);
  const [menu, setMenu] = useState<{ x: number; y: number } | null>(null);
  const [naming, setNaming] = useState<{ x: number; y: number } | null>(null);
  const [written, setWritten] = useState<Written | null>(null);
  const [asked, setPalette] = useState<boolean | null>(null);
  const isWide = useWidth(root) > WIDE;
  const palette = asked ?? isWide;
  const [seeking, setSeeking] = useState(false);
  const [tab, setTab] = useState<EditTab>("Config");
  const [wanted, setWanted] = useState(NOWHERE);
  const boxes = useRef<Box[]>([]);
  const flow = useReactFlow();
  const { nodes } = live.snapshot;
  const selection = there(chosen, nodes);
  const before = useRef(nodes);
  useEffect(() => {
    const renamed = renamedIn(before.current, nodes); // by undo, by its text, in another view or from Python
    before.current = nodes;
    if (!renamed) return;
    const [from, to] = renamed;
    const now = (name: string) => (name === from ? to : name);
    setChosen((all) => (all.nodes.includes(from) ? { ...all, nodes: all.nodes.map(now) } : all));
  }, [nodes]);
  const select = useCallback((nodes: string[], wires: string[] = []) => {
    setChosen({ nodes, wires });
    setWanted(NOWHERE);
  }, []);

  /** Moves the canvas by what it takes to have some cards in sight; where they are too many for that, they are all that is shown. */
  const reveal = useCallback(
    (...names: string[]) => {
      const inputs = inputsBox(live.snapshot);
      const own = [...boxes.current, ...(inputs ? [inputs] : [])].filter(({ name }) => names.includes(name));
      const canvas = root.querySelector(".stx-edit-canvas");
      if (own.length === 0 || !canvas) return;
      const size = { w: canvas.clientWidth, h: canvas.clientHeight };
      void flow.setViewport(allInView(own, size, flow.getViewport()) ?? whole(own, size));
    },
    [live, root, flow],
  );
  const show = useCallback(
    (node: string, field: string) => {
      select(node ? [node] : []);
      reveal(node);
      setTab("Config");
      setWanted({ node, field });
    },
    [select, reveal],
  );
  const focus = useCallback(
    (node: string | null) => {
      const card =
        node === null ? null : root.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(node)}"]`);
      (card ?? root).focus({ preventScroll: true });
    },
    [root],
  );
  const onScreen = (at: Place) => {
    const view = root.getBoundingClientRect();
    const { x, y } = flow.flowToScreenPosition(at);
    return { x: x - view.left, y: y - view.top };
  };
  const middle = (): Place => {
    const canvas = root.querySelector(".stx-edit-canvas")?.getBoundingClientRect() ?? root.getBoundingClientRect();
    return flow.screenToFlowPosition({
      x: canvas.left + canvas.width / 2 - 86,
      y: canvas.top + canvas.height / 2 - HEAD / 2,
    });
  };
  const boxOf = (name: string | undefined) => boxes.current.find((box) => box.name === name);

  const find = (
    how: "add" | "replace" | "ports",
    from = selection.nodes.length === 1 ? selection.nodes[0] : undefined,
  ) => {
    const box = boxOf(from);
    const spot = clear(boxes.current, box ? beside(box) : middle());
    const at = box ? onScreen({ x: box.x + box.w + 12, y: box.y }) : onScreen(spot);
    const search: Wanted = { at, place: spot, prefix: around(from ?? "") };
    if (how === "add") setSearch(from ? { ...search, source: from } : search);
    else if (from)
      setSearch(how === "replace" ? { ...search, replaces: from } : { ...search, source: from, ports: true });
  };
  const found = async (node: string | null, on: boolean, code = "") => {
    if (code && node) setWritten({ node, code, below: newCell(root, code) });
    focus(null); // before the field goes that has it: a key in between would be the notebook's
    setSearch(null);
    if (node === null) return focus(selection.nodes[0] ?? null);
    select([node]);
    await settled(editing, node);
    reveal(node);
    if (on) find("add", node);
    else focus(node);
  };
  const add = async (item: PaletteItem, at: { clientX: number; clientY: number } | null) => {
    const spot = at ? flow.screenToFlowPosition({ x: at.clientX, y: at.clientY }) : clear(boxes.current, middle());
    const corner = { x: Math.round(at ? spot.x - 60 : spot.x), y: Math.round(at ? spot.y - HEAD / 2 : spot.y) };
    const node = await place(editing, item, { at: { x: 0, y: 0 }, place: corner, prefix: "" });
    if (node === null) return;
    placed(item.name);
    select([node]);
    await settled(editing, node);
    reveal(node);
    focus(node);
  };
  const renamed = async (node: string, to: string | null) => {
    setRenaming(null);
    if (to === null) return focus(node);
    const path = around(node) + to;
    const done = await editing.apply([{ edit: "rename", node, to }], "", { names: { [node]: to } });
    if (done === null) return focus(node);
    select([path]);
    await settled(editing, path);
    focus(path);
  };
  const nameOf = (node: string) => {
    const box = boxOf(node);
    const zoom = flow.getZoom();
    const at = onScreen({ x: (box?.x ?? 0) + 32, y: (box?.y ?? 0) + 5 });
    return { name: node.slice(around(node).length), at: { ...at, w: Math.max(((box?.w ?? 0) - 40) * zoom, 130) } };
  };
  const group = (name: string | null) => {
    setNaming(null);
    focus(null);
    if (name)
      void editing.apply([{ edit: "group", nodes: selection.nodes, flow: name }]).then((made) => made && select(made));
  };
  const hands: Hands = {
    ...{ editing, snapshot: live.snapshot, selection, select, find },
    boxes: boxes.current,
    rename: setRenaming,
    seek: () => setSeeking(true),
    pin: (node) => ask("pin", node),
    reveal: (names) => void settled(editing, names[0] ?? "").then(() => reveal(...names)),
    runTo: (node) => start(root.querySelector(`.react-flow__node[data-id="${CSS.escape(node)}"]`) ?? root, node),
    group: () => {
      const box = boxOf(selection.nodes[0]);
      setNaming(onScreen(box ? { x: box.x, y: box.y + box.h + 8 } : middle()));
    },
    open: () => {
      setTab("Config");
      requestAnimationFrame(() => root.querySelector<HTMLElement>(".stx-edit-panel .stx-field")?.focus());
    },
  };
  const endSeek = () => {
    setSeeking(false);
    focus(selection.nodes[0] ?? null);
  };
  const letGo = () => {
    const open =
      search !== null ||
      menu !== null ||
      naming !== null ||
      seeking ||
      selection.nodes.length + selection.wires.length > 0;
    if (search) void found(null, false);
    else if (menu) setMenu(null);
    else if (naming) setNaming(null);
    else if (seeking) return endSeek();
    else if (open) select([]);
    else setFull(root, false);
    if (!search) focus(null);
  };
  useEffect(() => {
    if (root.contains(document.activeElement)) focus(null); // from the button that led here: the next key is the editor's
  }, [root]);
  useHeldFocus(root);
  useEditKeys(root, hands, {
    escape: letGo,
    focus: (node) => {
      reveal(node);
      requestAnimationFrame(() => focus(node)); // one that was out of sight may not have been there
    },
    nudge: (dx, dy) =>
      moved(
        editing,
        Object.fromEntries(
          hands.boxes
            .filter(({ name }) => selection.nodes.includes(name))
            .map(({ name, x, y }) => [name, { x: x + dx, y: y + dy }]),
        ),
      ),
    paste: (text) => paste(hands, text, clear(boxes.current, middle())),
    menu: () => {
      const box = boxOf(selection.nodes[0]);
      if (box) setMenu(onScreen({ x: box.x, y: box.y + box.h }));
    },
  });

  return (
    <>
      <EditBar hands={hands} palette={palette} setPalette={setPalette} />
      <Offered editing={editing} />
      <Stale editing={editing} />
      {written && isUnknown(editing, written.node) && <NewTask {...written} close={() => setWritten(null)} />}
      <div class="stx-main stx-edit-main">
        {palette && <Palette editing={editing} add={(item, at) => void add(item, at)} />}
        <div class="stx-edit-middle">
          <EditGraph
            {...{ editing, root, selection, select, boxes }}
            alter={setChosen}
            rename={setRenaming}
            find={setSearch}
            menu={(_, at) => {
              const view = root.getBoundingClientRect();
              setMenu({ x: at.left - view.left, y: at.top - view.top });
            }}
          />
          {seeking && (
            <Search
              live={live}
              close={endSeek}
              select={(node) => {
                const name = nodes[node]?.name ?? "";
                select([name]);
                reveal(name);
              }}
            />
          )}
          {notice && (
            <div class="stx-notice stx-edit-notice" role="alert" data-testid="refused">
              <span>{notice}</span>
              <button type="button" onClick={() => setNotice("")} aria-label="Dismiss">
                ×
              </button>
            </div>
          )}
          <Problems editing={editing} show={show} />
        </div>
        <EditPanel {...{ editing, selection, select, tab, setTab, wanted, show }} />
      </div>
      {search && (
        <QuickAdd
          key={`${search.source} ${search.at.x}`}
          editing={editing}
          search={search}
          done={(node, on, code) => void found(node, on, code)}
        />
      )}
      {renaming !== null && (
        <NameField {...nameOf(renaming)} key={renaming} done={(to) => void renamed(renaming, to)} />
      )}
      {menu && <EditMenu hands={hands} at={menu} close={() => setMenu(null)} />}
      {naming && (
        <AskName
          label="Name of the flow that they become"
          first={freeName({ flow: "part" }, nodes)}
          at={naming}
          done={group}
        />
      )}
      <div class="stx-live" aria-live="polite">
        {selection.nodes.length > 0 ? `${selection.nodes.join(", ")} selected` : ""}
      </div>
    </>
  );
}

interface Written {
  node: string;
  code: string;
  /** It stands in a cell below. */
  below: boolean;
}

/** Whether no cell has defined yet what a node calls. */
function isUnknown({ live, info }: Editing, node: string): boolean {
  return live.snapshot.flow.problems.some(({ code }, at) => code === "unknown-call" && info?.mends[at]?.node === node);
}

/** Where a task that is not there yet is to be written. */
function NewTask({ code, below, close }: Written & { close: () => void }) {
  return (
    <div class="stx-banner" data-testid="new-task" data-below={below}>
      {below ? (
        <p>
          <b>A cell below has the new task:</b> write it there, and run the cell.
        </p>
      ) : (
        <>
          <p>
            <b>Write the new task in a cell,</b> and run that:
          </p>
          <Copied text={code} what="the task" test="new-task" />
        </>
      )}
      <button type="button" class="stx-close" aria-label="Dismiss" onClick={close}>
        ×
      </button>
    </div>
  );
}

/** The edits that the flow had before its cell was run again, or its kernel ended. */
function Offered({ editing }: { editing: Editing }) {
  const offered = editing.info?.offered ?? [];
  if (offered.length === 0) return null;
  const many = offered.length === 1 ? "1 edit" : `${offered.length} edits`;
  return (
    <div class="stx-banner" data-testid="offered">
      <p>
        <b>Before, the flow had {many} that nobody saved:</b> {offered.slice(0, 3).join(", ")}
        {offered.length > 3 ? ", …" : ""}.
      </p>
      <button
        type="button"
        class="stx-button stx-primary"
        data-testid="reapply"
        onClick={() => void editing.history("reapply")}
      >
        Make them again
      </button>
      <button type="button" class="stx-button" data-testid="offered-drop" onClick={() => void editing.history("drop")}>
        Drop them
      </button>
    </div>
  );
}

/** The file is not any more what was read of it. */
function Stale({ editing }: { editing: Editing }) {
  if (!editing.info?.stale) return null;
  return (
    <div class="stx-banner" data-testid="stale">
      <p>
        <b>The file has changed on the disk</b> since it was read here: {editing.info.file}
      </p>
      <button type="button" class="stx-button" data-testid="reload" onClick={() => void editing.history("reload")}>
        Read it again
      </button>
      <button
        type="button"
        class="stx-button"
        data-testid="overwrite"
        onClick={() => void editing.history("overwrite")}
      >
        Write over it
      </button>
    </div>
  );
}

/** What is still there of a selection. */
function there({ nodes, wires }: Selection, all: readonly { name: string }[]): Selection {
  const names = new Set(all.map(({ name }) => name));
  const kept = nodes.filter((name) => names.has(name));
  const ends = (id: string) => id.slice(id.indexOf(">") + 1, id.lastIndexOf(":"));
  return { nodes: kept, wires: wires.filter((id) => names.has(ends(id))) };
}

const PATIENCE = 2_000;

/** Waits until the snapshot that has a node is drawn. */
function settled(editing: Editing, node: string): Promise<void> {
  const { live } = editing;
  const is = () => live.snapshot.nodes.some(({ name }) => name === node);
  return new Promise((resolve) => {
    const drawn = () => {
      end();
      clearTimeout(timer);
      requestAnimationFrame(() => setTimeout(resolve));
    };
    const end = live.onRun(() => is() && drawn());
    const timer = setTimeout(drawn, PATIENCE);
    if (is()) drawn();
  });
}

import { ReactFlowProvider } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Editor } from "../edit/Editor";
import { Abilities } from "../model/abilities";
import type { Target } from "../model/actions";
import type { Live } from "../model/live";
import type { Problem } from "../model/messages";
import { waitsText } from "../model/waits";
import type { Calls } from "../transport";
import { BannerBar } from "./BannerBar";
import type { Anchor, Ask, Doing } from "./doing";
import { setFull } from "./full";
import { Graph } from "./Graph";
import { useRun } from "./hooks";
import { Inspector, type Tab } from "./Inspector";
import { useKeys } from "./keys";
import { type Pop, Popover } from "./Popover";
import { RunPanel } from "./RunPanel";
import { Search } from "./Search";
import { Stage } from "./Stage";
import { TopBar } from "./TopBar";
import { useScene } from "./useScene";

export function App({ live, calls, root }: { live: Live; calls: Calls; root: HTMLElement }) {
  useRun(live);
  const [selected, setSelected] = useState<number | null>(null);
  const [item, setItem] = useState<number | null>(null);
  const [notice, setNotice] = useState("");
  const [pop, setPop] = useState<Pop | null>(null);
  const [want, setWant] = useState<{ tab: Tab } | null>(null);
  const [busy, setBusy] = useState(false);
  const [about, setAbout] = useState(false);
  const { mode, run, flow, nodes } = live.snapshot;
  const showing = useScene(live, selected);

  useEffect(() => {
    root.dataset.mode = mode;
    root.dataset.runState = run?.state ?? "none";
    root.dataset.item = String(item !== null); // while one is open the toolbar of its whole node is away
  });

  const wasEdited = useRef(false);
  wasEdited.current ||= mode === "edit";
  const canEdit = live.canAsk && (run === null || wasEdited.current);
  const edit = useCallback(
    (on: boolean) => {
      setSelected(null);
      calls.tell({ type: "mode", edit: on });
    },
    [calls],
  );

  // The focus stays in the view: with the focus nowhere, the next key would be the notebook's.
  const chosen = useRef(selected);
  chosen.current = selected;
  const opener = useRef<Element | null>(null);
  const select = useCallback((node: number | null) => {
    setSelected(node);
    if (node !== null) setAbout(false);
    setItem(null); // a click on a node is about the node, also where an item of it was open
    setWant(null);
  }, []);
  const show = useCallback(
    (node: number) => {
      select(node);
      focusOn(root, cardOf(root, node)); // what led there may go
    },
    [root, select],
  );
  const close = useCallback(() => {
    focusOn(root, cardOf(root, chosen.current));
    select(null);
  }, [root, select]);
  const closePop = useCallback(() => {
    focusOn(root, opener.current);
    setPop(null);
  }, [root]);

  const [searching, setSearching] = useState(false);
  const endSearch = useCallback(() => {
    focusOn(root, cardOf(root, chosen.current));
    setSearching(false);
  }, [root]);

  useEffect(() => {
    const end = new AbortController();
    const onKey = (event: KeyboardEvent) => {
      if (mode !== "edit" && (event.ctrlKey || event.metaKey) && event.key === "f") {
        setSearching(true);
        event.preventDefault(); // of the page the browser finds what is written; this finds nodes
        event.stopPropagation();
      }
      if (event.key !== "Escape" || (mode === "edit" && pop === null)) return; // the editor has its own
      event.stopPropagation();
      if (root.querySelector(".stx-pop")) closePop();
      else if (root.querySelector(".stx-search")) endSearch();
      else if (chosen.current !== null) close();
      else if (root.querySelector("[data-testid=run-panel]")) setAbout(false);
      else setFull(root, false);
    };
    root.addEventListener("keydown", onKey, { capture: true, signal: end.signal });
    return () => end.abort();
  }, [root, close, closePop, endSearch, mode, pop]);

  const ask: Ask = useCallback(
    (verb, target = null, args = {}) => {
      setNotice("");
      setBusy(true);
      calls
        .call({ type: "request", verb, target, args })
        .catch((error: Error) => setNotice(error.message))
        .finally(() => setBusy(false));
    },
    [calls],
  );

  const open = useCallback(
    (target: Target, anchor: Anchor, shows: Pop["shows"]) => {
      if (!root.querySelector(".stx-pop")) opener.current = document.activeElement;
      const view = root.getBoundingClientRect();
      const at = anchor instanceof Element ? anchor.getBoundingClientRect() : anchor;
      setPop({ target, shows, x: at.left - view.left, y: at.bottom - view.top + (at.height > 0 ? 6 : 0) });
    },
    [root],
  );
  /** Asks for the inputs first, where there are any. */
  const start = useCallback(
    (anchor: Element) => {
      if (flow.asks) open({ node: -1, item: null, name: "" }, anchor, "start");
      else ask(live.run ? "again" : "start");
    },
    [live, flow.asks, ask, open],
  );

  const doing: Doing = useMemo(() => {
    const abilities = new Abilities(live, calls);
    return {
      abilities,
      // With the first entry that can be chosen in focus: so not before it is known which those are.
      menu: (target, anchor) => abilities.now(target).then(() => open(target, anchor, "menu")),
      act: (action, target, anchor) => {
        if (action.asks) return open(target, anchor, action.asks);
        if (root.querySelector(".stx-pop")) closePop();
        if (action.id !== "edit-input") return ask(action.verb, target.name, action.args);
        setSelected(target.node);
        setItem(target.item);
        setWant({ tab: "Inputs" });
      },
    };
  }, [live, calls, root, ask, open, closePop]);

  const shown = useRef<Target | null>(null);
  useKeys(live, root, doing, (focus) => {
    if (pop && focus.closest(".stx-pop")) return pop.target;
    const card = focus.closest<HTMLElement>(".react-flow__node");
    if (!card) return shown.current;
    const node = Number(card.dataset.id);
    return { node, item: null, name: nodes[node]?.name ?? "" };
  });

  return (
    <ReactFlowProvider>
      <TopBar
        live={live}
        ask={ask}
        show={show}
        start={start}
        about={() => setAbout(!about)}
        edit={canEdit ? edit : undefined}
      />
      <BannerBar live={live} ask={ask} busy={busy} />
      {notice && (
        <div class="stx-notice" role="alert">
          <span>{notice}</span>
          <button type="button" onClick={() => setNotice("")} aria-label="Dismiss">
            ×
          </button>
        </div>
      )}
      {mode !== "edit" && <Wrong problems={flow.problems} />}
      {mode === "edit" && <Editor live={live} calls={calls} root={root} />}
      {mode !== "edit" && (
        <Stage boxes={showing.scene.items}>
          <Graph {...showing} live={live} selected={selected} select={select} doing={doing} root={root} />
          {searching && <Search live={live} select={select} close={endSearch} />}
          {selected !== null && nodes[selected] && (
            <Inspector key={selected} {...{ live, calls, doing, want, shown, close, item, setItem }} node={selected} />
          )}
          {about && run && selected === null && <RunPanel {...{ live, calls, ask }} close={() => setAbout(false)} />}
        </Stage>
      )}
      {pop && <Popover live={live} calls={calls} pop={pop} doing={doing} ask={ask} close={closePop} />}
      <div class="stx-live" aria-live="polite">
        {run ? `Run ${waitsText(run) || run.state}, ${run.done} of ${run.total} done` : ""}
      </div>
    </ReactFlowProvider>
  );
}

/** Gives the focus to what had it, or to the view where that is gone. */
function focusOn(root: HTMLElement, before: Element | null): void {
  const there = before instanceof HTMLElement && before !== document.body && root.contains(before);
  (there ? before : root).focus({ preventScroll: true });
}

function cardOf(root: HTMLElement, node: number | null): Element | null {
  return root.querySelector(`.react-flow__node[data-id="${node}"]`);
}

/** What is wrong with a flow; what is only worth knowing is folded. */
function Wrong({ problems }: { problems: readonly Problem[] }) {
  const warnings = problems.filter(({ warning }) => warning);
  return (
    <>
      {warnings.length < problems.length && (
        <ul class="stx-problems" data-testid="problems">
          {problems.filter(({ warning }) => !warning).map(told)}
        </ul>
      )}
      {warnings.length > 0 && (
        <details class="stx-problems stx-warns" data-testid="warnings">
          <summary>{warnings.length === 1 ? "1 warning" : `${warnings.length.toLocaleString("en")} warnings`}</summary>
          <ul>{warnings.map(told)}</ul>
        </details>
      )}
    </>
  );
}

function told({ node, message, hint, code }: Problem) {
  return (
    <li key={`${node} ${code} ${message}`}>
      <b>{node || "flow"}</b> {message} <i>{hint}</i> <code>{code}</code>
    </li>
  );
}

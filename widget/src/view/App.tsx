import { ReactFlowProvider } from "@xyflow/react";
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Editor } from "../edit/Editor";
import { Abilities } from "../model/abilities";
import type { Target } from "../model/actions";
import { above, type Chosen, targetOf } from "../model/chosen";
import type { Live } from "../model/live";
import type { Problem } from "../model/messages";
import type { Peeks } from "../model/peeks";
import { waitsText } from "../model/waits";
import { DIRECTIONS } from "../model/walk";
import type { Calls, Refused } from "../transport";
import { BannerBar } from "./BannerBar";
import { type Anchor, type Ask, type Doing, type Start, untilOf } from "./doing";
import { CARD, cardOf, focusOn } from "./focus";
import { setFull } from "./full";
import { Graph } from "./Graph";
import { useHeard, useRun } from "./hooks";
import { Inspector, type Tab } from "./Inspector";
import { useKeys } from "./keys";
import { type Again, type Pop, Popover } from "./Popover";
import { RunPanel } from "./RunPanel";
import { Search } from "./Search";
import { Stage } from "./Stage";
import { TopBar } from "./TopBar";
import { useInspection } from "./useInspection";
import { type GraphProps, type Showing, useScene } from "./useScene";

interface Props {
  live: Live;
  calls: Calls;
  peeks: Peeks;
  root: HTMLElement;
}

export function App({ live, calls, peeks, root }: Props) {
  useRun(live);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [notice, setNotice] = useState("");
  const [pop, setPop] = useState<Pop | null>(null);
  const [want, setWant] = useState<{ tab: Tab } | null>(null);
  const [busy, setBusy] = useState(false);
  const [about, setAbout] = useState(false);
  const { mode, run, flow, nodes } = live.snapshot;
  const selected = chosen && nodes[chosen.node] ? chosen.node : null;
  const seen = useInspection(live, calls, chosen);
  const target = chosen && targetOf(nodes, chosen, seen);

  useEffect(() => {
    root.dataset.mode = mode;
    root.dataset.runState = run?.state ?? "none";
  });

  const ofFlow = useRef(false); // also while it shows a run that was started in it
  ofFlow.current ||= run === null;
  const canEdit = live.canAsk && ofFlow.current;
  const edit = useCallback(
    (on: boolean) => {
      setChosen(null);
      calls.tell({ type: "mode", edit: on });
    },
    [calls],
  );

  const latest = useRef(chosen);
  latest.current = chosen;
  const opener = useRef<Element | null>(null);
  const choose = useCallback((to: Chosen | null) => {
    if (to) setAbout(false);
    setChosen(to);
    setWant(null);
  }, []);
  const select = useCallback((node: number | null) => choose(node === null ? null : { node, item: null }), [choose]);
  const show = useCallback(
    (node: number) => {
      select(node);
      focusOn(root, cardOf(root, node)); // what led there may go
    },
    [root, select],
  );
  const close = useCallback(() => {
    focusOn(root, cardOf(root, latest.current?.node ?? null));
    choose(null);
  }, [root, choose]);
  /** Within the panel: what had the focus there goes with the change. */
  const go = useCallback(
    (to: Chosen) => {
      root.querySelector<HTMLElement>(".stx-inspector")?.focus({ preventScroll: true });
      choose(to);
    },
    [root, choose],
  );
  const closePop = useCallback(() => {
    focusOn(root, opener.current);
    setPop(null);
  }, [root]);

  const [searching, setSearching] = useState(false);
  const endSearch = useCallback(() => {
    focusOn(root, cardOf(root, latest.current?.node ?? null));
    setSearching(false);
  }, [root]);

  const up = (from: Chosen) => {
    const to = above(nodes, from);
    if (to) go(to);
    else close();
  };
  const keydown = (event: KeyboardEvent) => {
    if (mode !== "edit" && (event.ctrlKey || event.metaKey) && event.key === "f") {
      setSearching(true);
      event.preventDefault(); // of the page the browser finds what is written; this finds nodes
      event.stopPropagation();
    }
    if (mode !== "edit" && event.target === root && DIRECTIONS.has(event.key)) {
      (cardOf(root, latest.current?.node ?? null) ?? root.querySelector<HTMLElement>(CARD))?.focus();
      event.preventDefault();
    }
    if (event.key !== "Escape" || (mode === "edit" && pop === null)) return; // the editor has its own
    event.stopPropagation();
    if (root.querySelector(".stx-pop")) closePop();
    else if (root.querySelector(".stx-search")) endSearch();
    else if (latest.current) up(latest.current);
    else if (root.querySelector("[data-testid=run-panel]")) setAbout(false);
    else setFull(root, false);
  };
  useHeard(root, { keydown }, true);

  const open = useCallback(
    (target: Target, anchor: Anchor, shows: Pop["shows"], again?: Again) => {
      if (!root.querySelector(".stx-pop")) opener.current = document.activeElement;
      const view = root.getBoundingClientRect();
      const at = anchor instanceof Element ? anchor.getBoundingClientRect() : anchor;
      setPop({ target, shows, again, x: at.left - view.left, y: at.bottom - view.top + (at.height > 0 ? 6 : 0) });
    },
    [root],
  );
  const ask: Ask = useCallback(
    (verb, target = null, args = {}) => {
      setNotice("");
      setBusy(true);
      const refused = ({ message, redo }: Refused) => {
        if (!redo) return setNotice(message);
        const again = { verb, target, args: { ...args, redo: true }, rolls: redo };
        const focus = document.activeElement;
        const at = focus && focus !== root && root.contains(focus) ? focus : root;
        open({ node: -1, item: null, name: target ?? flow.name }, at, "redo", again);
      };
      calls
        .call({ type: "request", verb, target, args })
        .catch(refused)
        .finally(() => setBusy(false));
    },
    [calls, root, flow.name, open],
  );
  /** Asks for the inputs first, where there are any. */
  const start: Start = useCallback(
    (anchor, until = "") => {
      if (flow.asks) open({ node: -1, item: null, name: until }, anchor, "start");
      else ask(live.run ? "again" : "start", null, untilOf(until));
    },
    [live, flow.asks, ask, open],
  );

  const doing: Doing = useMemo(() => {
    const abilities = new Abilities(live, calls);
    return {
      peeks,
      abilities,
      // With the first entry that can be chosen in focus: so not before it is known which those are.
      menu: (target, anchor) => abilities.now(target).then(() => open(target, anchor, "menu")),
      act: (action, target, anchor) => {
        if (action.asks) return open(target, anchor, action.asks);
        if (root.querySelector(".stx-pop")) closePop();
        if (action.verb === "until") return start(cardOf(root, target.node) ?? root, target.name);
        if (action.id !== "edit-input") return ask(action.verb, target.name, action.args);
        setChosen({ node: target.node, item: target.item });
        setWant({ tab: "Inputs" });
      },
    };
  }, [live, calls, peeks, root, ask, start, open, closePop]);

  useKeys(live, root, doing, (focus): Target | null => {
    if (pop && focus.closest(".stx-pop")) return pop.target;
    const card = focus.closest<HTMLElement>(CARD);
    const node = Number(card?.dataset.id);
    if (!card || node === target?.node) return target;
    return { node, item: null, name: nodes[node]?.name ?? "" };
  });

  return (
    <ReactFlowProvider>
      <TopBar
        live={live}
        ask={ask}
        show={show}
        start={(from) => start(from)}
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
      {mode === "edit" && <Editor {...{ live, calls, root, ask, start }} />}
      {mode !== "edit" && (
        <Canvas {...{ live, calls, selected, target, select, doing, root }}>
          {searching && <Search live={live} select={select} close={endSearch} />}
          {chosen && target && selected !== null && (
            <Inspector key={selected} {...{ live, calls, doing, want, close, go, chosen, target, seen }} />
          )}
          {about && run && selected === null && <RunPanel {...{ live, calls, ask }} close={() => setAbout(false)} />}
          {nodes.length === 0 && (
            <p class="stx-empty">There is nothing in this flow{canEdit && ": Edit adds the first node"}.</p>
          )}
        </Canvas>
      )}
      {pop && <Popover live={live} calls={calls} pop={pop} doing={doing} ask={ask} close={closePop} />}
      <div class="stx-live" aria-live="polite">
        {run ? `Run ${waitsText(run) || run.state}, ${run.done} of ${run.total} done` : ""}
      </div>
    </ReactFlowProvider>
  );
}

/** The graph in its room, with what lies over it. */
function Canvas({ children, ...props }: Omit<GraphProps, keyof Showing> & { children: ComponentChildren }) {
  const showing = useScene(props.live, props.doing.peeks, props.selected);
  return (
    <Stage boxes={showing.scene.items}>
      <Graph {...showing} {...props} />
      {children}
    </Stage>
  );
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

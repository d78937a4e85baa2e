import { Background, type Edge, MiniMap, type Node, ReactFlow, useReactFlow, useStore } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Live } from "../model/live";
import { FURTHEST, firstView, intoView, NEAREST, type View, wholeView } from "../model/place";
import { lookOf } from "../model/states";
import { Card, type CardData } from "./Card";
import { Controls } from "./Controls";
import { type Camera, uncovered } from "./camera";
import type { Doing } from "./doing";
import { GroupBox } from "./GroupBox";
import { useUnique } from "./ids";
import { Line, type LineData } from "./Line";
import { NodeTools } from "./NodeTools";

const nodeTypes = { card: Card, frame: GroupBox } as never;
const edgeTypes = { line: Line } as never;
const FAR = 0.55;
/** Pixels that a hand may shake between press and release: it is still a click, and nothing has been moved. */
const CLICK = 5;

interface Props {
  live: Live;
  selected: number | null;
  select: (node: number | null) => void;
  doing: Doing;
  root: HTMLElement;
}

export function Graph({ live, selected, select, doing, root }: Props) {
  const { nodes, edges } = live.snapshot;
  const version = live.version;
  const drawn = useMemo(() => nodes.map((node, index) => flowNode(live, index, node.kind === "flow")), [version, live]);
  const marked = useMemo(
    () => drawn.map((node) => (node.id === String(selected) ? { ...node, selected: true } : node)),
    [drawn, selected],
  );
  const lines = useMemo(() => edges.map((_, number) => flowEdge(live, number, selected)), [version, live, selected]);
  const id = useUnique();
  const moved = useRef(false);
  const from = useRef<View | null>(null);
  const partly = useStore(({ width, transform: [, , zoom] }) =>
    nodes.some((node) => (node.x + node.w) * zoom > width + 2),
  );
  const far = useStore((state) => state.transform[2] < FAR);

  return (
    <div class={`stx-canvas${far ? " stx-far" : ""}`}>
      <ReactFlow
        id={id}
        nodes={marked}
        edges={lines}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        onNodeClick={(_, node) => select(Number(node.id))}
        onNodeContextMenu={(event, node) => {
          if (!live.run || !live.canAsk) return;
          event.preventDefault();
          event.stopPropagation(); // the notebook has a menu of its own
          const index = Number(node.id);
          const name = live.snapshot.nodes[index]?.name ?? "";
          doing.menu({ node: index, item: null, name }, new DOMRect(event.clientX, event.clientY, 0, 0));
        }}
        onPaneClick={() => select(null)}
        onNodesChange={(changes) => {
          for (const change of changes) if (change.type === "select" && change.selected) select(Number(change.id));
        }}
        onMoveStart={(_, viewport) => {
          from.current = viewport;
        }}
        onMove={(event, { x, y, zoom }) => {
          const was = from.current;
          if (event && was && (Math.hypot(x - was.x, y - was.y) > CLICK || zoom !== was.zoom)) moved.current = true;
        }}
        paneClickDistance={CLICK}
        zoomOnScroll={false}
        preventScrolling={false}
        zoomActivationKeyCode={["Meta", "Control"]}
        zoomOnDoubleClick={false}
        minZoom={FURTHEST}
        maxZoom={NEAREST}
        onlyRenderVisibleElements={nodes.length > 150}
        proOptions={{ hideAttribution: true }}
        colorMode="light"
        ariaLabelConfig={{ "node.a11yDescription.default": "Press Enter or Space to open the node." }}
      >
        <Background gap={22} size={1.2} />
        {partly && (
          <MiniMap
            position="bottom-right"
            pannable
            style={{ width: 140, height: 84 }}
            nodeClassName={(node) => `stx-s-${live.run ? lookOf(live.status(Number(node.id))).look : "planned"}`}
          />
        )}
      </ReactFlow>
      <Over live={live} selected={selected} doing={doing} root={root} moved={moved} />
    </div>
  );
}

interface OverProps extends Omit<Props, "select"> {
  moved: { current: boolean };
}

/** What stands above the graph: the controls, the toolbar of the selected node. Shows the graph when it opens and when the page
 * gives it another width. Where a hand has moved it, it stays; but a node that is chosen is never left outside, or under a panel. */
function Over({ live, selected, doing, root, moved }: OverProps) {
  const { setViewport } = useReactFlow();
  const w = useStore((state) => state.width);
  const h = useStore((state) => state.height);
  const [x, y, zoom] = useStore((state) => state.transform);
  const camera: Camera = {
    view: { x, y, zoom },
    size: { w, h },
    move: (view, byHand = false) => {
      if (byHand) moved.current = true;
      setViewport(view);
    },
  };
  const { nodes } = live.snapshot;
  const done = useRef({ shape: "", w: 0, selected });
  /** What was shown before the view moved for a chosen node, and what it moved to: it goes back when the panel closes. */
  const home = useRef<{ back: View; from: View } | null>(null);
  useEffect(() => {
    const shape = nodes.map((node) => node.name).join();
    const was = done.current;
    if (!w || !h || nodes.length === 0) return;
    done.current = { shape, w, selected };
    if (shape !== was.shape || (w !== was.w && !moved.current)) {
      moved.current = false;
      camera.move(firstView(nodes, camera.size, null));
      home.current = null;
    } else if (selected !== was.selected) {
      const chosen = selected === null ? null : nodes[selected];
      const to = chosen ? intoView(chosen, uncovered(root, camera.size), camera.view) : null;
      if (to && !same(to, camera.view)) {
        home.current ??= { back: camera.view, from: to };
        home.current.from = to;
        camera.move(to);
      } else if (!chosen && home.current) {
        if (same(home.current.from, camera.view)) camera.move(home.current.back);
        home.current = null;
      }
    }
  }, [live, live.version, selected, w, h]);
  const node = selected === null ? undefined : nodes[selected];
  return (
    <>
      <Controls camera={camera} fit={() => camera.move(wholeView(nodes, camera.size), true)} root={root} />
      {selected !== null && node && live.run && live.canAsk && (
        <NodeTools
          live={live}
          doing={doing}
          target={{ node: selected, item: null, name: node.name }}
          box={node}
          others={node.kind === "flow" ? [] : nodes.filter((other) => other !== node && other.kind !== "flow")}
          view={camera.view}
          canvas={camera.size}
          root={root}
        />
      )}
    </>
  );
}

function same(a: View, b: View): boolean {
  return a.zoom === b.zoom && Math.hypot(a.x - b.x, a.y - b.y) < 1;
}

function flowNode(live: Live, index: number, group: boolean): Node<CardData> {
  const node = live.snapshot.nodes[index];
  if (!node) throw new Error(`no node ${index}`);
  return {
    id: String(index),
    type: group ? "frame" : "card",
    position: { x: node.x, y: node.y },
    width: node.w,
    height: node.h,
    initialWidth: node.w,
    initialHeight: node.h,
    zIndex: group ? -1 : 1,
    draggable: false,
    data: { live, index },
    ariaLabel: `${node.name}, ${node.wait || node.kind}`,
  };
}

function flowEdge(live: Live, number: number, selected: number | null): Edge<LineData> {
  const { edges, bends } = live.snapshot;
  const [from, to, kind] = edges[number] as (typeof edges)[number];
  const near = from === selected || to === selected;
  return {
    id: `${from}-${to}`,
    source: String(from),
    target: String(to),
    type: "line",
    data: { live, from, to, kind, bends: bends?.[number] },
    className: `stx-edge stx-edge-${kind}${near ? " stx-near" : ""}`,
    zIndex: near ? 1 : 0,
    selectable: false,
    focusable: false,
  };
}

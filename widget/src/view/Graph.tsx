import { Background, Controls, type Edge, MiniMap, type Node, ReactFlow, useReactFlow, useStore } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Live } from "../model/live";
import { firstView, intoView } from "../model/place";
import { lookOf } from "../model/states";
import { Card, type CardData } from "./Card";
import type { Doing } from "./doing";
import { GroupBox } from "./GroupBox";
import { useUnique } from "./ids";
import { Line } from "./Line";

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
}

export function Graph({ live, selected, select, doing }: Props) {
  const { nodes, edges } = live.snapshot;
  const version = live.version;
  const drawn = useMemo(
    () => nodes.map((node, index) => flowNode(live, index, doing, node.kind === "flow")),
    [version, live, doing],
  );
  const marked = useMemo(
    () => drawn.map((node) => (node.id === String(selected) ? { ...node, selected: true } : node)),
    [drawn, selected],
  );
  const { bends } = live.snapshot;
  const lines = useMemo(
    () => edges.map(([from, to, kind], number) => flowEdge(from, to, kind, selected, bends?.[number])),
    [version, selected],
  );
  const id = useUnique();
  const moved = useRef(false);
  const byHand = () => {
    moved.current = true;
  };
  const from = useRef<{ x: number; y: number; zoom: number } | null>(null);
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
          if (event && was && (Math.hypot(x - was.x, y - was.y) > CLICK || zoom !== was.zoom)) byHand();
        }}
        paneClickDistance={CLICK}
        zoomOnScroll={false}
        preventScrolling={false}
        zoomActivationKeyCode={["Meta", "Control"]}
        zoomOnDoubleClick={false}
        minZoom={0.05}
        maxZoom={2}
        onlyRenderVisibleElements={nodes.length > 150}
        proOptions={{ hideAttribution: true }}
        colorMode="light"
        ariaLabelConfig={{ "node.a11yDescription.default": "Press Enter or Space to open the node." }}
      >
        <Background gap={22} size={1.2} />
        <Controls
          showInteractive={false}
          position="bottom-left"
          orientation="horizontal"
          onZoomIn={byHand}
          onZoomOut={byHand}
          onFitView={byHand}
        />
        {(nodes.length > 12 || partly) && (
          <MiniMap
            position="bottom-right"
            pannable
            style={{ width: 140, height: 84 }}
            nodeClassName={(node) => `stx-s-${lookOf(live.status(Number(node.id))).look}`}
          />
        )}
        <Fit live={live} version={version} chosen={selected} moved={moved} />
      </ReactFlow>
    </div>
  );
}

/** Shows the graph when it opens, and again when the inspector takes room from it. Where a hand has moved it, it stays; but
 * a chosen node is never left outside. */
function Fit({
  live,
  version,
  chosen,
  moved,
}: {
  live: Live;
  version: number;
  chosen: number | null;
  moved: { current: boolean };
}) {
  const { setViewport, getViewport } = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const done = useRef("");
  useEffect(() => {
    const nodes = live.snapshot.nodes;
    const shape = nodes.map((node) => node.name).join();
    const key = `${shape}|${chosen !== null}|${width}`;
    if (!width || !height || nodes.length === 0 || done.current === key) return;
    const known = done.current.startsWith(`${shape}|`);
    done.current = key;
    const canvas = { w: width, h: height };
    const node = chosen === null ? null : (nodes[chosen] ?? null);
    if (!moved.current || !known) setViewport(firstView(nodes, canvas, node));
    else if (node) setViewport(intoView(node, canvas, getViewport()));
  }, [live, version, chosen, moved, width, height, setViewport, getViewport]);
  return null;
}

function flowNode(live: Live, index: number, doing: Doing, group: boolean): Node<CardData> {
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
    data: { live, index, doing },
    ariaLabel: `${node.name}, ${node.wait || node.kind}`,
  };
}

function flowEdge(
  from: number,
  to: number,
  kind: string,
  selected: number | null,
  bends: [number, number][] | undefined,
): Edge {
  const near = from === selected || to === selected;
  return {
    id: `${from}-${to}`,
    source: String(from),
    target: String(to),
    type: "line",
    data: { bends },
    className: `stx-edge stx-edge-${kind}${near ? " stx-near" : ""}`,
    zIndex: near ? 1 : 0,
    selectable: false,
    focusable: false,
  };
}

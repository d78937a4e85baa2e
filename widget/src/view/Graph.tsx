import { Background, type Edge, type Node, ReactFlow, useReactFlow, useStore } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useMemo, useRef, useState } from "preact/hooks";
import { startsOf } from "../model/along";
import { labelsOf } from "../model/labels";
import type { Live } from "../model/live";
import type { Peek } from "../model/peek";
import { FURTHEST, intoView, NEAREST, type Size, type View } from "../model/place";
import type { Item, Line as SceneLine } from "../model/scene";
import { DIRECTIONS, type Direction, nextCard } from "../model/walk";
import { Along } from "./Along";
import { type Rest, restAt } from "./Beside";
import { Card, type CardData } from "./Card";
import { uncovered } from "./camera";
import { cardOf } from "./focus";
import { GroupBox } from "./GroupBox";
import { useUnique } from "./ids";
import { Line, type LineData } from "./Line";
import { Over, type OverProps } from "./Over";
import { Painting } from "./Painting";
import type { GraphProps } from "./useScene";

const nodeTypes = { card: Card, frame: GroupBox } as never;
const edgeTypes = { line: Line } as never;
const FAR = 0.55;
/** Pixels that a hand may shake between press and release: it is still a click, and nothing has been moved. */
const CLICK = 5;

/** The graph: as elements of the page, or painted where there are too many of them for that. */
export function Graph(props: GraphProps) {
  return props.painted ? <Painting {...props} /> : <Flow {...props} />;
}

function Flow({ live, calls, scene, peeks, turn, last, selected, target, select, doing, root }: GraphProps) {
  const count = live.snapshot.nodes.length;
  const drawn = useMemo(
    () => scene.items.map((item) => flowNode(live, item, turn, peeks.get(item.id))),
    [scene, live, turn, peeks],
  );
  const marked = useMemo(
    () => drawn.map((node) => (node.id === String(selected) ? { ...node, selected: true } : node)),
    [drawn, selected],
  );
  const labels = useMemo(() => labelsOf(scene), [scene]);
  const starts = useMemo(() => startsOf(scene), [scene]);
  const lines = useMemo(
    () =>
      scene.lines.map((line, at) =>
        flowEdge({ live, line, boxes: scene.boxes, label: labels[at] ?? null, start: starts[at] ?? null }, selected),
      ),
    [scene, live, labels, starts, selected],
  );
  const [rests, setRests] = useState<{ line: SceneLine; at: Rest } | null>(null);
  // A stack is no node that anything could be asked of: it opens, and is not selected.
  const pick = (id: number) => (id < count ? select(id) : turn(id));
  const flow = useReactFlow();
  const size = useStore(({ width, height }) => ({ w: width, h: height }), sameSize);
  const walk = (event: KeyboardEvent, id: number) => {
    event.preventDefault();
    const to = nextCard(scene, id, event.key as Direction);
    const box = to === null ? undefined : scene.boxes[to];
    if (!box) return;
    flow.setViewport(intoView(box, uncovered(root, size), flow.getViewport())); // a card that is not in sight may not be there yet
    requestAnimationFrame(() => cardOf(root, to)?.focus({ preventScroll: true }));
  };
  const key = (event: KeyboardEvent) => {
    const id = idOf(event.target);
    if (id !== null && DIRECTIONS.has(event.key)) return walk(event, id);
    if (id === null || id < count || (event.key !== "Enter" && event.key !== " ")) return;
    turn(id);
    event.preventDefault();
  };
  const id = useUnique();
  const moved = useRef(false);
  const from = useRef<View | null>(null);
  const far = useStore((state) => state.transform[2] < FAR);

  return (
    <div class={`stx-canvas${far ? " stx-far" : ""}`}>
      <ReactFlow
        id={id}
        onKeyDown={key as never}
        nodes={marked}
        edges={lines}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        nodesDraggable={false}
        nodesConnectable={false}
        elevateNodesOnSelect={false} // a frame stays below what lies in it
        edgesFocusable={false}
        deleteKeyCode={null}
        onNodeClick={(_, node) => pick(Number(node.id))}
        onNodeContextMenu={(event, node) => {
          const index = Number(node.id);
          if (!live.run || !live.canAsk || index >= count) return;
          event.preventDefault();
          event.stopPropagation(); // the notebook has a menu of its own
          const name = live.info(index)?.name ?? "";
          doing.menu({ node: index, item: null, name }, new DOMRect(event.clientX, event.clientY, 0, 0));
        }}
        onPaneClick={() => select(null)}
        onEdgeClick={() => select(null)}
        onEdgeMouseEnter={(event, edge) => {
          const canvas = event.currentTarget.closest(".stx-canvas");
          if (canvas && event.buttons === 0)
            setRests({ line: (edge.data as LineData).line, at: restAt(event, canvas) });
        }}
        onEdgeMouseLeave={() => setRests(null)}
        onNodesChange={(changes) => {
          for (const change of changes) if (change.type === "select" && change.selected) select(Number(change.id));
        }}
        onMoveStart={(_, viewport) => {
          from.current = viewport;
          setRests(null);
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
        onlyRenderVisibleElements={scene.items.length > 60}
        proOptions={{ hideAttribution: true }}
        colorMode="light"
        ariaLabelConfig={{ "node.a11yDescription.default": "Press Enter or Space to open the node." }}
      >
        <Background gap={22} size={1.2} />
      </ReactFlow>
      {rests && <Along key={`${rests.line.from} ${rests.line.to}`} live={live} calls={calls} {...rests} />}
      <OverFlow {...{ live, scene, last, selected, target, doing, root, moved }} />
    </div>
  );
}

/** What stands above the graph, with what React Flow shows as its camera. */
function OverFlow(props: Omit<OverProps, "camera">) {
  const { setViewport } = useReactFlow();
  const w = useStore((state) => state.width);
  const h = useStore((state) => state.height);
  const [x, y, zoom] = useStore((state) => state.transform);
  const move = (view: View, byHand = false) => {
    if (byHand) props.moved.current = true;
    setViewport(view);
  };
  return <Over {...props} camera={{ view: { x, y, zoom }, size: { w, h }, move }} />;
}

function flowNode(
  live: Live,
  { id, open, x, y, w, h }: Item,
  turn: (id: number) => void,
  peek: Peek | undefined,
): Node<CardData> {
  const node = live.info(id);
  if (!node) throw new Error(`no node ${id}`);
  return {
    id: String(id),
    type: open ? "frame" : "card",
    position: { x, y },
    width: w,
    height: h,
    initialWidth: w,
    initialHeight: h,
    zIndex: open ? -1 : 1,
    draggable: false,
    selectable: id < live.snapshot.nodes.length,
    data: { live, index: id, turn, size: { w, h }, peek },
    ariaLabel: `${node.name}, ${node.wait || node.kind}`,
  };
}

function flowEdge(data: LineData, selected: number | null): Edge<LineData> {
  const { from, to, kind } = data.line;
  const near = from === selected || to === selected;
  return {
    id: `${from}-${to}-${kind}`,
    source: String(from),
    target: String(to),
    type: "line",
    data,
    className: `stx-edge stx-edge-${kind}${near ? " stx-near" : ""}`,
    zIndex: near ? 1 : 0,
    selectable: false,
    focusable: false,
  };
}

function sameSize(a: Size, b: Size): boolean {
  return a.w === b.w && a.h === b.h;
}

/** The number of the card that has the focus. */
function idOf(focus: EventTarget | null): number | null {
  const card = focus instanceof HTMLElement && focus.classList.contains("react-flow__node") ? focus : null;
  return card ? Number(card.dataset.id) : null;
}

import {
  Background,
  type Connection,
  type Edge,
  type EdgeChange,
  type NodeChange,
  ReactFlow,
  type ReactFlowProps,
  SelectionMode,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Live } from "../model/live";
import type { Fitting } from "../model/messages";
import { FURTHEST, NEAREST } from "../model/place";
import { type Rest, restAt } from "../view/Beside";
import { Controls } from "../view/Controls";
import { useHeard, useSteady } from "../view/hooks";
import { useUnique } from "../view/ids";
import { SmallMap } from "../view/SmallMap";
import { boxesOf, first, guessed, inputsBox, whole } from "./boxes";
import { moved, type Search, type Selection } from "./commands";
import { type Drawing, useCards, useLines } from "./drawn";
import { dropped, hasFiles } from "./dropping";
import { EditCard, EditFrame, InputsCard } from "./EditCard";
import {
  boxOf,
  chosen,
  connect,
  eventTarget,
  loose,
  pointOf,
  portOf,
  reconnect,
  refusal,
  searchAt,
  sourceOf,
  stayed,
  under,
} from "./hands";
import { FREE, join } from "./joining";
import { Sample } from "./Sample";
import { WireLine } from "./WireLine";
import { around, type Box, cut, INPUTS, type Place, type Wire, wiresOf } from "./wires";

const nodeTypes = { card: EditCard, frame: EditFrame, inputs: InputsCard } as never;
const edgeTypes = { wire: WireLine } as never;
const ZOOMS = ["Meta", "Control"];
const PRO = { hideAttribution: true };
const CLICK = 5;
const FAR = 0.45;

interface Props extends Drawing {
  /** Changes what is selected, which may have changed since this was drawn. */
  alter: (how: (before: Selection) => Selection) => void;
  find: (search: Search) => void;
  menu: (node: string, at: DOMRect) => void;
  rename: (node: string) => void;
}

/** The canvas of a flow that is edited. */
export function EditGraph(props: Props) {
  const { editing, root, selection, select, alter, find } = props;
  const { live } = editing;
  const { snapshot } = live;
  const { nodes } = snapshot;
  const flow = useReactFlow();
  const [drag, setDrag] = useState<Record<string, Place>>({});
  const [fitting, setFitting] = useState<Fitting | null>(null);
  const misfits = fitting?.why ?? null;
  const [over, setOver] = useState<string | null>(null);
  const [rests, setRests] = useState<{ wire: Wire; at: Rest } | null>(null);
  const guess = guessed(editing.guesses);
  const boxes = boxesOf(nodes, { ...guess.places, ...drag });
  const inputs = inputsBox(snapshot);
  const all = inputs ? [...boxes, inputs] : boxes;
  props.boxes.current = boxes;
  const wires = useMemo(() => wiresOf(snapshot), [live.version]);
  const drawn = useCards(props, all, guess, misfits);
  const lines = useLines(props, [...wires, ...guess.wires], guess, over, find);
  const id = useUnique();
  const far = useStore((state) => state.transform[2] < FAR);
  const reconnected = useRef(false);

  const start = (source: string) => {
    editing.calls.call({ type: "fits", source }).then(setFitting, () => setFitting(FREE));
  };
  const ended = () => setFitting(null);
  const why = ({ source, sourceHandle, target, targetHandle }: Connection | Edge) =>
    source === target
      ? "it is the same node"
      : (misfits?.[target]?.[portOf(targetHandle)] ?? (sourceHandle ? "" : "it has no output"));

  const on = useSteady<Partial<ReactFlowProps>>({
    onNodesChange: (changes: NodeChange[]) => {
      const places = Object.fromEntries(
        changes.flatMap((change) =>
          change.type === "position" && change.position && change.dragging ? [[change.id, change.position]] : [],
        ),
      );
      if (Object.keys(places).length > 0) setDrag((before) => ({ ...before, ...places }));
      alter((before) => chosen(before, changes, []));
    },
    onEdgesChange: (changes: EdgeChange[]) => alter((before) => chosen(before, [], changes)),
    onNodeDragStart: (_, { id }) => {
      if (!selection.nodes.includes(id)) select([id]);
    },
    onNodeDrag: (_, node, dragged) => {
      const box = dragged.length === 1 && loose(wires, node.id) ? boxOf(boxes, node) : null;
      setOver(box && (under(box, wires, all, snapshot)?.id ?? null));
    },
    onNodeDragStop: (_, node, dragged) => {
      const places = Object.fromEntries(dragged.map((one) => [one.id, one.position]));
      const put =
        dragged.length === 1 && loose(wires, node.id) ? under(boxOf(boxes, node), wires, all, snapshot) : undefined;
      setOver(null);
      const asked = put
        ? join(editing, { put: node.id, into: put, at: node.position })
        : moved(editing, stayed(nodes, places) ? {} : places);
      setDrag({});
      void asked;
    },
    onNodeClick: ({ shiftKey, metaKey, ctrlKey }, { id }) => {
      if (id === INPUTS) return;
      if (!shiftKey && !metaKey && !ctrlKey) return select([id]);
      const { nodes } = selection; // as it was before the click, which has selected this one alone
      select(nodes.includes(id) ? nodes.filter((one) => one !== id) : [...nodes, id]);
    },
    onNodeDoubleClick: (event, node) => {
      const inside = nodes.find(({ name }) => name === node.id)?.kind === "flow";
      if ((event.target as Element).closest(".stx-name") || !inside)
        return node.id === INPUTS ? undefined : props.rename(node.id);
      find(searchAt(root, flow.screenToFlowPosition, event, `${node.id}.`));
    },
    onNodeContextMenu: (event, node) => {
      event.preventDefault();
      event.stopPropagation(); // the notebook has a menu of its own
      if (node.id === INPUTS) return;
      if (!selection.nodes.includes(node.id)) select([node.id]);
      props.menu(node.id, new DOMRect(event.clientX, event.clientY, 0, 0));
    },
    onConnectStart: (_, { nodeId, handleId, handleType }) => {
      if (nodeId && handleType === "source") start(sourceOf(nodeId, handleId));
      else setFitting(FREE);
    },
    isValidConnection: (connection) => why(connection) === "",
    onConnect: (connection) => void connect(editing, fitting, connection),
    onConnectEnd: (event, state) => {
      ended();
      if (state.isValid || !state.fromHandle) return;
      const { fromHandle } = state;
      const told = refusal(event);
      if (told) return editing.refuse(told);
      const on = eventTarget(event)?.closest<HTMLElement>(".react-flow__node")?.dataset.id;
      if (on !== undefined && `${on}.` !== around(fromHandle.nodeId)) return; // the frame that it lies in is empty canvas
      const point = pointOf(event);
      const search = searchAt(root, flow.screenToFlowPosition, point, around(fromHandle.nodeId));
      find(
        fromHandle.type === "source"
          ? { ...search, source: sourceOf(fromHandle.nodeId, fromHandle.id ?? null) }
          : { ...search, target: { node: fromHandle.nodeId, port: portOf(fromHandle.id ?? null) } },
      );
    },
    onReconnectStart: (_, edge) => {
      reconnected.current = false;
      start(sourceOf(edge.source, edge.sourceHandle ?? null));
    },
    onReconnect: (edge, connection) => {
      reconnected.current = true;
      const wire = (edge.data as { wire: Wire }).wire;
      void reconnect(editing, fitting, wire, connection);
    },
    onReconnectEnd: (event, edge) => {
      ended();
      const wire = (edge.data as { wire: Wire }).wire;
      if (reconnected.current) return;
      const told = refusal(event as MouseEvent);
      if (told) return editing.refuse(told);
      if (!eventTarget(event as MouseEvent)?.closest(".react-flow__node"))
        void editing.apply([cut(wire) as { edit: string }], "", { gone: [wire.id] });
    },
    onEdgeMouseEnter: (event, edge) => {
      const canvas = root.querySelector(".stx-edit-canvas");
      if (canvas) setRests({ wire: (edge.data as { wire: Wire }).wire, at: restAt(event, canvas) });
    },
    onEdgeMouseLeave: () => setRests(null),
    onPaneClick: (event) => {
      if (event.detail === 2) find(searchAt(root, flow.screenToFlowPosition, event, ""));
      else select([]);
    },
    onPaneContextMenu: (event) => {
      event.preventDefault();
      event.stopPropagation();
      find(searchAt(root, flow.screenToFlowPosition, event as MouseEvent, ""));
    },
  });

  // the ⊕ in the middle of a wire is no part of it
  useHeard(root, {
    mouseover: (event) => {
      const wire = wires.find(({ id }) => id === inserted(event));
      const canvas = root.querySelector(".stx-edit-canvas");
      if (wire && canvas) setRests({ wire, at: restAt(event, canvas) });
    },
    mouseout: (event) => {
      if (inserted(event)) setRests(null);
    },
  });

  return (
    <div
      class={`stx-canvas stx-edit-canvas${far ? " stx-far" : ""}${misfits ? " stx-connecting" : ""}`}
      onDragOverCapture={(event) => {
        if (hasFiles(event)) event.preventDefault(); // else the browser would go to what is dropped
      }}
      onDropCapture={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        event.stopPropagation();
        const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
        const files = event.dataTransfer?.files;
        if (files) void dropped(editing, files, at).then((names) => names.length > 0 && select(names));
      }}
      // with Shift a press on the canvas begins a marquee, and one on a card is a click on it
      onPointerDownCapture={(event) => {
        if (event.shiftKey && (event.target as Element).closest(".react-flow__node")) event.stopPropagation();
      }}
    >
      <ReactFlow
        id={id}
        nodes={drawn}
        edges={lines}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        defaultViewport={flow.getViewport()}
        {...on}
        connectionRadius={14}
        reconnectRadius={9}
        selectionKeyCode="Shift"
        multiSelectionKeyCode={null}
        selectNodesOnDrag={false}
        elevateNodesOnSelect={false} // a frame that is selected would cover what lies in it
        selectionMode={SelectionMode.Partial}
        nodeDragThreshold={CLICK}
        paneClickDistance={CLICK}
        nodeClickDistance={CLICK}
        edgesFocusable={false}
        disableKeyboardA11y
        deleteKeyCode={null}
        zoomOnScroll={false}
        preventScrolling={false}
        zoomActivationKeyCode={ZOOMS}
        zoomOnDoubleClick={false}
        minZoom={FURTHEST}
        maxZoom={NEAREST}
        onlyRenderVisibleElements={nodes.length > 150}
        proOptions={PRO}
        colorMode="light"
      >
        <Background gap={22} size={1.2} />
      </ReactFlow>
      <View live={live} boxes={all} root={root} />
      {rests && <Sample key={rests.wire.id} editing={editing} {...rests} />}
      {nodes.length === 0 && (
        <p class="stx-empty">
          Double-click, or press Tab, to add the first node. Drag it out of the list at the left, paste YAML, or drop a
          picture of a flow, as well.
        </p>
      )}
    </div>
  );
}

/** The wire whose ⊕ the pointer is on. */
function inserted({ target }: MouseEvent): string | undefined {
  return target instanceof Element ? target.closest<HTMLElement>(".stx-insert")?.dataset.wire : undefined;
}

/** The controls and the small map; shows the graph when it opens, or is put as a whole on an empty canvas, and never moves it again. */
function View({ live, boxes, root }: { live: Live; boxes: Box[]; root: HTMLElement }) {
  const { setViewport } = useReactFlow();
  const w = useStore((state) => state.width);
  const h = useStore((state) => state.height);
  const [x, y, zoom] = useStore((state) => state.transform);
  const shown = useRef(false);
  useEffect(() => {
    if (shown.current || !w || !h) return;
    shown.current = true;
    setViewport(first(boxes, { w, h }));
  }, [w, h]);
  const before = useRef(boxes.length);
  useEffect(() => {
    if (shown.current && before.current === 0 && boxes.length > 1) setViewport(whole(boxes, { w, h }));
    before.current = boxes.length;
  }, [boxes.length]);
  const camera = {
    view: { x, y, zoom },
    size: { w, h },
    move: (view: { x: number; y: number; zoom: number }) => void setViewport(view),
  };
  return (
    <>
      <Controls camera={camera} fit={() => setViewport(whole(boxes, { w, h }))} root={root} />
      <SmallMap {...{ live, boxes, camera, root }} look={(at) => (isFrame(live, at) ? "" : "planned")} />
    </>
  );
}

const isFrame = ({ snapshot }: Live, at: number): boolean => snapshot.nodes[at]?.kind === "flow";

import { NodeToolbar, useStore } from "@xyflow/react";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Live } from "../model/live";
import { type Box, toolbarPlace } from "../model/place";
import { Actions } from "./Actions";
import type { Doing } from "./doing";
import { useStanding } from "./hooks";

/** The actions of the selected node, where they cover no other node. */
export function NodeTools({ live, index, doing }: { live: Live; index: number; doing: Doing }) {
  const [x, y, zoom] = useStore((state) => state.transform);
  const w = useStore((state) => state.width);
  const h = useStore((state) => state.height);
  const tool = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ w: 314, h: 40 });
  useLayoutEffect(() => {
    const { offsetWidth, offsetHeight } = tool.current ?? {};
    if (offsetWidth && offsetHeight && (offsetWidth !== size.w || offsetHeight !== size.h))
      setSize({ w: offsetWidth, h: offsetHeight });
  });
  const { nodes } = live.snapshot;
  const node = nodes[index];
  const target = { node: index, item: null, name: node?.name ?? "" };
  const standing = useStanding(doing.abilities, target);
  if (!node || !live.run || !live.canAsk) return null;
  const onCanvas = (box: Box): Box => ({ x: box.x * zoom + x, y: box.y * zoom + y, w: box.w * zoom, h: box.h * zoom });
  const others = nodes.filter((other, at) => at !== index && other.kind !== "flow").map(onCanvas);
  others.push({ x: 0, y: h - 50, w: 112, h: 50 }); // the zoom controls
  const place = toolbarPlace(onCanvas(node), node.kind === "flow" ? [] : others, size, { w, h });
  return (
    <NodeToolbar isVisible style={{ transform: `translate(${place.x}px, ${place.y}px)` }}>
      <div ref={tool}>
        <Actions target={target} {...standing} {...doing} compact />
      </div>
    </NodeToolbar>
  );
}

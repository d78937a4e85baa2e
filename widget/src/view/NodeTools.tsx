import { NodeToolbar, Position, useStore } from "@xyflow/react";
import type { Live } from "../model/live";
import { toolbarPlace } from "../model/place";
import { Actions } from "./Actions";
import { abilities } from "./abilities";
import type { Doing } from "./Card";

/** The actions of the selected node, on the side of it where there is room. */
export function NodeTools({ live, index, doing }: { live: Live; index: number; doing: Doing }) {
  const [x, y, zoom] = useStore((state) => state.transform);
  const width = useStore((state) => state.width);
  const node = live.snapshot.nodes[index];
  if (!node || !live.run || !live.canAsk) return null;
  const { align, above } = toolbarPlace(
    { left: node.x * zoom + x, top: node.y * zoom + y, wide: node.w * zoom },
    width,
  );
  const status = live.status(index);
  return (
    <NodeToolbar isVisible align={align} position={above ? Position.Top : Position.Bottom} offset={10}>
      <Actions
        target={{ node: index, item: null, name: node.name }}
        can={abilities(status, live.run.state, node.kind)}
        status={status}
        {...doing}
        compact
      />
    </NodeToolbar>
  );
}

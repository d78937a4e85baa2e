import type { EdgeProps } from "@xyflow/react";
import { edgeLook } from "../model/edges";
import type { Live } from "../model/live";
import { endsRoute, HEAD, head, type Point, route } from "../model/route";
import { useNode } from "./hooks";

export type LineData = { live: Live; from: number; to: number; kind: string; bends?: Point[] } & Record<
  string,
  unknown
>;

/** An edge, on the way that the layout keeps free for it. It has no id: other views on the page have edges of the same name. */
export function Line({ sourceX, sourceY, targetX, targetY, data }: EdgeProps) {
  const { live, from, to, kind, bends } = data as LineData;
  useNode(live, from);
  useNode(live, to);
  const look = live.run ? edgeLook(kind, live.status(from), live.status(to)) : "plain";
  const { nodes } = live.snapshot;
  const [source, target] = [nodes[from], nodes[to]];
  const drawn =
    kind === "ends" && source && target
      ? endsRoute(source, target)
      : { path: route([sourceX, sourceY], [targetX - HEAD + 1, targetY], bends), head: head([targetX, targetY]) };
  return (
    <g class={`stx-line stx-line-${look}`} data-testid="edge" data-look={look}>
      <path class="stx-line-path" d={drawn.path} />
      {look === "active" && <path class="stx-line-flow" d={drawn.path} />}
      <path class="stx-line-head" d={drawn.head} />
    </g>
  );
}

import type { EdgeProps } from "@xyflow/react";
import { edgeLook } from "../model/edges";
import type { Label } from "../model/labels";
import type { Live } from "../model/live";
import type { Box } from "../model/place";
import type { Point } from "../model/route";
import { type Line as SceneLine, wayOf } from "../model/scene";
import { useNode } from "./hooks";

/** `start` is where it is told how much its source gave, if that is told on this line. */
export type LineData = {
  live: Live;
  line: SceneLine;
  boxes: readonly Box[];
  label: Label | null;
  start: Point | null;
} & Record<string, unknown>;

/** An edge, on the way that the layout keeps free for it. It has no id: other views on the page have edges of the same name. */
export function Line({ data }: EdgeProps) {
  const { live, line, boxes, label, start } = data as LineData;
  const { from, to, kind, count } = line;
  useNode(live, from);
  useNode(live, to);
  const [source, target] = [boxes[from], boxes[to]];
  if (!source || !target) return null;
  const look = live.run ? edgeLook(kind, live.status(from), live.status(to), live.standing) : "plain";
  const drawn = wayOf(line, source, target);
  return (
    <>
      <g class={`stx-line stx-line-${look}${count > 1 ? " stx-line-many" : ""}`} data-testid="edge" data-look={look}>
        <path class="stx-line-path" d={drawn.path} />
        {look === "active" && <path class="stx-line-flow" d={drawn.path} />}
        <path class="stx-line-head" d={drawn.head} />
        <path class="stx-line-reach" d={drawn.path} />
      </g>
      <Told label={label} look={look} />
      {start && live.run && <Size at={start} text={live.texts(from).size} />}
    </>
  );
}

/** How much its source gave. */
function Size({ at: [x, y], text }: { at: Point; text: string | undefined }) {
  if (!text) return null;
  return (
    <text class="stx-told-on stx-size-on" x={x} y={y} data-testid="edge-size">
      {text}
    </text>
  );
}

/** What stands on an edge: the card that it leads to says all of it. */
export function Told({ label, look }: { label: Label | null; look: string }) {
  if (!label) return null;
  return (
    <text class={`stx-told-on stx-on-${look}`} x={label.x} y={label.y} data-testid="edge-label">
      {label.text}
    </text>
  );
}

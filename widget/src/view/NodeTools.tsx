import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Target } from "../model/actions";
import type { Live } from "../model/live";
import { type Box, onCanvas, type Size, toolbarPlace, type View } from "../model/place";
import { Actions } from "./Actions";
import { uncovered } from "./camera";
import type { Doing } from "./doing";
import { useNode, useStanding } from "./hooks";

interface Props {
  live: Live;
  target: Target;
  doing: Doing;
  /** The node's box, and those that the toolbar should not cover, in pixels of the graph. */
  box: Box;
  others: readonly Box[];
  view: View;
  canvas: Size;
  root: HTMLElement;
}

const CONTROLS = { w: 150, h: 50 };

/** What can be done with the selected node, where it covers no other node. */
export function NodeTools({ live, target, doing, box, others, view, canvas, root }: Props) {
  useNode(live, target.node);
  const standing = useStanding(doing.abilities, target);
  const tool = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ w: 314, h: 40 });
  const [room, setRoom] = useState(canvas);
  useLayoutEffect(() => {
    const free = uncovered(root, canvas); // the panel comes with the toolbar
    if (free.w !== room.w || free.h !== room.h) setRoom(free);
    const { offsetWidth, offsetHeight } = tool.current ?? {};
    if (offsetWidth && offsetHeight && (offsetWidth !== size.w || offsetHeight !== size.h))
      setSize({ w: offsetWidth, h: offsetHeight });
  });
  const controls = { x: 0, y: canvas.h - CONTROLS.h, ...CONTROLS };
  const place = toolbarPlace(
    onCanvas(box, view),
    [...others.map((other) => onCanvas(other, view)), controls],
    size,
    room,
  );
  return (
    <div class="stx-tools" data-testid="node-tools" style={{ transform: `translate(${place.x}px, ${place.y}px)` }}>
      <div ref={tool}>
        <Actions live={live} target={target} {...standing} {...doing} />
      </div>
    </div>
  );
}

import { Handle, Position } from "@xyflow/react";
import { few } from "../model/few";
import type { Live } from "../model/live";
import { ABANDONED, BREAK, type NodeInfo, type Status } from "../model/messages";
import { ASIDE, type Peek, UNDER } from "../model/peek";
import type { Size } from "../model/place";
import { BEHIND, outline, type Shape, shapeOf, spine, within } from "../model/shapes";
import { detail, isOver, isUnderWay, lookIn, PLANNED, stateName } from "../model/states";
import { glyphOf, left, slept } from "../model/waits";
import { useClock, useNode } from "./hooks";
import { Icon } from "./Icon";
import { Shown } from "./Shown";
import { accentOf, titleOf, Used } from "./Used";

export type CardData = {
  live: Live;
  index: number;
  turn: (id: number) => void;
  size: Size;
  peek?: Peek | undefined;
} & Record<string, unknown>;

/** One task; a mapped node, a closed sub-flow or like siblings as a stack with their states as a bar. */
export function Card({ data, selected }: { data: CardData; selected?: boolean }) {
  const { live, index, turn, size, peek } = data;
  useNode(live, index);
  const node = live.info(index);
  const status = live.status(index);
  const moving = !isOver(status) && status[0] !== 0 && !live.gone;
  useClock(moving && live.snapshot.mode === "live", 250);
  if (!node) return null;
  const shown = lookIn(status, live.standing);
  const { look, word } = shown;
  const texts = live.texts(index);
  const said = peek && !peek.value.preview ? { ...texts, summary: undefined } : texts; // what stands below is not said twice
  const line = word === "interrupted" ? "was under way" : detail(node, status, { ...said }, live.at(), word);
  const rest = left(status, live.at());
  const planned = live.run === null;
  const shape = shapeOf(node);
  const used = live.look(index);
  return (
    <div
      class={`stx-card stx-drawn stx-s-${planned ? "planned" : look}${shape.right === "round" ? " stx-round" : ""}${shape.left === "round" ? " stx-pill" : ""}${peek ? " stx-peeks" : ""}${selected ? " stx-selected" : ""}`}
      data-testid="node"
      data-node={node.name}
      data-state={stateName(status)}
      data-done={status[3]}
      data-total={status[4]}
      title={titleOf(node, used)}
      style={accentOf(used)}
    >
      <Edge shape={shape} size={size} />
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <div class="stx-row">
        <span class={`stx-glyph${planned && used ? " stx-used" : ""}`} aria-hidden="true">
          <Icon name={glyphOf(node, planned ? PLANNED : shown, used)} />
        </span>
        <span class="stx-name">{node.label}</span>
        {used && !(planned || look === "waiting") && <Used look={used} />}
        {isMany(node) && <span class="stx-many">{many(live, index, status)}</span>}
        {isBox(node) && <Turn name={node.label} open={false} turn={() => turn(index)} />}
      </div>
      <div class="stx-detail" title={planned ? undefined : [line, rest].filter(Boolean).join(" · ")}>
        <span class="stx-visually-hidden">{planned ? "" : `${word}. `}</span>
        <span class="stx-told">{planned ? node.line : line}</span>
        {rest && <span class="stx-rest"> · {rest}</span>}
      </div>
      <Bar status={planned ? NOTHING_YET : status} node={node} look={look} now={live.at()} />
      {node.foot && (
        <div class="stx-foot">
          <span title={node.when ? `It runs if ${node.when}` : node.foot}>{node.foot}</span>
        </div>
      )}
      {peek && <Peeked peek={peek} />}
      {texts.ill && (
        <span class="stx-ill" data-testid="ill" role="img" aria-label={texts.ill} title={texts.ill}>
          !
        </span>
      )}
      <Dot status={status} />
      {status[1] & ABANDONED && isOver(status) ? (
        <span
          class="stx-left"
          role="img"
          aria-label="its thread still runs"
          title="Its thread still runs: Python can't end a thread. What it returns is dropped."
        >
          <Icon name="running" size={8} />
        </span>
      ) : null}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

/** What it gave, as a picture of what the panel shows: there it can be scrolled, opened and marked. */
function Peeked({ peek: { value, size } }: { peek: Peek }) {
  return (
    <>
      <span class="stx-visually-hidden">{`Result: ${value.text}`}</span>
      <div
        class="stx-peek"
        data-testid="peek"
        inert
        style={{ height: `${size.h}px`, bottom: `${UNDER}px`, left: `${ASIDE}px`, right: `${ASIDE}px` }}
      >
        <Shown value={value} />
      </div>
    </>
  );
}

const NOTHING_YET: Status = [0, 0, 0, 0, 0, 0, 0, 0, null, null, null, null];

/** The edge of a card, with what lies behind it. */
export function Edge({ shape, size }: { shape: Shape; size: Size }) {
  const box = { x: 0, y: 0, ...size };
  const inner = within(shape, box);
  return (
    <svg class="stx-shape" width={size.w} height={size.h} aria-hidden="true">
      {shape.many &&
        BEHIND.map((by) => <path key={by} class="stx-behind" d={outline(shape, { ...box, x: by, y: by })} />)}
      <path class="stx-face" d={outline(shape, box)} />
      {inner && <path class="stx-within" d={inner} />}
      <path class="stx-spine" d={spine(shape, { ...box, x: 1.5 })} />
    </svg>
  );
}

/** What stands for many: a fan-out of a task or of a flow, like siblings, a closed sub-flow. */
function isMany(node: NodeInfo): boolean {
  return node.kind === "map" || node.kind === "each" || isBox(node);
}

/** What can be opened to see what lies in it. */
export function isBox(node: NodeInfo): boolean {
  return node.kind === "flow" || node.kind === "stack";
}

/** How many of how many, or how many there are. */
function many(live: Live, index: number, status: Status): string {
  const count = live.count(index);
  return status[4] > 0 && live.run ? share(status) : count > 0 ? `×${count.toLocaleString("en")}` : "×n";
}

/** Opens or closes what has others in it. */
export function Turn({ name, open, turn }: { name: string; open: boolean; turn: () => void }) {
  const label = open ? `Close ${name}` : `Open ${name}`;
  return (
    <button
      type="button"
      class="nodrag stx-turn"
      data-testid="turn"
      aria-expanded={open}
      aria-label={label}
      title={label}
      onClick={(event) => {
        event.stopPropagation();
        turn();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <svg width="10" height="10" viewBox="-5 -5 10 10" aria-hidden="true">
        <path d={open ? "M-3.5 -1.5L0 2L3.5 -1.5" : "M-1.5 -3.5L2 0L-1.5 3.5"} />
      </svg>
    </button>
  );
}

/** How many of how many: 340/10,000, 99,980/100k */
export function share(status: Status): string {
  return `${status[3].toLocaleString("en")}/${few(status[4])}`;
}

/** Progress of a body or a sleep, or the states of the items side by side. */
function Bar({ status, node, look, now }: { status: Status; node: NodeInfo; look: string; now: number }) {
  const [, , , done, total, failed, running, skipped, told] = status;
  const progress = node.wait === "sleep" ? slept(status, now) : told;
  if (isMany(node) && total > 0) {
    const parts: [string, number][] = [
      ["completed", done],
      ["failed", failed],
      ["skipped", skipped],
      ["running", running],
    ];
    return (
      <div
        class="stx-bar"
        role="img"
        aria-label={`${done} of ${total} completed, ${failed} failed, ${running} running`}
      >
        {parts.map(
          ([look, count]) =>
            count > 0 && <i key={look} class={`stx-s-${look}`} style={{ width: `${(100 * count) / total}%` }} />,
        )}
      </div>
    );
  }
  if (progress !== null && isUnderWay(status)) {
    return (
      <div
        class="stx-bar"
        role="progressbar"
        aria-label="progress"
        aria-valuenow={Math.round(progress * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <i class={`stx-s-${look}`} style={{ width: `${progress * 100}%` }} />
      </div>
    );
  }
  return null;
}

/** Where the run is to stop. */
export function Dot({ status }: { status: Status }) {
  if (!(status[1] & BREAK)) return null;
  return (
    <span
      class="stx-break"
      data-testid="breakpoint"
      role="img"
      aria-label="breakpoint"
      title="Breakpoint: paused before it starts"
    />
  );
}

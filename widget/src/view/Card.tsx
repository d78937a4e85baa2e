import { Handle, NodeToolbar, Position } from "@xyflow/react";
import type { Live } from "../model/live";
import { detail, isOver, lookOf, stateName } from "../model/states";
import type { Can, Status } from "../model/types";
import type { Ask } from "./App";
import { abilities, isHeld } from "./abilities";
import { useClock, useNode } from "./hooks";
import { Icon } from "./Icon";
import { Button } from "./TopBar";

export type CardData = { live: Live; index: number; ask: Ask } & Record<string, unknown>;

/** One task, or a mapped node as a stack with its items' states as a bar. */
export function Card({ data, selected }: { data: CardData; selected?: boolean }) {
  const { live, index, ask } = data;
  useNode(live, index);
  const node = live.snapshot.nodes[index];
  const status = live.status(index);
  const moving = !isOver(status) && status[0] !== 0;
  useClock(moving && live.snapshot.mode === "live", 250);
  if (!node) return null;
  const { look, glyph, word } = lookOf(status);
  const texts = live.texts(index);
  const line = detail(node, status, { ...texts }, live.now());
  const planned = live.run === null;
  return (
    <div
      class={`stx-card stx-s-${planned ? "planned" : look}${node.kind === "map" ? " stx-stack" : ""}${selected ? " stx-selected" : ""}`}
      data-testid="node"
      data-node={node.name}
      data-state={stateName(status)}
      data-done={status[3]}
      data-total={status[4]}
      title={node.doc || node.name}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <div class="stx-row">
        <span class="stx-glyph" aria-hidden="true">
          <Icon name={planned ? node.kind : glyph} />
        </span>
        <span class="stx-name">{node.label}</span>
        {node.kind === "map" && <span class="stx-many">{status[4] > 0 ? `${status[3]}/${status[4]}` : "×n"}</span>}
      </div>
      <div class="stx-detail">
        <span class="stx-visually-hidden">{planned ? "" : `${word}. `}</span>
        {planned ? node.doc.split("\n")[0] || node.call.split(":")[1] : line}
      </div>
      <Bar status={status} kind={node.kind} />
      {node.when && (
        <span class="stx-when" title={`when ${node.when}`}>
          ?
        </span>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} />
      {live.run && live.snapshot.mode === "live" && (
        <NodeToolbar isVisible={selected} position={Position.Top} offset={8}>
          <Actions
            name={node.name}
            can={abilities(status, live.run.state)}
            held={isHeld(status)}
            over={isOver(status)}
            ask={ask}
          />
        </NodeToolbar>
      )}
    </div>
  );
}

/** Progress of a body, or the states of the items side by side. */
function Bar({ status, kind }: { status: Status; kind: string }) {
  const [, , , done, total, failed, running, skipped, progress] = status;
  if (kind === "map" && total > 0) {
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
  if (progress !== null && !isOver(status)) {
    return (
      <div
        class="stx-bar"
        role="progressbar"
        aria-valuenow={Math.round(progress * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <i class="stx-s-running" style={{ width: `${progress * 100}%` }} />
      </div>
    );
  }
  return null;
}

interface ActionProps {
  name: string;
  can: Can;
  held: boolean;
  over: boolean;
  ask: Ask;
}

/** What can be done with a node; the same row stands on the canvas and in the inspector. */
export function Actions({ name, can, held, over, ask }: ActionProps) {
  return (
    <div class="stx-toolbar" role="toolbar" aria-label={`Actions on ${name}`}>
      {held ? (
        <Button id="node-resume" label="Resume" glyph="running" can={can} verb="resume" ask={ask} target={name} />
      ) : (
        <Button id="node-pause" label="Pause" glyph="paused" can={can} verb="pause" ask={ask} target={name} />
      )}
      {!over && <Button id="node-cancel" label="Cancel" glyph="stop" can={can} verb="cancel" ask={ask} target={name} />}
      <Button id="node-retry" label="Retry" glyph="retrying" can={can} verb="retry" ask={ask} target={name} />
      <Button id="node-skip" label="Skip" glyph="skipped" can={can} verb="skip" ask={ask} target={name} />
    </div>
  );
}

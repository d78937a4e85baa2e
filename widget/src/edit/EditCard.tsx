import { Handle, Position } from "@xyflow/react";
import type { CardLook, NodeInfo, Port } from "../model/messages";
import { leftAt, shapeOf } from "../model/shapes";
import { Edge } from "../view/Card";
import { Icon } from "../view/Icon";
import { accentOf, titleOf } from "../view/Used";
import { HEAD, INPUTS, ROW, rowsOf } from "./wires";

export type EditData = {
  node: NodeInfo;
  used: CardLook | undefined;
  ports: Port[];
  gives: string;
  /** By port why the wire that is drawn can't end here; without an entry it can. */
  misfits: Record<string, string> | null;
  problem: string;
  off: boolean;
  /** It is not as Python has it yet. */
  pending: boolean;
} & Record<string, unknown>;

/** A node with a row for each argument: the whole row is what a wire ends at. */
export function EditCard({ data, selected }: { data: EditData; selected?: boolean }) {
  const { node, ports, gives, off, pending, problem } = data;
  const rows = rowsOf(ports, node);
  const shape = shapeOf(node);
  const marks = `${selected ? " stx-selected" : ""}${off ? " stx-off" : ""}${pending ? " stx-pending" : ""}`;
  return (
    <div
      class={`stx-card stx-drawn stx-edit-card stx-s-planned${shape.right === "round" ? " stx-round" : ""}${shape.left === "round" ? " stx-pill" : ""}${marks}`}
      data-testid="node"
      data-node={node.name}
      data-state="pending"
      title={problem || titleOf(node, data.used)}
      style={accentOf(data.used)}
    >
      <Edge shape={shape} size={{ w: node.w, h: node.h }} />
      <Order node={node.name} misfits={data.misfits} />
      <Head data={data} />
      <div class="stx-detail">
        <span class="stx-told">{node.line || node.call.split(":").pop()}</span>
      </div>
      <div class="stx-ports">
        {rows.map((port, row) => (
          <InPort
            key={port.name}
            node={node.name}
            port={port}
            misfits={data.misfits}
            left={leftAt(shape, HEAD + ROW * row + ROW / 2, node.h)}
          />
        ))}
      </div>
      {ports.length > rows.length && <span class="stx-more-ports">+{ports.length - rows.length}</span>}
      <Marks data={data} />
      <Out node={node.name} port="" type={gives} top={HEAD / 2} />
    </div>
  );
}

/** A sub-flow: a frame around its nodes; its arguments stand at its left. */
export function EditFrame({ data, selected }: { data: EditData; selected?: boolean }) {
  const { node, ports, gives, off, pending } = data;
  return (
    <div
      class={`stx-group stx-edit-frame stx-s-planned${selected ? " stx-selected" : ""}${off ? " stx-off" : ""}${pending ? " stx-pending" : ""}`}
      data-testid="node"
      data-node={node.name}
      data-state="pending"
    >
      <Order node={node.name} misfits={data.misfits} />
      <Head data={data} />
      <div class="stx-ports stx-ports-outside">
        {ports.map((port) => (
          <InPort key={port.name} node={node.name} port={port} misfits={data.misfits} />
        ))}
      </div>
      <Marks data={data} />
      <Out node={node.name} port="" type={gives} top={HEAD / 2} />
    </div>
  );
}

/** The inputs of the flow, to draw wires from. */
export function InputsCard({ data }: { data: EditData }) {
  return (
    <div class="stx-card stx-edit-card stx-inputs-card stx-s-planned">
      <div class="stx-row">
        <span class="stx-glyph" aria-hidden="true">
          <Icon name="input" />
        </span>
        <span class="stx-name">Inputs</span>
      </div>
      <div class="stx-detail">
        <span class="stx-told">of the flow</span>
      </div>
      <div class="stx-ports">
        {data.ports.map((port) => (
          <div key={port.name} class="stx-port-row" title={port.text ? `${port.name}: ${port.text}` : port.name}>
            <span>{port.name}</span>
            <i>{port.type}</i>
            <Out node={INPUTS} port={port.name} type={port.type} top={10} />
          </div>
        ))}
      </div>
    </div>
  );
}

function Head({ data }: { data: EditData }) {
  const { node, used } = data;
  return (
    <div class={node.kind === "flow" ? "stx-group-name" : "stx-row"}>
      <span class={`stx-glyph${used ? " stx-used" : ""}`} aria-hidden="true">
        <Icon name={used?.icon ?? (node.kind === "map" || node.kind === "each" ? "map" : "task")} />
      </span>
      <span class="stx-name">{node.label}</span>
      {(node.kind === "map" || node.kind === "each") && <span class="stx-many">×n</span>}
    </div>
  );
}

interface InPortProps {
  node: string;
  port: Port;
  misfits: Record<string, string> | null;
  /** How far from the left of its card the edge is there. */
  left?: number;
}

function InPort({ node, port, misfits, left = 0 }: InPortProps) {
  const why = misfits?.[port.name] ?? "";
  const given = port.source ? "stx-wired" : port.text ? "stx-given" : port.required ? "stx-missing" : "";
  const told = why || `${port.name}${port.type ? `: ${port.type}` : ""}${port.text ? ` = ${port.text}` : ""}`;
  return (
    <Handle
      type="target"
      position={Position.Left}
      id={`in:${port.name}`}
      className={`stx-port-row ${given}${why ? " stx-misfit" : ""}`}
      style={left ? { left, width: `calc(100% - ${left}px)` } : undefined}
      data-testid="port"
      data-node={node}
      data-port={port.name}
      data-side="in"
      data-why={why}
      title={told}
    >
      <b />
      <span>{port.name}</span>
      <i>{!port.source && port.text ? port.text : port.type}</i>
    </Handle>
  );
}

/** The head of a card while a wire is drawn: what ends there is waited for, and no more. */
function Order({ node, misfits }: { node: string; misfits: Record<string, string> | null }) {
  const why = misfits?.[""] ?? "";
  return (
    <Handle
      type="target"
      position={Position.Left}
      id="after"
      isConnectableStart={false}
      className={`stx-order${why ? " stx-misfit" : ""}`}
      data-testid="port"
      data-node={node}
      data-port=""
      data-side="in"
      data-why={why}
      title={why || "Only wait for it"}
    />
  );
}

function Out({ node, port, type, top }: { node: string; port: string; type: string; top: number }) {
  return (
    <Handle
      type="source"
      position={Position.Right}
      id={`out:${port}`}
      className="stx-out"
      style={{ top }}
      isConnectableEnd
      data-testid="port"
      data-node={node === INPUTS ? "inputs" : node}
      data-port={port || "output"}
      data-side="out"
      title={`${port || "output"}${type ? `: ${type}` : ""}. Draw a wire from here`}
    >
      <b />
    </Handle>
  );
}

function Marks({ data }: { data: EditData }) {
  const { node, problem } = data;
  return (
    <>
      {node.foot && <div class="stx-edit-foot">{node.foot}</div>}
      {problem && (
        <span class="stx-ill" data-testid="node-problem" role="img" aria-label={problem} title={problem}>
          !
        </span>
      )}
    </>
  );
}

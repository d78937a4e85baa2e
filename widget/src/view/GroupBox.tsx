import { Handle, Position } from "@xyflow/react";
import { lookIn, stateName } from "../model/states";
import { type CardData, Dot, share, Turn } from "./Card";
import { useNode } from "./hooks";
import { Icon } from "./Icon";

/** A sub-flow or like siblings, open: a frame around them. */
export function GroupBox({ data, selected }: { data: CardData; selected?: boolean }) {
  const { live, index, turn } = data;
  useNode(live, index);
  const node = live.info(index);
  const status = live.status(index);
  if (!node) return null;
  const { look, glyph } = lookIn(status, live.standing);
  return (
    <div
      class={`stx-group stx-s-${live.run ? look : "planned"}${selected ? " stx-selected" : ""}`}
      data-testid="node"
      data-node={node.name}
      data-state={stateName(status)}
      data-done={status[3]}
      data-total={status[4]}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <div class="stx-group-name">
        <Turn name={node.label} open turn={() => turn(index)} />
        {live.run && (
          <span class="stx-glyph" aria-hidden="true">
            <Icon name={glyph} />
          </span>
        )}
        {node.label}
        {status[4] > 0 && live.run && <span class="stx-many">{share(status)}</span>}
      </div>
      <Dot status={status} />
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

import { BaseEdge, EdgeLabelRenderer, type EdgeProps } from "@xyflow/react";
import type { Label } from "../model/labels";
import { route } from "../model/route";
import { Told } from "../view/Line";
import type { Wire } from "./wires";

export type WireData = {
  wire: Wire;
  label: Label | null;
  insert: (wire: Wire, from: Element) => void;
} & Record<string, unknown>;

/** A wire, with the ⊕ that puts a node into it. */
export function WireLine({ sourceX, sourceY, targetX, targetY, data, selected }: EdgeProps) {
  const { wire, label, insert } = data as WireData;
  const from: [number, number] = [sourceX, sourceY];
  const to: [number, number] = [targetX, targetY];
  return (
    <>
      <BaseEdge path={route(from, to)} interactionWidth={16} />
      <Told label={label} look="plain" />
      <EdgeLabelRenderer>
        <button
          type="button"
          class={`stx-insert nodrag nopan${selected ? " stx-on" : ""}`}
          style={{
            transform: `translate(-50%, -50%) translate(${(sourceX + targetX) / 2}px, ${(sourceY + targetY) / 2}px)`,
          }}
          data-testid="wire-insert"
          data-wire={wire.id}
          title={`Put a node between ${wire.source} and ${wire.target}`}
          aria-label={`Put a node between ${wire.source} and ${wire.target}`}
          onClick={(event) => {
            event.stopPropagation();
            insert(wire, event.currentTarget);
          }}
        >
          +
        </button>
      </EdgeLabelRenderer>
    </>
  );
}

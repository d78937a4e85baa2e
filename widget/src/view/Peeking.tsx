import { useEffect, useReducer } from "preact/hooks";
import type { Live } from "../model/live";
import type { Picture } from "../model/messages";
import type { Peeks } from "../model/peeks";
import type { Size } from "../model/place";
import { useNode } from "./hooks";
import { Icon } from "./Icon";

/** Draws again when cards show something else. */
export function usePeeks(peeks: Peeks): void {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => peeks.watch(() => again(undefined as never)), [peeks]);
}

/** Puts the result of a node into its card, or takes it out. */
export function PeekButton({ live, peeks, node }: { live: Live; peeks: Peeks; node: number }) {
  usePeeks(peeks);
  useNode(live, node);
  const why = peeks.why(node);
  const on = peeks.isOn(node);
  const label = on ? "Hide the result in the card" : "Show the result in the card";
  return (
    <button
      type="button"
      class={`nodrag stx-button stx-icon-only${on && !why ? " stx-on" : ""}`}
      data-testid="node-peek"
      disabled={why !== ""}
      title={why ? `${label}: ${why}` : `${label} (o)`}
      aria-label="Result in the card"
      aria-pressed={on}
      onClick={(event) => {
        event.stopPropagation();
        peeks.turn(node);
      }}
    >
      <Icon name="peek" size={13} />
    </button>
  );
}

/** How large a picture is by itself. */
export async function measured({ mime, data }: Picture): Promise<Size> {
  const image = new Image();
  image.src = `data:${mime};base64,${data}`;
  await image.decode().catch(() => {});
  return { w: image.naturalWidth || 4, h: image.naturalHeight || 3 };
}

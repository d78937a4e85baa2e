import { useEffect, useState } from "preact/hooks";
import type { Sample as Told } from "../model/messages";
import { Shown } from "../view/Shown";
import type { Editing } from "./editing";
import { INPUTS, portsOf, type Wire } from "./wires";

const PAUSE = 350;

/** What a wire carries, beside the pointer that rests on it: its type, and what came along in the last run. */
export function Sample({ editing, wire, at }: { editing: Editing; wire: Wire; at: { x: number; y: number } }) {
  const [told, setTold] = useState<Told | null>(null);
  useEffect(() => {
    let over = false;
    const timer = setTimeout(() => {
      editing.calls.call({ type: "sample", source: wire.source }).then(
        (is) => !over && setTold(is),
        () => {},
      );
    }, PAUSE);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [editing, wire.id]);
  if (!told) return null;
  const { value, why } = told;
  return (
    <div
      class="stx-pop stx-sample"
      data-testid="sample"
      data-wire={wire.id}
      role="status"
      style={{ left: `${at.x}px`, top: `${at.y}px` }}
    >
      <b>{wire.source}</b> → {wire.target}
      {wire.port && `.${wire.port}`}{" "}
      <span class="stx-kind">
        {[value?.type || typeOf(editing, wire.source), value?.shape].filter(Boolean).join(" · ")}
      </span>
      {value && <Shown value={value} />}
      {why && <p class="stx-quiet">{why}</p>}
    </div>
  );
}

function typeOf({ live: { snapshot }, info }: Editing, source: string): string {
  if (source.startsWith(INPUTS))
    return portsOf(snapshot, INPUTS).find(({ name }) => INPUTS + name === source)?.type ?? "";
  return info?.gives[snapshot.nodes.findIndex(({ name }) => name === source)] ?? "";
}

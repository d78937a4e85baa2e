import { useEffect, useState } from "preact/hooks";
import type { Sample as Told } from "../model/messages";
import { asked } from "../view/asking";
import { Beside, type Rest } from "../view/Beside";
import { Shown } from "../view/Shown";
import type { Editing } from "./editing";
import { INPUTS, portsOf, type Wire } from "./wires";

const PAUSE = 350;

/** What a wire carries, beside the pointer that rests on it: its type, and what came along in the last run. */
export function Sample({ editing, wire, at }: { editing: Editing; wire: Wire; at: Rest }) {
  const [told, setTold] = useState<Told | null>(null);
  useEffect(
    () => asked(() => editing.calls.call({ type: "sample", source: wire.source }), setTold, PAUSE),
    [editing, wire.id],
  );
  if (!told) return null;
  const { value, why } = told;
  return (
    <Beside at={at} name={wire.id}>
      <b>{wire.source}</b> → {wire.target}
      {wire.port && `.${wire.port}`}{" "}
      <span class="stx-kind">{value?.shape || value?.type || typeOf(editing, wire.source)}</span>
      {value && <Shown value={value} />}
      {why && <p class="stx-quiet">{why}</p>}
    </Beside>
  );
}

function typeOf({ live: { snapshot }, info }: Editing, source: string): string {
  if (source.startsWith(INPUTS))
    return portsOf(snapshot, INPUTS).find(({ name }) => INPUTS + name === source)?.type ?? "";
  return info?.gives[snapshot.nodes.findIndex(({ name }) => name === source)] ?? "";
}

import { useEffect, useState } from "preact/hooks";
import { takes } from "../model/along";
import type { Live } from "../model/live";
import type { Given, Inspection } from "../model/messages";
import type { Line } from "../model/scene";
import type { Calls } from "../transport";
import { asked } from "./asking";
import { Beside, type Rest } from "./Beside";
import { Shown } from "./Shown";

const PAUSE = 250;
/** What an edge says that carries no value. */
const WITHOUT: Record<string, string> = {
  order: "One after the other; nothing is passed on.",
  ends: "A step that ends it.",
};

/** What goes along an edge, beside the pointer that rests on it: arguments with their values, a condition, a failure, or the order alone. */
export function Along({ live, calls, line, at }: { live: Live; calls: Calls; line: Line; at: Rest }) {
  const [source, target] = [live.info(line.from), live.info(line.to)];
  const [seen, setSeen] = useState<Inspection | null>(null);
  const [rests, setRests] = useState(false);
  const node = live.snapshot.nodes[line.to] && line.count === 1 ? live.snapshot.nodes[line.to]?.name : undefined;
  useEffect(() => {
    const timer = setTimeout(() => setRests(true), PAUSE);
    const end = node && asked(() => calls.call({ type: "inspect", node, item: null }), setSeen, PAUSE);
    return () => {
      clearTimeout(timer);
      if (end) end();
    };
  }, [live, calls, node]);
  if (!rests || !source || !target) return null;
  const names = line.count === 1 ? takes(target, source) : [];
  const rows = (seen?.inputs ?? []).filter(([name]) => names.includes(name));
  return (
    <Beside at={at} name={`${source.name} ${target.name}`}>
      <b>{source.label}</b> → {target.label} {line.count > 1 && <span class="stx-kind">{line.count} edges</span>}
      {rows.map((row) => (
        <Taken key={row[0]} row={row} gives={source.gives} />
      ))}
      {rows.length === 0 && names.length > 0 && <p class="stx-quiet">{[names.join(", "), source.gives].join(" ")}</p>}
      {line.condition && <p class="stx-quiet">It runs if this is {line.condition}</p>}
      {line.kind === "catch" && <p class="stx-quiet">{live.texts(line.from).error || "Its failure."}</p>}
      {line.kind in WITHOUT && <p class="stx-quiet">{WITHOUT[line.kind]}</p>}
    </Beside>
  );
}

/** An argument, with its value once that is known. */
function Taken({ row: [name, value], gives }: { row: Given; gives: string }) {
  const isKnown = value.preview !== null || !value.text.includes("${{");
  return (
    <div>
      {name} <span class="stx-kind">{value.shape || value.type || gives}</span>
      {isKnown && <Shown value={value} />}
    </div>
  );
}

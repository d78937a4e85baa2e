import { useEffect, useState } from "preact/hooks";
import type { Chosen } from "../model/chosen";
import type { Live } from "../model/live";
import type { Inspection } from "../model/messages";
import type { Calls } from "../transport";
import { askedAgain } from "./asking";

/** What Python knows of the node, or of its item, that is chosen; asked again a little after each change. */
export function useInspection(live: Live, calls: Calls, chosen: Chosen | null): Inspection | null {
  const [seen, setSeen] = useState<(Chosen & { told: Inspection }) | null>(null);
  const [node, item] = [chosen?.node ?? -1, chosen?.item ?? null];
  useEffect(() => {
    const name = live.snapshot.nodes[node]?.name;
    if (name === undefined) return;
    const ask = () => calls.call({ type: "inspect", node: name, item });
    return askedAgain(live, node, ask, (told) => setSeen({ node, item, told }));
  }, [live, calls, node, item]);
  return seen?.node === node && seen.item === item ? seen.told : null; // never what was told of another one
}

import { useEffect, useState } from "preact/hooks";
import type { Chosen } from "../model/chosen";
import type { Live } from "../model/live";
import type { Inspection } from "../model/messages";
import type { Calls } from "../transport";

/** What Python knows of the node, or of its item, that is chosen; asked again a little after each change. */
export function useInspection(live: Live, calls: Calls, chosen: Chosen | null): Inspection | null {
  const [seen, setSeen] = useState<(Chosen & { told: Inspection }) | null>(null);
  const [node, item] = [chosen?.node ?? -1, chosen?.item ?? null];
  useEffect(() => {
    const name = live.snapshot.nodes[node]?.name;
    if (name === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const ask = () => {
      timer = undefined;
      calls.call({ type: "inspect", node: name, item }).then(
        (told) => !over && setSeen({ node, item, told }),
        () => {},
      );
    };
    ask();
    const stop = live.onNode(node, () => {
      timer ??= setTimeout(ask, 300);
    });
    return () => {
      over = true;
      clearTimeout(timer);
      stop();
    };
  }, [live, calls, node, item]);
  return seen?.node === node && seen.item === item ? seen.told : null; // never what was told of another one
}

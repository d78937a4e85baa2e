import { type Chosen, trail } from "../model/chosen";
import type { NodeInfo } from "../model/messages";

/** Where what is chosen lies; each part leads there. */
export function Trail({ nodes, chosen, go }: { nodes: readonly NodeInfo[]; chosen: Chosen; go: (to: Chosen) => void }) {
  const crumbs = trail(nodes, chosen);
  return (
    <nav class="stx-trail" aria-label="Where it lies" data-testid="trail">
      {crumbs.map(({ label, to }, at) =>
        at === crumbs.length - 1 ? (
          <b key={at} aria-current="true">
            {label}
          </b>
        ) : (
          <button type="button" key={at} class="stx-link" data-testid="crumb" onClick={() => go(to)}>
            {label}
          </button>
        ),
      )}
    </nav>
  );
}

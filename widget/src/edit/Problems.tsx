import type { Live } from "../model/live";
import { Icon } from "../view/Icon";

/** What is wrong with the flow, above the canvas, so that nothing moves when it comes and goes. */
export function Problems({ live, select }: { live: Live; select: (nodes: string[]) => void }) {
  const { problems } = live.snapshot.flow;
  if (problems.length === 0) return null;
  return (
    <details class="stx-edit-problems nowheel" data-testid="problems">
      <summary>
        <Icon name="failed" size={11} /> {problems.length} {problems.length === 1 ? "problem" : "problems"}
      </summary>
      <ul>
        {problems.map((problem) => (
          <li key={`${problem.node} ${problem.code} ${problem.message}`}>
            {problem.node ? (
              <button
                type="button"
                class="stx-link"
                data-testid="problem-node"
                title="Show its form"
                onClick={() => select([problem.node])}
              >
                {problem.node}
              </button>
            ) : (
              <b>flow</b>
            )}{" "}
            {problem.message} <i>{problem.hint}</i> <code>{problem.code}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

import type { Live } from "../model/live";
import type { Problem } from "../model/messages";
import { Icon } from "../view/Icon";

/** What is wrong with the flow, above the canvas, so that nothing moves when it comes and goes. */
export function Problems({ live, select }: { live: Live; select: (nodes: string[]) => void }) {
  const { problems } = live.snapshot.flow;
  if (problems.length === 0) return null;
  return (
    <details class="stx-edit-problems nowheel" data-testid="problems">
      <summary>
        <Icon name="failed" size={11} /> {counted(problems)}
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
            {problem.message} <i>{problem.hint}</i>{" "}
            <code>{problem.warning ? `${problem.code}, a warning` : problem.code}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

function counted(problems: readonly Problem[]): string {
  const warnings = problems.filter(({ warning }) => warning).length;
  const many = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;
  const told = [
    problems.length - warnings && many(problems.length - warnings, "problem"),
    warnings && many(warnings, "warning"),
  ];
  return told.filter(Boolean).join(", ");
}

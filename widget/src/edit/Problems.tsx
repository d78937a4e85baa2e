import type { Mend, Problem } from "../model/messages";
import type { Edit, Editing } from "./editing";

/** What is wrong with the flow, above the canvas, so that nothing moves when it comes and goes. */
export function Problems({ editing, show }: { editing: Editing; show: (node: string, field: string) => void }) {
  const { problems } = editing.live.snapshot.flow;
  if (problems.length === 0) return null;
  return (
    <details class="stx-edit-problems nowheel" data-testid="problems">
      <summary>{counted(problems)}</summary>
      <ul>
        {problems.map((problem, at) => {
          const mend = editing.info?.mends[at];
          return (
            <li key={`${problem.node} ${problem.code} ${problem.message}`}>
              <button
                type="button"
                class="stx-link"
                data-testid="problem-node"
                title="Show its form"
                onClick={() => show(mend?.node ?? "", mend?.field ?? "")}
              >
                {mend?.node || "flow"}
              </button>
              : {problem.message}
              <div class="stx-quiet">
                {problem.hint} <code>{problem.warning ? `${problem.code}, a warning` : problem.code}</code>
              </div>
              {mend?.label && <MendIt {...{ editing, mend, show }} />}
            </li>
          );
        })}
      </ul>
    </details>
  );
}

/** Mends a problem as one step; where the field wants a value, it is opened. */
export function MendIt({
  editing,
  mend,
  show,
}: {
  editing: Editing;
  mend: Mend;
  show: (node: string, field: string) => void;
}) {
  const { label, edits, node, field } = mend;
  return (
    <MendButton
      label={label}
      act={() => (edits.length > 0 ? void editing.apply(edits as Edit[], label) : show(node, field))}
    />
  );
}

/** What mends a problem; the field that has the focus keeps it. */
export function MendButton({ label, act }: { label: string; act: () => void }) {
  return (
    <button
      type="button"
      class="stx-button stx-mend"
      data-testid="mend"
      onPointerDown={(event) => event.preventDefault()}
      onClick={act}
    >
      {label.charAt(0).toUpperCase() + label.slice(1)}
    </button>
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

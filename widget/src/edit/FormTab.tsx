import { useEffect, useRef, useState } from "preact/hooks";
import type { Form, FormField } from "../model/messages";
import { asked } from "../view/asking";
import type { Editing } from "./editing";
import { Field } from "./Field";
import { Inputs } from "./Inputs";
import { MendIt } from "./Problems";
import { Values } from "./Values";

interface Props {
  editing: Editing;
  nodes: string[];
  /** The field to be filled in, where that is one of this form. */
  wanted: { node: string; field: string };
  show: (node: string, field: string) => void;
}

/** The form of a node, of what several have in common, or of the flow as a whole for none. */
export function FormTab({ editing, nodes, wanted, show }: Props) {
  const form = useForm(editing, nodes);
  const node = nodes.length > 1 ? null : (nodes[0] ?? "");
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (wanted.node !== node || !wanted.field) return;
    const row = box.current?.querySelector(`[data-field="${CSS.escape(wanted.field)}"]`);
    if (!row) return;
    const fold = row.closest("details");
    if (fold) fold.open = true;
    row.querySelector<HTMLElement>(".stx-field")?.focus();
  }, [wanted, form !== null]);
  if (!form) return null;
  const inputs = form.fields.filter(({ field }) => field.startsWith("inputs."));
  const rest = form.fields.filter(({ field }) => !field.startsWith("inputs."));
  const at = (folded: boolean) =>
    rest.filter((field) => field.folded === folded).sort((a, b) => Number(b.required) - Number(a.required));
  const [open, folded] = [at(false), at(true)];
  const edits =
    ({ field }: FormField) =>
    (value: unknown) =>
      nodes.length > 0
        ? nodes.map((node) => ({ edit: "set", node, field, value }))
        : [{ edit: "set-flow", field, value }];
  const title = (field: FormField) => (node === null ? `set ${field.label} of ${nodes.length} nodes` : "");
  const mends = editing.info?.mends.filter((mend) => mend.node === node && mend.label) ?? [];
  const draw = (field: FormField) => {
    const mend = mends.find((mend) => mend.field === field.field && mend.edits.length > 0);
    return (
      <Field key={field.field} {...{ editing, field }} of={nodes.join(" ")} edits={edits(field)} title={title(field)}>
        {mend && <MendIt {...{ editing, mend, show }} />}
      </Field>
    );
  };
  return (
    <div ref={box} class="stx-form" data-testid="form" data-node={nodes.join(" ")}>
      {node === "" && <Inputs editing={editing} fields={inputs} />}
      {open.map(draw)}
      {node && open.length === 0 && <p class="stx-quiet">It takes no arguments that must be given.</p>}
      {node && <Values editing={editing} node={node} />}
      {folded.length > 0 && (
        <details>
          <summary>{node !== "" ? "More: arguments that may be left out, options" : "Options"}</summary>
          {folded.map(draw)}
        </details>
      )}
    </div>
  );
}

/** Asked anew after each change of the flow; what is shown stays until the answer is there. */
function useForm(editing: Editing, nodes: string[]): Form | null {
  const of = nodes.join(" ");
  const [form, setForm] = useState<Form | null>(null);
  const { live, calls } = editing;
  useEffect(() => asked(() => calls.call({ type: "form", nodes }), setForm), [calls, of, live.version]);
  return form?.nodes.join(" ") === of ? form : null;
}

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { FormField } from "../model/messages";
import { Turn } from "../view/Card";
import type { Editing } from "./editing";
import { Field } from "./Field";

/** The inputs of the flow: add, change, rename, remove. */
export function Inputs({ editing, fields }: { editing: Editing; fields: FormField[] }) {
  const [name, setName] = useState("");
  const [added, setAdded] = useState("");
  const add = () => {
    const fresh = name.trim();
    if (!fresh) return;
    void editing
      .apply([{ edit: "set-flow", field: `inputs.${fresh}`, value: { type: "any" } }], `add input ${fresh}`)
      .then((done) => {
        if (!done) return;
        setName("");
        setAdded(fresh);
      });
  };
  return (
    <div class="stx-inputs-form">
      <b>Inputs</b>
      {fields.map((field) => (
        <Input key={field.field} editing={editing} field={field} isNew={field.label === added} />
      ))}
      <div class="stx-add-input">
        <input
          class="stx-field"
          data-testid="input-add"
          placeholder="name of a new input"
          aria-label="Name of a new input"
          value={name}
          spellcheck={false}
          onInput={(event) => setName(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.isComposing) return;
            event.preventDefault();
            add();
          }}
        />
        <button type="button" class="stx-button" disabled={!name.trim()} onClick={add}>
          Add
        </button>
      </div>
    </div>
  );
}

const SAID = ["type", "default", "description"] as const;
const KINDS = { type: "type", default: "value", description: "text" } as const;

/** An input as its name, its type and its default; all else that is said of it stays. One that is new is asked for its type. */
function Input({ editing, field, isNew }: { editing: Editing; field: FormField; isNew: boolean }) {
  const name = field.label;
  const [typed, setTyped] = useState(name);
  const [open, setOpen] = useState(isNew);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (isNew) setOpen(true); // it may be there before it is told that it is the new one
  }, [isNew]);
  useLayoutEffect(() => {
    if (isNew && open) box.current?.querySelector<HTMLElement>(".stx-form-row .stx-field")?.focus();
  }, [isNew, open]);
  const data = (
    typeof field.value === "object" && field.value !== null ? field.value : { type: field.value }
  ) as Record<string, unknown>;
  const rename = () => {
    const to = typed.trim();
    if (to === name || !to) return setTyped(name);
    void editing.apply([{ edit: "rename-input", input: name, to }]).then((done) => done === null && setTyped(name));
  };
  const say = (part: string) => (value: unknown) => {
    const { [part]: _, ...rest } = data;
    const is = value === null ? rest : { ...rest, [part]: value };
    const said = part === "type" && value === null ? { ...rest, type: "any" } : is;
    return [{ edit: "set-flow", field: field.field, value: said }];
  };
  return (
    <div ref={box} class="stx-input" data-testid="flow-input" data-name={name}>
      <div class="stx-input-name">
        <Turn name={`input ${name}`} open={open} turn={() => setOpen(!open)} />
        <input
          class="stx-field"
          data-testid="input-name"
          aria-label={`Name of input ${name}`}
          value={typed}
          spellcheck={false}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onBlur={rename}
          onKeyDown={(event) => {
            if (event.key === "Escape") setTyped(name);
            if (event.key !== "Enter" || event.isComposing) return;
            event.preventDefault();
            rename();
          }}
        />
        <span class="stx-kind">{field.type}</span>
        <button
          type="button"
          class="stx-close"
          aria-label={`Remove input ${name}`}
          title={`Remove input ${name}`}
          onClick={() =>
            void editing.apply([{ edit: "set-flow", field: field.field, value: null }], `remove input ${name}`)
          }
        >
          ×
        </button>
      </div>
      {field.problem && <p class="stx-wrong">{field.problem}</p>}
      {open &&
        SAID.map((part) => (
          <Field
            key={part}
            editing={editing}
            of=""
            field={{
              ...field,
              field: `${field.field}.${part}`,
              label: part,
              kind: KINDS[part],
              type: part === "default" ? field.type : "",
              about: part === "default" ? "Without one it must be given." : "",
              value: data[part] ?? null,
              usual: part === "type" ? "any" : "",
              line: "",
              problem: "",
            }}
            edits={say(part)}
          />
        ))}
    </div>
  );
}

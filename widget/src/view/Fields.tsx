import { fieldWrong, isEmptied, type Said } from "../model/form";
import type { AskedField } from "../model/messages";
import type { Calls } from "../transport";
import { useUnique } from "./ids";
import { PathField } from "./PathField";

interface Props {
  fields: AskedField[];
  said: Said;
  say: (name: string, value: string | boolean) => void;
  send: (event: Event) => void;
  /** What its test ids begin with. */
  of: string;
  /** Whether what is missing is told, too: not before somebody has tried. */
  tried: boolean;
  /** Who is asked to complete a path. */
  calls: Calls;
}

/** The fields of a form, each with its type, what it is for, and what is wrong with it. */
export function Fields({ fields, said, say, send, of, tried, calls }: Props) {
  return (
    <>
      {fields.map((field) => (
        <Row key={field.name} field={field} value={said[field.name]} {...{ say, send, of, tried, calls }} />
      ))}
    </>
  );
}

interface RowProps extends Pick<Props, "say" | "send" | "of" | "tried" | "calls"> {
  field: AskedField;
  value: string | boolean | undefined;
}

function Row({ field, value, say, send, of, tried, calls }: RowProps) {
  const id = useUnique();
  const wrong = fieldWrong(field, value);
  const told = wrong !== null && (tried || (value ?? "") !== "") ? wrong : null;
  return (
    <div class="stx-form-row" data-name={field.name}>
      <label for={id}>
        {field.label}
        {field.required && <span aria-hidden="true"> *</span>}
        <span class="stx-kind">{field.type}</span>
      </label>
      <Control
        field={field}
        id={id}
        testid={`${of}-${field.name}`}
        wrong={told !== null}
        {...{ value, say, send, calls }}
      />
      {field.kept && !value ? (
        <small title={field.kept}>as it was: {field.kept}</small>
      ) : (
        <small>
          {!field.required && isEmptied(field, value) && "Left empty, it takes its default, not what it was. "}
          {field.hint}
        </small>
      )}
      {told !== null && <p class="stx-wrong">{told}</p>}
    </div>
  );
}

interface ControlProps extends Pick<RowProps, "field" | "value" | "say" | "send" | "calls"> {
  id: string;
  testid: string;
  wrong: boolean;
}

const TYPES: Record<string, string> = { date: "date", datetime: "datetime-local", time: "time" };

function Control({ field, id, testid, value, wrong, say, send, calls }: ControlProps) {
  const { name, widget } = field;
  const text = typeof value === "string" ? value : "";
  const common = { id, "data-testid": testid, "aria-invalid": wrong, required: field.required };
  if (widget === "switch")
    return (
      <input
        {...common}
        required={false}
        type="checkbox"
        class="stx-switch"
        checked={value === true}
        ref={(box) => {
          if (box) box.indeterminate = value === undefined; // nothing is said: its default counts
        }}
        onChange={(event) => say(name, event.currentTarget.checked)}
      />
    );
  if (widget === "choice")
    return (
      <select {...common} class="stx-field" onChange={(event) => say(name, event.currentTarget.value)}>
        <option value="">–</option>
        {field.choices.map((choice) => (
          <option key={choice} value={choice} selected={choice === text}>
            {choice}
          </option>
        ))}
      </select>
    );
  if (widget === "path" && !text.includes("\n"))
    return <PathField {...{ common, text, calls }} say={(path) => say(name, path)} send={onEnter(send)} />;
  const type = (event: Event) => say(name, (event.currentTarget as HTMLInputElement).value);
  if (widget === "slider")
    return (
      <span class="stx-slide">
        <input
          type="range"
          min={field.min ?? 0}
          max={field.max ?? 1}
          step={field.step ?? "any"}
          value={text === "" ? (field.min ?? 0) : text}
          aria-label={`${field.label}, as a slider`}
          onInput={type}
        />
        <input
          {...common}
          class="stx-field"
          inputMode="decimal"
          placeholder="–"
          value={text}
          onInput={type}
          onKeyDown={onEnter(send)}
        />
      </span>
    );
  if (widget === "json" || text.includes("\n"))
    return (
      <textarea
        {...common}
        class="stx-field"
        rows={Math.min(Math.max(text.split("\n").length, 1), 6)}
        placeholder={widget === "json" ? "JSON" : ""}
        spellcheck={false}
        value={text}
        onInput={type}
      />
    );
  return (
    <input
      {...common}
      class="stx-field"
      type={TYPES[widget] ?? "text"}
      step={widget === "datetime" || widget === "time" ? 1 : undefined}
      inputMode={widget === "number" ? "decimal" : undefined}
      spellcheck={false}
      value={text}
      onInput={type}
      onKeyDown={onEnter(send)}
    />
  );
}

/** JupyterLab takes Enter away from forms. */
function onEnter(send: (event: Event) => void) {
  return (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.isComposing) send(event);
  };
}

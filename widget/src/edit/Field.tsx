import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Computed, FormField } from "../model/messages";
import { asked } from "../view/asking";
import { useUnique } from "../view/ids";
import type { Edit, Editing } from "./editing";
import { isExpression, parsed, shownAs } from "./fields";
import { useNames } from "./Names";
import { droppable } from "./Values";

const MIXED = "not the same in all";

interface Props {
  editing: Editing;
  /** What it is a field of. */
  of: string;
  field: FormField;
  /** The edits that say a value of it, and what their step is called. */
  edits: (value: unknown) => Edit[];
  title?: string;
  /** What stands below it. */
  children?: ComponentChildren;
}

/** One field. What is typed is said when it is left, or by Enter: one step; Escape gives up. What is refused stays, with the reason. */
export function Field({ editing, of, field, edits, title, children }: Props) {
  const isArgument = field.field.startsWith("with.") || field.field.startsWith("over.");
  const id = useUnique();
  const draftOf = `${of}/${field.field}`;
  const there = shownAs(field.kind, field.value);
  const draft = editing.drafts.get(draftOf);
  const [text, setText] = useState(draft?.text ?? there);
  const [why, setWhy] = useState(draft?.why ?? "");
  const [raw, setRaw] = useState(false);
  const known = useRef(there);
  const now = useRef(text);
  now.current = text;
  useEffect(() => {
    if (known.current === there) return;
    if (now.current === known.current) setText(there); // what is being typed stays when the value changes meanwhile
    known.current = there;
  }, [there]);
  const told = parsed(field, text);
  const wrong = text !== there && "wrong" in told ? told.wrong : why;
  const send = (text: string) => {
    const said = parsed(field, text);
    if (text === known.current) {
      editing.drafts.delete(draftOf);
      return setWhy("");
    }
    if ("wrong" in said) return keep(text, said.wrong);
    known.current = text;
    if ("value" in said) return tell(text, said.value);
    editing.calls.call({ type: "value", text: said.yaml }).then(
      (value) => tell(text, value),
      (error: Error) => keep(text, error.message),
    );
  };
  const tell = (text: string, value: unknown) =>
    void editing
      .apply(edits(value), title, {}, (reason) => keep(text, reason))
      .then((done) => {
        if (done === null) return;
        editing.drafts.delete(draftOf);
        setWhy("");
      });
  const keep = (text: string, why: string) => {
    editing.drafts.set(draftOf, { text, why });
    known.current = there;
    setWhy(why);
  };
  // a field that goes while it has the focus is not blurred: what was typed is said all the same
  const leave = useRef(() => {});
  leave.current = () => now.current !== known.current && send(now.current);
  useEffect(() => () => leave.current(), []);
  // a name stands for the whole of a value; in an expression it is one of its words, put where the caret is
  const take = (says: string, box: HTMLInputElement) => {
    if (field.kind === "expression") {
      const at = box.selectionStart ?? box.value.length;
      box.setRangeText(says, at, box.selectionEnd ?? at, "end");
      setText(box.value);
      setWhy("");
      return box.focus();
    }
    const whole = `\${{ ${says} }}`;
    setText(whole);
    now.current = whole;
    send(whole);
  };
  const names = useNames(
    editing,
    of.split(" ")[0] ?? "",
    field.kind === "expression" || field.kind === "type" ? field.kind : "value",
  );
  const common = {
    ...droppable(take),
    id,
    class: "stx-field",
    "data-testid": "form-field",
    "data-field": field.field,
    "aria-invalid": wrong !== "" || field.problem !== "",
    "aria-describedby": `${id}-told`,
    value: text,
    placeholder: field.mixed
      ? MIXED
      : field.usual
        ? `${isArgument ? "holds" : "usually"} ${field.usual}`
        : field.required && !text
          ? "must be given"
          : "",
    spellcheck: false,
    onBlur: () => {
      names.close();
      send(now.current);
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (names.key(event)) return;
      if (event.key === "Escape") {
        setText(there);
        now.current = there;
        editing.drafts.delete(draftOf);
        setWhy("");
        event.stopPropagation();
      }
      const isLong = (event.target as Element).tagName === "TEXTAREA";
      if (event.key !== "Enter" || event.isComposing || (isLong && !(event.ctrlKey || event.metaKey))) return;
      event.preventDefault();
      send(now.current);
    },
    onFocus: (event: Event) => field.kind === "type" && names.ask(event.currentTarget as HTMLInputElement),
    onInput: (event: Event) => {
      setText((event.currentTarget as HTMLInputElement).value);
      setWhy("");
      if (completed) names.ask(event.currentTarget as HTMLInputElement);
    },
  };
  const completed = field.kind === "expression" || field.kind === "type" || isArgument || field.field === "output";
  const choices = field.kind === "switch" ? ["true", "false"] : field.choices;
  const chooses = !raw && !isExpression(text) && (field.kind === "switch" || field.kind === "choice");
  const isLong = field.kind === "mapping" || text.includes("\n") || text.length > 44;
  return (
    <div class={`stx-form-row${field.problem || wrong ? " stx-bad" : ""}`} data-field={field.field}>
      <div class="stx-argument-name">
        <label for={id} title={field.about}>
          {field.label}
          {field.required && <em title="It must be given">*</em>}
          {field.type && <span class="stx-kind">{field.type}</span>}
        </label>
        {(field.kind === "switch" || field.kind === "choice") && (
          <button
            type="button"
            class="stx-fx"
            aria-pressed={raw}
            title="An expression, computed when it runs: ${{ … }}"
            onClick={() => setRaw(!raw)}
          >
            fx
          </button>
        )}
      </div>
      {chooses ? (
        <select
          {...common}
          onInput={undefined}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            setText(chosen);
            now.current = chosen;
            send(chosen);
          }}
        >
          <option value="">{field.mixed ? MIXED : field.usual ? `usually ${field.usual}` : "–"}</option>
          {choices.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      ) : isLong ? (
        <textarea {...common} rows={Math.min(Math.max(text.split("\n").length, Math.ceil(text.length / 42)), 9)} />
      ) : (
        <input {...common} />
      )}
      {names.list}
      <div id={`${id}-told`} class="stx-told-below">
        {wrong && (
          <p class="stx-wrong" role="alert">
            {wrong}
          </p>
        )}
        {!wrong && field.problem && <p class="stx-wrong">{field.problem}</p>}
        {!wrong && text === there && children}
        {field.mixed && (
          <button type="button" class="stx-button stx-mend" onClick={() => void editing.apply(edits(null), title)}>
            Take it away from all
          </button>
        )}
        {(field.kind === "expression" || isExpression(text)) && text.trim() && (
          <Live editing={editing} node={of} text={text} />
        )}
        {!wrong && field.line && text === there && <code class="stx-line-of">{field.line}</code>}
        {field.about && field.value === null && <small class="stx-quiet">{field.about}</small>}
      </div>
    </div>
  );
}

const PAUSE = 250;

/** What an expression gives on the values of the last run, a little after each key. */
function Live({ editing, node, text }: { editing: Editing; node: string; text: string }) {
  const [told, setTold] = useState<{ of: string; is: Computed } | null>(null);
  useEffect(() => {
    const ask = () => editing.calls.call({ type: "evaluate", node, text });
    return asked(ask, (is) => setTold({ of: text, is }), PAUSE);
  }, [editing, node, text]);
  if (told?.of !== text) return null;
  const { is } = told;
  return (
    <p class={is.why ? "stx-quiet" : "stx-computed"} data-testid="computed">
      {is.why || `= ${is.text}`}
      {!is.why && is.type && <span class="stx-kind">{is.type}</span>}
    </p>
  );
}

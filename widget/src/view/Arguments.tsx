import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { jsonWrong } from "../model/json";
import type { Argument } from "../model/messages";
import { sourceText } from "../model/source";
import type { Calls } from "../transport";
import { useUnique } from "./ids";
import { Shown } from "./Shown";

interface Props {
  calls: Calls;
  target: string;
  rows: Argument[];
  hint: string;
  /** Whether the focus is to go to the first editor; once. */
  toField: { current: boolean };
}

/** The arguments of what has not started, each with an editor. */
export function Arguments({ calls, target, rows, hint, toField }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const first = toField.current && box.current?.querySelector("textarea");
    if (!first) return;
    toField.current = false;
    first.focus({ preventScroll: true });
    first.closest(".stx-argument")?.scrollIntoView({ block: "nearest" });
  });
  return (
    <div class="stx-arguments" ref={box}>
      {hint && <p class="stx-quiet">{hint}</p>}
      {rows.map((row) => (
        <Field key={row.name} calls={calls} target={target} row={row} />
      ))}
    </div>
  );
}

function Field({ calls, target, row }: { calls: Calls; target: string; row: Argument }) {
  const id = useUnique();
  const [text, setText] = useState(row.edit ?? "");
  const [told, setTold] = useState<{ wrong: boolean; text: string } | null>(null);
  // What is being typed stays when the value changes meanwhile; what was saved gives way to what Python made of it.
  const settled = useRef(row.edit ?? "");
  useEffect(() => {
    const was = settled.current;
    settled.current = row.edit ?? "";
    setText((typed) => (typed === was ? settled.current : typed));
  }, [row.edit]);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (told?.wrong) box.current?.scrollIntoView({ block: "nearest" });
  }, [told]);
  const changed = text !== (row.edit ?? "");
  const save = () => {
    const json = row.as === "text" ? JSON.stringify(text) : text;
    const wrong = jsonWrong(json, row.type);
    if (wrong !== null) return setTold({ wrong: true, text: wrong });
    calls.call({ type: "request", verb: "set", target, args: { texts: { [row.name]: json } } }).then(
      () => {
        settled.current = text;
        setTold({ wrong: false, text: "Saved." });
      },
      (error: Error) => setTold({ wrong: true, text: error.message }),
    );
  };
  return (
    <div class="stx-argument" ref={box} data-testid="input" data-name={row.name}>
      <div class="stx-argument-name">
        <label for={id}>
          {row.name}
          {row.type && <span class="stx-kind">{row.type}</span>}
        </label>
        <span class="stx-from" title={row.from}>
          {row.set ? "set by hand" : sourceText(row)}
        </span>
      </div>
      {row.edit === null ? (
        <>
          <Shown value={row} />
          <p class="stx-quiet">{row.why}</p>
        </>
      ) : (
        <div class="stx-edit">
          <textarea
            id={id}
            class="stx-field"
            data-testid="input-field"
            rows={Math.min(Math.max(text.split("\n").length, Math.ceil(text.length / 38)), 8) || 1}
            placeholder={row.as === "json" ? "JSON" : ""}
            spellcheck={false}
            value={text}
            aria-invalid={told?.wrong ?? false}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setTold(null);
            }}
            onKeyDown={(event) => {
              const send = event.key === "Enter" && (event.ctrlKey || event.metaKey || row.as === "json");
              if (!send || event.shiftKey) return;
              event.preventDefault();
              save();
            }}
          />
          <button
            type="button"
            class={`stx-button${changed ? " stx-primary" : ""}`}
            data-testid="input-save"
            disabled={!changed}
            onClick={save}
          >
            Save
          </button>
        </div>
      )}
      {told && (
        <p
          class={told.wrong ? "stx-wrong" : "stx-quiet"}
          role={told.wrong ? "alert" : "status"}
          data-testid="input-told"
        >
          {told.text}
        </p>
      )}
    </div>
  );
}

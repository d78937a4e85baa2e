import { useState } from "preact/hooks";
import type { AskedField } from "../model/messages";
import { type Answered, answered } from "../model/waits";

/** The fields that somebody is asked to fill in. What does not fit Python tells, and the form stays as it is. */
export function Answer({ fields, answer }: { fields: AskedField[]; answer: (args: Answered, from: Element) => void }) {
  const [said, setSaid] = useState<Record<string, string | boolean>>({});
  const say = (name: string, value: string | boolean) => setSaid((before) => ({ ...before, [name]: value }));
  const missing = fields.some(({ name, required, switch: on }) => required && !on && !said[name]);
  const send = (event: Event) => {
    event.preventDefault();
    if (!missing && event.currentTarget instanceof Element) answer(answered(fields, said), event.currentTarget);
  };
  return (
    <form class="stx-confirm" data-testid="answer" onSubmit={send}>
      {fields.map((field) => (
        <label key={field.name} title={field.hint} for={`answer-${field.name}`}>
          {field.label}
          <Field field={field} value={said[field.name]} say={say} send={send} />
        </label>
      ))}
      <div class="stx-choice">
        <button type="submit" class="stx-button stx-primary" data-testid="answer-send" disabled={missing}>
          Answer
        </button>
      </div>
    </form>
  );
}

interface FieldProps {
  field: AskedField;
  value: string | boolean | undefined;
  say: (name: string, value: string | boolean) => void;
  send: (event: Event) => void;
}

function Field({ field: { name, choices, hint, switch: on }, value, say, send }: FieldProps) {
  const id = `answer-${name}`;
  if (on)
    return (
      <input
        type="checkbox"
        id={id}
        data-testid={id}
        checked={value === true}
        onChange={(event) => say(name, event.currentTarget.checked)}
      />
    );
  if (choices.length > 0)
    return (
      <select class="stx-field" id={id} data-testid={id} onChange={(event) => say(name, event.currentTarget.value)}>
        <option value="">–</option>
        {choices.map((choice) => (
          <option key={choice} value={choice} selected={choice === value}>
            {choice}
          </option>
        ))}
      </select>
    );
  return (
    <input
      class="stx-field"
      id={id}
      data-testid={id}
      placeholder={hint}
      value={typeof value === "string" ? value : ""}
      // JupyterLab takes Enter away from forms
      onKeyDown={(event) => event.key === "Enter" && !event.isComposing && send(event)}
      onInput={(event) => say(name, event.currentTarget.value)}
    />
  );
}

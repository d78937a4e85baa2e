import { useState } from "preact/hooks";
import { type Answered, answered, begun, fieldWrong } from "../model/form";
import type { AskedField } from "../model/messages";
import type { Calls } from "../transport";
import { Fields } from "./Fields";

interface Props {
  fields: AskedField[];
  calls: Calls;
  answer: (args: Answered, from: Element) => void;
}

/** The fields that somebody is asked to fill in. What does not fit Python tells, and the form stays as it is. */
export function Answer({ fields, calls, answer }: Props) {
  const [said, setSaid] = useState(() => begun(fields));
  const say = (name: string, value: string | boolean) => setSaid((before) => ({ ...before, [name]: value }));
  const wrong = fields.some((field) => fieldWrong(field, said[field.name]) !== null);
  const send = (event: Event) => {
    event.preventDefault();
    if (!wrong && event.currentTarget instanceof Element) answer(answered(fields, said), event.currentTarget);
  };
  return (
    <form class="stx-confirm" data-testid="answer" noValidate onSubmit={send}>
      <Fields {...{ fields, said, say, send, calls }} of="answer" tried={false} />
      <div class="stx-choice">
        <button type="submit" class="stx-button stx-primary" data-testid="answer-send" disabled={wrong}>
          Answer
        </button>
      </div>
    </form>
  );
}

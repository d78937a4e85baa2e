import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { answered, begun, fieldWrong, remember, remembered, type Said, unsaid } from "../model/form";
import type { Live } from "../model/live";
import type { AskedField } from "../model/messages";
import type { Calls } from "../transport";
import { untilOf } from "./doing";
import { Fields } from "./Fields";

interface Props {
  live: Live;
  calls: Calls;
  /** The node that it goes until; empty where all of it is run. */
  until: string;
  close: () => void;
}

/** The inputs of a run, before it starts: those of the last time, or, of a run that is run again, its own. */
export function StartForm({ live, calls, until, close }: Props) {
  const { flow, run } = live.snapshot;
  const [fields, setFields] = useState<AskedField[] | null>(null);
  const [said, setSaid] = useState<Said>({});
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const box = useRef<HTMLFormElement>(null);
  useEffect(() => {
    calls.call({ type: "inputs" }).then(
      (told) => {
        setFields(told);
        setSaid(begun(told, run ? {} : remembered(flow.name)));
      },
      (error: Error) => setWrong(error.message),
    );
  }, [calls]);
  useLayoutEffect(() => {
    if (fields)
      box.current?.querySelector<HTMLElement>("input, select, textarea, button")?.focus({ preventScroll: true });
  }, [fields]);
  const say = (name: string, value: string | boolean) => setSaid((before) => ({ ...before, [name]: value }));
  const send = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (busy || !fields || fields.some((field) => fieldWrong(field, said[field.name]) !== null)) return;
    setBusy(true);
    const args = { ...answered(fields, said), unsaid: unsaid(fields, said), ...untilOf(until) };
    calls.call({ type: "request", verb: run ? "again" : "start", target: null, args }).then(
      () => {
        remember(flow.name, said);
        close();
      },
      (error: Error) => {
        setBusy(false);
        setWrong(error.message);
      },
    );
  };
  return (
    <form
      ref={box}
      class="stx-confirm stx-start nowheel"
      data-testid="start-form"
      aria-label={`Inputs of ${flow.name}`}
      noValidate
      onSubmit={send}
    >
      <p>
        <b>{run ? "Run again" : "Run"}</b> {flow.name}
        {until && ` until ${until}`}
      </p>
      {fields === null && !wrong && <p class="stx-quiet">…</p>}
      {fields?.length === 0 && <p class="stx-quiet">It has no inputs.</p>}
      {fields && <Fields {...{ fields, said, say, send, tried, calls }} of="start" />}
      {wrong && (
        <p class="stx-wrong" role="alert">
          {wrong}
        </p>
      )}
      <div class="stx-choice">
        <button type="submit" class="stx-button stx-primary" data-testid="start-send" disabled={busy || !fields}>
          Run
        </button>
        <button type="button" class="stx-button" data-testid="confirm-no" onClick={close}>
          Not now
        </button>
      </div>
    </form>
  );
}

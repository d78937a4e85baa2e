import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Checked, DocumentText, Problem } from "../model/messages";
import { asked } from "../view/asking";
import type { Editing } from "./editing";
import { useNames } from "./Names";
import { MendButton } from "./Problems";
import { broken, difference, nodeAt, pieces } from "./yaml";

interface Props {
  editing: Editing;
  selected: readonly string[];
  select: (nodes: string[]) => void;
}

const PAUSE = 300;
const LINE = 18;
const DRAFT = "text";
const WELL: Checked = { problems: [], mends: [] };

/** The flow as YAML. A text that can't be a flow stays here, marked, and leaves the graph alone. */
export function TextTab({ editing, selected, select }: Props) {
  const { live, calls } = editing;
  const [told, setTold] = useState<DocumentText | null>(null);
  const [typed, setTyped] = useState<string | null>(editing.drafts.get(DRAFT)?.text ?? null);
  const [{ problems, mends }, setChecked] = useState(WELL);
  const [why, setWhy] = useState(editing.drafts.get(DRAFT)?.why ?? "");
  const area = useRef<HTMLTextAreaElement>(null);
  const now = useRef<string | null>(typed);
  now.current = typed;
  const base = useRef<string | null>(null);
  useEffect(() => {
    const tell = (text: DocumentText) => {
      setTold(text);
      if (now.current === text.text) setTyped(null);
    };
    return asked(() => calls.call({ type: "text" }), tell);
  }, [calls, live.version]);
  useEffect(() => {
    if (typed === null) return setChecked(WELL);
    return asked(() => calls.call({ type: "check", text: typed }), setChecked, PAUSE);
  }, [calls, typed]);
  const text = typed ?? told?.text ?? "";
  const change = (text: string) => {
    base.current ??= told?.text ?? "";
    setTyped(text);
    setWhy("");
    editing.drafts.set(DRAFT, { text, why: "" });
  };
  const send = async () => {
    const text = now.current;
    if (text === null) return;
    if (text === told?.text) return giveUp();
    const done = await editing.apply([{ edit: "text", text }], "", {}, (why) => {
      setWhy(why);
      editing.drafts.set(DRAFT, { text, why });
    });
    if (done === null || now.current !== text) return;
    editing.drafts.delete(DRAFT);
    base.current = null;
    setWhy("");
    setTold((before) => before && { ...before, text });
    setTyped(null);
  };
  const giveUp = () => {
    editing.drafts.delete(DRAFT);
    base.current = null;
    setTyped(null);
    setWhy("");
  };
  const mend = async (at: number) => {
    const [text, box] = [now.current, area.current];
    const mended = text === null ? null : await calls.call({ type: "mend", text, at }).catch(() => null);
    if (!box || text === null || mended === null || now.current !== text) return; // it was typed on meanwhile
    box.focus();
    put(box, difference(text, mended));
    names.close();
  };
  const leave = useRef(send);
  leave.current = send;
  useEffect(() => () => void leave.current(), []);

  // The lines of what is selected come into sight; the other way round the node of the line that the caret is in is selected.
  const chosen = selected[0] ?? "";
  const lines = typed === null ? told?.lines[chosen] : undefined;
  const byCaret = useRef(false);
  useLayoutEffect(() => {
    const box = area.current;
    if (!box || !lines || byCaret.current) {
      byCaret.current = false;
      return;
    }
    const top = (lines[0] - 1) * LINE;
    if (top < box.scrollTop || top > box.scrollTop + box.clientHeight - 2 * LINE) {
      box.scrollTop = Math.max(0, top - 2 * LINE);
      setScroll({ top: box.scrollTop, left: box.scrollLeft });
    }
  }, [chosen, lines?.[0]]);
  const [scroll, setScroll] = useState({ top: 0, left: 0 });
  const follow = () => {
    const box = area.current;
    if (!box || !told || typed !== null) return;
    const line = box.value.slice(0, box.selectionStart).split("\n").length;
    const node = nodeAt(told.lines, line);
    if (!node || node === chosen) return;
    byCaret.current = true;
    select([node]);
  };
  const names = useNames(editing, chosen, "value");
  const caret = area.current?.value.slice(0, area.current.selectionStart).split("\n").length ?? 0;
  const onKey = (event: KeyboardEvent) => {
    if (names.key(event)) return;
    const box = event.currentTarget as HTMLTextAreaElement;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      return void send();
    }
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const typed = { Enter: broken(box.value.slice(0, box.selectionStart)), Tab: "  " }[event.key];
    if (typed === undefined || (event.key === "Tab" && event.shiftKey)) return;
    event.preventDefault();
    event.stopPropagation();
    put(box, { from: box.selectionStart, to: box.selectionEnd, text: typed });
  };
  const changedElsewhere = typed !== null && base.current !== null && told !== null && told.text !== base.current;
  const marked = new Map(problems.map((problem) => [problem.line, problem]));
  return (
    <div class="stx-text-tab">
      {told?.why && <p class="stx-wrong">{told.why}</p>}
      <div class={`stx-yaml${why ? " stx-bad" : ""}`}>
        <div class="stx-yaml-back" aria-hidden="true">
          <div style={{ transform: `translate(${-scroll.left}px, ${-scroll.top}px)` }}>
            {text.split("\n").map((line, at) => (
              <Row
                key={at}
                line={line}
                number={at + 1}
                problem={marked.get(at + 1)}
                on={lines !== undefined && lines[0] <= at + 1 && at + 1 <= lines[1]}
              />
            ))}
          </div>
        </div>
        <textarea
          ref={area}
          data-testid="yaml-text"
          aria-label="The flow as YAML"
          aria-invalid={why !== ""}
          wrap="off"
          spellcheck={false}
          autocapitalize="off"
          value={text}
          onInput={(event) => {
            change(event.currentTarget.value);
            names.ask(event.currentTarget);
          }}
          onKeyDown={onKey}
          onKeyUp={follow}
          onClick={follow}
          onBlur={() => {
            names.close();
            void send();
          }}
          onScroll={({ currentTarget }) => setScroll({ top: currentTarget.scrollTop, left: currentTarget.scrollLeft })}
        />
        <div class="stx-names-at" style={{ top: `${caret * LINE + 8 - scroll.top}px` }}>
          {names.list}
        </div>
      </div>
      {changedElsewhere && (
        <p class="stx-quiet">
          The flow was changed elsewhere while you typed: what you apply takes its place, and can be undone.
        </p>
      )}
      {why && (
        <p class="stx-wrong" role="alert" data-testid="yaml-refused">
          {problems.length > 0 ? why.split("\n", 1)[0] : why}
        </p>
      )}
      {problems.length > 0 && (
        <ul class="stx-text-problems">
          {problems.map((problem, at) => (
            <li key={`${problem.line} ${problem.message}`}>
              {problem.line > 0 && <b>line {problem.line}</b>} {problem.message} <i>{problem.hint}</i>
              {mends[at] && <MendButton label={mends[at]} act={() => void mend(at)} />}
            </li>
          ))}
        </ul>
      )}
      {typed !== null && (
        <div class="stx-choice">
          <button type="button" class="stx-button stx-primary" data-testid="yaml-apply" onClick={() => void send()}>
            Apply (Ctrl+Enter)
          </button>
          <button
            type="button"
            class="stx-button"
            data-testid="yaml-drop"
            onPointerDown={(event) => event.preventDefault()}
            onClick={giveUp}
          >
            Give up
          </button>
        </div>
      )}
    </div>
  );
}

/** As if it were typed: the text's own undo knows of it. */
function put(box: HTMLTextAreaElement, { from, to, text }: { from: number; to: number; text: string }): void {
  box.setSelectionRange(from, to);
  document.execCommand(text ? "insertText" : "delete", false, text);
}

function Row({
  line,
  number,
  problem,
  on,
}: {
  line: string;
  number: number;
  problem: Problem | undefined;
  on: boolean;
}) {
  return (
    <div class={`${on ? "stx-on" : ""}${problem ? " stx-bad" : ""}`} data-line={number}>
      {pieces(line).map(([kind, text], at) =>
        kind ? (
          <span key={at} class={`stx-y-${kind}`}>
            {text}
          </span>
        ) : (
          text
        ),
      )}
      {"\n"}
    </div>
  );
}

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Action, actionsOf, descendants, type Target } from "../model/actions";
import { jsonWrong } from "../model/json";
import type { Live } from "../model/live";
import { isOver } from "../model/states";
import type { Calls } from "../transport";
import type { Ask, Doing } from "./doing";
import { useAway, useStanding } from "./hooks";
import { Icon } from "./Icon";
import { StartForm } from "./StartForm";

export interface Pop {
  target: Target;
  /** Pixels from the view's left and top. */
  x: number;
  y: number;
  shows: "menu" | "rollback" | "skip" | "send" | "reject" | "start" | "redo";
  again?: Again | undefined;
}

/** What was refused, for it is asked with `redo`, and what that rolls back. */
export interface Again {
  verb: string;
  target: string | null;
  args: Record<string, unknown>;
  rolls: string;
}

interface Props {
  live: Live;
  calls: Calls;
  pop: Pop;
  doing: Doing;
  ask: Ask;
  close: () => void;
}

/** The menu of a node, and what an action asks before it is done; kept within the view. */
export function Popover({ live, calls, pop, doing, ask, close }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left: pop.x, top: pop.y });
  useLayoutEffect(() => {
    const element = box.current;
    const room = element?.offsetParent;
    if (!element || !room) return;
    const keepIn = () =>
      setPlace({
        left: Math.max(6, Math.min(pop.x, room.clientWidth - element.offsetWidth - 6)),
        top: Math.max(6, Math.min(pop.y, room.clientHeight - element.offsetHeight - 6)),
      });
    const grown = new ResizeObserver(keepIn);
    grown.observe(element);
    keepIn();
    const first = "input:not(:disabled), .stx-primary:not(:disabled), button:not(:disabled)";
    element.querySelector<HTMLElement>(first)?.focus({ preventScroll: true });
    return () => grown.disconnect();
  }, [pop]);
  useAway(box, () => pop.shows !== "start" && close()); // what was filled in is not lost by a click beside it
  const { name, node, own } = pop.target;
  const signal = (own ? own.signal : live.texts(node).signal) ?? "";
  return (
    <div ref={box} class="stx-pop nowheel" style={{ left: `${place.left}px`, top: `${place.top}px` }}>
      {pop.shows === "start" && <StartForm live={live} calls={calls} until={name} close={close} />}
      {pop.shows === "menu" && <Menu {...{ doing, close }} target={pop.target} />}
      {pop.shows === "rollback" && (
        <Rollback live={live} target={pop.target} close={close} yes={() => ask("rollback", null, { to: name })} />
      )}
      {pop.shows === "redo" && pop.again && <Redo name={name} again={pop.again} close={close} ask={ask} />}
      {pop.shows === "skip" && (
        <Give
          title={`Skip ${name} with a value`}
          hint="JSON; empty: no result"
          verb="Skip"
          no="Keep"
          id="skip-value"
          close={close}
          give={(text) => ask("skip", name, text.trim() ? { text } : {})}
        >
          <b>Skip {name}</b>, with this value as its result:
        </Give>
      )}
      {pop.shows === "send" && (
        <Give
          title={`Send a value to ${signal}`}
          hint="JSON; empty: null"
          verb="Send"
          no="Not now"
          id="send-value"
          close={close}
          give={(text) => ask("send", null, { name: signal, text: text.trim() })}
        >
          <b>Send {signal}</b> to all that wait for it, with this value:
        </Give>
      )}
      {pop.shows === "reject" && (
        <Give
          title={`Reject ${name}`}
          hint="Why, in your words; may be empty"
          verb="Reject"
          no="Not now"
          id="reject-note"
          plain
          close={close}
          give={(text) => ask("reject", name, { note: text.trim() })}
        >
          <b>Reject {name}</b>: it fails then, and what needs it does not run.
        </Give>
      )}
    </div>
  );
}

interface MenuProps {
  target: Target;
  doing: Doing;
  close: () => void;
}

function Menu({ target, doing, close }: MenuProps) {
  const { status, can } = useStanding(doing.abilities, target);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || !(event.currentTarget instanceof Element)) return;
    const entries = [...event.currentTarget.querySelectorAll<HTMLElement>("button:not(:disabled)")];
    const at = entries.indexOf(document.activeElement as HTMLElement);
    entries[(at + step + entries.length) % entries.length]?.focus();
    event.preventDefault();
  };
  const entry = (action: Action) => {
    const why = can[action.verb] ?? "not possible now";
    return (
      <button
        type="button"
        role="menuitem"
        key={action.id}
        data-testid={action.id}
        disabled={why !== true}
        onClick={(event) => doing.act(action, target, event.currentTarget)}
      >
        <Icon name={action.glyph} size={13} />
        <span>
          {action.label}
          {why !== true && <small>{why}</small>}
        </span>
        <kbd>{action.key.toUpperCase()}</kbd>
      </button>
    );
  };
  return (
    <div class="stx-menu" role="menu" aria-label={`Actions on ${target.name}`} onKeyDown={move}>
      <b>{target.name}</b>
      {actionsOf(status, target.item !== null, can).map(entry)}
      {target.item === null && <PeekEntry {...{ target, doing, close }} />}
    </div>
  );
}

/** Of the view alone: nothing is asked of the run. */
function PeekEntry({ target, doing: { peeks }, close }: MenuProps) {
  const why = peeks.why(target.node);
  return (
    <button
      type="button"
      role="menuitem"
      data-testid="node-peek"
      disabled={why !== ""}
      onClick={() => {
        peeks.turn(target.node);
        close();
      }}
    >
      <Icon name="peek" size={13} />
      <span>
        {peeks.isOn(target.node) && !why ? "Hide the result in the card" : "Show the result in the card"}
        {why && <small>{why}</small>}
      </span>
      <kbd>O</kbd>
    </button>
  );
}

/** A rollback discards results, so it is asked for twice. */
function Rollback({ live, target, close, yes }: { live: Live; target: Target; close: () => void; yes: () => void }) {
  const below = [...descendants(live.snapshot, target.node)];
  const done = below.filter((node) => isOver(live.status(node)) || live.status(node)[2] > 0).length;
  const results = done === 1 ? "the result of 1 node" : `the results of ${done} nodes`;
  const isRound = target.item !== null && live.snapshot.nodes[target.node]?.kind === "loop";
  return (
    <div class="stx-confirm" role="alertdialog" aria-label={`Roll back to ${target.name}`}>
      <p>
        <b>Roll back to after {target.name}?</b>
      </p>
      <p>
        {done === 0 ? "Nothing has run after it." : `This sets back ${results} after it.`}
        {isRound && " The rounds after it are taken out."} The run is then paused; its history is kept.
      </p>
      <Choice close={close} yes={yes} label="Roll back" />
    </div>
  );
}

/** What was made from something goes with it, so it is asked for twice. */
function Redo({ name, again, close, ask }: { name: string; again: Again; close: () => void; ask: Ask }) {
  const verb = `${again.verb.charAt(0).toUpperCase()}${again.verb.slice(1)}`;
  return (
    <div class="stx-confirm" role="alertdialog" aria-label={`${verb} ${name}`}>
      <p>
        <b>
          {verb} {name}?
        </b>
      </p>
      <p>{again.rolls}</p>
      <Choice
        close={close}
        yes={() => ask(again.verb, again.target, again.args)}
        label={`Roll back and ${again.verb}`}
      />
    </div>
  );
}

interface GiveProps {
  title: string;
  hint: string;
  verb: string;
  no: string;
  id: string;
  /** Words, and no JSON. */
  plain?: true;
  close: () => void;
  give: (text: string) => void;
  children: ComponentChildren;
}

/** Asks for a value, as JSON, or for words. */
function Give({ title, hint, verb, no, id, plain, close, give, children }: GiveProps) {
  const [text, setText] = useState("");
  const wrong = plain || text.trim() === "" ? null : jsonWrong(text);
  const send = (event: Event) => {
    event.preventDefault();
    if (wrong !== null) return;
    give(text);
    close();
  };
  return (
    <form class="stx-confirm" aria-label={title} onSubmit={send}>
      <label>
        {children}
        <input
          class="stx-field"
          data-testid={id}
          placeholder={hint}
          value={text}
          aria-invalid={wrong !== null}
          // JupyterLab takes Enter away from forms
          onKeyDown={(event) => event.key === "Enter" && !event.isComposing && send(event)}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {wrong !== null && <p class="stx-wrong">{wrong}</p>}
      <div class="stx-choice">
        <button type="submit" class="stx-button stx-primary" data-testid="confirm-yes" disabled={wrong !== null}>
          {verb}
        </button>
        <button type="button" class="stx-button" data-testid="confirm-no" onClick={close}>
          {no}
        </button>
      </div>
    </form>
  );
}

function Choice({ label, yes, close }: { label: string; yes: () => void; close: () => void }) {
  return (
    <div class="stx-choice">
      <button
        type="button"
        class="stx-button stx-primary"
        data-testid="confirm-yes"
        onClick={() => {
          yes();
          close();
        }}
      >
        {label}
      </button>
      <button type="button" class="stx-button" data-testid="confirm-no" onClick={close}>
        Keep
      </button>
    </div>
  );
}

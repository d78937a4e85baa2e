import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useAway } from "../view/hooks";
import { Icon } from "../view/Icon";
import { COMMANDS, type Command, type Hands, keyText } from "./commands";

interface Props {
  hands: Hands;
  at: { x: number; y: number };
  close: () => void;
}

/** All that can be done with what is selected, with its keys, and why not where it can't. */
export function EditMenu({ hands, at, close }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [spot, setSpot] = useState(at);
  useLayoutEffect(() => {
    const element = box.current;
    const room = element?.offsetParent;
    if (!element || !room) return;
    setSpot({
      x: Math.max(6, Math.min(at.x, room.clientWidth - element.offsetWidth - 6)),
      y: Math.max(6, Math.min(at.y, room.clientHeight - element.offsetHeight - 6)),
    });
    element.querySelector<HTMLElement>("button:not(:disabled)")?.focus({ preventScroll: true });
  }, [at]);
  useAway(box, close);
  const shown = COMMANDS.filter(
    ({ place }) => place === "node" || place === "menu" || (place === "many" && hands.selection.nodes.length > 1),
  );
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    const entries = [...(box.current?.querySelectorAll<HTMLElement>("button:not(:disabled)") ?? [])];
    entries[(entries.indexOf(document.activeElement as HTMLElement) + step + entries.length) % entries.length]?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  const entry = (command: Command) => {
    const why = command.why?.(hands) ?? "";
    return (
      <button
        type="button"
        role="menuitem"
        key={command.id}
        data-testid={`menu-${command.id}`}
        disabled={why !== ""}
        onClick={() => {
          close();
          void command.run(hands);
        }}
      >
        <Icon name={command.glyph} size={13} />
        <span>
          {command.label}
          {why && <small>{why}</small>}
        </span>
        {command.key ? <kbd>{keyText(command.key)}</kbd> : <span />}
      </button>
    );
  };
  const { nodes } = hands.selection;
  const name = nodes.length > 1 ? `${nodes.length} nodes` : (nodes[0] ?? "");
  return (
    <div ref={box} class="stx-pop nowheel" style={{ left: `${spot.x}px`, top: `${spot.y}px` }}>
      <div class="stx-menu" role="menu" aria-label={`Edit ${name}`} onKeyDown={move}>
        <b>{name}</b>
        {shown.map(entry)}
      </div>
    </div>
  );
}

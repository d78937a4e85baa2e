import { type Action, actionsOf, type Target } from "../model/actions";
import type { Live } from "../model/live";
import type { Can, Status } from "../model/messages";
import type { Act, Doing } from "./doing";
import { Icon } from "./Icon";
import { PeekButton } from "./Peeking";

interface Props extends Doing {
  live: Live;
  target: Target;
  can: Can;
  status: Status;
}

/** What can be done with a node or item: glyphs alone where words would cover other nodes. Of an item it says which. */
export function Actions({ live, target, can, status, act, menu, peeks }: Props) {
  const actions = actionsOf(status, target.item !== null, can);
  const draw = (action: Action) => (
    <ActionButton key={action.id} {...{ action, target, can, act }} short={!action.first} />
  );
  return (
    <div class="stx-toolbar" role="toolbar" aria-label={`Actions on ${target.name}`}>
      {target.item !== null && <b data-testid="tools-item">[{target.item}]</b>}
      <div>{actions.filter((one) => one.place === "main").map(draw)}</div>
      <div class="stx-side">
        {actions.filter((one) => one.place === "side").map(draw)}
        {target.item === null && <PeekButton live={live} peeks={peeks} node={target.node} />}
        <button
          type="button"
          class="nodrag stx-button stx-icon-only"
          data-testid="node-menu"
          title="More (right click)"
          aria-label="More"
          aria-haspopup="menu"
          onClick={(event) => {
            event.stopPropagation();
            menu(target, event.currentTarget);
          }}
        >
          <Icon name="more" size={13} />
        </button>
      </div>
    </div>
  );
}

interface ButtonProps {
  action: Action;
  target: Target;
  can: Can;
  act: Act;
  short: boolean;
}

function ActionButton({ action, target, can, act, short }: ButtonProps) {
  const why = can[action.verb] ?? "not possible now";
  const on = action.args?.on === false;
  return (
    <button
      type="button"
      data-testid={action.id}
      class={`nodrag stx-button${short ? " stx-icon-only" : ""}${on ? " stx-lit" : ""}${action.first ? " stx-primary" : ""}`}
      disabled={why !== true}
      title={why === true ? `${action.label} (${action.key})` : `${action.label}: ${why}`}
      aria-label={action.label}
      aria-pressed={action.verb === "breakpoint" ? on : undefined}
      onClick={(event) => {
        event.stopPropagation();
        act(action, target, event.currentTarget);
      }}
    >
      <Icon name={action.glyph} size={13} />
      {!short && ` ${action.label}`}
    </button>
  );
}

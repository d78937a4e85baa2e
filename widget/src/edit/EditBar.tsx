import { useEffect, useState } from "preact/hooks";
import { Icon } from "../view/Icon";
import { clip } from "./clipboard";
import { COMMANDS, type Command, type Hands, keyText } from "./commands";
import { titleOf } from "./wires";

interface Props {
  hands: Hands;
  palette: boolean;
  setPalette: (on: boolean) => void;
}

/** What can be done with the flow and with what is selected, as buttons; and where it is kept. */
export function EditBar({ hands, palette, setPalette }: Props) {
  const at = (place: Command["place"]) => COMMANDS.filter((command) => command.place === place);
  const { nodes, wires } = hands.selection;
  const [several, oneWire] = [nodes.length > 1, nodes.length === 0 && wires.length === 1];
  return (
    <div class="stx-edit-bar" role="toolbar" aria-label="Edit">
      <div>
        <button
          type="button"
          class={`stx-button stx-icon-only${palette ? " stx-on" : ""}`}
          data-testid="palette-toggle"
          aria-pressed={palette}
          aria-label="What can be placed"
          title="What can be placed"
          onClick={() => setPalette(!palette)}
        >
          <Icon name="list" size={13} />
        </button>
        {at("canvas").map((command) => (
          <CommandButton key={command.id} command={command} hands={hands} label={command.id === "add"} />
        ))}
      </div>
      <div>
        {at("history").map((command) => (
          <CommandButton key={command.id} command={command} hands={hands} />
        ))}
      </div>
      <div>
        {at("node").map((command) => (
          <CommandButton key={command.id} command={command} hands={hands} />
        ))}
        {oneWire && at("wire").map((command) => <CommandButton key={command.id} command={command} hands={hands} />)}
        {several && at("many").map((command) => <CommandButton key={command.id} command={command} hands={hands} />)}
      </div>
      <Keep hands={hands} />
    </div>
  );
}

function CommandButton({ command, hands, label = false }: { command: Command; hands: Hands; label?: boolean }) {
  const why = command.why?.(hands) ?? "";
  const isStep = command.id === "undo" || command.id === "redo";
  const name = isStep && !why ? titleOf(hands.editing.info, command.id as "undo" | "redo") : command.label;
  return (
    <button
      type="button"
      class={`stx-button${label ? "" : " stx-icon-only"}`}
      data-testid={command.id}
      aria-label={command.label}
      disabled={why !== ""}
      title={
        why && !isStep ? `${command.label}: ${why}` : why || `${name}${command.key ? ` (${keyText(command.key)})` : ""}`
      }
      onClick={() => void command.run(hands)}
    >
      <Icon name={command.glyph} size={13} />
      {label && ` ${command.label}`}
    </button>
  );
}

/** Where what was edited is kept: as Python to copy, in a file, or nowhere yet. */
function Keep({ hands }: { hands: Hands }) {
  const { editing } = hands;
  const info = editing.info;
  const [path, setPath] = useState<string | null>(null);
  const [told, setTold] = useState("");
  const now = `${info?.steps.join("\n")}\n\n${hands.selection.nodes.join("\n")}`;
  useEffect(() => setTold(""), [now]); // what was told of something else
  if (!info) return null;
  const python = async () => {
    try {
      const code = await editing.calls.call({ type: "python" });
      setTold(
        (await clip(code))
          ? "Copied: paste it into a cell"
          : "The browser lets nothing be copied here: see the tab Code",
      );
    } catch (error) {
      editing.refuse((error as Error).message);
    }
  };
  const save = async (path: string) => {
    const done = await editing.history("save", path);
    if (done === null) return;
    setPath(null);
    setTold(`Saved: ${done}`);
  };
  const count = info.steps.length;
  return (
    <div class="stx-keep">
      <span class="stx-quiet" data-testid="edit-told" role="status" title={info.steps.join("\n")}>
        {told || (count > 0 ? `${count} ${count === 1 ? "edit" : "edits"}` : info.file || "")}
      </span>
      <button
        type="button"
        class="stx-button"
        data-testid="show-python"
        title="Copy the flow as code for a cell"
        onClick={() => void python()}
      >
        Python
      </button>
      <button
        type="button"
        class="stx-button"
        data-testid="save"
        title={info.file ? `Save ${info.file}` : "Save as a YAML file"}
        onClick={() =>
          info.file ? void save("") : setPath(path === null ? `${editing.live.snapshot.flow.name}.yaml` : null)
        }
      >
        Save{info.file ? "" : "…"}
      </button>
      {count > 0 && (
        <button
          type="button"
          class="stx-button"
          data-testid="drop"
          title={`Give up ${info.steps.join(", ")}`}
          onClick={() => void editing.history("drop").then(() => setTold(""))}
        >
          Drop
        </button>
      )}
      {path !== null && (
        <form
          class="stx-pop stx-save"
          onSubmit={(event) => {
            event.preventDefault();
            void save(path);
          }}
        >
          <label>
            Save as
            <input
              class="stx-field"
              data-testid="save-path"
              value={path}
              spellcheck={false}
              ref={(element) => {
                if (element && document.activeElement !== element && !element.dataset.met) {
                  element.dataset.met = "yes";
                  element.focus();
                }
              }}
              onInput={(event) => setPath(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === "Escape") setPath(null);
                if (event.key !== "Enter" || event.isComposing) return;
                event.preventDefault();
                void save(path);
              }}
            />
          </label>
          <button type="submit" class="stx-button stx-primary" data-testid="save-yes" disabled={!path.trim()}>
            Save
          </button>
        </form>
      )}
    </div>
  );
}

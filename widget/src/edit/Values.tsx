import type { Editing } from "./editing";
import { type Value, valuesFor } from "./reach";

/** What is dragged, beside its text: an expression that is one name. */
const NAME = "application/x-stratix-name";

/** What the arguments of a node may be given, to be dragged into its fields, or into any text. */
export function Values({ editing, node }: { editing: Editing; node: string }) {
  const values = valuesFor(editing.live.snapshot, node);
  if (values.length === 0) return null;
  return (
    <details class="stx-values" data-testid="values">
      <summary>Values to drag into a field</summary>
      <ul>
        {values.map((value) => (
          <li
            key={value.says}
            draggable
            data-testid="value"
            data-name={value.says}
            title={`Drag ${value.says} into a field`}
            onDragStart={(event) => drag(event, value)}
          >
            {value.name} <i>{value.type}</i>
          </li>
        ))}
      </ul>
    </details>
  );
}

function drag({ dataTransfer }: DragEvent, { says }: Value): void {
  if (!dataTransfer) return;
  dataTransfer.effectAllowed = "copy";
  dataTransfer.setData(NAME, says);
  dataTransfer.setData("text/plain", `\${{ ${says} }}`);
}

/** Takes a name that is let go of over a field; `take` is given it. */
export function droppable(take: (says: string, box: HTMLInputElement) => void) {
  return {
    onDragOver: (event: DragEvent) => {
      if (event.dataTransfer?.types.includes(NAME)) event.preventDefault();
    },
    onDrop: (event: DragEvent) => {
      const says = event.dataTransfer?.getData(NAME);
      if (!says) return;
      event.preventDefault();
      take(says, event.currentTarget as HTMLInputElement);
    },
  };
}

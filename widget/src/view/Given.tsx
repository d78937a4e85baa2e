import type { Output, Given as Row } from "../model/messages";
import { Shown } from "./Shown";

export const NOTHING: Output = { text: "", type: "", shape: "", preview: null };

/** Values by name: short ones beside it, tables and pictures below. */
export function Given({ rows, empty }: { rows: Row[]; empty: string }) {
  if (rows.length === 0) return <p class="stx-quiet">{empty}</p>;
  return (
    <dl class="stx-pairs">
      {rows.map(([name, value]) => {
        const large = value.preview !== null || value.text.includes("\n");
        return (
          <div key={name} class={large ? "stx-wide" : ""} data-name={name}>
            <dt>
              {name} <span class="stx-kind">{value.type}</span>
            </dt>
            <dd>{large ? <Shown value={value} /> : value.text}</dd>
          </div>
        );
      })}
    </dl>
  );
}

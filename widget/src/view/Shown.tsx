import { useState } from "preact/hooks";
import { framed } from "../model/markup";
import type { Output, Part, Preview, Table } from "../model/messages";
import { Scroll } from "./Scroll";

/** A value: as a table, a picture, what it wrote of itself, a tree of its parts, or else its text. */
export function Shown({ value }: { value: Pick<Output, "text" | "preview"> }) {
  if (!value.preview) return <Scroll>{value.text}</Scroll>;
  return <Drawn preview={value.preview} text={value.text} />;
}

function Drawn({ preview, text }: { preview: Preview; text: string }) {
  if (preview.kind === "table") return <Head table={preview} />;
  if (preview.kind === "tree")
    return preview.root.parts.length > 0 ? <Tree root={preview.root} /> : <Scroll>{text}</Scroll>;
  if (preview.kind === "large")
    return (
      <>
        <Scroll>{text}</Scroll>
        <p class="stx-quiet" data-testid="preview-large">
          {preview.mime.startsWith("image/") ? "Its picture" : "Its own text"} takes {kilobytes(preview.bytes)}, too
          much to be shown here.
        </p>
      </>
    );
  if (preview.kind === "picture")
    return (
      <img
        class="stx-picture"
        data-testid="preview-picture"
        alt={text}
        src={`data:${preview.mime};base64,${preview.data}`}
      />
    );
  return (
    // no scripts, no forms, no way out: what an object wrote of itself is shown, and can do nothing
    <iframe
      class="stx-markup"
      data-testid="preview-html"
      title="How it shows itself"
      sandbox=""
      srcdoc={framed(preview.html)}
    />
  );
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1024).toLocaleString("en")} KB`;
}

function Head({ table: { columns, rows, index, of } }: { table: Table }) {
  const [high, wide] = of;
  const more = [left(high - rows.length, "row"), left(wide - columns.length, "column")].filter(Boolean);
  return (
    <>
      <Scroll prose class="stx-table nowheel">
        <table data-testid="preview-table">
          <thead>
            <tr>
              {index && <td />}
              {columns.map(([name, kind], at) => (
                <th key={at} scope="col">
                  {name} <small>{kind}</small>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <tr key={at}>
                {index && <th scope="row">{index[at]}</th>}
                {row.map((text, column) => (
                  <td key={column} class={isNumber(columns[column]?.[1]) ? "stx-number" : ""}>
                    {text}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {more.length > 0 && <p class="stx-quiet">{more.join(", ")}</p>}
    </>
  );
}

/** How many of something are not shown. */
function left(count: number, what: string): string {
  return count > 0 ? `${count.toLocaleString("en")} more ${what}${count > 1 ? "s" : ""}` : "";
}

function isNumber(kind: string | undefined): boolean {
  return /^(u?int|float|double|decimal|complex)/i.test(kind ?? "");
}

function Tree({ root }: { root: Part }) {
  return (
    <Scroll prose class="stx-tree">
      <Parts of={root} />
    </Scroll>
  );
}

function Parts({ of }: { of: Part }) {
  return (
    <ul>
      {of.parts.map((part) => (
        <li key={part.name}>{part.parts.length > 0 ? <Branch part={part} /> : <Leaf part={part} />}</li>
      ))}
      {of.more > 0 && <li class="stx-quiet">… {of.more.toLocaleString("en")} more</li>}
    </ul>
  );
}

function Leaf({ part }: { part: Part }) {
  return (
    <>
      <b>{part.name}</b> {part.text}
    </>
  );
}

/** Drawn when it is opened. */
function Branch({ part }: { part: Part }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Leaf part={part} />
      </summary>
      {open && <Parts of={part} />}
    </details>
  );
}

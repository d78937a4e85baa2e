import { useEffect, useState } from "preact/hooks";
import type { Calls } from "../transport";
import { asked } from "./asking";
import { useUnique } from "./ids";

/** Milliseconds after the last letter. */
const SOON = 120;

interface Props {
  common: { id: string; "data-testid": string; "aria-invalid": boolean; required: boolean };
  text: string;
  calls: Calls;
  say: (path: string) => void;
  send: (event: KeyboardEvent) => void;
}

/** A path on the kernel's machine, completed as one types. */
export function PathField({ common, text, calls, say, send }: Props) {
  const id = useUnique();
  const [found, setFound] = useState<string[]>([]);
  useEffect(() => asked(() => calls.call({ type: "paths", text }), setFound, SOON), [text, calls]);
  return (
    <>
      <input
        {...common}
        class="stx-field"
        list={id}
        autocomplete="off"
        placeholder="a path on the kernel's machine"
        spellcheck={false}
        value={text}
        onInput={(event) => say(event.currentTarget.value)}
        onKeyDown={send}
      />
      <datalist id={id} data-testid="paths">
        {found.map((path) => (
          <option key={path} value={path} />
        ))}
      </datalist>
    </>
  );
}

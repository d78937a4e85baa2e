// The clipboard, and what stands in for it where a page may not use it.
let last = "";

/** What was copied last in this page. */
export const copied = (): string => last;

/** Copies a text; in a frame that may not use the clipboard it is kept for this page alone. */
export async function clip(text: string): Promise<boolean> {
  last = text;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

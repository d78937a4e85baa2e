// The clipboard, and what stands in for it where a page may not use it.
let last = "";

let coming: Promise<unknown> | null = null;

/** What is being copied is waited for by whoever pastes meanwhile. */
export async function whileCopied<Made>(making: Promise<Made>): Promise<Made> {
  coming = making;
  try {
    return await making;
  } finally {
    if (coming === making) coming = null;
  }
}

/** What to paste: what the clipboard has, or what is just being copied, or was in a page that may not use the clipboard. */
export async function toPaste(text: string): Promise<string> {
  if (coming === null) return text.trim() ? text : last;
  await coming;
  return last;
}

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

// JSON as people type it: whether it is one, and what to write instead where it is not.

const PYTHON: Record<string, string> = { True: "true", False: "false", None: "null" };
/** What JSON begins with: of such a text nobody means that it is to be one. */
const BEGINS = new Set('[{"-0123456789');

/** What is to be written for a value of a type that no text is. */
const WANTED: Record<string, string> = {
  int: "a whole number, such as 3",
  float: "a number, such as 0.5",
  bool: "true or false",
};

/** What is wrong with a text as JSON of a value of that type, in a sentence; null for what is JSON. Python says the same
 * (`runs/request_data.py`), which knows no type there. */
export function jsonWrong(text: string, type = ""): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return said(text.trim(), type, error instanceof Error ? error.message : "");
  }
}

function said(text: string, type: string, message: string): string {
  if (text in PYTHON) return `Write ${PYTHON[text]}.`;
  if (WANTED[type]) return `Write ${WANTED[type]}.`;
  if (text.startsWith("'")) return "A text stands in double quotes.";
  if (!BEGINS.has(text[0] ?? "")) return `Not JSON: a text stands in double quotes: ${JSON.stringify(text)}`;
  const open = unclosed(text);
  if (open) return `It breaks off: ${open} is missing.`;
  const at = /position (\d+)/.exec(message)?.[1];
  return at === undefined ? "Not JSON." : `Not JSON from “${text.slice(Number(at), Number(at) + 12)}” on.`;
}

/** What would close all that a text opens, innermost first; nothing where it closes otherwise than it opened. */
function unclosed(text: string): string {
  const stack: string[] = [];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const one = text[at];
    if (quoted) {
      if (one === "\\") at++;
      else if (one === '"') quoted = false;
    } else if (one === '"') quoted = true;
    else if (one === "[" || one === "{") stack.push(one === "[" ? "]" : "}");
    else if ((one === "]" || one === "}") && stack.pop() !== one) return "";
  }
  return (quoted ? '"' : "") + stack.reverse().join("");
}

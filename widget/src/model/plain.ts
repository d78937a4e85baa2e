// What a terminal would not show of a line: colours, and what a carriage return wrote over.
const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[ -/]*[@-~]`, "g");

export function plain(text: string): string {
  const lines = text.replace(ESCAPES, "").split("\n");
  return lines.map((line) => line.replace(/\r+$/, "").replace(/^.*\r/s, "")).join("\n");
}

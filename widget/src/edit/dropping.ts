// Files that are dropped on the canvas: a picture that carries a flow, or its document. Python reads them.
import type { Editing } from "./editing";
import type { Place } from "./wires";

const MOST = 16_000_000;

export const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;

/** The flow of a file on an empty canvas, its nodes at a place of another one; the names of what was added. */
export async function dropped(editing: Editing, files: FileList, at: Place): Promise<string[]> {
  const [file, other] = [...files];
  if (!file) return [];
  if (other) editing.refuse("Drop one file at a time");
  else if (file.size > MOST) editing.refuse(`${file.name} is larger than ${MOST / 1e6} MB`);
  else return (await editing.open(file.name, await base64(file), at)) ?? [];
  return [];
}

function base64(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

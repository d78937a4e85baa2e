// Ids of elements that other elements name. A page holds many views, each with a module of its own, so that neither a
// counter nor useId is unique there.
import { useState } from "preact/hooks";

export function useUnique(): string {
  const [id] = useState(() => `stx-${Math.random().toString(36).slice(2, 10)}`);
  return id;
}

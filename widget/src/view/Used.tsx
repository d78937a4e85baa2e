// What is seen of what a node uses: its icon in its colour, and its name for people.
import type { CardLook, NodeInfo } from "../model/messages";
import { Icon } from "./Icon";

/** The colour of what a node uses, for its icons. */
export function accentOf(used: CardLook | undefined) {
  return used?.accent ? { "--accent": used.accent } : undefined;
}

/** What a card tells when the pointer rests on it: its name, what it uses and what it does. */
export function titleOf({ name, doc }: NodeInfo, used: CardLook | undefined): string {
  return [name, [used?.title, doc].filter(Boolean).join(". ")].filter(Boolean).join(": ");
}

/** The icon of what a node uses. */
export function Used({ look, size = 14 }: { look: CardLook; size?: number }) {
  return (
    <span class="stx-uses" role="img" aria-label={look.title} title={look.title}>
      <Icon name={look.icon} size={size} />
    </span>
  );
}

import { FILLED, strokesOf } from "../model/glyphs";

export function Icon({ name, size = 12 }: { name: string; size?: number }) {
  const filled = FILLED.has(name);
  return (
    <svg width={size} height={size} viewBox="-6 -6 12 12" aria-hidden="true" class="stx-icon">
      <path
        d={strokesOf(name)}
        fill={filled ? "currentColor" : "none"}
        stroke={filled ? "none" : "currentColor"}
        stroke-width="1.7"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

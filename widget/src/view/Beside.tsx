import type { ComponentChildren } from "preact";

/** Where the pointer rests, in pixels from two sides of the canvas: those from which there is more room. */
export interface Rest {
  across: "left" | "right";
  x: number;
  along: "top" | "bottom";
  y: number;
}

/** Pixels between the pointer and what stands beside it, and from that to the edge of the canvas. */
const [GAP, EDGE] = [12, 6];
/** Nothing that stands beside it is wider or taller. */
const [WIDEST, TALLEST] = [340, 260];

/** Beside the pointer; above or below it, too, where the canvas is tall enough. */
export function restAt({ clientX, clientY }: { clientX: number; clientY: number }, canvas: Element): Rest {
  const { left, right, top, bottom, height } = canvas.getBoundingClientRect();
  const [isLeft, isTop] = [clientX + GAP + WIDEST < right, clientY < top + height / 2];
  const y = (isTop ? clientY - top : bottom - clientY) + GAP;
  return {
    ...{ across: isLeft ? "left" : "right", x: (isLeft ? clientX - left : right - clientX) + GAP },
    ...{ along: isTop ? "top" : "bottom", y: Math.max(Math.min(y, height - TALLEST - EDGE), EDGE) },
  };
}

/** What is told of an edge, beside the pointer that rests on it. */
export function Beside({ at, name, children }: { at: Rest; name: string; children: ComponentChildren }) {
  const { across, x, along, y } = at;
  const maxHeight = `min(${TALLEST}px, calc(100% - ${y + EDGE}px))`;
  const place = { [across]: `${x}px`, [along]: `${y}px`, maxWidth: `${WIDEST}px`, maxHeight };
  return (
    <div class="stx-pop stx-sample" data-testid="sample" data-wire={name} role="status" style={place}>
      {children}
    </div>
  );
}

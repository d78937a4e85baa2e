// Where the toolbar of a node stands, so that no edge of the canvas cuts it.

const WIDE = 330;
const HIGH = 56;

/** `left`, `top` and `wide` of a node, in pixels of a canvas that is `width` wide. */
export function toolbarPlace(
  { left, top, wide }: { left: number; top: number; wide: number },
  width: number,
): { align: "start" | "center" | "end"; above: boolean } {
  const middle = left + wide / 2;
  const above = top > HIGH;
  if (middle + WIDE / 2 > width) return { align: "end", above };
  if (middle - WIDE / 2 < 0) return { align: "start", above };
  return { align: "center", above };
}

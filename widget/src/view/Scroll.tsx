import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  class?: string;
  /** Begin at its end, and stay there while it grows: of logs and tracebacks that is what counts. */
  atEnd?: boolean;
  /** Text that has no columns to keep. */
  prose?: boolean;
  children: ComponentChildren;
}

/** Text in a box that scrolls; where it has to, the focus can go there, so that the arrow keys scroll it. The lines of a
 * table, of code or of a traceback are not broken: what stands under each other belongs together. */
export function Scroll({ class: name = "", atEnd = false, prose = false, children }: Props) {
  const box = useRef<HTMLDivElement & HTMLPreElement>(null);
  const height = useRef(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => {
      const over = element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1;
      if (over) element.tabIndex = 0;
      else element.removeAttribute("tabindex");
      const wasAtEnd = element.scrollTop + element.clientHeight > height.current - 4;
      if (atEnd && wasAtEnd) element.scrollTop = element.scrollHeight;
      height.current = element.scrollHeight;
    };
    const grown = new ResizeObserver(measure);
    grown.observe(element);
    measure();
    return () => grown.disconnect();
  });
  const Tag = prose ? "div" : "pre";
  const columns = !prose && typeof children === "string" && children.includes("\n");
  return (
    <Tag class={columns ? `${name} stx-columns` : name} ref={box}>
      {children}
    </Tag>
  );
}

// Glyphs as strokes, so that no font is needed for them; the same as in stratix_tasks/formats/svg.py.
export const STROKES: Record<string, string> = {
  pending: "M0 -4V0L3 2",
  queued: "M-3.5 -2.5H3.5M-3.5 0H3.5M-3.5 2.5H3.5",
  running: "M-2 -3.5L3.5 0L-2 3.5Z",
  paused: "M-1.8 -3V3M1.8 -3V3",
  retrying: "M3 -2A3.6 3.6 0 1 0 3.6 1M3 -4.5V-1.8H0.4",
  waiting: "M-3.2 -4H3.2M-3.2 4H3.2M-2.3 -4Q-2.3 -1.6 0 0Q2.3 -1.6 2.3 -4M-2.3 4Q-2.3 1.6 0 0Q2.3 1.6 2.3 4",
  completed: "M-3.6 0.2L-1 2.8L3.6 -2.6",
  failed: "M-2.8 -2.8L2.8 2.8M2.8 -2.8L-2.8 2.8",
  upstream: "M-2.8 -3.4L2.8 1.6M2.8 -3.4L-2.8 1.6M-3 4H3",
  cancelled: "M-2.7 2.7L2.7 -2.7M-3.8 0A3.8 3.8 0 1 0 3.8 0A3.8 3.8 0 1 0 -3.8 0",
  skipped: "M-3.6 1.5Q0 -4.4 3.2 0.2M3.4 -3V0.6H-0.2",
  task: "M-2.6 3.4Q-0.6 3.4 0 0Q0.6 -3.4 2.6 -3.4M-2.2 -0.4H2.2",
  stack: "M-3.6 -1.6L0 -3.4L3.6 -1.6L0 0.2ZM-3.6 1.4L0 3.2L3.6 1.4",
  flow: "M-3.8 -3.8H3.8V3.8H-3.8ZM-1.6 -1.2H1.6M-1.6 1.4H0.6",
  map: "M-3.6 -3.6H1.4V1.4H-3.6ZM-1 3.6H3.6V-1",
  input: "M-3.8 -3.4H3.8V3.4H-3.8ZM-1.8 -1.2H1.8M-1.8 1.2H0.4",
  breakpoint: "M-3.4 0A3.4 3.4 0 1 0 3.4 0A3.4 3.4 0 1 0 -3.4 0Z",
  fork: "M-3 4V-4M-3 1.5Q-3 -1 0 -1H3.6M1.4 -3.4L3.8 -1L1.4 1.4",
  rollback: "M-1 -4L-3.8 -1.4L-1 1.2M-3.6 -1.4H1Q3.8 -1.4 3.8 1.2Q3.8 3.8 1 3.8H-2",
  edit: "M-3.8 3.8L-3 0.8L2 -4.2L4.2 -2L-0.8 3Z",
  more: "M-4.4 0A1 1 0 1 0 -2.4 0A1 1 0 1 0 -4.4 0ZM-1 0A1 1 0 1 0 1 0A1 1 0 1 0 -1 0ZM2.4 0A1 1 0 1 0 4.4 0A1 1 0 1 0 2.4 0Z",
  copy: "M-3.6 -3.6H1.2V1.2H-3.6ZM-1 3.6H3.6V-1",
  older: "M2 -3.6L-1.8 0L2 3.6",
  newer: "M-2 -3.6L1.8 0L-2 3.6",
  redo: "M1 -4L3.8 -1.4L1 1.2M3.6 -1.4H-1Q-3.8 -1.4 -3.8 1.2Q-3.8 3.8 -1 3.8H2",
  plus: "M-4 0H4M0 -4V4",
  tidy: "M-4 -4H-1V-1H-4ZM1.4 -4H4.2V-1H1.4ZM1.4 1.2H4.2V4.2H1.4ZM-2.5 -1V2.7H1.4",
  group: "M-4.2 -4.2H4.2V4.2H-4.2ZM-2 -2H0.4V0.4H-2ZM0.4 0.4H2.4V2.4H0.4",
  unpack: "M-4.2 -1V-4.2H-1M1 -4.2H4.2V-1M4.2 1V4.2H1M-1 4.2H-4.2V1M-1.2 -1.2H1.2V1.2H-1.2Z",
  list: "M-4.2 -3H-3.4M-4.2 0H-3.4M-4.2 3H-3.4M-1.4 -3H4.2M-1.4 0H4.2M-1.4 3H4.2",
  "align-left": "M-4.2 -4.4V4.4M-2 -2H3.8M-2 2H1.4",
  "align-top": "M-4.4 -4.2H4.4M-2 -2V3.8M2 -2V1.4",
  "align-across": "M-4.4 -4V4M4.4 -4V4M-1.4 -2.4H1.4V2.4H-1.4Z",
  "align-down": "M-4 -4.4H4M-4 4.4H4M-2.4 -1.4H2.4V1.4H-2.4Z",
  peek: "M-4.2 -4.2H4.2V4.2H-4.2ZM-4.2 -1.2H4.2M-2.2 1.5H2.2",
  until: "M-4.2 0H2M-0.6 -2.8L2.2 0L-0.6 2.8M4 -4V4",
  pin: "M-2.6 -4.2H2.6M-1.6 -4.2V-0.6L-3.4 1.4H3.4L1.6 -0.6V-4.2M0 1.4V4.6",
  stop: "M-2.8 -2.8H2.8V2.8H-2.8Z",
};

/** The path of a glyph; of an icon that Python tells it is that itself. */
export function strokesOf(name: string): string {
  return (name.startsWith("M") ? name : STROKES[name]) ?? STROKES.pending ?? "";
}

/** Those that are filled, not stroked. */
export const FILLED = new Set(["running", "stop", "breakpoint", "more"]);

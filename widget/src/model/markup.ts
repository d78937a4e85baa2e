// What an object wrote of itself as HTML, made a page that can do nothing.

const POLICY = "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'";
const STYLE =
  "html{color-scheme:light}body{margin:8px;font:13px/1.45 system-ui,sans-serif;color:#1b2230;background:#fff}table{border-collapse:collapse}td,th{padding:2px 8px;text-align:right}";

/** A page for a frame without scripts, that fetches nothing: what a policy forbids stays out, wherever in it that stands. */
export function framed(html: string): string {
  return `<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="${POLICY}"><style>${STYLE}</style></head><body>${html}</body></html>`;
}

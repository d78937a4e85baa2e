import { render } from "preact";
import { decode, Live } from "../model/live";
import { Calls, type Transport } from "../transport";
import { App } from "./App";
import { followTheme } from "./theme";

/** Draws a view into an element; the answer ends it. Its life hangs on one AbortSignal. */
export function mount(transport: Transport, el: HTMLElement): () => void {
  const end = new AbortController();
  const live = new Live(transport.snapshot());
  const calls = new Calls(transport);
  transport.listen((message, buffers) => {
    if (message.type === "reply") calls.answer(message);
    else if (message.type === "snapshot") live.replace(message.snapshot);
    else if (!live.take(message, buffers[0] ? decodeBuffer(buffers[0]) : [])) transport.send({ type: "resync" });
  }, end.signal);
  const root = document.createElement("div");
  root.className = "stx";
  root.dataset.testid = "stratix-view";
  root.dataset.lmSuppressShortcuts = "true"; // keys in here are ours: no cell is ever deleted by one
  root.tabIndex = -1;
  el.append(root);
  followTheme(root, end.signal);
  render(<App live={live} calls={calls} root={root} />, root);
  transport.send({ type: "resync" });
  return () => {
    render(null, root);
    root.remove();
    end.abort();
  };
}

function decodeBuffer(buffer: DataView | ArrayBuffer) {
  return decode(buffer instanceof DataView ? buffer : new DataView(buffer));
}

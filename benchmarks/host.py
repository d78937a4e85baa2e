"""A page that shows a view of this process, as a notebook would: its messages go over a socket of the loopback address."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="widget.css"><div id="view"></div>
<script type="module">
import widget from "./widget.js";
const socket = new WebSocket(`ws://${location.host}/socket`);
socket.binaryType = "arraybuffer";
const heard = [];
let snapshot = null, head = null, parts = [];
const model = {
    get: () => snapshot,
    send: (message) => socket.send(JSON.stringify(message)),
    on: (name, call) => name === "msg:custom" && heard.push(call),
    off: () => {},
};
socket.onmessage = ({ data }) => {
    if (typeof data !== "string") parts.push(new DataView(data));
    else [head, parts] = [JSON.parse(data), []];
    if (parts.length < head.buffers) return;
    if (snapshot) for (const call of heard) call(head.message, parts);
    else {
        snapshot = head.message;
        widget.render({ model, el: document.getElementById("view") });
    }
};
</script>
"""


class Host:
    """Serves one view at `url` until it is closed."""

    def __init__(self, view: Any) -> None:
        self._view, self._sockets, self._ready = view, set[Any](), threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="host", daemon=True)
        self._thread.start()
        self._ready.wait()
        view.send = self._send

    def close(self) -> None:
        self._view.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _send(self, message: Any, buffers: Any = None) -> None:
        """Any thread."""
        self._loop.call_soon_threadsafe(
            self._tell, json.dumps({"message": message, "buffers": len(buffers or [])}), buffers
        )

    def _tell(self, head: str, buffers: Any) -> None:
        for socket in self._sockets:
            socket.write_message(head)
            for part in buffers or []:
                socket.write_message(bytes(part), binary=True)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        view, sockets = self._view, self._sockets

        class Page(RequestHandler):
            def get(self) -> None:
                self.finish(PAGE)

        class Part(RequestHandler):
            def get(self, name: str) -> None:
                self.set_header("Content-Type", "text/javascript" if name.endswith("js") else "text/css")
                self.finish(str(view._esm if name.endswith("js") else view._css))

        class Socket(WebSocketHandler):
            def open(self, *_: str, **__: str) -> None:
                sockets.add(self)
                self.write_message(json.dumps({"message": view.snapshot, "buffers": 0}))

            def on_message(self, message: str | bytes) -> None:
                view._heard(json.loads(message), [])

            def on_close(self) -> None:
                sockets.discard(self)

        bound = bind_sockets(0, "127.0.0.1")
        self.url = f"http://127.0.0.1:{bound[0].getsockname()[1]}/"
        server = HTTPServer(
            Application(
                [("/", Page), (r"/(widget\.(?:js|css))", Part), ("/socket", Socket)], log_function=lambda _: None
            )
        )
        server.add_sockets(bound)
        self._ready.set()
        self._loop.run_forever()
        server.stop()

"""A web server on the loopback, which the definitions that speak HTTP ask; it remembers what it heard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ERRORS = {"nobody": 404, "broken": 500}


class Handler(BaseHTTPRequestHandler):
    """Answers with the path. `/status/<n>` answers with that; of pets `nobody` is not there,
    one is `broken`, and one `busy` at first. `/doctors` answers when the test is over.
    """

    server: Served  # type: ignore[assignment]

    def _answers(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.heard.append(f"{self.command} {self.path}")
        word = self.path.rpartition("/")[2]
        status = int(word) if word.isdigit() else ERRORS.get(word, 200)
        if word == "busy" and len(self.server.heard) < 3:
            status = 503
        if word == "doctors":
            self.server.over.wait(60)
        body = self.path.encode()
        self.send_response(status)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _answers  # noqa: N815 - their names there

    def log_message(self, *_: Any) -> None: ...


class Served(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard: list[str] = []
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def served() -> Iterator[Served]:
    server = Served()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()

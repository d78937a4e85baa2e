"""A web server on the loopback, as the tests of `http.*` need it."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """`/json`, `/text`, `/bytes`, `/echo` (what it was sent), `/status/<n>`, `/to?<url>` (a redirect), `/again?<url>` (one that keeps
    method and body), `/cookie` (one to `/cookies`, which tells of them), `/loop` (one to itself), `/packed` (10 MB of
    zeros in 10 KB), `/slow` (nothing until it is let go), `/flaky` (503 at first), `/half` (breaks off).
    """

    protocol_version = "HTTP/1.1"
    server: Served  # type: ignore[assignment]

    def _do(self) -> None:
        self.server.connections.add(self.client_address)
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        path, _, query = self.path.partition("?")
        word, _, rest = path.strip("/").partition("/")
        getattr(self, f"on_{word}")(rest, query, body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _do  # noqa: N815 - their names there

    def say(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8", **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def on_json(self, rest: str, query: str, body: bytes) -> None:
        self.say(200, b'{"rows": [1, 2]}', "application/json")

    def on_text(self, rest: str, query: str, body: bytes) -> None:
        self.say(200, "grüße".encode("latin-1"), "text/plain; charset=latin-1")

    def on_bytes(self, rest: str, query: str, body: bytes) -> None:
        self.say(200, b"\x00\x01", "application/octet-stream")

    def on_echo(self, rest: str, query: str, body: bytes) -> None:
        told = f"{self.command} {query} {self.headers.get('x-mine')} {self.headers.get('content-type')} ".encode()
        self.say(200, told + body)

    def on_status(self, rest: str, query: str, body: bytes) -> None:
        self.say(int(rest), b"why not", retry_after="7")

    def on_to(self, rest: str, query: str, body: bytes) -> None:
        self.say(302, b"", location=query)

    def on_again(self, rest: str, query: str, body: bytes) -> None:
        self.say(307, b"", location=query)

    def on_cookie(self, rest: str, query: str, body: bytes) -> None:
        self.say(302, b"", location="/cookies", set_cookie="who=me")

    def on_cookies(self, rest: str, query: str, body: bytes) -> None:
        self.say(200, str(self.headers.get("cookie")).encode())

    def on_loop(self, rest: str, query: str, body: bytes) -> None:
        self.say(302, b"", location="/loop")

    def on_packed(self, rest: str, query: str, body: bytes) -> None:
        self.say(200, gzip.compress(bytes(10_000_000)), "application/octet-stream", content_encoding="gzip")

    def on_slow(self, rest: str, query: str, body: bytes) -> None:
        self.server.arrived.set()
        self.server.gate.wait(60)
        self.say(200, b"late")

    def on_flaky(self, rest: str, query: str, body: bytes) -> None:
        self.server.asked += 1
        self.say(503 if self.server.asked == 1 else 200, b"well")

    def on_half(self, rest: str, query: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", "100")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True

    def log_message(self, *_: Any) -> None: ...


class Served(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.arrived, self.gate, self.asked = threading.Event(), threading.Event(), 0
        self.connections: set[Any] = set()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def served() -> Iterator[Served]:
    server = Served()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()

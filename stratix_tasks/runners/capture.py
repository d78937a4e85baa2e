"""Captures what bodies print, log and warn, by the body's context: output of other threads and of cells is left alone.

One proxy stands for `sys.stdout` and one for `sys.stderr` while bodies run. They are taken away again only if they are
still ours: a cell may have put its own there. Threads that a body starts itself, and prints from C, are not captured.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from io import RawIOBase, TextIOBase
from typing import Any

from stratix_tasks.runners.attempt import CURRENT
from stratix_tasks.runners.body import HANDLED, Present, listen


class Bytes(RawIOBase):
    """What lies under such a stream, for who writes bytes or wraps it: to close it closes nothing of others."""

    def __init__(self, above: Proxy) -> None:
        self._above = above

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        written = bytes(data)
        self._above.write(written.decode("utf-8", "replace"))
        return len(written)

    def flush(self) -> None:
        if not self.closed:
            self._above.flush()


class Nowhere(TextIOBase):
    """In the place of a stream that is none: who prints there is not heard, and not stopped."""

    def write(self, text: str) -> int:
        return len(text)


class Proxy:
    """A text stream that asks, at each write, who is writing."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream, self._name = stream, name

    def write(self, text: str) -> int:
        body = CURRENT.get()
        if body is None or HANDLED.get():
            return self._stream.write(text)  # type: ignore[no-any-return]
        body.write(self._name, text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if CURRENT.get() is None:
            self._stream.flush()

    def isatty(self) -> bool:
        return CURRENT.get() is None and self._stream.isatty()

    def close(self) -> None:
        """A body closes what it says, not the stream, which others write to."""
        if CURRENT.get() is None:
            self._stream.close()

    @property
    def buffer(self) -> Any:
        return self._stream.buffer if CURRENT.get() is None else Bytes(self)

    def detach(self) -> Any:
        return self._stream.detach() if CURRENT.get() is None else self.buffer

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


KEPT = 64
"""Proxies that outlive their use: CPython up to 3.13 borrows `sys.stdout` while it prints, so one that is freed while another
thread prints would crash the process."""


class Capture:
    """Counts users; each sees to it that the proxies are there, the last takes them away."""

    def __init__(self) -> None:
        self._kept: deque[Proxy] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._users = 0
        self._present = Present()
        self._proxies: dict[str, Proxy] = {}
        os.register_at_fork(
            before=self._lock.acquire, after_in_parent=self._lock.release, after_in_child=self._lock.release
        )

    def acquire(self) -> None:
        with self._lock:
            self._users += 1
            for name in ("stdout", "stderr"):
                stream = getattr(sys, name)
                if stream is None or stream is not self._proxies.get(name):
                    proxy = self._proxies[name] = Proxy(Nowhere() if stream is None else stream, name)
                    self._kept.append(proxy)
                    setattr(sys, name, proxy)
            listen()
            if self._users == 1:
                logging.root.addHandler(self._present)

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                for name, proxy in self._proxies.items():
                    if getattr(sys, name) is proxy:
                        setattr(sys, name, proxy._stream)
                self._proxies.clear()
                logging.root.removeHandler(self._present)


CAPTURE = Capture()

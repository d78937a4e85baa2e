"""Output of a worker process: whatever is written to its stdout and stderr is the running body's.

By file descriptor, so that prints of C code, of threads and of child processes are captured too.
"""

from __future__ import annotations

import os
import sys
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress

from stratix_tasks.runners.attempt import Attempt

PATIENCE = 2.0
"""Seconds to wait for what was written to come through, at the end of a body."""


class Stream:
    """One descriptor, read by a thread of its own."""

    def __init__(self, number: int, name: str, attempt: Callable[[], Attempt | None]) -> None:
        self._number, self._name, self._attempt = number, name, attempt
        self._mark = b"\0stratix-" + os.urandom(8).hex().encode() + b"\0"
        self._come = threading.Event()
        read, write = os.pipe()
        os.dup2(write, number)
        os.close(write)
        setattr(sys, name, open(number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False))  # noqa: SIM115
        threading.Thread(target=self._serve, args=(read,), name=f"stratix-{name}", daemon=True).start()

    def drain(self) -> None:
        """Everything written so far has been taken when this returns."""
        with suppress(Exception):
            getattr(sys, self._name).flush()
        self._come.clear()
        with suppress(OSError):
            os.write(self._number, self._mark)
            self._come.wait(PATIENCE)

    def _serve(self, read: int) -> None:
        decoder, kept = getincrementaldecoder("utf-8")("replace"), b""
        while data := os.read(read, 1 << 16):
            data = kept + data
            *whole, data = data.split(self._mark)
            for part in whole:
                self._take(decoder.decode(part))
                self._come.set()
            cut = data.rfind(b"\0")  # the mark may have come in part
            kept = data[cut:] if cut >= 0 and self._mark.startswith(data[cut:]) else b""
            self._take(decoder.decode(data[: len(data) - len(kept)]))

    def _take(self, text: str) -> None:
        attempt = self._attempt()
        if text and attempt is not None:
            attempt.write(self._name, text)


class Output:
    """stdout and stderr of this process."""

    def __init__(self, attempt: Callable[[], Attempt | None]) -> None:
        self._streams = [Stream(1, "stdout", attempt), Stream(2, "stderr", attempt)]

    def drain(self) -> None:
        """Also what the C library holds back."""
        import ctypes

        with suppress(Exception):
            ctypes.CDLL(None).fflush(None)
        for stream in self._streams:
            stream.drain()

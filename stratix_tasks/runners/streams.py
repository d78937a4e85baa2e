"""The standard streams of a worker process: each body finds them whole, whatever the one before it did to them."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from io import TextIOWrapper

from stratix_tasks.runners.body import HANDLED

NAMES = ("stdin", "stdout", "stderr")


class Streams:
    """By file descriptors of its own, so that what a body closes or replaces can be opened again."""

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._kept = [os.dup(number) for number in range(len(NAMES))]
        self._made = [_opened(number) for number in range(len(NAMES))]

    def renew(self) -> None:
        """A body is about to begin."""
        for number, name in enumerate(NAMES):
            if not _is_same_file(number, self._kept[number]):
                os.dup2(self._kept[number], number)
            if getattr(sys, name) is not self._made[number] or not _is_open(self._made[number]):
                self._made[number] = _opened(number)  # what wraps the old one closes its bytes once it is let go
            setattr(sys, name, self._made[number])
            setattr(sys, f"__{name}__", self._made[number])

    def end(self) -> None:
        """Everything written so far is out, also what the C library holds back; the mark follows."""
        for stream in (sys.stdout, sys.stderr, *self._made[1:]):
            with suppress(Exception):
                stream.flush()
        with suppress(Exception):
            ctypes.CDLL(None).fflush(None)
        for kept in self._kept[1:]:
            with suppress(OSError):
                os.write(kept, self._mark)


class Output(TextIOWrapper):
    """What a body writes. A record that it logs lands on its node by itself: what handlers write of it would be there twice."""

    def write(self, text: str) -> int:
        return len(text) if HANDLED.get() else super().write(text)


def _opened(number: int) -> TextIOWrapper:
    file = os.fdopen(number, "wb" if number else "rb", closefd=False)
    kind = Output if number else TextIOWrapper
    return kind(file, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _is_open(stream: TextIOWrapper) -> bool:
    try:
        return not stream.closed
    except ValueError:  # its buffer was taken from it
        return False


def _is_same_file(one: int, other: int) -> bool:
    try:
        return os.path.sameopenfile(one, other)
    except OSError:
        return False

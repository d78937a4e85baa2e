"""A disk with faults, between the journal's writer and the operating system."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

from stratix_tasks.store import journal

BALLAST = 4096
"""Bytes of the ballast in simulations, and the room that is there once it is freed."""


class Crash(BaseException):
    """The process is gone: nothing after this happens. No Exception, so that nothing handles it."""


class Disk:
    """Stands for the module `os` in `store/journal.py`; what it does not change is the real thing.

    Before each write `plan(bytes)` tells what happens: "" (all is well), before, torn, after (a crash), full, short, io.
    """

    def __init__(self, plan: Callable[[int], str], random: Any) -> None:
        self._plan, self._random = plan, random
        self.full = False
        self.room = 0
        self.bad = 0
        """Writes that will fail with an error of the device."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def fdatasync(self, _fd: int) -> None:
        """Power is not cut here, so there is nothing to wait for."""

    def write(self, fd: int, data: bytes) -> int:
        fault = self._plan(len(data))
        if self.bad and not fault:
            self.bad, fault = self.bad - 1, "io"
        if self.full and not fault:
            fault = "" if len(data) <= self.room else "full"
            self.room -= len(data) if not fault else 0
        if fault in ("before", "torn"):
            if fault == "torn":
                os.write(fd, data[: self._random.randrange(len(data))])
            raise Crash
        if fault in ("full", "io"):
            code = errno.ENOSPC if fault == "full" else errno.EIO
            raise OSError(code, os.strerror(code))
        if fault == "short":
            return os.write(fd, data[: self._random.randrange(len(data))])
        written = os.write(fd, data)
        if fault == "after":
            raise Crash
        return written

    def posix_fallocate(self, fd: int, offset: int, size: int) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.posix_fallocate(fd, offset, size)


class JournalOn:
    """The journal's writer on a disk of ours, with small files and a small ballast."""

    def __init__(self, disk: Disk, rotate: int) -> None:
        self._new = {"os": disk, "ROTATE": rotate, "BALLAST": BALLAST}
        self._old = {name: getattr(journal, name) for name in self._new}

    def __enter__(self) -> None:
        for name, value in self._new.items():
            setattr(journal, name, value)

    def __exit__(self, *_: object) -> None:
        for name, value in self._old.items():
            setattr(journal, name, value)

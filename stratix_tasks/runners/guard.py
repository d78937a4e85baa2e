"""A tiny process that outlives the kernel by a moment: it kills the groups of its workers, also those that are stopped.

A stopped worker, or one whose C code never gives Python a turn, can't see that the kernel has gone. The guard waits on
a pipe that only the kernel holds open, and looks whether its parent is still the same one, in case a forked child of
the kernel keeps the pipe open. (PDEATHSIG would follow the thread that started the worker, not the process.)
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress

CODE = """
import os, select, signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
parent, groups, rest = int(sys.argv[1]), set(), b""
while os.getppid() == parent:
    if not select.select([0], [], [], 0.5)[0]:
        continue
    data = os.read(0, 4096)
    if not data:
        break
    *lines, rest = (rest + data).split(b"\\n")
    for line in lines:
        (groups.add if line[:1] == b"+" else groups.discard)(int(line[1:]))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class Guard:
    """Started with the first worker. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, group: int) -> None:
        with self._lock:
            self._groups.add(group)
            if self._process is not None and self._process.poll() is not None:
                self._end(self._process)
                self._process = None  # someone killed the guard
            if self._process is None:
                self._process = self._start()
                self._say("".join(f"+{one}\n" for one in self._groups))
            else:
                self._say(f"+{group}\n")

    def drop(self, group: int) -> None:
        """Before a dead leader is reaped: its number may be given to another process after that."""
        with self._lock:
            self._groups.discard(group)
            self._say(f"-{group}\n")

    def close(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            self._end(process)

    @staticmethod
    def _start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", CODE, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )

    def _say(self, text: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.write(text.encode())

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(1.0)

"""The guardian: a tiny process that kills an engine's worker processes when the engine's own has died.

Workers end by themselves when their engine is gone, but not while they are stopped, and not what their bodies started.
The guardian is told of each worker's process group on its stdin, as lines `+<group>` and `-<group>`; when that ends, or its
parent is another, it kills the groups that are left. It is run as a script by itself and imports nothing of ours.
"""

import os
import select
import signal
import sys
import threading
from contextlib import suppress
from os import getpid
from subprocess import PIPE, Popen

WATCH = 0.25
"""Seconds between looks at the parent: a fork of it may hold the other end of stdin."""


class Guardian:
    """The engine's side. Any thread; a guardian that has gone is not missed: workers watch for themselves too."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-S", __file__, str(getpid())]
        self._process = Popen(command, stdin=PIPE, process_group=0)
        self._lock = threading.Lock()

    def watch(self, group: int) -> None:
        self._say(b"+%d\n" % group)

    def forget(self, group: int) -> None:
        self._say(b"-%d\n" % group)

    def close(self) -> None:
        with suppress(OSError):
            self._process.communicate(timeout=2.0)

    def _say(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with self._lock, suppress(OSError, ValueError):
            self._process.stdin.write(line)
            self._process.stdin.flush()


def main(parent: int) -> None:
    """Hear of groups until the parent is gone, then kill them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    rest = b""
    gone = False
    while True:
        gone = gone or os.getppid() != parent  # what it had said by then still counts
        if not select.select([0], [], [], 0 if gone else WATCH)[0]:
            if gone:
                break
            continue
        data = os.read(0, 4096)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            (groups.add if line[:1] == b"+" else groups.discard)(int(line[1:]))
    for group in groups:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""Output of a worker process, read by its engine: whatever is written to its stdout and stderr is the running body's.

By file descriptor, so that prints of C code, of threads and of child processes are captured too, and the last words of a
process that crashes. At the end of a body the worker writes a mark behind its output.
"""

from __future__ import annotations

import os
from codecs import getincrementaldecoder

from stratix_tasks.runners.attempt import Attempt
from stratix_tasks.runners.ends import HEAD, TAIL
from stratix_tasks.runners.native import Clock

LATE = 1 << 17
"""Characters of what comes behind the first lines that are held, for the last ones."""
WORDS = 2_000
"""Characters of the end of what was written that are kept for the error of a crash."""
PIECE = 1 << 16
DECODER = getincrementaldecoder("utf-8")


class Stream:
    """The reading end of one descriptor; it never waits. One thread uses it."""

    def __init__(self, read: int, name: str, mark: bytes) -> None:
        self.fd, self.name, self._mark = read, name, mark
        os.set_blocking(read, False)
        self._begin()

    def _begin(self) -> None:
        self._decoder, self._kept, self._lines, self.tail = DECODER("replace"), b"", 0, ""
        self._late, self._between = "", 0
        self.ended = False

    def begin(self) -> None:
        """Another body: what is left of the one before is thrown away."""
        while self._piece():
            continue
        self._begin()

    def take(self, attempt: Attempt) -> bool:
        """What is there now. False when nothing was, or the mark has come."""
        data = self._piece()
        if not data:
            return False
        data, mark, _ = (self._kept + data).partition(self._mark)
        self._kept = b"" if mark else self._unsure(data)
        self._say(attempt, self._decoder.decode(data[: len(data) - len(self._kept)]))
        return not mark

    def rest(self, attempt: Attempt) -> None:
        """Everything that is left of a body that has ended."""
        while self.take(attempt):
            continue
        self._say(attempt, self._decoder.decode(self._kept, final=True))
        self._cut(self._late.count("\n") - TAIL)
        if self._between:
            attempt.host.note(attempt, "gap", (Clock.time(), "log", self._between))
        attempt.write(self.name, self._late)
        self._late, self._between = "", 0

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def _piece(self) -> bytes:
        try:
            data = os.read(self.fd, PIECE)
        except BlockingIOError:
            return b""
        self.ended = not data
        return data

    def _unsure(self, data: bytes) -> bytes:
        """What may be the beginning of the mark."""
        cut = data.rfind(self._mark[:1])
        return data[cut:] if cut >= 0 and self._mark.startswith(data[cut:]) else b""

    def _say(self, attempt: Attempt, text: str) -> None:
        self.tail = (self.tail + text)[-WORDS - attempt.host.masks.longest :]
        room, count = HEAD - self._lines, text.count("\n")
        self._lines += count
        if count < room:
            return attempt.write(self.name, text)
        if room > 0:  # up to the end of the last line that is taken: nothing of the next one
            lines = text.split("\n")
            attempt.write(self.name, "\n".join(lines[:room]) + "\n")
            text = "\n".join(lines[room:])
        self._late += text
        if len(self._late) > 2 * LATE:
            self._cut(self._late.count("\n", 0, -LATE) + 1)

    def _cut(self, lines: int) -> None:
        """Leave out so many lines of those that are held."""
        if lines > 0:
            gone = self._late.split("\n", lines)
            self._between += len(gone) - 1
            self._late = gone[-1][-LATE:]

"""What waits for the disk and gates nothing, done by a thread of its own."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from queue import SimpleQueue

from stratix_tasks.errors import StratixError
from stratix_tasks.runners.native import NO_ROOM, Thread


class Chores:
    """Tells the catalog what the journal has already; in order, one at a time."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def put(self, chore: Callable[[], object]) -> None:
        """Do it soon; now, where the system has no thread for it. An error of it becomes a warning."""
        if self._thread is None or not self._thread.alive:
            try:
                self._thread = Thread(self._work, "stratix-chores")
            except NO_ROOM:
                return _do(chore)
        self._queue.put(chore)

    def settle(self) -> None:
        """Wait until everything put so far is done."""
        if self._thread is not None and self._thread.alive:
            done = threading.Event()
            self._queue.put(done.set)
            done.wait(10.0)

    def close(self) -> None:
        """Finish what was put, then end."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(5.0)

    def _work(self) -> None:
        while (chore := self._queue.get()) is not None:
            _do(chore)


def _do(chore: Callable[[], object]) -> None:
    try:
        chore()
    except Exception as error:  # the next one is done all the same
        told = error.message if isinstance(error, StratixError) else f"{type(error).__name__}: {error}"
        text = f"the catalog could not be told: {told}; it is made again from the journals when needed"
        warnings.warn(text, stacklevel=3)

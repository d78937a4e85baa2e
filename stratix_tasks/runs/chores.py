"""What waits for the disk and gates nothing, done by a thread of its own."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from queue import SimpleQueue

from stratix_tasks.errors import StratixError


class Chores:
    """Tells the catalog what the journal has already; in order, one at a time."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, chore: Callable[[], object]) -> None:
        """Do it soon. An error of it becomes a warning."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="stratix-chores", daemon=True)
            self._thread.start()
        self._queue.put(chore)

    def settle(self) -> None:
        """Wait until everything put so far is done."""
        if self._thread is not None and self._thread.is_alive():
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
            try:
                chore()
            except Exception as error:  # the next one is done all the same
                told = error.message if isinstance(error, StratixError) else f"{type(error).__name__}: {error}"
                warnings.warn(
                    f"the catalog could not be told: {told}; it is made again from the journals when needed",
                    stacklevel=2,
                )

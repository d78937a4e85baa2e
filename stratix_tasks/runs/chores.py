"""What waits for the disk and gates nothing, done by a thread of its own."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from stratix_tasks.errors import StratixError, in_words
from stratix_tasks.runners.native import NO_ROOM, Thread

MOST = 50
"""Words to the catalog that are one transaction: so long, some milliseconds, it is held at a time."""
LAST = 5.0
"""Seconds for which an end waits for what was put."""


@dataclass(frozen=True, slots=True)
class Chore:
    """`tells`: it does nothing but tell the catalog, so that it can be done within a transaction with others."""

    do: Callable[[], object]
    tells: bool


class Chores:
    """Tells the catalog what the journal has already, in order. Runs may end faster than a disk takes one transaction after the
    other: what waits by then is told in one, `together`.
    """

    def __init__(self, together: Callable[[], AbstractContextManager[object]]) -> None:
        self._together = together
        self._queue: SimpleQueue[Chore | None] = SimpleQueue()
        self._thread: Thread | None = None

    def put(self, chore: Callable[[], object], *, tells: bool = False) -> None:
        """Do it soon; now, where the system has no thread for it. An error of it becomes a warning."""
        if self._thread is None or not self._thread.alive:
            try:
                self._thread = Thread(self._work, "stratix-chores")
            except NO_ROOM:
                return _do(chore)
        self._queue.put(Chore(chore, tells))

    def settle(self) -> None:
        """Wait until everything put so far is done."""
        if self._thread is not None and self._thread.alive:
            done = threading.Event()
            self._queue.put(Chore(done.set, False))
            done.wait(10.0)

    def close(self) -> bool:
        """Finish what was put, then end. False when that takes too long: the rest is left undone."""
        if self._thread is None:
            return True
        self._queue.put(None)
        self._thread.join(LAST)
        return not self._thread.alive

    def _work(self) -> None:
        chore = self._queue.get()
        while chore is not None:
            if chore.tells:
                chore = self._tell(chore)
            else:
                _do(chore.do)
                chore = self._queue.get()

    def _tell(self, first: Chore) -> Chore | None:
        """Do it, and those that wait behind it, in one transaction; returns the one that is next."""
        told, following = [first], self._waiting()
        while following is not None and following.tells and len(told) < MOST:
            told.append(following)
            following = self._waiting()
        try:
            with self._together():
                for chore in told:
                    _do(chore.do)
        except Exception:  # what was done in it is undone: each is tried, and told of, by itself
            for chore in told:
                _do(chore.do)
        return self._queue.get() if following is NOTHING else following

    def _waiting(self) -> Chore | None:
        try:
            return self._queue.get_nowait()
        except Empty:
            return NOTHING


NOTHING = Chore(lambda: None, False)
"""In the place of what is next where nothing waits."""


def _do(chore: Callable[[], object]) -> None:
    try:
        chore()
    except Exception as error:  # the next one is done all the same
        told = error.message if isinstance(error, StratixError) else in_words(error)
        text = f"the catalog could not be told: {told}; it is made again from the journals when needed"
        warnings.warn(text, stacklevel=3)

"""Runs plain functions in daemon threads of our own: one queue in, answers straight to the engine.

Two threads are there at once; when jobs wait and none was taken up for `PATIENCE`, each of them gets a thread, if there
is none without a body: so there are never more threads than jobs in flight (which the engine limits) and these two.
So no-ops stay on two threads, where handing over is cheap, and bodies that wait get a thread each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from stratix_tasks.runners.attempt import Attempt, Cooperative, run_here

EAGER = 2
PATIENCE = 0.001
"""Seconds that a job may wait before a thread is added for it."""


class ThreadRunner(Cooperative):
    """`submit(attempts)` from the engine's thread; `later(seconds, callback)` is the engine's timer."""

    name = "thread"

    def __init__(self, later: Callable[[float, Callable[[], None]], Any]) -> None:
        self._later = later
        self._jobs: SimpleQueue[Attempt | None] = SimpleQueue()
        self._threads = 0
        self._watching = False
        self._taken = self._seen = 0
        self._busy: set[threading.Thread] = set()

    def submit(self, attempts: Sequence[Attempt]) -> None:
        while self._threads < min(EAGER, len(attempts)):
            self._add()
        for attempt in attempts:
            self._jobs.put(attempt)
        if not self._watching and self._jobs.qsize():
            self._watching, self._seen = True, self._taken
            self._later(PATIENCE, self._watch)

    def stop(self, attempt: Attempt) -> None:
        """A thread can't be killed: its body is told, and ends at its next checkpoint."""
        attempt.ask_stop()

    def close(self) -> None:
        for _ in range(self._threads):
            self._jobs.put(None)

    def _watch(self) -> None:
        """Give each job that waits a thread of its own, if no job was taken up since the last look.

        A thread that was just added, or that has no turn yet on a busy machine, is one without a body.
        """
        waiting = self._jobs.qsize()
        self._watching = waiting > 0
        if waiting > 0:
            if self._taken == self._seen:
                for _ in range(waiting - (self._threads - len(self._busy))):
                    self._add()
            self._seen = self._taken
            self._later(PATIENCE, self._watch)

    def _add(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, name=f"stratix-body-{self._threads}", daemon=True).start()

    def _work(self) -> None:
        get, busy, me = self._jobs.get, self._busy, threading.current_thread()
        while (attempt := get()) is not None:
            busy.add(me)
            self._taken += 1
            attempt.host.answer(run_here(attempt))
            del attempt
            busy.discard(me)

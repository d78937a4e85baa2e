"""Runs plain functions in daemon threads of our own: one queue in, answers straight to the engine.

Two threads are there at once; when jobs wait and none was taken up for `PATIENCE`, each of them gets a thread, if there
is none without a body: so there are never more threads than jobs in flight (which the engine limits) and these two.
So no-ops stay on two threads, where handing over is cheap, and bodies that wait get a thread each.

Any thread may end at any moment: a body may have seen to it that an exception is raised in it later. So what a thread is
at stands beside it, and the supervisor takes it from there.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from stratix_tasks.runners.attempt import Attempt, Cooperative, lost, not_begun, run_here
from stratix_tasks.runners.native import NO_ROOM, Thread
from stratix_tasks.runners.supervisor import Supervisor

EAGER = 2
PATIENCE = 0.001
"""Seconds that a job may wait before a thread is added for it."""


class Hand:
    """A thread that runs bodies. `at` holds the attempt that it is at, and the one that it takes next, if it has that."""

    __slots__ = ("at", "begun", "thread")

    def __init__(self, work: Callable[[Hand], None], number: int) -> None:
        self.at: deque[Attempt] = deque()
        self.begun = False
        self.thread = Thread(lambda: work(self), f"stratix-body-{number}")

    def dropped(self) -> tuple[list[Attempt], list[Attempt]]:
        """Of a thread that has ended: attempts that it had begun, and those that it had not."""
        at = list(self.at)
        return (at[:1], at[1:]) if self.begun else ([], at)


class ThreadRunner(Cooperative):
    """`submit(attempts)` from the engine's turn; `later(seconds, callback)` is the engine's timer."""

    name = "thread"

    def __init__(self, later: Callable[[float, Callable[[], None]], Any]) -> None:
        self._later = later
        self._jobs: SimpleQueue[Attempt | None] = SimpleQueue()
        self._hands: list[Hand] = []
        self._here = threading.local()
        self._growing = False
        self._made = self._taken = self._seen = 0
        self._supervisor = Supervisor(later, self._look)

    def submit(self, attempts: Sequence[Attempt]) -> None:
        hand: Hand | None = getattr(self._here, "hand", None)
        if hand is not None and len(hand.at) == 1:  # this turn is done in a thread of ours: it goes on with the first
            hand.at.append(attempts[0])
            attempts = attempts[1:]
        for attempt in attempts:
            self._jobs.put(attempt)
        self._add(min(EAGER, len(attempts)) - len(self._hands))
        if not self._growing and self._jobs.qsize():
            self._growing, self._seen = True, self._taken
            self._later(PATIENCE, self._grow)
        self._supervisor.begin()

    def stop(self, attempt: Attempt) -> None:
        """A thread can't be killed: its body is told, and ends at its next checkpoint."""
        attempt.ask_stop()

    def close(self) -> None:
        for _ in self._hands:
            self._jobs.put(None)

    def _grow(self) -> None:
        """Give each job that waits a thread of its own, if no job was taken up since the last look.

        A thread that was just added, or that has no turn yet on a busy machine, is one without a body.
        """
        waiting = self._jobs.qsize()
        self._growing = waiting > 0
        if waiting > 0:
            if self._taken == self._seen:
                self._add(waiting - sum(not hand.at for hand in self._hands))
            self._seen = self._taken
            self._later(PATIENCE, self._grow)

    def _look(self) -> bool:
        """What a thread that ended had begun is lost; the rest is put back."""
        for hand in [hand for hand in self._hands if not hand.thread.alive]:
            self._hands.remove(hand)
            begun, waiting = hand.dropped()
            for attempt in begun:
                attempt.host.answer(lost(attempt, hand.thread.error))
            if waiting:
                self.submit(waiting)
        return bool(self._jobs.qsize()) or any(hand.at for hand in self._hands)

    def _add(self, count: int) -> None:
        """More threads, as far as the system gives some. Where there is none at all, what waits for one is given back."""
        try:
            for _ in range(count):
                self._made += 1
                self._hands.append(Hand(self._work, self._made))
        except NO_ROOM as error:
            while not self._hands and self._jobs.qsize():
                attempt = self._jobs.get()
                if attempt is not None:
                    attempt.host.answer(not_begun(attempt, error))

    def _work(self, hand: Hand) -> None:
        self._here.hand = hand
        at, jobs = hand.at, self._jobs
        # One step for the interpreter, so that an exception from outside finds a job in the queue or beside its thread.
        taken = map(at.append, iter(jobs.get, None))
        for _ in taken:
            while at:
                self._taken += 1
                hand.begun = True
                self._run(at[0])
                at.popleft()
                hand.begun = False

    def _run(self, attempt: Attempt) -> None:
        event = run_here(attempt)
        attempt.host.answer(event, free=not self._jobs.qsize())

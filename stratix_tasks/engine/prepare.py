"""Prepare: threads of the engine's own for what must not happen on its loop, as it runs code of the user's or loads values.

Work has a time limit, which counts from when a thread takes it up. What exceeds it is given up and answered, and its thread
is replaced: a thread can't be killed, it ends when the user's code lets go of it. Threads are daemons, so that neither a
close nor the end of the process waits for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, NamedTuple

from stratix_tasks.engine.reading import Reader
from stratix_tasks.errors import StratixError
from stratix_tasks.runners.attempt import describe
from stratix_tasks.runners.native import NO_ROOM, Thread, get_ident

TIMEOUT = "prepare-timeout"
LIMIT = 60.0
"""Seconds that preparing one thing may take."""
THREADS = 2


class Outcome(NamedTuple):
    """What came of some work: a value, or the exception that it ended by, and that as data."""

    value: Any
    error: BaseException | None = None
    told: dict[str, Any] | None = None


class Job:
    """One piece of work on its way."""

    __slots__ = ("begun", "over", "reader", "then", "thread", "timer", "what", "work")

    def __init__(self, what: str, work: Callable[[Reader], Any], then: Callable[[Outcome], None]) -> None:
        self.what, self.work, self.then = what, work, then
        self.reader, self.over = Reader(), False
        self.thread: int | None = None
        self.begun: float | None = None
        self.timer: Any = None

    def end(self) -> None:
        """Nobody waits for it any more."""
        self.over = self.reader.over = True
        self.work = _nothing
        if self.timer is not None:
            self.timer.cancel()


class Threads:
    """`hand` and `drop` in the engine's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, count: int = THREADS, limit: float = LIMIT) -> None:
        self._loop, self._count, self.limit = loop, count, limit
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._given_up: set[int] = set()

    def hand(self, what: str, work: Callable[[Reader], Any], then: Callable[[Outcome], None]) -> Job:
        """Do some work in a thread; `then` has its outcome, in the engine's thread. `what` names it in errors.

        The outcome is a StratixError `prepare-timeout` when it took too long.
        """
        job = Job(what, work, then)
        self._threads = [thread for thread in self._threads if thread.alive]  # user code may have killed one
        self._jobs.put(job)
        if len(self._threads) < self._count:
            error = self._open()
            if error is not None and not self._threads:
                self._loop.call_soon(self._finish, job, Outcome(None, error, describe(error)))
        job.timer = self._loop.call_later(self.limit, self._look, job)
        return job

    def drop(self, job: Job) -> None:
        """Its outcome is not wanted any more; a thread that is at it is replaced."""
        if not job.over:
            job.end()
            self._replace(job)

    def close(self) -> None:
        """Threads end after what they are at."""
        for _ in self._threads:
            self._jobs.put(None)

    def _open(self) -> Exception | None:
        """One more thread; else why the system gives none."""
        try:
            self._threads.append(Thread(self._serve, "stratix-prepare"))
        except NO_ROOM as error:
            return error
        return None

    def _replace(self, job: Job) -> None:
        if job.thread is not None and job.thread not in self._given_up:
            self._given_up.add(job.thread)
            self._threads = [thread for thread in self._threads if thread.ident != job.thread]
            self._open()

    def _look(self, job: Job) -> None:
        """Its limit may be over."""
        left = self.limit if job.begun is None else job.begun + self.limit - self._loop.time()
        if job.over:
            return
        if left > 0:
            job.timer = self._loop.call_later(left, self._look, job)
            return
        self.drop(job)
        error = StratixError(
            f"{job.what} took over {self.limit:g} s to prepare, so it was given up: an object there takes that long to be "
            "read, walked or asked. Do that in a task, and pass on what it gives",
            code=TIMEOUT,
        )
        job.then(Outcome(None, error, describe(error)))

    def _finish(self, job: Job, outcome: Outcome) -> None:
        if not job.over:
            job.end()
            job.then(outcome)

    def _serve(self) -> None:
        me = get_ident()
        while (job := self._jobs.get()) is not None:
            job.thread, job.begun = me, self._loop.time()
            outcome = done(job.work, job.reader)
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                self._loop.call_soon_threadsafe(self._finish, job, outcome)
            del job, outcome
            if me in self._given_up:
                return self._given_up.discard(me)


def done(work: Callable[[Reader], Any], reader: Reader) -> Outcome:
    """Do it here. A user's object may raise anything, anywhere, also while its error is described."""
    try:
        return Outcome(work(reader))
    except BaseException as error:
        return Outcome(None, error, _described(error))


def _described(error: BaseException) -> dict[str, Any]:
    try:
        return describe(error)
    except BaseException as second:
        name, why = type(error).__name__, type(second).__name__
        return {"type": name, "message": f"<{name}, which can't be described: {why}>", "traceback": "", "bases": []}


def _nothing(_reader: Reader) -> None:
    """In place of work that is over, so that what it holds is free."""

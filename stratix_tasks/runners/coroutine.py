"""Runs `async def` bodies: on a loop and thread of their own (`async`), or on the engine's loop (`inline`).

A carrier is a Task that runs bodies one after the other, as long as they do not wait: most short ones then need no Task.
The first one that waits keeps it as its own, and another carrier goes on with the rest.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import weakref
from asyncio import current_task
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from os import getpid
from typing import Any

from stratix_tasks.runners.attempt import Attempt, Cooperative, lost, not_begun, run_here
from stratix_tasks.runners.drive import in_its_context, serve, starter
from stratix_tasks.runners.native import NO_ROOM, BodiesLoop, Clock, Thread
from stratix_tasks.runners.supervisor import Supervisor

BLOCKED = 1.0
"""Seconds without a turn of the bodies' loop after which the body that holds it is named."""
REPLACED = 2.0
"""Seconds after which other bodies, if some wait, go on in another loop."""
LAST = 5.0
"""Seconds for which bodies that were cancelled because their engine is closed may go on."""
TURN = 0.005
"""Seconds for which bodies that do not wait, and what follows from them, are run without giving the loop back."""
COROUTINE = inspect.CO_COROUTINE


class Carriers:
    """The bodies of one loop. Its methods belong to that loop's thread, but for `begin` and `lost`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._start, self._home = loop, starter(loop), getpid()
        self._context = copy_context()
        self._woken = False
        self._until = 0.0
        self.jobs: deque[Attempt] = deque()
        self.begun: dict[Attempt, asyncio.Task[Any]] = {}

    def begin(self, attempts: Sequence[Attempt]) -> None:
        """Take attempts; they run when the loop comes to it, or at once behind the one that runs. Any thread."""
        self.jobs.extend(attempts)
        if not self._woken:
            self._woken = True
            self.soon(self.run)

    def soon(self, callback: Callable[..., Any], *args: Any) -> None:
        with suppress(RuntimeError):  # closed by a body: the supervisor finds that
            self._loop.call_soon_threadsafe(callback, *args)

    def run(self) -> None:
        """Run all jobs, and those that follow from them; only from a plain callback of the loop."""
        if getpid() != self._home:
            return  # in the child that a body forked, which waits in there: the parent begins them
        self._woken = True
        self._until = self._loop.time() + TURN
        try:
            while self.jobs and self._loop.time() <= self._until:
                self._start(self._carry(), self._context)
        finally:
            self._woken = False
            if self.jobs:  # there are more than fit in, some came at this moment, or this was struck down
                self.begin(())

    async def _carry(self) -> None:
        me, jobs, begun = current_task(self._loop), self.jobs, self.begun
        assert me is not None
        untouched = _known(me)
        while jobs:
            attempt = begun_by(jobs, begun, me)
            if attempt is None:
                return
            if attempt.function.__code__.co_flags & COROUTINE:
                event, waited = await in_its_context(attempt)
            else:
                event, waited = run_here(attempt), False
            attempt.host.answer(event, free=not jobs and len(begun) < 2)
            begun.pop(attempt, None)
            del attempt, event
            if waited or self._loop.time() > self._until or me.cancelling() or _known(me) != untouched:
                return

    def stop(self, attempt: Attempt) -> None:
        attempt.ask_stop()
        task = self.begun.get(attempt)
        if task is not None:
            task.cancel()

    def lost(self, error: BaseException | None, *, all: bool) -> None:
        """Answer for the bodies whose carrier has ended under them; for all when the loop has."""
        for attempt, task in list(self.begun.items()):
            if all or task.done():
                attempt.host.answer(lost(attempt, error))
                self.begun.pop(attempt, None)

    def holder(self) -> Attempt | None:
        """The body that holds the loop now; for any thread."""
        task = current_task(self._loop)
        return next((attempt for attempt, its in list(self.begun.items()) if its is task), None)


def begun_by(jobs: deque[Attempt], begun: dict[Attempt, asyncio.Task[Any]], me: asyncio.Task[Any]) -> Attempt | None:
    """The next job. At each moment it is in one of the two, so that an exception from outside loses none."""
    try:
        attempt = jobs[0]
        begun[attempt] = me
        jobs.popleft()
    except IndexError:  # the supervisor took them to another loop
        return None
    return attempt


def _known(task: asyncio.Task[Any]) -> tuple[int, int]:
    """Tells when a body has kept hold of its Task: what it does to it later must not meet another body."""
    return sys.getrefcount(task), weakref.getweakrefcount(task)


class LoopThread:
    """A loop in a thread of its own, with its bodies."""

    def __init__(self) -> None:
        self.loop = BodiesLoop()
        self.carriers = Carriers(self.loop)
        self.beat = Clock.monotonic()
        self.closed = False
        try:
            self.thread = Thread(self._live, "stratix-async")
        except NO_ROOM:
            self.loop.close()
            raise

    @property
    def silent(self) -> float:
        """Seconds since it last answered."""
        return Clock.monotonic() - self.beat

    @property
    def busy(self) -> bool:
        return bool(self.carriers.begun or self.carriers.jobs)

    def _live(self) -> None:
        serve(self.loop, lambda: not self.closed)
        self.loop.close()

    def mark(self) -> None:
        self.beat = Clock.monotonic()
        self.carriers.run()  # what was woken for may have been struck down on the way

    def close(self) -> None:
        self.closed = True
        self.carriers.soon(self._end)

    def _end(self) -> None:
        """Bodies that wait are cancelled, and have `LAST` seconds to let go of what they hold outside of the process."""
        left = set(self.carriers.begun.values())

        def ended(task: asyncio.Task[Any]) -> None:
            left.discard(task)
            if not left:
                self.loop.stop()

        for task in tuple(left):
            task.cancel()
            task.add_done_callback(ended)
        if left:
            self.loop.call_later(LAST, self.loop.stop)
        else:
            self.loop.stop()


class AsyncRunner(Cooperative):
    """A second loop in a second thread, so that a body that blocks it can't stop clicks. Hand-overs are batched.

    `later(seconds, callback)` is the engine's timer.
    """

    name = "async"

    def __init__(self, later: Callable[[float, Callable[[], None]], Any]) -> None:
        self._threads: list[LoopThread] = []
        """The last one takes new bodies; those before it end when theirs have."""
        self._supervisor = Supervisor(later, self._look)
        self._named: Attempt | None = None

    def submit(self, attempts: Sequence[Attempt]) -> None:
        if not self._threads and (error := self._open()) is not None:
            for attempt in attempts:
                attempt.host.answer(not_begun(attempt, error))
            return
        now = self._threads[-1]
        if not now.busy:
            now.beat = Clock.monotonic()
        now.carriers.begin(attempts)
        self._supervisor.begin()

    def stop(self, attempt: Attempt) -> None:
        attempt.ask_stop()
        for thread in self._threads:
            thread.carriers.soon(thread.carriers.stop, attempt)

    def close(self) -> None:
        for thread in self._threads:
            thread.close()

    def _look(self) -> bool:
        for thread in tuple(self._threads):
            self._look_after(thread)
        return any(thread.busy for thread in self._threads)

    def _look_after(self, thread: LoopThread) -> None:
        if not thread.thread.alive:
            thread.carriers.lost(thread.thread.error, all=True)
            return self._replace(thread)
        thread.carriers.lost(None, all=False)
        if thread.silent > BLOCKED:
            self._name(thread.carriers.holder())
        if thread.silent > REPLACED and thread.carriers.jobs and self._open() is None:
            self._move(thread)
        elif thread is not self._threads[-1] and not thread.busy:
            thread.close()
            self._threads.remove(thread)
        thread.carriers.soon(thread.mark)

    def _replace(self, thread: LoopThread) -> None:
        self._threads.remove(thread)
        if thread.carriers.jobs:
            self._move(thread)

    def _open(self) -> BaseException | None:
        """One more loop; else why the system gives none."""
        try:
            self._threads.append(LoopThread())
        except NO_ROOM as error:
            return error
        return None

    def _move(self, thread: LoopThread) -> None:
        """What waits for a loop goes on in the newest."""
        moved = []
        with suppress(IndexError):
            while True:
                moved.append(thread.carriers.jobs.popleft())
        self.submit(moved)

    def _name(self, attempt: Attempt | None) -> None:
        if attempt is not None and attempt is not self._named:
            self._named = attempt
            text = (
                f"this body has blocked the loop of all async bodies for over {BLOCKED:g} s: "
                "await what it waits for, or make it a plain def, which runs in a thread"
            )
            attempt.host.note(attempt, "log", (Clock.time(), "warning", text))


class InlineRunner(Cooperative):
    """On the engine's own loop, on purpose, for tiny bodies: the cheapest way, and one that blocks clicks while it lasts."""

    name = "inline"

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._carriers = Carriers(loop)

    def submit(self, attempts: Sequence[Attempt]) -> None:
        self._carriers.begin(attempts)

    def stop(self, attempt: Attempt) -> None:
        self._carriers.stop(attempt)

    def close(self) -> None: ...

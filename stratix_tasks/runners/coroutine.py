"""Runs `async def` bodies: on a loop and thread of their own (`async`), or on the engine's loop (`inline`)."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic, time
from typing import Any

from stratix_tasks.runners.attempt import CURRENT, Attempt, Cooperative, failed, run_here, succeeded
from stratix_tasks.runners.drive import serve, starter
from stratix_tasks.runners.forked import end_child

BLOCKED = 1.0
"""Seconds without a turn of the bodies' loop after which the body that holds it is named."""


class Coroutines:
    """The Tasks of one loop. All methods run in that loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._start, self._home = starter(loop), os.getpid()
        self.tasks: dict[asyncio.Task[Any], Attempt] = {}
        self.starting: Attempt | None = None

    def begin(self, attempt: Attempt) -> None:
        if os.getpid() != self._home:
            return  # in the child that a body forked, which waits in there: the parent begins it
        context = attempt.context
        self.starting = attempt
        context.run(CURRENT.set, attempt)
        try:
            coroutine = context.run(attempt.function, *attempt.args, **attempt.kwargs)
            task = self._start(coroutine, context)
        except BaseException as error:
            end_child(self._home, error)
            return attempt.host.answer(failed(attempt, error))
        self.starting = None
        if task.done():
            self._finish(attempt, task)
        else:
            self.tasks[task] = attempt
            task.add_done_callback(self._done)

    def stop(self, attempt: Attempt) -> None:
        attempt.ask_stop()
        for task, other in self.tasks.items():
            if other is attempt:
                task.cancel()

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._finish(self.tasks.pop(task), task)

    def _finish(self, attempt: Attempt, task: asyncio.Task[Any]) -> None:
        end_child(self._home, None if task.cancelled() else task.exception())
        if task.cancelled():
            return attempt.host.answer(failed(attempt, asyncio.CancelledError("the body's task was cancelled")))
        error = task.exception()
        event = succeeded(attempt, task.result(), None) if error is None else failed(attempt, error)
        attempt.host.answer(event)


class AsyncRunner(Cooperative):
    """A second loop in a second thread, so that a body that blocks it can't stop clicks. Hand-overs are batched.

    `later(seconds, callback)` is the engine's timer, for the watchdog.
    """

    name = "async"

    def __init__(self, later: Callable[[float, Callable[[], None]], Any]) -> None:
        self._later = later
        self._jobs: deque[Attempt] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = False
        self._watching = False
        self._beat = monotonic()
        self._named: Attempt | None = None

    def submit(self, attempts: Sequence[Attempt]) -> None:
        if self._loop is None:
            self._open()
        self._jobs.extend(attempts)
        if not self._woken:
            self._woken = True
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._drain)
        if not self._watching:
            self._watching, self._beat = True, monotonic()
            self._later(BLOCKED / 2, self._watch)

    def stop(self, attempt: Attempt) -> None:
        attempt.ask_stop()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._coroutines.stop, attempt)

    def close(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _open(self) -> None:
        loop = self._loop = asyncio.SelectorEventLoop()
        self._coroutines = Coroutines(loop)
        threading.Thread(target=serve, args=(loop,), name="stratix-async", daemon=True).start()

    def _drain(self) -> None:
        self._woken = False
        jobs, begin = self._jobs, self._coroutines.begin
        while jobs:
            begin(jobs.popleft())

    def _watch(self) -> None:
        """In the engine's thread, twice a second while bodies are there: name the one that holds the loop."""
        assert self._loop is not None
        if monotonic() - self._beat > BLOCKED:
            self._name_holder(self._loop)
        self._watching = bool(self._coroutines.tasks or self._jobs or monotonic() - self._beat > BLOCKED / 2)
        if self._watching:
            self._loop.call_soon_threadsafe(self._mark)
            self._later(BLOCKED / 2, self._watch)

    def _mark(self) -> None:
        self._beat = monotonic()

    def _name_holder(self, loop: asyncio.AbstractEventLoop) -> None:
        task = asyncio.current_task(loop)
        attempt = self._coroutines.tasks.get(task) if task is not None else None
        attempt = attempt or self._coroutines.starting
        if attempt is not None and attempt is not self._named:
            self._named = attempt
            text = (
                f"this body has blocked the loop of all async bodies for over {BLOCKED:g} s: "
                "await what it waits for, or make it a plain def, which runs in a thread"
            )
            attempt.host.note(attempt, "log", (time(), "warning", text))


class InlineRunner(Cooperative):
    """On the engine's own loop, on purpose, for tiny bodies: the cheapest way, and one that blocks clicks while it lasts."""

    name = "inline"

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._coroutines = Coroutines(loop)

    def submit(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            if attempt.function.__code__.co_flags & 0x80:
                self._coroutines.begin(attempt)
            else:
                attempt.host.answer(run_here(attempt))

    def stop(self, attempt: Attempt) -> None:
        self._coroutines.stop(attempt)

    def close(self) -> None: ...

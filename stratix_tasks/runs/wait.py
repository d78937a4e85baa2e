"""Waiting for a run: in a cell, in a script or in a coroutine; an interrupt is heard at once, and ends the waiting only."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from math import isnan
from typing import Any

from stratix_tasks.core.state import MISSING
from stratix_tasks.core.states import RunState
from stratix_tasks.engine import outcome
from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.runners.native import Clock
from stratix_tasks.runs.handle import Handle

LOST = ("fenced", "closed")
"""Codes of what broke a run off here that nobody here goes on with."""
TICK = 0.1
"""Seconds between wake-ups of a waiting cell, so that an interrupt is delivered at once."""
LAST = 2.0
"""Seconds for which who interrupts a call waits for its bodies to stop."""


def wait(run: Handle, timeout: float | None) -> str:
    """See `Run.wait`."""
    if timeout is not None and not (isinstance(timeout, int | float) and not isnan(timeout)):
        raise InputError(
            f"timeout is a number of seconds, or None to wait without one, not {timeout!r}", code="bad-option"
        )
    limit = None if timeout is None else Clock.monotonic() + timeout
    _tell_of_loss(run)
    run._refresh()
    if run._live.engine.is_here and not _is_over(run):
        raise StratixError(
            f"waiting for run {run.id} in the engine's own thread would have no end: a callback or an inline body can't "
            "wait for it. Use another thread, or engine.on('run.completed', …)",
            code="would-block",
        )
    while _goes_on(run):
        left = TICK if limit is None else min(TICK, limit - Clock.monotonic())
        if left <= 0:
            break
        pump()
        try:
            run._live.ended.result(left)
        except FutureTimeout:
            _follow(run)
    _tell_of_loss(run)
    return run.status


def result(run: Handle, timeout: float | None) -> Any:
    """See `Run.result`."""
    try:
        wait(run, timeout)
    except KeyboardInterrupt as stop:
        stop.add_note(_only_the_waiting(run))
        raise
    _refuse_left(run)
    if not _is_over(run):
        raise TimeoutError(f"run {run.id} is {run.status} after {timeout:g} s; it goes on")
    return value(run)


async def wait_async(run: Handle) -> Any:
    """The same without blocking the loop that it is awaited in."""
    loop = asyncio.get_running_loop()
    ended: Future[RunState] | None = None
    try:
        while _goes_on(run):
            if ended is not run._live.ended:
                ended, done = run._live.ended, loop.create_future()
                ended.add_done_callback(lambda _, done=done: _wake(loop, done))  # type: ignore[misc]
            pump()
            await asyncio.wait((done,), timeout=TICK)
            _follow(run)
        _tell_of_loss(run)
    except asyncio.CancelledError:
        print(_only_the_waiting(run), file=sys.stderr)
        raise
    _refuse_left(run)
    return value(run)


def cancel(begun: list[Handle]) -> None:
    """End the runs of a call that was interrupted, those that are there: the interrupt may have come before it began."""
    for run in begun:
        if run._engine.loop.look(lambda run=run: run.runs_here):  # after what was on its way
            run._ask("cancel", None)
            wait(run, LAST)


def value(run: Handle) -> Any:
    """What a run that has ended came to: its value, or its error is raised."""
    live = run._live
    if live.error is not None:
        raise live.error
    return live.result if live.result is not MISSING else outcome.read(live)


def pump() -> None:
    """Let a notebook's front end be heard while a cell waits, where its kernel needs help with that."""
    compat = sys.modules.get("stratix_tasks.view._kernel_compat")
    if compat is not None:
        compat.pump()


def _goes_on(run: Handle) -> bool:
    """One that was let go of goes on when somebody asked something of it: who waits for it waits on."""
    run._live = run._engine.lives.get(run.id, run._live)
    if run._live.broken is not None and not run._live.engine.is_here:
        _take_up(run)
    return not _is_over(run) and not _is_left(run)


def _take_up(run: Handle) -> None:
    """One that was broken off may have been gone on with, and have ended, before who waits came to look."""
    left = run._live
    if left.broken is None or left.broken.code in LOST:
        return
    now = run._engine.held.get(run.id)
    if now is None or now is left:
        now, _ = run._engine.load(run.id)
    if now.core.is_over:
        run._live = now


def _is_over(run: Handle) -> bool:
    """Whether there is nothing to wait for. In the engine's thread a callback sees it before those who wait do."""
    live = run._live
    return live.ended.done() or (live.engine.is_here and live.core.is_over)


def _is_left(run: Handle) -> bool:
    """Whether its owner died and nobody has taken it over, as of the last look."""
    follower = run._live.follower
    return follower is not None and follower.interrupted


def _refuse_left(run: Handle) -> None:
    if _is_left(run) and not run._live.ended.done():
        raise StratixError(
            f"run {run.id} is interrupted: the kernel that ran it has ended, so waiting would have no end. recover() goes on "
            "with it",
            code="interrupted",
        )


def _follow(run: Handle) -> None:
    """While waiting; a run that was lost to another engine is waited for no longer."""
    live = run._live
    if live.broken is None and live.follower is not None:
        live.follower.catch_up(live)


def _tell_of_loss(run: Handle) -> None:
    """Who waits is told that the engine was closed, and once that the run was lost to another: it is looked at there then."""
    lost = run._live.broken
    if lost is None or lost.code not in LOST:
        return
    if lost.code == "fenced":
        run._live, _ = run._engine.load(run.id)
    raise lost


def _only_the_waiting(run: Handle) -> str:
    return f"Only the waiting was interrupted: run {run.id} goes on. run.cancel() ends it, run.pause() pauses it."


def _wake(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # the loop of someone who waits no more may be closed
        loop.call_soon_threadsafe(_set, future)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

"""Drives coroutines: a Task whose first step runs at once, and a body in a Task that is not its own.

A body that never waits then costs no turn of the loop. `current_task()`, `asyncio.timeout` and TaskGroup work as in any
Task. Python 3.12 has the former (`eager_start`). On 3.11 the first step that a new Task schedules is caught and run in
the Task's context.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context
from os import getpid
from types import coroutine
from typing import Any

from stratix_tasks.runners.attempt import CURRENT, Attempt, failed, succeeded, traceback_of
from stratix_tasks.runners.forked import end_child

Start = Callable[[Coroutine[Any, Any, Any], Context], "asyncio.Task[Any]"]
_Task, _Cancelled, _set_event_loop = asyncio.Task, asyncio.CancelledError, asyncio.set_event_loop
"""As they are at import: a body may put others there."""
_LOOP = (__name__, "asyncio.base_events", "asyncio.selector_events", "selectors")


def starter(loop: asyncio.AbstractEventLoop) -> Start:
    """How to start Tasks on `loop`; only from a plain callback of that loop."""
    if sys.version_info >= (3, 12):

        def eager(coroutine: Coroutine[Any, Any, Any], context: Context) -> asyncio.Task[Any]:
            return _Task(coroutine, loop=loop, context=context, eager_start=True)

        return eager
    return _catching(loop)


def serve(loop: asyncio.AbstractEventLoop, goes_on: Callable[[], bool]) -> None:
    """Run a loop in this thread for as long as it `goes_on`, also when a body stops it.

    A SystemExit or KeyboardInterrupt that a Task or callback of a body raises comes out of the loop as well; it ended that one
    alone. Any other exception was raised in this thread from outside, and what the loop was at is lost: it is raised on.
    """
    with suppress(
        Exception
    ):  # one that a body put in the place of asyncio's policy may refuse it; the loop runs all the same
        _set_event_loop(loop)
    while goes_on() and not loop.is_closed():
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            if _in_loop(error):
                raise


def _in_loop(error: BaseException) -> bool:
    """Whether it was raised in the loop's own code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is None or trace.tb_frame.f_globals.get("__name__") in _LOOP


@coroutine
def in_its_context(attempt: Attempt) -> Generator[Any, Any, tuple[tuple[Any, ...], bool]]:
    """Run a coroutine body within the Task that awaits this; returns the answer, and whether the body has waited."""
    run, home, waited = attempt.enter().run, getpid(), False
    try:
        body = run(_called, attempt)
        step, told = body.send, None
        while True:
            waits_for = run(step, told)
            waited = True
            try:
                told, step = (yield waits_for), body.send
            except BaseException as error:
                told, step = _without_this_frame(error), body.throw
    except StopIteration as end:
        end_child(home)
        return succeeded(attempt, end.value, None), waited
    except BaseException as error:
        end_child(home, error)
        if type(error) is _Cancelled and not error.args:
            error.args = ("the body's task was cancelled",)
        return failed(attempt, error), waited


def _without_this_frame(error: BaseException) -> BaseException:
    """As it came, for the body that it is thrown into."""
    trace = traceback_of(error)
    return BaseException.with_traceback(error, trace and trace.tb_next)


def _called(attempt: Attempt) -> Any:
    CURRENT.set(attempt)
    attempt.reveal()
    return attempt.function(*attempt.args, **attempt.kwargs)


def _catching(loop: asyncio.AbstractEventLoop) -> Start:
    caught: list[Callable[[], None]] = []

    def catch(callback: Callable[[], None], *_args: Any, context: Context | None = None) -> None:
        caught.append(callback)

    def start(coroutine: Coroutine[Any, Any, Any], context: Context) -> asyncio.Task[Any]:
        loop.call_soon = catch  # type: ignore[method-assign,assignment]
        try:
            task = _Task(coroutine, loop=loop, context=context)
        finally:
            del loop.call_soon
        context.run(caught.pop())
        return task

    return start

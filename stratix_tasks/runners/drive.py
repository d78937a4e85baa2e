"""Starts a coroutine as a real asyncio Task whose first step runs at once.

A body that never waits then costs no turn of the loop, and `current_task()`, `asyncio.timeout` and TaskGroup work as in
any Task. Python 3.12 has this (`eager_start`). On 3.11 the first step that a new Task schedules is caught and run in
the Task's context.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

Start = Callable[[Coroutine[Any, Any, Any], Context], "asyncio.Task[Any]"]


def starter(loop: asyncio.AbstractEventLoop) -> Start:
    """How to start Tasks on `loop`; only from a plain callback of that loop."""
    if sys.version_info >= (3, 12):

        def eager(coroutine: Coroutine[Any, Any, Any], context: Context) -> asyncio.Task[Any]:
            return asyncio.Task(coroutine, loop=loop, context=context, eager_start=True)

        return eager
    return _catching(loop)


def serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop in this thread until it is stopped.

    A SystemExit or KeyboardInterrupt that a Task raises comes out of the loop as well: it ends that Task, not the loop.
    """
    asyncio.set_event_loop(loop)
    while True:
        try:
            return loop.run_forever()
        except (SystemExit, KeyboardInterrupt):
            continue


def _catching(loop: asyncio.AbstractEventLoop) -> Start:
    caught: list[Callable[[], None]] = []

    def catch(callback: Callable[[], None], *_args: Any, context: Context | None = None) -> None:
        caught.append(callback)

    def start(coroutine: Coroutine[Any, Any, Any], context: Context) -> asyncio.Task[Any]:
        loop.call_soon = catch  # type: ignore[method-assign,assignment]
        try:
            task = asyncio.Task(coroutine, loop=loop, context=context)
        finally:
            del loop.call_soon
        context.run(caught.pop())
        return task

    return start

"""Work that blocks, done in a thread of its own while a coroutine waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

from stratix_tasks.runners.native import Thread

T = TypeVar("T")
AGAIN = 0.1
"""Seconds after which work that was told to stop is told again."""


async def apart(work: Callable[[], T], *, stop: Callable[[], object] = lambda: None) -> T:
    """What the work gives. Where the coroutine is cancelled, `stop` is called from here, and the end of the work waited for: so
    nothing of it goes on behind the node.

    A thread of its own, not one of a pool: work that takes long must not keep other work from beginning.
    """
    future: Future[T] = Future()
    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(work))
        except BaseException as error:
            future.set_exception(error)

    Thread(run, "stratix-apart")
    made = asyncio.wrap_future(future)
    try:
        return await asyncio.shield(made)
    except asyncio.CancelledError:
        while not made.done():
            stop()  # again and again: it may not have begun when it was first told
            await asyncio.wait((made,), timeout=AGAIN)
        made.exception()  # it was looked at
        raise

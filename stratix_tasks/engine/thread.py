"""The engine's thread: how any other thread has something done in it, and what becomes of that once it is closed.

`turns.py` tells when another thread has its turn: that is the engine's thread, then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from stratix_tasks.engine.turns import TurnLoop
from stratix_tasks.errors import StratixError
from stratix_tasks.runners.native import RLock, Thread, get_ident

LAST_TURN = 5.0
"""Seconds for which who closes it waits for what is in it; a body may hold it up for longer."""


class EngineThread:
    """One thread that runs one loop, from `begin` on. With a `loop` of yours there is no thread: you drive it."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._turns = TurnLoop() if loop is None else None
        self.loop: asyncio.AbstractEventLoop = self._turns or loop  # type: ignore[assignment]
        self._closing = False
        self._calls = RLock()
        self._awaited: list[Callable[[], object]] = []
        self._thread: Thread | None = None

    def begin(self, turn: Callable[[], None]) -> None:
        """`turn` is what there is to do in it."""
        if self._turns is not None:
            self._thread = Thread(partial(self._turns.live, turn, lambda: not self._closing), "stratix-engine")

    @property
    def is_here(self) -> bool:
        """Whether this is the engine's thread, or one that has its turn."""
        if self._turns is None or self._thread is None:
            return True
        return get_ident() in (self._thread.ident, self._turns.lent_to)

    def call(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Run a function in the engine's thread; the future has its result or error. Once it is closed that is `closed`."""
        future: Future[Any] = Future()
        work = partial(_settle, future, function, args)
        if self.is_here:
            work()
        elif not self._hand_over(work):
            future.set_exception(StratixError("this engine is closed; make a new one", code="closed"))
        return future

    def look(self, function: Callable[..., Any], *args: Any) -> Any:
        """What a function returns that changes nothing: called in the engine's thread, in this one once that has ended."""
        if self.is_here:
            return function(*args)
        future: Future[Any] = Future()
        if self._hand_over(partial(_settle, future, function, args)):
            return future.result()
        with self._calls:
            return function(*args)

    def later(self, seconds: float, callback: Callable[[], object]) -> None:
        """Call back in the engine's thread after some seconds; at once when it is closed by then."""
        self._awaited.append(callback)
        wait = partial(self.loop.call_later, seconds, self._call_back, callback)
        if self.is_here:
            wait()
        elif not self._hand_over(wait):
            self._call_back(callback)

    def shut(self, busy: Callable[[], Collection[str]]) -> Collection[str]:
        """Take no calls any more, unless the engine's thread finds itself `busy`: with what is returned."""
        if self.is_here:
            return busy()
        with self._calls:  # who calls at this moment is heard before it, or is told that the engine is closed
            found: Future[Collection[str]] = Future()
            if self._closing:
                return ()
            self.loop.call_soon_threadsafe(_settle, found, busy, ())
            self._closing = not found.result()
            return found.result()

    def stop(self) -> None:
        """End the thread after what is in it."""
        if self._thread is not None and self._thread.alive and not self.is_here:
            with self._calls:
                self._closing = True
                self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(LAST_TURN)

    def call_back_all(self) -> None:
        """Once it has ended: whoever would have been called back later is now."""
        for callback in tuple(self._awaited):
            with suppress(Exception):  # a view that can't be reached must not keep the others from hearing it
                self._call_back(callback)

    def _call_back(self, callback: Callable[[], object]) -> None:
        if callback in self._awaited:
            self._awaited.remove(callback)
            callback()

    def _hand_over(self, work: Callable[[], object]) -> bool:
        """False once it is closed: nothing is done then. Never from the engine's thread, for which `shut` waits."""
        with self._calls:
            if not self._closing:
                self.loop.call_soon_threadsafe(work)
            return not self._closing


def _settle(future: Future[Any], function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """The function's result or error is the future's."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function(*args))
    except BaseException as error:
        future.set_exception(error)

"""The engine's loop, whose turns another thread may take while the loop's own waits.

One thread at a time is at the engine: its own, which gives that away only while it waits in `select`, or the thread of a
runner whose body has just ended. That one does the turn that follows itself, so that a chain of tasks needs no waking of
threads for each of them. Rules: it never waits for the turn; it takes it only where no user's code is on its stack or acts
on its thread; and when the engine's thread wants to go on, it is next.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from typing import Any

from stratix_tasks.runners import native
from stratix_tasks.runners.drive import serve


class _Waiting(selectors.DefaultSelector):
    """Gives the turn away while it waits."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = native.Lock()
        self.wanted = False

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        self.turn.release()
        try:
            return super().select(timeout)
        finally:
            self.wanted = True
            self.turn.acquire()
            self.wanted = False


class TurnLoop(asyncio.SelectorEventLoop):
    """It lives in one thread; others call `lend`."""

    time = staticmethod(native.Clock.monotonic)

    def __init__(self) -> None:
        self._waiting = _Waiting()
        self._planned = False
        self._own = 0
        self.lent_to = 0
        """The thread that has the turn now and is not the loop's own."""
        super().__init__(self._waiting)

    def __del__(self) -> None:
        """It is left open, for late bodies still answer. In a circle of garbage its sockets may be gone before it is."""
        with suppress(ValueError):
            super().__del__()

    def live(self, turn: Callable[[], None], goes_on: Callable[[], bool]) -> None:
        """The life of the loop's own thread. The turn is its, and stays so when the loop has ended."""
        self._waiting.turn.acquire()
        self._own = native.get_ident()
        while goes_on() and not self.is_closed():
            with suppress(BaseException):  # an inline body saw to it that this thread is struck later
                self.call_soon(turn)  # what was woken for may have been struck down on the way
                serve(self, goes_on)

    def lend(self, turn: Callable[[], None]) -> bool:
        """Do a turn in this thread, if it is free and the thread is fit for it; else False.

        From the loop's own thread, which an inline body has just left: there the turn is its already.
        """
        if native.get_ident() == self._own:
            turn()
            return True
        waiting = self._waiting
        if waiting.wanted or not native.is_own() or self.get_debug() or not waiting.turn.acquire(False):
            return False
        try:
            self.lent_to = native.get_ident()
            self._planned = False
            turn()
        except Exception as error:
            self.call_exception_handler({"message": "a turn of the engine failed", "exception": error})
        finally:
            self.lent_to = 0
            waiting.turn.release()
        if self._planned:
            self.call_soon_threadsafe(_nothing)  # it waits for less than it has to do by now
        return True

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:  # type: ignore[override]
        self._planned = True
        return super().call_soon(callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> asyncio.TimerHandle:  # type: ignore[override]
        self._planned = True
        return super().call_at(when, callback, *args, context=context)


def _nothing() -> None:
    """Wakes the loop."""

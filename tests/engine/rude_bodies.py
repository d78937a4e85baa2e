"""What bodies do that nobody should: the exceptions that can't be described, the ways to leave, and how a thread or loop is spoilt."""

from __future__ import annotations

import asyncio
import ctypes
import sys
import threading
from collections.abc import Callable
from typing import Any


class Late(Exception):
    """Raised in a thread from outside."""


_strike = ctypes.PyDLL(None).PyThreadState_SetAsyncExc  # not that of `ctypes.pythonapi`: who looks that up is noticed


def strike(ident: int | None) -> None:
    """Raise `Late` in a thread, at the next chance."""
    assert ident is not None
    _strike(ctypes.c_ulong(ident), ctypes.py_object(Late))


# ---------------------------------------------------------------------- exceptions


class LooksUp(Exception):
    def __getattr__(self, name: str) -> Any:
        return {}[name]


class NoText(Exception):
    def __str__(self) -> str:
        raise SystemExit("no text")

    __repr__ = __str__


class NoNotes(Exception):
    @property
    def __notes__(self) -> Any:
        raise KeyboardInterrupt


class NoClass(Exception):
    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise LookupError("no class")


class NoPickle(Exception):
    def __reduce__(self) -> Any:
        raise SystemExit("no pickle")


class NoReturn(Exception):
    """Its pickle can't be read."""

    def __init__(self, one: Any, two: Any) -> None:
        super().__init__("two arguments")


class NoTraceback(Exception):
    @property
    def __traceback__(self) -> Any:  # type: ignore[override]
        raise LookupError("no traceback")


class OddText(str):
    def __getitem__(self, _: Any) -> Any:
        raise LookupError("no part")

    def encode(self, *_: Any) -> Any:
        raise LookupError("no bytes")


class OddlySaid(Exception):
    def __str__(self) -> str:
        return OddText("odd")


def loops() -> BaseException:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    return one


EXCEPTIONS: dict[str, Callable[[], BaseException]] = {
    "attributes looked up": lambda: LooksUp("x"),
    "no text": lambda: NoText("x"),
    "no notes": lambda: NoNotes("x"),
    "no class": lambda: NoClass("x"),
    "no pickle": lambda: NoPickle("x"),
    "no way back": lambda: NoReturn(1, 2),
    "no traceback": lambda: NoTraceback("x"),
    "odd text": lambda: OddlySaid("x"),
    "bytes of a syntax": lambda: SyntaxError("bad", ("f.sql", 1, 1, b"select")),  # type: ignore[arg-type]
    "causes in a circle": loops,
    "a group of them": lambda: ExceptionGroup("g", [LooksUp("x"), NoNotes("x"), ExceptionGroup("h", [NoText("x")])]),
    "half a character": lambda: ValueError("\ud800"),
    "an exit": lambda: SystemExit(3),
    "an interrupt": KeyboardInterrupt,
    "an end of a generator": GeneratorExit,
    "a cancellation": asyncio.CancelledError,
    "no recursion left": RecursionError,
}


# ---------------------------------------------------------------------- deeds


def too_deep() -> None:
    too_deep()


def keeps_a_profiler() -> None:
    sys.setprofile(lambda *_: None)


def keeps_a_tracer() -> None:
    sys.settrace(lambda *_: None)


def strikes_itself() -> None:
    strike(threading.get_ident())


def sets_a_new_loop() -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())


def starts_a_loop() -> None:
    async def nothing() -> None: ...

    waiting = nothing()
    try:
        asyncio.run(waiting)
    finally:
        waiting.close()


DEEDS: dict[str, Callable[[], Any]] = {
    "too deep": too_deep,
    "profiler": keeps_a_profiler,
    "tracer": keeps_a_tracer,
    "strikes itself": strikes_itself,
    "sets a new loop": sets_a_new_loop,
    "starts a loop": starts_a_loop,
    "exits the thread": sys.exit,
}


def stops() -> None:
    asyncio.get_running_loop().stop()


def closes() -> None:
    asyncio.get_running_loop().close()


def cancels_all() -> None:
    for task in asyncio.all_tasks():
        task.cancel()


def exits_later() -> None:
    asyncio.get_running_loop().call_soon(sys.exit, 3)


def leaves_an_exit() -> None:
    async def exits() -> None:
        raise SystemExit(3)

    loop = asyncio.get_running_loop()
    loop.__dict__["left"] = loop.create_task(exits())


def handles_badly() -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: 1 / 0)
    loop.call_soon(lambda: 1 / 0)


def debugs() -> None:
    asyncio.get_running_loop().set_debug(True)


def makes_tasks_otherwise() -> None:
    asyncio.get_running_loop().set_task_factory(lambda loop, coro, **_: asyncio.Task(coro, loop=loop))


LOOP_DEEDS: dict[str, Callable[[], Any]] = {
    "stops": stops,
    "closes": closes,
    "cancels all": cancels_all,
    "exits later": exits_later,
    "leaves an exit": leaves_an_exit,
    "handles badly": handles_badly,
    "debugs": debugs,
    "makes tasks otherwise": makes_tasks_otherwise,
}


def breaks_its_loop() -> None:
    """From the next turn on nothing runs in it."""

    def broken() -> None:
        raise RuntimeError("this loop is broken")

    asyncio.get_running_loop()._run_once = broken  # type: ignore[attr-defined]

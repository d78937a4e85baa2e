"""What bodies do that nobody should: the exceptions that can't be described, the ways to leave, and how a thread or loop is spoilt."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import io
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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


class NoHash(Exception):
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise LookupError("not equal, nor other")


class NoTruth(Exception):
    def __bool__(self) -> bool:
        raise LookupError("neither true nor false")

    def __len__(self) -> int:
        raise LookupError("no length")


class NoArguments(Exception):
    @property
    def args(self) -> Any:  # type: ignore[override]
        raise LookupError("no arguments")


class NoCause(Exception):
    @property
    def __cause__(self) -> Any:  # type: ignore[override]
        raise SystemExit("no cause")


class NoSetting(Exception):
    def __setattr__(self, name: str, value: Any) -> None:
        raise LookupError(name)


class Endless(Exception):
    def __str__(self) -> str:
        return str(self)


class NoBytes(Exception):
    def __str__(self) -> Any:
        return b"bytes"  # noqa: PLE0307 - it is what the test is about


def chained() -> BaseException:
    """A chain of causes that is too long to be told by recursion."""
    error: BaseException = ValueError("the first")
    for number in range(3_000):
        after = ValueError(f"the {number}th")
        after.__cause__ = error
        error = after
    return error


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
    "no hash": lambda: NoHash("x"),
    "no truth": lambda: NoTruth("x"),
    "no arguments": lambda: NoArguments("x"),
    "no cause": lambda: NoCause("x"),
    "no setting": lambda: NoSetting("x"),
    "an endless text": lambda: Endless("x"),
    "bytes for a text": lambda: NoBytes("x"),
    "a long chain": chained,
    "an end of an iterator": StopIteration,
    "an end of an async iterator": StopAsyncIteration,
    "no memory": MemoryError,
    "a megabyte": lambda: ValueError("x" * (1 << 20)),
    "not to be decoded": lambda: UnicodeDecodeError("utf-8", b"\xff" * 100, 0, 1, "odd"),
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


def breaks_its_output() -> None:
    """Streams that raise whatever is asked of them."""

    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise LookupError(name)

    sys.stdout = sys.stderr = Broken()  # type: ignore[assignment]


def closes_its_output() -> None:
    """As `with open(path) if path else sys.stdout as file` does."""
    with sys.stdout as file:
        file.write("said")
    sys.stderr.close()
    sys.stdout.detach()


def wraps_its_output() -> None:
    """And leaves what wraps it, which closes what it wraps as soon as it is let go."""
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
    print("said")


def closes_descriptors() -> None:
    """Of its process alone."""
    if "stratix_tasks.runners.streams" in sys.modules:
        os.closerange(0, 3)


def breaks_hooks() -> None:
    threading.excepthook = sys.excepthook = sys.unraisablehook = lambda *_: 1 / 0  # type: ignore[assignment]


def leaves_a_thread() -> None:
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def collects_nothing() -> None:
    gc.disable()


def is_interrupted() -> None:
    raise KeyboardInterrupt


def has_another_number() -> None:
    os.getpid = lambda: 1


def has_no_hook_for_threads() -> None:
    threading.excepthook = None  # type: ignore[assignment]


def has_a_policy_of_its_own() -> None:
    """One that no loop suits."""

    class Policy(asyncio.DefaultEventLoopPolicy):
        def set_event_loop(self, loop: Any) -> None:
            raise RuntimeError("not this loop")

    asyncio.set_event_loop_policy(Policy())


def starts_no_threads() -> None:
    """Those of `threading`, as one that counts or forbids them."""

    def refused(_self: threading.Thread) -> None:
        raise RuntimeError("no threads here")

    threading.Thread.start = refused  # type: ignore[method-assign]


def traces_new_threads() -> None:
    """By what raises in each that is to come."""
    threading.settrace(lambda *_: 1 / 0)
    threading.setprofile(lambda *_: 1 / 0)


def switches_slowly() -> None:
    sys.setswitchinterval(1.0)


DEEDS: dict[str, Callable[[], Any]] = {
    "breaks its output": breaks_its_output,
    "closes its output": closes_its_output,
    "wraps its output": wraps_its_output,
    "closes descriptors": closes_descriptors,
    "breaks hooks": breaks_hooks,
    "leaves a thread": leaves_a_thread,
    "no collector": collects_nothing,
    "is interrupted": is_interrupted,
    "has another number": has_another_number,
    "has no hook for threads": has_no_hook_for_threads,
    "starts no threads": starts_no_threads,
    "has a policy of its own": has_a_policy_of_its_own,
    "traces new threads": traces_new_threads,
    "switches slowly": switches_slowly,
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


def shuts_its_executor() -> None:
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, int)
    loop.__dict__["left"] = loop.create_task(loop.shutdown_default_executor())


def ends_generators() -> None:
    loop = asyncio.get_running_loop()
    loop.__dict__["left"] = loop.create_task(loop.shutdown_asyncgens())


def takes_executor() -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))


def leaves_a_raising_callback() -> None:
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)


def interrupts_later() -> None:
    asyncio.get_running_loop().call_soon(is_interrupted)


LOOP_DEEDS: dict[str, Callable[[], Any]] = {
    "shuts its executor": shuts_its_executor,
    "ends generators": ends_generators,
    "takes an executor": takes_executor,
    "leaves a raising callback": leaves_a_raising_callback,
    "interrupts later": interrupts_later,
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

"""Whose turn it is: the loop's own thread, or one that takes the turn while that waits."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stratix_tasks.engine.turns import TurnLoop
from stratix_tasks.runners.native import Thread

LONG = 30.0


@pytest.fixture
def loop() -> Iterator[TurnLoop]:
    """One that is served in a thread, and waits."""
    made, going = TurnLoop(), [True]
    thread = Thread(lambda: made.live(nothing, lambda: bool(going)), "turns")
    yield made
    going.clear()
    made.call_soon_threadsafe(made.stop)
    thread.join(LONG)
    assert not thread.alive
    made.close()


def lend(loop: TurnLoop, turn: Callable[[], None]) -> None:
    """As soon as the loop waits."""
    for _ in range(10_000):
        if loop.lend(turn):
            return
        threading.Event().wait(0.001)
    raise AssertionError("the turn was never free")


def nothing() -> None: ...


def test_a_turn_is_done_in_the_thread_that_takes_it(loop: TurnLoop) -> None:
    """Which is known for as long as it lasts."""
    seen: list[tuple[int, int]] = []
    lend(loop, lambda: seen.append((loop.lent_to, threading.get_ident())))
    assert seen == [(threading.get_ident(), threading.get_ident())]
    assert loop.lent_to == 0


def test_what_a_lent_turn_plans_is_done_by_the_loop(loop: TurnLoop) -> None:
    """It wakes for a callback and for a timer, though nobody else woke it."""
    done: list[Any] = [threading.Event(), threading.Event()]

    def plans() -> None:
        loop.call_soon(done[0].set)
        loop.call_later(0.001, done[1].set)

    lend(loop, plans)
    assert all(event.wait(LONG) for event in done)


def test_there_is_no_turn_while_the_loop_is_at_work(loop: TurnLoop) -> None:
    """Nor does anybody wait for it."""
    begun, go = threading.Event(), threading.Event()

    def works() -> None:
        begun.set()
        go.wait(LONG)

    loop.call_soon_threadsafe(works)
    assert begun.wait(LONG)
    assert not loop.lend(nothing)
    go.set()
    lend(loop, nothing)


def test_one_thread_at_a_time_has_the_turn(loop: TurnLoop) -> None:
    """A second one that asks is refused, and the loop's own thread waits until the first has done."""
    told: list[str] = []
    done = threading.Event()

    def turn() -> None:
        loop.call_soon_threadsafe(lambda: (told.append("loop"), done.set()))
        other = Thread(lambda: told.append(str(loop.lend(nothing))), "other")
        other.join(LONG)
        told.append("turn")

    lend(loop, turn)
    assert done.wait(LONG)
    assert told == ["False", "turn", "loop"]


def test_an_error_in_a_turn_gives_it_back(loop: TurnLoop) -> None:
    """It is told as one of a callback of the loop, not to the body's thread."""
    told: list[Any] = []
    loop.set_exception_handler(lambda _loop, context: told.append(context["exception"]))
    lend(loop, lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    assert [type(error) for error in told] == [ZeroDivisionError]
    lend(loop, nothing)


def test_a_thread_with_something_of_a_body_on_it_gets_no_turn(loop: TurnLoop) -> None:
    """A profiler that a body left would run in the engine."""
    lend(loop, nothing)
    refused: list[bool] = []

    def profiled() -> None:
        sys.setprofile(lambda *_: None)
        refused.extend(loop.lend(nothing) for _ in range(100))

    Thread(profiled, "profiled").join(LONG)
    assert refused == [False] * 100


def test_where_somebody_raises_exceptions_in_threads_none_gets_a_turn(loop: TurnLoop) -> None:
    """One that comes late would strike the engine."""
    lend(loop, nothing)
    known = vars(ctypes.pythonapi)
    had = "PyThreadState_SetAsyncExc" in known
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc
    try:
        assert not any(loop.lend(nothing) for _ in range(100))
    finally:
        if not had:
            del known["PyThreadState_SetAsyncExc"]

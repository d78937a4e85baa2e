"""What becomes of a run when the engine itself meets an error that nobody foresaw.

What memory holds of the run can't be trusted any more, what is recorded can: the engine lets go of it, tells who waits,
and `recover()` goes on from the journal. Other runs don't notice.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from concurrent.futures import InvalidStateError
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from stratix_tasks.core.answers import Answer
from stratix_tasks.core.states import LIVE
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import StratixError, in_words
from stratix_tasks.runners.attempt import UNSTORED

E = TypeVar("E")
P = ParamSpec("P")
Work = Callable[Concatenate[E, LiveRun, P], None]
ENDS = frozenset((Answer.OK, Answer.FAIL, Answer.STOPPED, Answer.LOST, UNSTORED))
"""Answers after which there is no body any more."""


def or_break_off(work: Work[E, P]) -> Work[E, P]:
    """For what the loop calls: an unforeseen error ends this run's life here, not the loop's."""

    @wraps(work)
    def sound(engine: E, live: LiveRun, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            if live.broken is None:
                work(engine, live, *args, **kwargs)
        except Exception as error:
            break_off(live, error)

    return sound


def or_refuse(work: Work[E, P]) -> Work[E, P]:
    """For what people ask: they get the StratixError; an unforeseen one ends this run's life here as well."""

    @wraps(work)
    def sound(engine: E, live: LiveRun, /, *args: P.args, **kwargs: P.kwargs) -> None:
        if live.broken is not None:
            raise live.broken
        try:
            work(engine, live, *args, **kwargs)
        except StratixError:
            raise
        except Exception as error:
            raise break_off(live, error) from error

    return sound


def break_off(live: LiveRun, error: Exception) -> StratixError:
    """Let go of a run, in the engine's thread; returns what its waiters get: StratixError `interrupted`."""
    told = StratixError(
        f"run {live.id} is interrupted by an error of the engine: {in_words(error)}. What is recorded "
        "is kept: recover() goes on from there.",
        code="interrupted",
    )
    told.__cause__ = error
    warnings.warn(told.message, stacklevel=2)
    if live.broken is not None or live.ended.done():
        return live.broken or told
    let_go(live, told)
    return told


def let_go(live: LiveRun, told: StratixError) -> None:
    """This engine runs it no more; who waits is told why."""
    live.broken = live.error = told
    if live.timer is not None:
        live.timer.cancel()
    live.engine.retire(live)
    if not live.ended.done():
        live.ended.set_result(live.core.state.run)
    _give_back(live)
    live.engine.staging.drop(live)
    live.engine.loop.call_soon(live.engine.feed_starved)


def closed(live: LiveRun) -> None:
    """The engine was closed while the run went on, and its thread has ended: who waits gets StratixError `closed`."""
    if live.broken is not None:
        return
    live.broken = live.error = StratixError(
        f"this engine was closed while run {live.id} went on: it is interrupted, and recover() goes on with it",
        code="closed",
    )
    with suppress(InvalidStateError):
        live.ended.set_result(live.core.state.run)


def _give_back(live: LiveRun) -> None:
    """Places come back at once, but those of bodies that run: they are asked to end, and keep theirs until then."""
    status, agenda = live.core.state.status, live.core.agenda
    agenda.going = False
    for unit, state in enumerate(status):
        if unit in live.bodies:
            live.engine.staging.holder(live, live.bodies[unit]).stop(live.bodies[unit])
        elif state in LIVE:
            agenda.lane(unit).give()
    for unit, count in agenda.abandoned.items():
        for _ in range(count):
            agenda.lane(unit).give()


def left(live: LiveRun, event: tuple[Any, ...]) -> None:
    """An answer for a run that was broken off: only its place counts."""
    unit, number = (event[1].unit, event[1].number) if event[0] == UNSTORED else event[1:3]
    body = live.bodies.get(unit)
    if event[0] in ENDS and body is not None and body.number == number:
        del live.bodies[unit]
        live.core.agenda.lane(unit).give()
        live.engine.loop.call_soon(live.engine.feed_starved)

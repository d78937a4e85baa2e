"""Requests that come from another process, or a form: who sent them may not know the functions that run here, so that the
values in them are held against these here. That runs code of the user's, and is not done in the engine's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from stratix_tasks.core.well_formed import well_formed
from stratix_tasks.engine.engine import EngineLoop
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.prepare import Outcome
from stratix_tasks.errors import InputError, StratixError, in_words
from stratix_tasks.runs.fitting import fitted, gives_at, hints_at
from stratix_tasks.runs.request_data import value_data
from stratix_tasks.spec.answers import by_model
from stratix_tasks.spec.given import NOTHING_SAID

Args = Mapping[str, Any]
Fitting = Callable[[], dict[str, Any]]
"""Gives the arguments of a request, as they are wanted. InputError; StoreError."""


def hear(loop: EngineLoop, live: LiveRun, verb: str, target: str | None, args: dict[str, Any], by: str) -> Future[Any]:
    """Ask a run of this engine without waiting. The future is as that of `EngineLoop.ask`."""
    fitting = None
    with suppress(InputError):  # what is no request is refused by who takes it
        well_formed(verb, target, args)
        make = _FITTINGS.get(verb)
        fitting = make(loop, live, target, args) if make is not None and target is not None else None
    if fitting is None:
        return loop.ask(live, verb, target, args, by)
    done: Future[Any] = Future()

    def then(outcome: Outcome) -> None:
        if outcome.error is not None:
            done.set_exception(_refused(outcome.error, target))
        else:
            loop.ask(live, verb, target, outcome.value, by).add_done_callback(lambda asked: _pass_on(asked, done))

    loop.call(loop.prepare.hand, f"what '{target}' is given", lambda _reader: fitting(), then)
    return done


def _refused(error: BaseException, target: str | None) -> BaseException:
    if isinstance(error, StratixError):
        return error
    why = f"what checks what '{target}' is given failed: {in_words(error)}"
    return InputError(why, code="type-mismatch")


def _pass_on(asked: Future[Any], done: Future[Any]) -> None:
    if (error := asked.exception()) is not None:
        done.set_exception(error)
    else:
        done.set_result(asked.result())


def _skip(loop: EngineLoop, live: LiveRun, target: str, args: Args) -> Fitting | None:
    gives, given = gives_at(live, target), args.get("value")
    if given is None or gives == NOTHING_SAID:
        return None

    def fit() -> dict[str, Any]:
        value = _value(loop, given)
        return {**args, "value": _data(loop, given, value, gives.fitted(target, value))}

    return fit


def _set(loop: EngineLoop, live: LiveRun, target: str, args: Args) -> Fitting | None:
    hints, given = hints_at(live, target), args.get("args", {})
    if hints.keys().isdisjoint(given):
        return None

    def fit() -> dict[str, Any]:
        values = {name: _value(loop, one) for name, one in given.items()}
        made = fitted(target, values, hints)
        return {**args, "args": {name: _data(loop, one, values[name], made[name]) for name, one in given.items()}}

    return fit


def _answer(loop: EngineLoop, live: LiveRun, target: str, args: Args) -> Fitting | None:
    model = gives_at(live, target).model
    return None if model is None else lambda: {**args, "fields": by_model(target, model, args["fields"])}


def _value(loop: EngineLoop, data: Args) -> Any:
    return loop.objects.decode(data["codec"], data["payload"], None)


def _data(loop: EngineLoop, data: Args, value: Any, made: Any) -> dict[str, Any]:
    return dict(data) if made is value else value_data(loop.objects, made)


_FITTINGS: dict[str, Callable[[EngineLoop, LiveRun, str, Args], Fitting | None]] = {
    "skip": _skip,
    "set": _set,
    "answer": _answer,
}
"""Of requests that carry values: nothing where nobody says what these are to be."""

"""Values that stand for a result, by hand or pinned, are held against what the node says that it gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Any

import pytest
from gated import LONG, states, until
from other_kernel import Owner
from pydantic import BaseModel, Field, field_validator

from stratix_tasks import Engine, Flow, FlowError, InputError, ask, each, finish, flow, repeat, signal, task, uses


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


class Bid(BaseModel):
    euros: int = Field(ge=1)
    note: str = ""

    @field_validator("note")
    @classmethod
    def one_word(cls, note: str) -> str:
        if " " in note:
            raise ValueError("one word")
        return note


def _fails() -> Any:
    raise ValueError("nothing of its own")


@task
def a_day(x: Any = None) -> date:
    return _fails()  # type: ignore[no-any-return]


@task
def a_mode(x: Any = None) -> Mode:
    return _fails()  # type: ignore[no-any-return]


@task
def a_share(x: Any = None) -> float:
    return _fails()  # type: ignore[no-any-return]


@task
def a_bid(x: Any = None) -> Bid:
    return _fails()  # type: ignore[no-any-return]


@task
def nothing(x: Any = None) -> None:
    _fails()


@task
def anything(x: Any = None):  # type: ignore[no-untyped-def]
    _fails()


@flow
def day_inside(x: Any) -> date:
    return a_day(x)


PLACES: dict[str, tuple[Any, str, Any, Any, Any]] = {
    "a date": (a_day, "a_day", "2026-01-31", date(2026, 1, 31), "soon"),
    "an Enum": (a_mode, "a_mode", "slow", Mode.SLOW, "quick"),
    "a number": (a_share, "a_share", 3, 3.0, "much"),
    "a model": (a_bid, "a_bid", {"euros": 3}, Bid(euros=3), {"euros": 0}),
    "nothing": (nothing, "nothing", None, None, 0),
    "no annotation": (anything, "anything", {"a": 1}, {"a": 1}, None),
    "a map": (lambda x: a_day.map(each(x)), "a_day", ["2026-01-31"], [date(2026, 1, 31)], "2026-01-31"),
    "what is settled": (lambda x: a_share.options(gather="settled").map(each(x)), "a_share", [], [], [1.0]),
    "a flow": (day_inside, "day_inside", "2026-01-31", date(2026, 1, 31), 5.5),
    "a node in a flow": (day_inside, "day_inside.a_day", "2026-01-31", date(2026, 1, 31), [1]),
    "a loop": (lambda x: repeat(a_share, x, max=2), "a_share", 2, 2.0, "much"),
    "an executor": (lambda x: uses("file.glob")(pattern=x), "glob", ["a"], ["a"], "a"),
}


@pytest.mark.parametrize("where", PLACES)
def test_a_given_value_is_what_the_node_gives(engine: Engine, where: str) -> None:
    """Coerced as inputs are, or refused with the node, the type and what came; a refusal changes nothing."""
    place, node, value, wanted, wrong = PLACES[where]

    @flow(name=f"given_as_{where.replace(' ', '_')}")
    def given_as() -> Any:
        return place(signal("late"))

    run = engine.start(given_as)
    until(run, lambda: states(run)["signal"] == "waiting")
    if wrong is not None:
        with pytest.raises(InputError, match=f"'{node}' gives, which is") as refused:
            run.skip(node, value=wrong)
        assert (refused.value.code, states(run)[node]) == ("type-mismatch", "pending")
    run.skip(node, value=value)
    run.send("late")
    assert run.result(LONG) == wanted
    assert type(run.result(LONG)) is type(wanted)


def test_a_value_in_place_of_an_answer_fits_what_is_asked(engine: Engine) -> None:
    """By its fields and its model, and it becomes the model, whether somebody answers or skips."""

    @flow
    def asks_for_a_bid() -> Any:
        return ask("How much?", Bid)

    run = engine.start(asks_for_a_bid)
    until(run, lambda: states(run)["ask"] == "waiting")
    for wrong in ({"euros": 0}, {"euros": 3, "note": "two words"}, 3):
        with pytest.raises(InputError) as refused:
            run.skip("ask", value=wrong)
        assert refused.value.code in ("bad-answer", "type-mismatch")
    run.skip("ask", value=Bid(euros=3, note="final"))
    assert run.result(LONG) == Bid(euros=3, note="final")


def test_what_a_form_says_is_held_against_the_same(engine: Engine) -> None:
    """Also what the model alone can tell; a class is made of JSON. What is refused changes nothing."""

    @flow
    def filled_in_by_forms() -> Any:
        return [ask("How much?", Bid), a_bid.options(after=[broken_first()])()]

    @task
    def broken_first() -> None:
        _fails()

    run = engine.start(filled_in_by_forms)
    until(run, lambda: states(run)["ask"] == "waiting")

    def asked(verb: str, target: str, args: dict[str, Any]) -> Any:
        return engine.loop.look(run._request, verb, target, args).result(LONG)

    with pytest.raises(InputError, match="one word"):
        asked("answer", "ask", {"fields": {"note": "two words"}, "texts": {"euros": "3"}})
    asked("answer", "ask", {"fields": {"note": "final"}, "texts": {"euros": "3"}})
    run.wait(LONG)
    with pytest.raises(InputError, match="greater than or equal to 1"):
        asked("skip", "a_bid", {"text": '{"euros": 0}'})
    asked("skip", "a_bid", {"text": '{"euros": 4}'})
    run.wait(LONG)
    assert (run.output("ask"), run.output("a_bid")) == (Bid(euros=3, note="final"), Bid(euros=4))


def test_the_owner_holds_values_against_functions_that_it_alone_knows(
    owner: Callable[..., Owner], here: Engine
) -> None:
    """Who asks from another process may have none of them."""
    other = owner("many")
    run = here.run(other.run)
    with pytest.raises(InputError, match=r"'one\[4\]' gives, which is int"):
        run.skip("one[4]", value="four")
    run.skip("one[4]", value="4")
    with pytest.raises(InputError, match="'x' must be int"):
        run.set("one[5]", args={"x": "five"})
    run.set("one[5]", args={"x": "6"})
    other.opens("items")
    assert run.result(LONG) == [0, 1, 2, 3, 4, 6]


PINNED = """
stratix: 1
flow: pins_{name}
tasks:
  it: {{{said}, pin: {pin}}}
flows:
  inner: {{tasks: {{a: {{call: "{module}:a_day"}}}}, output: "${{{{ tasks.a.output }}}}"}}
output: "${{{{ tasks.it.output }}}}"
"""
PINS = {
    "a task": (f"call: '{__name__}:a_day'", "2026-01-31", "soon"),
    "a map": (
        f"call: '{__name__}:a_day', each: {{as: x, in: [1]}}, with: {{x: '${{{{ x }}}}'}}",
        "[2026-01-31]",
        "3",
    ),
    "a flow": ("flow: inner", "2026-01-31", "soon"),
    "an executor": ("uses: file.glob, with: {pattern: 'a*'}", "[a]", "a"),
    "a question": ("uses: wait.input, with: {message: '?', fields: {n: {type: int}}}", "{n: 3}", "{n: much}"),
}


@pytest.mark.parametrize("what", PINS)
def test_a_pin_is_what_the_node_gives(what: str) -> None:
    """Else it is a problem, with its place."""
    said, fits, wrong = PINS[what]

    def problems(pin: str) -> list[Any]:
        text = PINNED.format(name=what.replace(" ", "_"), said=said, pin=pin, module=__name__)
        try:
            told = Flow.from_yaml(text, allow=[__name__]).validate()
        except FlowError as error:
            told = error.problems
        return [one for one in told if not one.warning]

    assert problems(fits) == []
    [told] = problems(wrong)
    assert (told.code, told.node, told.at) == ("type-mismatch", "it", ("tasks", "it", "pin"))


def test_a_pin_of_code_is_held_against_the_same() -> None:
    """Also one that is no literal."""

    @flow
    def pins_a_bid() -> Any:
        return a_mode.options(pin=Bid(euros=1))()

    [told] = pins_a_bid.validate()
    assert (told.code, told.node) == ("type-mismatch", "a_mode")


@task
def texts() -> str:
    return "soon"


FINISHED: dict[str, tuple[Any, str | None]] = {
    "a value that fits": ("2026-01-31", None),
    "a value": ("soon", "which is date"),
    "what a node gives": (texts, "it gives str, and 'a_day' gives date"),
    "what a node that says nothing gives": (anything, None),
}


@pytest.mark.parametrize("what", FINISHED)
def test_what_a_step_gives_a_node_is_what_that_gives(what: str) -> None:
    """Where it is told before the run."""
    given, wrong = FINISHED[what]

    @flow(name=f"finishes_with_{what.replace(' ', '_')}")
    def finishes() -> Any:
        day = a_day(signal("late"))
        finish(day, value=given() if callable(given) else given)
        return day

    told = [one.message for one in finishes.validate()]
    assert len(told) == (wrong is not None)
    assert wrong is None or wrong in told[0]


@flow
def finishes_otherwise(x: Any) -> Any:
    finish(texts())
    return a_share(x)


@task
def read(text: str) -> str:
    return text


def test_a_flow_that_a_step_finishes_may_give_anything(engine: Engine) -> None:
    """Not only what its output is: neither who takes that nor who gives a value of it is told otherwise."""

    @flow
    def takes_what_the_step_gave() -> Any:
        return read(finishes_otherwise(signal("late")))

    assert takes_what_the_step_gave.validate() == []
    run = engine.start(takes_what_the_step_gave)
    until(run, lambda: states(run)["signal"] == "waiting")
    run.skip("finishes_otherwise", value="given")
    run.send("late")
    assert run.result(LONG) == "given"

"""Inputs come in by every door, and are checked the same: Python, `Engine.start`, the command line, documents, forks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import BaseModel, Field

from stratix_tasks import Engine, Flow, FlowError, InputError, Static, flow, task
from stratix_tasks.cli.app import _inputs
from stratix_tasks.formats.yaml import load


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


class Conf(BaseModel):
    n: Annotated[int, Field(ge=0)]
    mode: Mode = Mode.FAST


class Point(NamedTuple):
    x: int
    y: float = 0.5


class Marked(Point):
    """A point of its own kind."""


class Frame:
    """What no document knows."""


@task
def tell(mode: Mode, conf: Conf) -> str:
    return f"{mode!r} {conf!r}"


@task
def show(*values: Any) -> str:
    return repr(values)


@flow
def typed(
    region: Literal["eu", "us"] = "eu",
    share: Annotated[float, Field(ge=0, le=1, title="Share", description="of all")] = 0.5,
    mode: Mode = Mode.SLOW,
    conf: Conf = Conf(n=1),  # noqa: B008 - it is only read
    day: date = date(2024, 1, 31),
    folder: Path = Path("a"),
    price: Decimal = Decimal("0.1"),
    sizes: list[int] = [1],
    weights: dict[str, float] | None = None,
    name: Annotated[str, Field(pattern="^[a-z]+$", max_length=3)] = "abc",
) -> Any:
    return {"told": tell(mode, conf), "shown": show(region, share, day, folder, price, sizes, weights, name)}


def document() -> Flow[..., Any]:
    return Flow.from_yaml(typed.to_yaml(), allow=[__name__])


def test_a_typed_flow_keeps_its_checks_by_a_round_trip() -> None:
    """Python → YAML → Python: the same spec, the same form, nothing that is not checked."""
    again = document()
    assert again.spec == typed.spec
    assert again.to_yaml() == typed.to_yaml()
    assert again.input_schema() == typed.input_schema()
    assert [*typed.validate(), *again.validate()] == []


Door = Callable[[Engine, dict[str, str]], Any]


def by_python(engine: Engine, texts: dict[str, str]) -> Any:
    return engine.start(typed, _inputs(typed, [f"{name}={text}" for name, text in texts.items()]))


def by_document(engine: Engine, texts: dict[str, str]) -> Any:
    flow = document()
    return engine.start(flow, _inputs(flow, [f"{name}={text}" for name, text in texts.items()]))


def by_fork(engine: Engine, texts: dict[str, str]) -> Any:
    run = engine.start(typed, {"mode": Mode.FAST})
    run.wait(20)
    return run.fork(from_="show", inputs=_inputs(typed, [f"{name}={text}" for name, text in texts.items()]))


DOORS = pytest.mark.parametrize("door", [by_python, by_document], ids=["python", "document"])
GOOD = {
    "region": "us",
    "share": "1",
    "mode": "fast",
    "conf": '{"n": "2", "mode": "slow"}',
    "day": "2026-01-01",
    "folder": "x/y",
    "price": "0.10000000000000000001",
    "sizes": '["2", 3]',
    "weights": '{"a": 1}',
    "name": "ab",
}
MADE = {
    "told": "<Mode.FAST: 'fast'> Conf(n=2, mode=<Mode.SLOW: 'slow'>)",
    "shown": repr(
        ("us", 1.0, date(2026, 1, 1), Path("x/y"), Decimal("0.10000000000000000001"), [2, 3], {"a": 1.0}, "ab")
    ),
}
BAD = {
    "region": ("euu", "must be one of 'eu', 'us', not str 'euu'. Did you mean 'eu'?"),
    "share": ("1.5", "must be float, 0 or more, 1 or less, not float 1.5"),
    "mode": ("quick", "must be one of 'fast', 'slow', not str 'quick'"),
    "conf": ('{"n": -1}', "must be Conf, not dict {'n': -1}: at ['n']"),
    "day": ("soon", "must be date, not str 'soon'"),
    "price": ("cheap", "must be Decimal, not str 'cheap'"),
    "sizes": ('["x"]', "must be list[int], not list ['x']: at [0]"),
    "weights": ('{"a": "x"}', "must be dict[str, float] | None, not dict {'a': 'x'}"),
    "name": ("abcd", "must be str, of length 3 or less, matching '^[a-z]+$', not str 'abcd'"),
}


@DOORS
def test_what_is_given_comes_to_the_bodies_as_its_type(engine: Engine, door: Door) -> None:
    """Members of an Enum, models and dates are made of texts, whether code or a document says what they are."""
    assert door(engine, GOOD).result(20) == MADE


@DOORS
def test_defaults_come_to_the_bodies_as_their_types(engine: Engine, door: Door) -> None:
    """What is written in a document as plain data is made again."""
    made = door(engine, {}).result(20)
    assert made["told"] == "<Mode.SLOW: 'slow'> Conf(n=1, mode=<Mode.FAST: 'fast'>)"
    assert made["shown"] == repr(("eu", 0.5, date(2024, 1, 31), Path("a"), Decimal("0.1"), [1], None, "abc"))


@flow
def places(point: Point = Point(7, 8.0), points: list[Point] = [], other: Point | None = None) -> Any:  # noqa: B008 - it is only read
    return show(point, points, other)


def test_named_tuples_are_made_of_what_json_says(engine: Engine) -> None:
    """Of a list in order, or of a dict by name, with their defaults; one that was made already stays what it is."""
    by_text = _inputs(places, ["point=[1, 2]", 'points=[{"x": "3"}, [4, 5]]', 'other={"x": 6}'])
    made = (Point(1, 2.0), [Point(3), Point(4, 5.0)], Point(6))
    assert engine.start(places, by_text).result(20) == repr(made)
    assert engine.start(places, {"point": Marked(1), "other": (2,)}).result(20) == repr((Marked(1), [], Point(2)))
    assert engine.start(places).result(20) == repr((Point(7, 8.0), [], None))
    with pytest.raises(InputError, match=r"must be Point, not dict \{'z': 1\}: at \['x'\]: Field required"):
        engine.start(places, {"point": {"z": 1}})
    with pytest.raises(InputError, match="must be Point, not list"):
        engine.start(places, {"point": [1, 2, 3]})


@DOORS
@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_is_refused(engine: Engine, door: Door, name: str) -> None:
    """With the input, what was given, and what is allowed."""
    text, said = BAD[name]
    with pytest.raises(InputError) as caught:
        door(engine, {name: text})
    assert f"input '{name}' {said}" in str(caught.value)


def test_all_wrong_inputs_are_told_at_once(engine: Engine) -> None:
    """Unknown ones, too, with what may be meant; a field that a model has not is none of its own."""
    given = {"regoin": "eu", "share": 2, "conf": {"n": 1, "nn": 2}}
    for started in (typed, document()):
        with pytest.raises(InputError) as caught:
            engine.start(started, given)
        told = str(caught.value)
        assert "unknown input 'regoin'. Did you mean 'region'?" in told
        assert "'share'" in told
        assert "at ['nn']" in told


def test_a_fork_checks_what_is_new_alone(engine: Engine) -> None:
    """What the old run was given is as it was made then."""
    assert by_fork(engine, {"region": "us"}).result(20)["told"].startswith("<Mode.FAST")
    with pytest.raises(InputError, match="must be one of 'eu', 'us'"):
        by_fork(engine, {"region": "ue"})


def test_a_type_that_no_document_knows_is_a_warning(engine: Engine) -> None:
    """The flow runs, and whatever is given is passed on; code knows its own classes."""

    @flow
    def framed(frame: Frame | None = None, frames: "list[Frame]" = []) -> Any:  # noqa: UP037
        return show(frame, frames)

    assert framed.validate() == []
    again = Flow.from_yaml(framed.to_yaml(), allow=[__name__])
    assert [(problem.code, problem.warning) for problem in again.validate()] == [("unchecked-type", True)] * 2
    assert "'Frame'" in str(again.validate()[0])
    assert engine.start(again, {"frame": 5}).result(20) == "(5, [])"
    with pytest.raises(InputError, match="must be Frame"):
        engine.start(framed, {"frame": 5})


def test_limits_that_mean_nothing_are_problems() -> None:
    """Of a type that has no such thing, that contradict each other, and patterns that can't be read; a default counts, too."""

    @flow
    def odd(
        a: Annotated[str, Field(ge=1)],
        b: Annotated[int, Field(ge=2, le=1)],
        c: Annotated[str, Field(pattern="(")],
        d: Annotated[int, Field(ge=1)] = 0,
        e: Literal["x"] = "y",  # type: ignore[assignment]
    ) -> Any:
        return show(a, b, c, d, e)

    told = [problem.message for problem in odd.validate()]
    assert [message[:9] for message in told] == [f"input '{name}'"[:9] for name in "abc"] + ["the defau"] * 2
    with pytest.raises(FlowError, match="can't start"):
        odd.start(a="x", b=1, c="x")


def test_static_inputs_are_checked_as_the_others(engine: Engine) -> None:
    """Their limits hold, and the command line reads them as their types want it."""

    @flow
    def traced(sides: Static[Annotated[int, Field(ge=1)]] = 1, name: Static[str] = "x") -> Any:
        return show(sides, name)

    given = _inputs(traced, ["sides=2", "name=007"])
    assert engine.start(traced, given).result(20) == "(2, '007')"
    with pytest.raises(InputError, match="greater than or equal to 1"):
        engine.start(traced, {"sides": 0})


def test_an_annotation_that_can_not_be_resolved_is_checked_by_its_text(engine: Engine) -> None:
    """As far as it names what documents know."""

    @flow
    def half(xs: "list[int] | dict[str, Hidden]") -> Any:  # type: ignore[name-defined]  # noqa: F821, UP037
        return show(xs)

    assert [problem.code for problem in half.validate()] == ["unchecked-type"]
    assert engine.start(half, {"xs": ["1"]}).result(20) == "([1],)"
    with pytest.raises(InputError, match="must be list"):
        engine.start(half, {"xs": 5})


def test_a_member_of_an_enum_is_given_to_a_flow_inside(engine: Engine) -> None:
    """As it is; one that the flow does not know is a problem."""

    @flow
    def inside(modes: list[Mode], mode: Mode) -> Any:
        return show(modes, mode)

    @flow
    def around() -> Any:
        return inside([Mode.FAST], Mode.SLOW)

    @flow
    def wrong() -> Any:
        return inside([Mode.FAST], "quick")  # type: ignore[arg-type]

    assert around.validate() == []
    assert "Mode.FAST" in engine.start(around).result(20)
    assert [problem.code for problem in wrong.validate()] == ["type-mismatch"]


CONF = Conf(n=3)


@task
def listed(modes: list[Mode], day: date) -> str:
    return repr((modes, day))


def test_a_document_takes_members_and_models_by_what_they_say(engine: Engine) -> None:
    """Where it does not know their classes: what it feeds tells nothing of them."""

    @flow
    def loose(mode: Mode, conf: Conf) -> Any:
        return show(mode, conf)

    again = Flow.from_yaml(loose.to_yaml(), allow=[__name__])
    given = {"mode": Mode.FAST, "conf": Conf(n=3)}
    assert engine.start(loose, given).result(20) == repr((Mode.FAST, Conf(n=3)))
    assert engine.start(again, given).result(20) == "('fast', {'n': 3, 'mode': 'fast'})"


@flow
def nested(modes: list[Mode], day: date, mode: Mode = Mode.FAST, other: Mode = Mode.SLOW, conf: Conf = CONF) -> Any:
    return [listed(modes, day), tell(mode, conf), tell(other, conf), show(other)]


@flow
def outer(given: Mode = Mode.FAST) -> Any:
    return nested([Mode.FAST], date(2024, 1, 31), other=given)


def test_what_a_flow_inside_is_given_is_as_its_types(engine: Engine) -> None:
    """Literals, defaults and inputs that go through it, of code and of its document alike."""
    again = Flow.from_yaml(outer.to_yaml(), allow=[__name__])
    assert [*outer.validate(), *again.validate()] == []
    expected = [
        f"({[Mode.FAST]!r}, datetime.date(2024, 1, 31))",
        f"{Mode.FAST!r} Conf(n=3, mode={Mode.FAST!r})",
        f"{Mode.SLOW!r} Conf(n=3, mode={Mode.FAST!r})",
        f"({Mode.SLOW!r},)",
    ]
    assert engine.start(outer, {"given": "slow"}).result(20) == expected
    assert engine.start(again, {"given": "slow"}).result(20) == expected


HEAD = "stratix: 1\nflow: f\n"
WRONG = {
    "choice of another type": ("x: {type: int, choices: [1, a]}", "choices of 'x' must be int"),
    "limit of another type": ("x: {type: date, min: soon}", "min of 'x' must be date"),
    "default that is no choice": ("x: {type: str, choices: [eu, us], default: cn}", "must be one of 'eu', 'us'"),
    "default beyond a limit": ("x: {type: int, max: 3, default: 4}", "must be int, 3 or less"),
    "limit of no type": ("x: {min: 3}", "means nothing to a value of type any"),
    "pattern of a number": ("x: {type: int, pattern: a}", "'pattern' means nothing"),
    "no pattern": ("x: {type: str, pattern: '('}", "no regular expression"),
    "nothing between": ("x: {type: int, min: 3, max: 2}", "'min' is more than 'max'"),
    "unknown word": ("x: {type: int, mim: 3}", "Did you mean 'min'"),
    "field of a field": ("x: {fields: {a: {type: int, pattern: a}}}", "a: 'pattern' means nothing"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_document_that_asks_for_what_can_not_be(what: str) -> None:
    """Each mistake is told at its line."""
    line, said = WRONG[what]
    with pytest.raises(FlowError) as caught:
        load(f"{HEAD}inputs:\n  {line}\ntasks: {{}}\n")
    (problem,) = caught.value.problems
    assert said in str(problem)
    assert (problem.line, problem.column > 3) == (4, True)


def test_an_input_is_written_in_short() -> None:
    """Limits, texts and choices as a document says them, in one order."""
    text = typed.to_yaml()
    assert "  region: {type: str, choices: [eu, us], default: eu}\n" in text
    assert "  share: {type: float, min: 0, max: 1, default: 0.5, label: Share, description: of all}\n" in text
    assert '  name: {type: str, max_length: 3, pattern: "^[a-z]+$", default: abc}\n' in text
    assert "  mode: {type: str, choices: [fast, slow], default: slow}\n" in text

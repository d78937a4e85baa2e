"""Pins: a value stands in place of what a node gives, in every run; no body of it is called."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from gated import broken, gate, gates, until, works
from small_bodies import LONG, Calls, add, double, spread, states, total

from stratix_tasks import (
    Engine,
    Flow,
    FlowError,
    TransitionError,
    always,
    each,
    failed,
    first_of,
    flow,
    load_flow,
    otherwise,
    repeat,
    task,
    uses,
    when,
)  # fmt: skip


@task
def notes(x: Any = None) -> Any:
    Calls.made.append(x)
    return x


@task
def day() -> date:
    raise AssertionError("it is pinned")


@task
def after(when: date, days: int) -> date:
    return date.fromordinal(when.toordinal() + days)


class Frame:
    """What JSON does not hold."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frame) and other.rows == self.rows

    __hash__ = None  # type: ignore[assignment]


@task
def frame() -> Frame:
    raise AssertionError("it is pinned")


@task
def rows_of(made: Frame) -> int:
    return made.rows


@flow
def pinned() -> int:
    return add(notes.options(name="b", pin=40)(notes.options(name="a")("a")), 2)


def test_the_value_stands_in_place_of_the_body(engine: Engine) -> None:
    """The node completes as `given`, in no attempt; what takes its value gets it, and what it needs runs for who else does."""
    run = engine.start(pinned)
    assert run.result(LONG) == 42
    assert Calls.made == ["a"]
    told = run.tasks().set_index("node").loc["b"]
    assert (told["state"], told["reason"], told["attempts"]) == ("completed", "given", 0)
    assert run.why("b") == "'b' completed with the value that is pinned in its place."


def test_it_waits_for_nothing_it_is_given(engine: Engine) -> None:
    """Neither for what has failed, nor for what has not ended."""

    @flow
    def over_a_broken_one() -> Any:
        late = gate("late")
        held = works.options(name="held", pin="at hand", after=[late])(works("bad"))
        return notes(held)

    broken.add("bad")
    run = engine.start(over_a_broken_one)
    gates.arrive("late")
    until(run, lambda: states(run)["notes"] == "completed")
    assert run.output("notes") == "at hand"
    gates.let("late")
    run.wait(LONG)
    assert (run.status, states(run)["works"]) == ("failed", "failed")


def test_a_run_until_what_takes_it_begins_there(engine: Engine) -> None:
    """What only a pinned node needs is not run by a run until something behind that."""
    run = engine.start(pinned, until="add")
    assert run.result(LONG) == 42
    assert (Calls.made, states(run)["a"]) == ([], "skipped")


@flow
def doubled(x: int) -> int:
    return notes.options(name="inside")(double(x))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (lambda pin: notes.options(name="it", pin=pin)(), None),
        (lambda pin: double.options(name="it", pin=pin).map(each(spread(2))), [7, 8]),
        (lambda pin: doubled.options(name="it", pin=pin)(3), 9),
        (lambda pin: doubled.options(name="it", pin=pin).map(each([1])), [1, 2]),
        (lambda pin: repeat(double.options(name="it", pin=pin), 1, max=3), 5),
        (lambda pin: uses("wait.approval").options(name="it", pin=pin)(message="Ship it?"), {"by": "me", "at": "now"}),
        (lambda pin: frame.options(name="it", pin=pin)(), Frame(3)),
    ],
    ids=["None", "map", "flow", "mapped flow", "loop", "wait", "object"],
)
def test_every_kind_of_node_can_be_pinned(engine: Engine, place: Any, value: Any) -> None:
    """Nothing of it opens; None is a value, too, and what JSON does not hold is stored."""

    @flow(name="of_every_kind")
    def of_every_kind() -> Any:
        return place(value)

    run = engine.start(of_every_kind)
    assert run.result(LONG) == value
    assert Calls.made == []


def test_its_condition_still_counts(engine: Engine) -> None:
    """In a branch that is not taken it is skipped; a handler that is pinned gives its value when there is something to handle."""

    @flow
    def in_branches(n: int) -> Any:
        with when(add(n, 0) > 0):
            yes = notes.options(name="yes", pin="yes")()
        with otherwise():
            no = notes.options(name="no", pin="no")()
        return first_of(yes, no)

    assert engine.start(in_branches, {"n": 1}).result(LONG) == "yes"
    run = engine.start(in_branches, {"n": 0})
    assert (run.result(LONG), states(run)["yes"]) == ("no", "skipped")

    @flow
    def handled() -> Any:
        tried = works("odd")
        with failed(tried):
            instead = notes.options(name="instead", pin="instead")()
        return first_of(tried, instead)

    broken.add("odd")
    assert engine.start(handled).result(LONG) == "instead"
    broken.clear()
    run = engine.start(handled)
    assert (run.result(LONG), states(run)["instead"]) == ("odd", "skipped")


def test_a_map_over_a_pinned_one_takes_its_list(engine: Engine) -> None:
    """It does not stream from what never opens."""

    @flow
    def from_a_list() -> Any:
        first = double.options(name="first", pin=[10, 20]).map(each([1, 2, 3]))
        return total(double.options(name="second").map(each(first)))

    assert engine.start(from_a_list).result(LONG) == 60


def test_what_runs_at_the_end_is_pinned_there(engine: Engine) -> None:
    """Neither is it called, nor is what would take a pinned task back."""

    @flow
    def ends_badly() -> Any:
        notes.options(name="made", pin=1, undo=notes)()
        with always():
            notes.options(name="tidy", pin=None)()
        return works("wrong")

    broken.add("wrong")
    run = engine.start(ends_badly)
    run.wait(LONG)
    assert (Calls.made, states(run)) == ([], {"made": "completed", "tidy": "completed", "works": "failed"})


def test_a_fork_takes_over_a_pin_whatever_its_inputs_are(engine: Engine) -> None:
    """An input that only a pinned node would take feeds nothing."""

    @flow
    def of_an_input(n: int) -> int:
        return add(notes.options(name="it", pin=1)(n), n)

    run = engine.start(of_an_input, {"n": 2})
    run.wait(LONG)
    assert run.fork(from_="add", inputs={"n": 5}).result(LONG) == 6


TEXT = """\
stratix: 1
flow: dated
tasks:
  day:
    call: test_pins:day
    pin: 2026-01-31
  after:
    call: test_pins:after
    with: {when: "${{ tasks.day.output }}", days: 1}
output: "${{ tasks.after.output }}"
"""


def test_a_document_says_it_by_a_word(engine: Engine) -> None:
    """As the type of the function wants it; written and read again it is the same."""
    read = Flow.from_yaml(TEXT, allow=[__name__])
    assert engine.start(read).result(LONG) == date(2026, 2, 1)
    assert read.to_yaml() == TEXT

    @flow
    def several() -> Any:
        return [
            day.options(pin=date(2026, 1, 31))(),
            notes.options(name="text", pin="${{ inputs.x }}")(),
            notes.options(name="none", pin=None)(),
            notes.options(name="deep", pin={"a": [1, None, {"b": 2.5}]})(),
        ]

    text = several.to_yaml()
    assert "    pin: null\n" in text
    again = Flow.from_yaml(text, allow=[__name__])
    assert again.to_yaml() == text
    given = [date(2026, 1, 31), "${{ inputs.x }}", None, {"a": [1, None, {"b": 2.5}]}]
    assert engine.start(again).result(LONG) == engine.start(several).result(LONG) == given
    names: dict[str, Any] = {}
    exec(compile(several.to_python(), "several", "exec"), names)
    assert names["several"].spec == several.spec


def test_what_no_text_says_is_refused_or_stored(tmp_path: Path, engine: Engine) -> None:
    """`to_yaml` names it; with a folder for objects it stands there."""

    @flow
    def of_objects() -> Any:
        return rows_of(frame.options(pin=Frame(7))())

    with pytest.raises(FlowError, match="its pin holds a value that is no plain data"):
        of_objects.to_yaml()
    of_objects.to_yaml(tmp_path / "of.yaml", objects=tmp_path / "kept")
    assert engine.start(load_flow(tmp_path / "of.yaml", allow=[__name__])).result(LONG) == 7


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        ('"${{ inputs.x }}"', "pin is a value as it is, no expression"),
        ("{first_of: ['${{ tasks.a.output }}', 1]}", "pin is a value as it is, no expression"),
    ],
)
def test_what_comes_with_the_run_is_no_pin(pin: str, why: str) -> None:
    """Neither in a document nor in Python."""
    with pytest.raises(FlowError, match=why):
        Flow.from_yaml(f"stratix: 1\nflow: f\ninputs: {{x: 1}}\ntasks: {{a: {{call: 'm:a', pin: {pin}}}}}\n")

    @flow
    def of_a_reference() -> Any:
        return notes.options(pin=add(1, 2))()

    with pytest.raises(FlowError, match="pin= takes a value as it is"):
        _ = of_a_reference.spec


def test_a_pin_fits_what_its_function_gives() -> None:
    """As an argument has to fit what it takes."""
    wrong = Flow.from_yaml(TEXT.replace("2026-01-31", "soon"), allow=[__name__])
    assert [problem.code for problem in wrong.validate()] == ["type-mismatch"]
    off = Flow.from_yaml(TEXT.replace("pin:", "enabled: false\n    pin:"), allow=[__name__])
    assert "no-effect" in [problem.code for problem in off.validate() if problem.warning]


def test_it_is_edited_and_undone(engine: Engine) -> None:
    """`pin` and `unpin` are a step each; a document keeps all else that it says."""
    made = Flow.from_yaml(TEXT.replace("    pin: 2026-01-31\n", "    # noted\n"), allow=[__name__])
    made.apply({"edit": "pin", "node": "day", "value": "2026-03-01"})
    assert "    # noted\n" in made.to_yaml()
    assert "    pin: " in made.to_yaml()
    assert made.edits == ["pin day"]
    assert engine.start(made).result(LONG) == date(2026, 3, 2)
    made.apply({"edit": "pin", "node": "day", "value": None})
    assert "    pin: null\n" in made.to_yaml()
    made.undo().apply({"edit": "unpin", "node": "day"})
    assert made.edits == ["pin day", "unpin day"]
    assert "pin:" not in made.to_yaml()
    with pytest.raises(FlowError, match="nothing that a document says"):
        made.apply({"edit": "pin", "node": "day", "value": date(2026, 1, 1)})


def test_a_pinned_node_is_paused_and_goes_on(engine: Engine, tmp_path: Path) -> None:
    """It is a node like others to who pauses a run, or recovers, forks and rolls back; nothing of it can be set."""

    @flow
    def stops_there() -> Any:
        return add(notes.options(name="it", pin=1)(), gate(5))

    run = engine.start(stops_there)
    gates.arrive(5)
    run.breakpoint("add")
    with pytest.raises(TransitionError):
        run.set("it", args={"x": 2})
    engine.close()
    with Engine(tmp_path / "store") as other:
        (again,) = other.recover()
        gates.let(5)
        until(again, lambda: states(again)["add"] == "held")
        with pytest.raises(TransitionError):
            again.retry("it")
        again.resume("add")
        assert again.result(LONG) == 6
        assert again.fork(from_="it").result(LONG) == 6
        again.rollback(to="gate")
        again.resume()
        until(again, lambda: states(again)["add"] == "held")
        again.resume("add")
        assert again.result(LONG) == 6

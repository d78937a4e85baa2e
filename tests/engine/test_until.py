"""Run to here: a run that is asked to go until some nodes runs these and what they need; of the rest nothing begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gated import broken, gates, two_steps, works
from small_bodies import LONG, Calls, add, double, negate, states, total

from stratix_tasks import (
    Engine,
    Flow,
    InputError,
    TaskFailed,
    TransitionError,
    always,
    each,
    failed,
    first_of,
    flow,
    repeat,
    task,
    when,
)


@task
def notes(x: Any = None) -> Any:
    Calls.made.append(x)
    return x


@task
def handled(error: Any) -> str:
    return "handled"


@flow
def goes_on(n: int = 3) -> int:
    """b is what a and c are made into; d and e lie beyond it."""
    a = add.options(name="a")(n)
    b = add.options(name="b")(a, add.options(name="c")(10))
    d = notes.options(name="d")(b)
    return add.options(name="e")(d, negate.options(name="aside")(1))


def test_it_runs_a_node_and_what_that_needs(engine: Engine) -> None:
    """The run completes with the value of the node; the rest is skipped as `until`, and no body of it is called."""
    run = engine.start(goes_on, until="b")
    assert run.result(LONG) == 4 + 11
    done = {"a": "completed", "b": "completed", "c": "completed"}
    assert states(run) == {**done, "d": "skipped", "e": "skipped", "aside": "skipped"}
    assert Calls.made == []
    told = run.tasks().set_index("node")
    assert [*told.loc[["d", "e", "aside"], "reason"]] == ["until"] * 3
    assert run.why("e") == "'e' was skipped: the run goes until 'b', and that does not need it."
    assert run.status == "completed"


def test_of_several_nodes_it_gives_the_values_by_name(engine: Engine) -> None:
    """Each once, in the order of the flow."""
    run = engine.start(goes_on, {"n": 0}, until=["c", "a", "c"])
    assert run.result(LONG) == {"a": 1, "c": 11}
    assert states(run)["b"] == "skipped"


def test_a_flow_is_told_by_its_options(default: Engine) -> None:
    """`flow.options(until=…)` holds for a start, and for a call."""
    assert goes_on.options(until="a").start(7).result(LONG) == 8
    assert goes_on.options(until="a")(7) == 8
    assert goes_on(1) == 2 + 11 - 1


@flow
def doubled(x: int) -> int:
    return notes(double.options(name="twice")(x))


@flow
def in_parts() -> Any:
    fan = double.options(name="fan").map(each([1, 2, 3]))
    part = doubled.options(name="part").map(each(fan))
    return total.options(name="sum")(part)


def test_fan_outs_and_flows_are_run_as_a_whole(engine: Engine) -> None:
    """A map until which a run goes gathers all of its items; what streams from it does not begin."""
    run = engine.start(in_parts, until="fan")
    assert run.result(LONG) == [2, 4, 6]
    assert {name: states(run)[name] for name in ("fan", "part", "sum")} == {
        "fan": "completed", "part": "skipped", "sum": "skipped",
    }  # fmt: skip
    assert Calls.made == []
    assert engine.start(in_parts, until="part").result(LONG) == [4, 8, 12]


@pytest.mark.parametrize(
    ("until", "why"),
    [
        ("bb", "it has no such node. Did you mean 'b'?"),
        (["a", "zzz"], "'zzz': it has no such node. Known: a, aside, b, c, d, e"),
        ("a.x", "nothing lies in 'a'"),
        ([], "is the name of a node, or a list of names"),
        (3, "not 3"),
    ],
)
def test_what_is_no_node_is_refused(engine: Engine, until: Any, why: str) -> None:
    """Before the run is entered; the message tells what may be meant."""
    with pytest.raises(InputError) as refused:
        engine.start(goes_on, until=until)
    assert why in refused.value.message
    assert engine.runs() == []


@flow
def in_steps(x: int) -> int:
    first = double.options(name="first")(x)
    second = negate.options(name="second")(first)
    notes.options(name="note")(second)
    with always():
        notes.options(name="tidy")("tidied")
    return second


@flow
def nested(n: int = 1) -> Any:
    one = in_steps.options(name="one")(n)
    many = in_steps.options(name="many").map(each([1, 2]))
    again = in_steps.options(name="again", retry=1).map(each([5]))
    around = repeat(in_steps, n, max=2)
    return [one, add.options(name="more")(one), many, again, around]


@pytest.mark.parametrize(
    ("until", "value"),
    [
        ("one.first", 2),
        (["one.second", "one.first"], {"first": 2, "second": -2}),
        ("many.first", [2, 4]),
        ("again.again.first", [10]),
        (["many.first", "one.second"], {"one": -2, "many": [2, 4]}),
        (["many", "one.first"], {"one": 2, "many": [-2, -4]}),
    ],
)
def test_a_run_goes_until_what_lies_in_a_flow(engine: Engine, until: Any, value: Any) -> None:
    """Of a flow in the flow, or of each item of a mapped one, no more runs than that needs; what runs at its end does."""
    run = engine.start(nested, until=until)
    assert run.result(LONG) == value
    assert Calls.made.count("tidied") >= 1


def test_what_lies_beyond_in_a_flow_is_skipped_there_alone(engine: Engine) -> None:
    """The same flow beside it runs as a whole; the run tells why, and a new owner goes no further."""
    run = engine.start(nested, until=["one.first", "many"])
    run.wait(LONG)
    assert {name: states(run)[name] for name in ("one.first", "one.second", "one.note", "one.tidy", "many", "more")} == {
        "one.first": "completed", "one.second": "skipped", "one.note": "skipped", "one.tidy": "completed", "many": "completed",
        "more": "skipped",
    }  # fmt: skip
    assert run.why("one.second") == (
        "'one.second' was skipped: the run goes until 'one.first', 'many', and that does not need it."
    )
    assert Calls.made.count("tidied") == 3


@pytest.mark.parametrize(
    ("until", "why"),
    [
        (["one.first", "more"], "'more' needs all of 'one'; write 'one'"),
        (["one", "one.first"], "it lies in 'one', which is run as a whole; name one of them"),
        ("in_steps.first", "what lies in a loop is run with that as a whole; write 'in_steps'"),
        ("one.third", "flow 'in_steps' has no such node. Known: first, note, second"),
        ("one.tidy", "it runs at the end of every run; name what it needs"),
        ("one.first.x", "nothing lies in 'one.first'"),
    ],
)
def test_what_of_a_flow_can_not_be_run_alone_is_refused(engine: Engine, until: Any, why: str) -> None:
    """What others need whole, the rounds of a loop, and what is not there."""
    with pytest.raises(InputError) as refused:
        engine.start(nested, until=until)
    assert why in refused.value.message


@flow
def halves(n: int) -> Any:
    with when(n > 1):
        below = halves.options(name="below")(add.options(name="less")(n, b=-1))
    return first_of(below, 1)


def test_a_flow_in_itself_is_cut_where_it_was_asked_for_alone(engine: Engine) -> None:
    """A level further in runs as a whole."""
    assert engine.start(halves, {"n": 4}, until="below.less").result(LONG) == 2
    assert engine.start(halves, {"n": 4}, until="below").result(LONG) == 1


def test_what_does_not_run_by_its_own_turn_is_refused(engine: Engine) -> None:
    """A node that is disabled, or that runs at the end."""

    @flow
    def tidies_up() -> Any:
        one = notes.options(name="off", enabled=False)(1)
        with always():
            notes.options(name="tidy")(2)
        return notes.options(name="on")([one])

    for name, why in (("off", "it is disabled"), ("tidy", "it runs at the end of every run")):
        with pytest.raises(InputError, match=why):
            engine.start(tidies_up, until=name)


def test_what_runs_at_the_end_runs(engine: Engine) -> None:
    """What was made is tidied up; of what takes the value of a node beyond, nothing is there to be tidied."""

    @flow
    def frees() -> Any:
        made = notes.options(name="made")("made")
        more = notes.options(name="more")("more")
        with always():
            notes.options(name="free")("free")
            notes.options(name="free_more")(more)
        return [made, more]

    assert engine.start(frees, until="made").result(LONG) == "made"
    assert Calls.made[0] == "made"
    assert sorted(map(str, Calls.made[1:])) == ["None", "free"]  # both at once


def test_a_failure_is_the_runs_though_a_handler_lies_beyond(engine: Engine) -> None:
    """Who asks for a node wants that node's value."""

    @flow
    def falls_back() -> Any:
        broken_one = works.options(name="bad")("bad")
        with failed(broken_one) as error:
            handled(error)
        return broken_one

    broken.add("bad")
    run = engine.start(falls_back, until="bad")
    with pytest.raises(TaskFailed):
        run.result(LONG)
    assert states(run) == {"bad": "failed", "handled": "skipped"}
    broken.clear()
    run.retry("bad")
    assert run.result(LONG) == "bad"
    assert states(run) == {"bad": "completed", "handled": "skipped"}


def test_it_is_part_of_what_a_key_means(engine: Engine) -> None:
    """The same key until the same nodes is the same run; until others it is refused."""
    run = engine.start(goes_on, {"n": 1}, key="k", until=["a", "c"])
    assert engine.start(goes_on, {"n": 1}, key="k", until=["c", "a"]).id == run.id
    for other in ("a", None):
        with pytest.raises(InputError, match="until other nodes") as refused:
            engine.start(goes_on, {"n": 1}, key="k", until=other)
        assert refused.value.code == "key-taken"


def test_another_engine_goes_on_with_it_no_further(engine: Engine, tmp_path: Path) -> None:
    """It is recorded with the run."""
    run = engine.start(two_steps, until="gate")
    gates.arrive("a")
    engine.close()
    with Engine(tmp_path / "store") as other:
        (again,) = other.recover()
        gates.let("a")
        assert again.result(LONG) == "a"
        assert states(again) == {"gate": "completed", "works": "skipped"}
        assert run.id == again.id


def test_forks_and_rollbacks_keep_it(engine: Engine) -> None:
    """A fork begins from what the run ran, not from what lies beyond."""
    run = engine.start(goes_on, until="b")
    run.wait(LONG)
    forked = run.fork(from_="b")
    assert forked.result(LONG) == 15
    assert states(forked)["e"] == "skipped"
    run.rollback(to="a")
    run.resume()
    assert run.result(LONG) == 15
    assert states(run)["e"] == "skipped"
    with pytest.raises(InputError, match="the run does not go that far"):
        run.fork(from_="e")


def test_what_lies_beyond_is_not_tried_again(engine: Engine) -> None:
    """A retry would skip it once more, so it is refused; a value can be given."""
    run = engine.start(two_steps, until="gate")
    gates.arrive("a")
    with pytest.raises(TransitionError, match="the run does not go that far"):
        run.retry("works")
    run.skip("works", value=5)
    assert run.output("works") == 5
    gates.let("a")
    assert run.result(LONG) == "a"


def test_a_document_is_run_so_too(engine: Engine) -> None:
    """The word is of a run: the document stays as it is."""
    text = goes_on.to_yaml()
    again = Flow.from_yaml(text, allow=[__name__])
    assert engine.start(again, until="c").result(LONG) == 11
    assert again.to_yaml() == text

"""An item of a mapped flow, or a round of a loop, asked of as one: in a run that goes on, and in one that a new owner has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gated import LONG, broken, gate, gates, parks, until, works

from stratix_tasks import Engine, Flow, Settled, StratixError, TransitionError, each, flow, repeat, task

Going = Callable[[Any], Any]


@task
def adds(x: int, to: int = 1) -> int:
    return x + to


@flow
def fetches(x: Any) -> Any:
    return works(parks(x))


@flow
def both(x: Any) -> Any:
    return [works(x), gate(x)]


@flow
def fetches_each() -> Any:
    return fetches.map(each(["a", "b", "c"]))


@flow
def both_of_each() -> Any:
    return both.map(each(["a", "b"]))


@flow
def refines(state: int) -> Any:
    return adds(gate(state))


@flow
def refines_often() -> Any:
    return repeat(refines, 1, until=lambda n: n >= 4, max=9, carry="state")


@pytest.fixture(params=["live", "recovered"])
def going(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Any:
    """What goes on with a run: its own engine, or a new one after that was closed."""
    made: list[Engine] = []

    def go_on(run: Any) -> Any:
        if request.param == "live":
            return run
        engine.close()
        gates.seen.clear()
        made.append(Engine(tmp_path / "store"))
        left = made[0].recover()
        return left[0] if left else made[0].run(run.id)

    yield go_on
    for one in made:
        one.close()


def state_of(run: Any, name: str) -> str:
    """By the page of the items that it lies in."""
    node, _, index = name.partition("[")
    page = run._look(_items, node)
    return str(page[int(index.rstrip("]"))])


def _items(live: Any, node: str) -> list[str]:
    from stratix_tasks.core.states import State
    from stratix_tasks.look.items import items

    rows = items(lambda function, *args: function(*args), live, node, 0, 99)["rows"]
    return [State(row[2][0]).label for row in sorted(rows)]


def test_an_item_is_paused_and_goes_on(engine: Engine, going: Going) -> None:
    """What comes behind its body waits; the others end meanwhile, and their results are there."""
    run = engine.start(fetches_each)
    gates.arrive("b")
    run.pause("fetches[1]", drain=True)
    run = going(run)
    for name in "abc":
        gates.let(name)
    until(run, lambda: [state_of(run, f"fetches[{i}]") for i in range(3)] == ["completed", "held", "completed"])
    assert run.output("fetches[0]") == "a"
    assert run.why("fetches[1]") == "'fetches[1]' is paused; resume('fetches[1]') lets it go on."
    run.resume("fetches[1]")
    assert run.result(LONG) == ["a", "b", "c"]


def test_an_item_that_is_skipped_is_not_among_the_results(engine: Engine, going: Going) -> None:
    """One whose value is given has that."""
    run = engine.start(fetches_each)
    gates.arrive("a"), gates.arrive("c")
    run.skip("fetches[0]")
    run.skip("fetches[2]", value="z")
    run = going(run)
    for name in "abc":  # those that were asked to end hear of it behind their gates
        gates.let(name)
    assert run.result(LONG) == ["b", "z"]
    assert run.why("fetches[0].works") == "'fetches[0].works' was skipped: 'fetches[0]' was skipped as one."
    with pytest.raises(StratixError, match=r"'fetches\[0\]' has no output: it is skipped"):
        run.output("fetches[0]")


def test_an_item_that_failed_is_tried_again_as_one(engine: Engine, going: Going) -> None:
    """What is bad in it runs again, and no more; then the run completes."""
    broken.add("b")
    run = engine.start(both_of_each)
    for name in "ab":
        gates.let(name)
    assert run.wait(LONG) == "failed"
    assert run.why("both[1]").startswith("'both[1]' failed. 'both[1].works' failed: ValueError: b is broken.")
    broken.clear()
    run = going(run)
    run.retry("both[1]")
    assert run.result(LONG) == [["a", "a"], ["b", "b"]]
    attempts = run.tasks().set_index("scope").query("node == 'both.gate'")["attempts"]
    assert attempts.to_dict() == {"both[0]": 1, "both[1]": 1}


def test_an_item_that_is_cancelled_ends_alone(engine: Engine, going: Going) -> None:
    """Its map fails when the others have ended."""
    run = engine.start(fetches_each)
    gates.arrive("b")
    run.cancel("fetches[1]")
    run = going(run)
    for name in "abc":
        gates.let(name)
    assert run.wait(LONG) == "failed"
    assert [state_of(run, f"fetches[{i}]") for i in range(3)] == ["completed", "cancelled", "completed"]


def test_a_round_that_is_skipped_hands_on_what_it_had(engine: Engine, going: Going) -> None:
    """The next round begins with what the one before it gave; its end is not asked about."""
    run = engine.start(refines_often)
    gates.let(1)
    gates.arrive(2)
    run.skip("refines[1]")
    run = going(run)
    for n in (2, 3):
        gates.let(n)
    assert run.result(LONG) == 4
    assert run._look(_items, "refines") == ["completed", "skipped", "completed", "completed"]
    assert [run.output(f"refines[{i}]") for i in (0, 2, 3)] == [2, 3, 4]


def test_a_rollback_to_a_round_goes_on_from_it(engine: Engine, going: Going) -> None:
    """The later rounds run again, when the run goes on."""
    run = engine.start(refines_often)
    for n in (1, 2, 3):
        gates.let(n)
    assert run.result(LONG) == 4
    run = going(run)
    run.rollback("refines[0]")
    assert (run.status, run._look(_items, "refines")) == ("paused", ["completed"])
    run.resume()
    assert run.result(LONG) == 4
    rounds = run.tasks().query("node == 'refines.adds'")
    assert rounds["scope"].nunique() == 3


def test_what_a_scope_printed_is_told_of_it_alone(engine: Engine) -> None:
    """Of all that lies in it."""

    @task
    def prints(x: int) -> int:
        print(f"prints {x}")
        return x

    @flow
    def printing(x: int) -> Any:
        return adds(prints(x))

    @flow
    def prints_each() -> Any:
        return printing.map(each([4, 5]))

    run = engine.start(prints_each)
    assert run.result(LONG) == [5, 6]
    assert run.logs("printing[1]") == ["prints 5"]


def test_a_retry_of_what_others_went_on_without_is_asked_for(engine: Engine) -> None:
    """It names them; with `redo` they are rolled back."""
    document = """
stratix: 1
flow: settles
tasks:
  some:
    flow: part
    each: {as: x, in: ["a", "b"], gather: settled}
  after: {call: "gated:collect", with: {parts: "${{ tasks.some.output }}"}}
  long: {call: "gated:gate", with: {name: long}}
flows:
  part:
    inputs: {x: {type: str}}
    tasks: {work: {call: "gated:works", with: {x: "${{ inputs.x }}"}}}
    output: "${{ tasks.work.output }}"
output: "${{ tasks.after.output }}"
"""
    broken.add("a")
    run = engine.start(Flow.from_yaml(document))
    until(run, lambda: "completed" in run.why("after"))
    with pytest.raises(TransitionError, match=r"'some' has completed.*retry\('some\[0\]', redo=True\)"):
        run.retry("some[0]")
    broken.clear()
    run.retry("some[0]", redo=True)
    gates.let("long")
    assert run.result(LONG) == [Settled("0", "completed", "a", None), Settled("1", "completed", "b", None)]
    assert engine.runs()[0].id == run.id

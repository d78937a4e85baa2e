"""What tasks did is taken back when the flow around fails: in sub-flows, in what is mapped, in rounds, in forks of such a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gated import LONG

from stratix_tasks import Engine, Flow, each, flow, repeat, task

said: list[Any] = []


def takes_back(value: int, n: int) -> None:
    said.append(("back", n, value))


@task(undo=takes_back)
def books(n: int) -> int:
    said.append(("done", n))
    return n * 10


@task
def pays(after: Any, last: int) -> Any:
    if last < 0:
        raise ValueError("no money")
    return after


@flow
def trip(n: int) -> Any:
    return books(books(n))


@flow
def next_trip(n: int) -> Any:
    return books(n)


def _one(last: int) -> Any:
    return pays(trip(1), last)


def _mapped(last: int) -> Any:
    return pays(trip.map(each([1, 2])), last)


def _rounds(last: int) -> Any:
    return pays(repeat(next_trip, 1, max=3, carry="n"), last)


def _deep(last: int) -> Any:
    @flow
    def travels(n: int) -> Any:
        return trip(n)

    return pays(travels(books(5)), last)


WORLDS: dict[str, tuple[Callable[[int], Any], list[Any]]] = {
    "a flow in a flow": (_one, [("back", 10, 100), ("back", 1, 10)]),
    "rounds": (_rounds, [("back", 100, 1000), ("back", 10, 100), ("back", 1, 10)]),
    "deeper": (_deep, [("back", 500, 5000), ("back", 50, 500), ("back", 5, 50)]),
}


def _flow_of(made: Callable[[int], Any], door: str) -> Flow:
    built = flow(name=f"undo{made.__name__}")(made)
    return built if door == "python" else Flow.from_yaml(built.to_yaml(), allow=[__name__])


@pytest.mark.parametrize("door", ["python", "yaml"])
@pytest.mark.parametrize("name", WORLDS)
def test_what_was_done_in_a_flow_is_taken_back_when_the_one_around_fails(engine: Engine, name: str, door: str) -> None:
    """The last thing first, with its own arguments and value; nothing where the flow completes."""
    said.clear()
    made, back = WORLDS[name]
    assert engine.start(_flow_of(made, door), {"last": -1}).wait(LONG) == "failed"
    assert [one for one in said if one[0] == "back"] == back
    said.clear()
    assert engine.start(_flow_of(made, door), {"last": 1}).wait(LONG) == "completed"
    assert [one for one in said if one[0] == "back"] == []


def test_items_of_a_mapped_flow_are_taken_back_each_in_its_order(engine: Engine) -> None:
    """All that completed in each; a retry of what failed does all of it again."""
    said.clear()
    run = engine.start(_flow_of(_mapped, "python"), {"last": -1})
    assert run.wait(LONG) == "failed"
    back = [one[1:] for one in said if one[0] == "back"]
    assert [one for one in back if one[1] in (10, 100)] == [(10, 100), (1, 10)]
    assert [one for one in back if one[1] in (20, 200)] == [(20, 200), (2, 20)]
    rows = run.tasks()
    assert set(rows[rows["node"] == "undo_trip.undo_books"]["state"]) == {"completed"}
    assert run.why("undo_trip") == "'undo_trip' completed."
    assert "undo_trip" in run.to_html()
    said.clear()
    run.skip("pays", value=0)
    assert run.wait(LONG) == "completed"
    assert sorted(said) == [("done", 1), ("done", 2), ("done", 10), ("done", 20)]


@task(undo=takes_back)
def books_as_usual(n: int = 7) -> int:
    return n * 10


def test_what_takes_back_is_given_what_was_not_said_too(engine: Engine) -> None:
    """An argument that had its default."""
    said.clear()

    @flow
    def usual_trip() -> Any:
        return pays(books_as_usual(), -1)

    assert engine.start(usual_trip).wait(LONG) == "failed"
    assert said == [("back", 7, 70)]


def wants_more(output: Any, n: int) -> None: ...


@task(undo=wants_more)
def books_greedily(n: int) -> int:
    return n


@flow
def greedy_trip() -> Any:
    return books_greedily(1)


@pytest.mark.parametrize("door", ["python", "yaml"])
def test_what_takes_back_and_asks_for_more_is_a_problem(door: str) -> None:
    """It is told before anything runs, with all that there is."""
    made = greedy_trip if door == "python" else Flow.from_yaml(greedy_trip.to_yaml(), allow=[__name__])
    [problem] = made.validate()
    assert (problem.code, problem.node, problem.at) == (
        "bad-arguments",
        "books_greedily",
        ("tasks", "books_greedily", "undo"),
    )
    assert "'output'" in problem.message and "n, value" in problem.hint


def test_a_fork_takes_over_nothing_that_was_taken_back(engine: Engine) -> None:
    """It is done again, and may be taken back again."""
    said.clear()
    run = engine.start(_flow_of(_one, "python"), {"last": -1})
    assert run.wait(LONG) == "failed"
    said.clear()
    assert run.fork("pays").wait(LONG) == "failed"
    assert said == [("done", 1), ("done", 10), ("back", 10, 100), ("back", 1, 10)]

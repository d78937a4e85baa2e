"""What a view is told of an item of a mapped flow, and of a round of a loop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from stratix_tasks import Engine, approval, each, flow, repeat, task
from stratix_tasks.core.states import State
from stratix_tasks.errors import InputError
from stratix_tasks.session.display import run_source
from stratix_tasks.view.snapshot import whole

GATE = threading.Event()


@pytest.fixture(autouse=True)
def gate() -> Iterator[None]:
    GATE.clear()
    yield
    GATE.set()


@task
def reads(x: int) -> int:
    print(f"reads {x}")
    if x == 2:
        raise ValueError("no two")
    return x


@task
def writes(x: int) -> int:
    GATE.wait(30)
    return 10 * x


@task
def asks(x: int, said: Any) -> int:
    return x


@flow
def moves(x: int) -> Any:
    return writes(reads(x))


@flow
def moves_each() -> Any:
    return moves.map(each([1, 2]))


@flow
def approved(x: int) -> Any:
    return asks(x, approval("Go on?"))


@flow
def approved_each() -> Any:
    return approved.map(each([7]))


@flow
def counts(n: int) -> Any:
    return reads(n)


@flow
def counts_often() -> Any:
    return repeat(counts, 5, max=2, on_max="take", until=lambda n: n > 9)


def until(run: Any, target: str, wanted: str) -> None:
    """Wait for the change after which `why` tells it."""
    source, changed = run_source(run), threading.Event()
    release = source.watch(lambda _: changed.set())
    while wanted not in told(run, target):
        assert changed.wait(30)
        changed.clear()
    release()


def told(run: Any, target: str) -> str:
    """Nothing of what is not there yet."""
    try:
        return str(run.why(target))
    except InputError:
        return ""


def test_the_items_of_a_mapped_flow_are_rows_of_their_own(engine: Engine) -> None:
    """Each with how it stands as a whole, how many of its nodes have ended, and its error or value."""
    run = engine.start(moves_each)
    until(run, "moves[1]", "failed")
    until(run, "moves[0].writes", "running")
    page = run_source(run).items("moves", 0, 10)
    assert page["total"] == 2
    (_, _, failed, error, _), (_, _, going, quiet, _) = page["rows"]
    assert (State(going[0]), going[3], going[4], going[6], quiet) == (State.OPEN, 1, 2, 1, "")
    assert (State(failed[0]), failed[5], error) == (State.FAILED, 2, "ValueError: no two")
    GATE.set()
    run.wait(30)
    assert [row[3] for row in run_source(run).items("moves", 1, 2)["rows"]] == ["10"]


def test_an_item_is_inspected_as_one(engine: Engine) -> None:
    """What it was given, what it printed, why it is as it is, and what may be asked of it."""
    run = engine.start(moves_each)
    until(run, "moves[1]", "failed")
    until(run, "moves[0].writes", "running")
    seen = run_source(run).inspect("moves", 1)
    assert (seen["name"], seen["state"]) == ("moves[1]", "failed")
    assert [(name, value["text"]) for name, value in seen["inputs"]] == [("x", "2")]
    assert [text for _, _, text in seen["logs"]] == ["reads 2"]
    assert seen["error"] is not None
    assert seen["error"]["message"] == "no two"
    assert seen["why"] == "'moves[1]' failed. 'moves[1].reads' failed: ValueError: no two."
    assert {verb for verb, can in seen["can"].items() if can is True} == {"retry", "skip", "give"}
    run.pause("moves[0]", drain=True)
    can = run_source(run).can("moves", 0)
    assert can["retry"] == "it is running and nothing in it has ended badly"


def test_what_is_asked_in_an_item_stands_in_its_row(engine: Engine) -> None:
    """The message of an approval in it."""
    run = engine.start(approved_each)
    until(run, "approved[0]", "waits")
    ((_, _, _, text, _),) = run_source(run).items("approved", 0, 10)["rows"]
    assert text == "Go on?"
    assert run.why("approved[0]").startswith(
        "'approved[0]' is under way: 0 of 2 have ended. 'approved[0].approval' waits"
    )
    run.approve("approved[0].approval")
    assert run.result(30) == [7]


def test_a_page_with_nothing_behind_it_has_the_rounds_of_a_loop(engine: Engine) -> None:
    """And their values."""
    run = engine.start(counts_often)
    assert run.result(30) == 5
    made = whole(run_source(run))
    assert [row[3] for row in made["items"]["counts"]["rows"]] == ["5", "5"]
    assert run_source(run).inspect("counts", 1)["output"] == {
        "text": "5",
        "type": "int",
        "shape": "",
        "preview": None,
    }

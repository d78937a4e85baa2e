"""Two engines on one store, and handles of both on one run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stratix_tasks import Engine, StratixError, flow, task

LONG = 30.0


class Gate:
    """Whether the body fails, and what it waits for. Set anew before each test."""

    fails = True
    open = threading.Event()


@task
def fragile() -> int:
    if Gate.fails:
        raise ValueError("not yet")
    Gate.open.wait(LONG)
    return 7


@flow
def one() -> int:
    return fragile()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    Gate.fails, Gate.open = True, threading.Event()
    with Engine(tmp_path / "store") as first, Engine(tmp_path / "store") as second:
        yield first, second


def test_a_run_that_goes_on_elsewhere_is_not_taken_away(pair: tuple[Engine, Engine]) -> None:
    """A handle that saw the run fail does not claim it while its owner runs it again."""
    first, second = pair
    run = first.start(one)
    assert run.wait(LONG) == "failed"
    seen = second.run(run.id)
    assert seen.status == "failed"
    Gate.fails = False
    run.retry()
    with pytest.raises(StratixError) as caught:
        seen.retry()
    assert caught.value.code == "owned-elsewhere"
    Gate.open.set()
    assert run.result(LONG) == 7


def test_an_ended_run_that_is_retried_is_found_by_recover(tmp_path: Path) -> None:
    """The catalog knows that an ended run goes on before anyone is told, so that its owner may die at once."""
    Gate.fails, Gate.open = True, threading.Event()
    with Engine(tmp_path / "store") as first:
        run = first.start(one)
        assert run.wait(LONG) == "failed"
        Gate.fails = False
        run.retry()
        assert first.store.catalog.run(run.id).state == "running"
    Gate.open.set()
    with Engine(tmp_path / "store") as second:
        assert [found.result(LONG) for found in second.recover()] == [7]


def test_a_refused_request_leaves_an_ended_run_as_it_is(pair: tuple[Engine, Engine]) -> None:
    """Who asks what an ended run can't do changes nothing of what the catalog says of it."""
    first, second = pair
    Gate.fails = False
    Gate.open.set()
    run = first.start(one)
    assert run.result(LONG) == 7
    with pytest.raises(StratixError):
        second.run(run.id).retry()
    assert second.store.catalog.run(run.id).state == "completed"

"""The catalog's rows of runs: whoever deletes one by hand loses nothing, for the journal is the truth."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks import Engine, flow, task
from stratix_tasks.errors import InputError
from stratix_tasks.session.run import Run

GATE = threading.Event()
LONG = 30.0


@task
def waits() -> int:
    GATE.wait(LONG)
    return 1


@task
def after(x: int) -> int:
    return x + 1


@flow
def gated() -> Any:
    return after(waits())


@pytest.fixture(autouse=True)
def gate() -> Iterator[None]:
    GATE.clear()
    yield
    GATE.set()


def deleted(engine: Engine, key: str | None = None) -> Run:
    """A run that goes on, whose row somebody deletes."""
    run = engine.start(gated, key=key)
    engine.chores.settle()
    with closing(sqlite3.connect(engine.store.path / "catalog.sqlite")) as db, db:
        assert db.execute("DELETE FROM runs WHERE id = ?", [run.id]).rowcount == 1
    return run


def test_a_run_is_entered_again_at_its_end(engine: Engine) -> None:
    """Its owner tells the catalog what became of it: with its key, its state and when it ended."""
    run = deleted(engine, key="k")
    GATE.set()
    assert run.result(LONG) == 2
    with Engine(engine.store.path) as other:
        engine.chores.settle()
        assert [(each.id, each.status) for each in other.runs()] == [(run.id, "completed")]
        row = other.store.catalog.run(run.id)
        assert row is not None
        assert (row.key, row.owner, row.epoch, row.state) == ("k", engine.id, 1, "completed")
        assert row.ended is not None
        assert row.ended >= row.created


def test_the_owner_lists_what_it_runs(engine: Engine) -> None:
    """While it goes on, its own engine enters it again when it lists its runs; others see it then."""
    run = deleted(engine)
    assert [each.id for each in engine.runs()] == [run.id]
    with Engine(engine.store.path) as other:
        assert [(each.id, each.status) for each in other.runs()] == [(run.id, "running")]


def test_another_engine_can_ask_it(engine: Engine) -> None:
    """A request enters the run again first, so that its owner hears it."""
    run = deleted(engine)
    with Engine(engine.store.path) as other:
        other.run(run.id).pause()
        assert run.status in ("pausing", "paused")
        other.run(run.id).resume()
    GATE.set()
    assert run.result(LONG) == 2


def test_it_is_recovered_after_its_engine_was_closed(tmp_path: Path) -> None:
    """An engine that is closed leaves no lock behind by which its runs could be found: it enters them before."""
    with Engine(tmp_path / "store") as engine:
        run = deleted(engine)
    GATE.set()
    with Engine(tmp_path / "store") as engine:
        (again,) = engine.recover()
        assert again.id == run.id
        assert again.result(LONG) == 2


def test_what_its_owner_left_can_be_asked(tmp_path: Path) -> None:
    """Also when the row went after the owner did: the run is entered again, and taken over."""
    with Engine(tmp_path / "store") as engine:
        run = engine.start(gated)
    with closing(sqlite3.connect(tmp_path / "store" / "catalog.sqlite")) as db, db:
        assert db.execute("DELETE FROM runs").rowcount == 1
    GATE.set()
    with Engine(tmp_path / "store") as engine:
        found = engine.run(run.id)
        found.pause()
        found.resume()
        assert found.result(LONG) == 2


@task
def fails_once() -> int:
    if not GATE.is_set():
        raise ValueError("not yet")
    return 1


@flow
def failing() -> Any:
    return after(fails_once())


def test_an_ended_run_is_listed_by_its_row(tmp_path: Path) -> None:
    """Its journal is read once it is asked for what does not stand in the row."""
    GATE.set()
    with Engine(tmp_path / "store") as engine:
        made = [engine.start(gated) for _ in range(3)]
        for run in made:
            run.result(LONG)
    with Engine(tmp_path / "store") as engine:
        listed = engine.runs()
        assert [run.id for run in listed] == [run.id for run in reversed(made)]
        assert [(run.flow, run.status, run.runs_here) for run in listed] == [("gated", "completed", False)] * 3
        assert [run.id for run in listed if run.id in engine.held] == []
        assert listed[1].result(LONG) == 2
        assert [run.id for run in listed if run.id in engine.held] == [listed[1].id]


def test_the_newest_runs_are_listed(engine: Engine) -> None:
    """As many as asked for; no number of runs is an error that says what is allowed."""
    GATE.set()
    made = [engine.start(gated) for _ in range(4)]
    for run in made:
        run.result(LONG)
    assert [run.id for run in engine.runs(limit=2)] == [made[3].id, made[2].id]
    with pytest.raises(InputError, match="limit must be a whole number of 1 or more"):
        engine.runs(limit=0)


def test_a_listed_run_that_goes_on_again_is_seen_as_it_is(tmp_path: Path) -> None:
    """The row that it was listed by is not trusted once another one stands there."""
    with Engine(tmp_path / "store") as engine, Engine(tmp_path / "store") as other:
        run = engine.start(failing)
        assert run.wait(LONG) == "failed"
        engine.chores.settle()
        (listed,) = other.runs()
        assert listed.status == "failed"
        GATE.set()
        run.retry()
        assert run.result(LONG) == 2
        engine.chores.settle()
        assert listed.status == "completed"
        assert listed.result(LONG) == 2

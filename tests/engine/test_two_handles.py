"""Two engines on one store, and handles of both on one run."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks import Engine, StratixError, flow, task
from stratix_tasks.errors import StoreError
from stratix_tasks.runs import load as loading
from stratix_tasks.runs import recover as takeover
from stratix_tasks.session.display import run_source

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


def test_what_was_read_before_a_run_went_on_does_not_set_it_back(
    pair: tuple[Engine, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads it, as who keeps a view up to date does; before he hands that in it goes on, and ends."""
    engine, _ = pair
    run = engine.start(one)
    assert run.wait(LONG) == "failed"
    has_read, go_on = threading.Event(), threading.Event()
    read = loading.recorded

    def slow(*args: Any, **kwargs: Any) -> Any:
        known = read(*args, **kwargs)
        has_read.set()
        go_on.wait(LONG)
        return known

    monkeypatch.setattr(loading, "recorded", slow)
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(loading.load, engine, run.id, None)
        assert has_read.wait(LONG)
        Gate.fails = False
        Gate.open.set()
        run.retry()
        assert run.wait(LONG) == "completed"
        go_on.set()
        assert reader.result(LONG)[0] is run._live
    assert (run.status, run.result(LONG)) == ("completed", 7)


def test_what_is_read_on_of_a_run_that_is_read_anew_counts_once(
    pair: tuple[Engine, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who follows it has read what is new when somebody reads all of it."""
    first, second = pair
    run = first.start(one)
    assert run.wait(LONG) == "failed"
    seen = second.run(run.id)
    Gate.fails = False
    Gate.open.set()
    run.retry()
    assert run.wait(LONG) == "completed"
    call = second.loop.call

    def and_anew(function: Any, *args: Any) -> Any:
        monkeypatch.undo()
        second.load(run.id)
        return call(function, *args)

    monkeypatch.setattr(second.loop, "call", and_anew)
    follower = seen._live.follower
    assert follower is not None
    follower.catch_up(seen._live)
    assert seen._live.seq == run._live.seq
    assert (seen.status, seen.result(LONG)) == ("completed", 7)


def test_a_run_that_goes_on_elsewhere_is_not_taken_away(pair: tuple[Engine, Engine]) -> None:
    """A handle that saw the run fail asks its owner, which lives and runs it again; it does not claim it."""
    first, second = pair
    run = first.start(one)
    assert run.wait(LONG) == "failed"
    seen = second.run(run.id)
    assert seen.status == "failed"
    Gate.fails = False
    run.retry()
    seen.retry()
    row = first.store.catalog.run(run.id)
    assert row is not None
    assert (row.owner, row.epoch) == (first.id, 1)
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


def test_two_that_recover_at_once_share_what_is_left(
    pair: tuple[Engine, Engine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both see the same runs that nobody runs: each run goes on in one of them, and neither gets an error."""
    Gate.fails = False
    with Engine(tmp_path / "store") as dead:
        left = {dead.start(one).id for _ in range(6)}
    seen, take, begun = threading.Barrier(2), takeover.take_over, threading.local()

    def take_over(*args: Any) -> Any:
        if not hasattr(begun, "here"):
            begun.here = True
            seen.wait(LONG)  # both have looked at what is left
        return take(*args)

    monkeypatch.setattr(takeover, "take_over", take_over)
    with ThreadPoolExecutor(2) as threads:
        mine, others = threads.map(Engine.recover, pair)
    assert {run.id for run in (*mine, *others)} == left
    assert len(mine) + len(others) == len(left)
    Gate.open.set()
    assert {run.result(LONG) for run in (*mine, *others)} == {7}


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


def test_a_look_at_the_catalog_that_fails_is_not_the_last(
    pair: tuple[Engine, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in one look for requests, the next one hears them."""
    first, second = pair
    Gate.fails = False
    run = first.start(one)
    failed = threading.Event()
    look = first.mailbox._watch.look

    def fails_once(*args: Any) -> Any:
        if not failed.is_set():
            failed.set()
            raise OSError("the disk was away for a moment")
        return look(*args)

    first.loop.loop.set_exception_handler(lambda *_: None)
    monkeypatch.setattr(first.mailbox._watch, "look", fails_once)
    assert failed.wait(LONG)
    second.run(run.id).pause()
    assert run.status in ("pausing", "paused")
    Gate.open.set()


def test_why_says_that_nobody_runs_it(tmp_path: Path) -> None:
    """What was running when its engine went is not said to run on."""
    Gate.fails, Gate.open = False, threading.Event()
    with Engine(tmp_path / "store") as first:
        run = first.start(one)
        limit = time.monotonic() + LONG
        while run.progress()[0]["state"] != "running":
            assert time.monotonic() < limit
            time.sleep(0.005)
    with Engine(tmp_path / "store") as second:
        said = second.run(run.id).why("fragile")
        assert said == "'fragile' was running when the run was interrupted; recover() goes on with it."
        second.recover()
        assert "interrupted" not in second.run(run.id).why("fragile")
        Gate.open.set()
        assert second.run(run.id).result(LONG) == 7


def test_a_catalog_that_was_taken_away_is_made_again_by_who_needs_it(pair: tuple[Engine, Engine]) -> None:
    """Its file is deleted while a run goes on: another engine sees the run, asks it, is answered, and the end is told."""
    first, second = pair
    Gate.fails = False
    run = first.start(one)
    first.chores.settle()
    for path in first.store.path.glob("catalog.sqlite*"):
        path.unlink()
    other = second.run(run.id)
    assert other.status == "running"
    other.pause()
    assert run.status in ("pausing", "paused")
    other.resume()
    Gate.open.set()
    assert other.result(LONG) == 7
    first.chores.settle()
    for engine in pair:
        assert [(row.id, row.state) for row in engine.store.catalog.runs()] == [(run.id, "completed")]


def test_a_run_that_the_catalog_does_not_have_is_not_called_interrupted(pair: tuple[Engine, Engine]) -> None:
    """Its owner is known from the journal, and lives."""
    first, second = pair
    Gate.fails = False
    run = first.start(one)
    first.chores.settle()
    first.store.catalog.remove(run.id, 1)
    other = second.run(run.id)
    assert other.status == "running"
    assert second.recover() == []
    Gate.open.set()
    assert run.result(LONG) == 7


@pytest.mark.filterwarnings("ignore:the catalog could not be told")
def test_a_catalog_that_is_damaged_while_a_run_goes_on_costs_it_nothing(tmp_path: Path) -> None:
    """The run ends, further ones are started, asking the catalog is a StoreError; the next engine makes it again."""
    Gate.fails, Gate.open = False, threading.Event()
    Gate.open.set()
    with Engine(tmp_path / "store") as first:
        first.start(one).result(LONG)
        first.chores.settle()
        file = first.store.path / "catalog.sqlite"
        with file.open("r+b") as catalog:
            catalog.write(b"no catalog any more " * (file.stat().st_size // 20))
        with pytest.raises(StoreError, match="can't be used"):
            first.store.catalog.runs()
        assert first.start(one).result(LONG) == 7
        first.chores.settle()
        assert first.start(one).result(LONG) == 7
    with pytest.warns(UserWarning, match="is damaged"), Engine(tmp_path / "store") as second:
        assert [run.status for run in second.runs()] == ["completed"] * 3


def test_a_row_that_is_no_request_harms_no_run(pair: tuple[Engine, Engine]) -> None:
    """Another program wrote nonsense into the catalog: it is refused there, and the run goes on."""
    first, second = pair
    Gate.fails = False
    run = first.start(one)
    first.chores.settle()
    with closing(sqlite3.connect(first.store.path / "catalog.sqlite")) as catalog, catalog:
        rows = [
            (name, run.id, text, time.time()) for name, text in (("empty", "{}"), ("a list", "[1]"), ("no JSON", "{"))
        ]
        catalog.executemany(
            "INSERT INTO requests (id, run, verb, args, by, at) VALUES (?, ?, 'rollback', ?, 'nonsense', ?)", rows
        )
    second.run(run.id).pause()  # it is heard after the one before
    assert run.status in ("pausing", "paused")
    first.chores.settle()
    with closing(sqlite3.connect(first.store.path / "catalog.sqlite")) as catalog:
        told = catalog.execute("SELECT id, state, error FROM requests WHERE by = 'nonsense' ORDER BY id").fetchall()
    assert [(name, state, "bad-request" in error) for name, state, error in told] == [
        (name, "refused", True) for name in ("a list", "empty", "no JSON")
    ]
    run.resume()
    Gate.open.set()
    assert run.result(LONG) == 7


def test_a_reader_shows_what_the_owner_shows(pair: tuple[Engine, Engine]) -> None:
    """After each request to a node that failed, both tell the same state, error, attempts and story of it."""
    first, second = pair
    run = first.start(one)
    assert run.wait(LONG) == "failed"
    seen = second.run(run.id)
    told = [_told(run)]
    assert told[0] == _told(seen)
    run.skip("fragile", value=5)
    assert run.result(LONG) == seen.result(LONG) == 5
    told.append(_told(run))
    assert told[1] == _told(seen)
    assert told[0] != told[1]
    run.rollback("fragile")
    told.append(_told(run))
    assert told[2] == _told(seen)


def _told(run: Any) -> Any:
    return run.status, run.progress(), run.why("fragile"), run_source(run).inspect("fragile", None)

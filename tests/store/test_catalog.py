"""The catalog: what processes agree on."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from stratix_tasks import Engine, approval, flow, history, task
from stratix_tasks.store.store import Store


def add(store: Store, run: str, key: str | None = None, inputs: str = "i") -> tuple[str, str] | None:
    return store.catalog.add_run(id=run, flow="f", key=key, inputs=inputs, owner="e1", created=1.0)


def test_a_key_is_taken_once(store: Store) -> None:
    """The second run with a key is told of the first; other keys and flows are free."""
    assert add(store, "a", "k") is None
    assert add(store, "b", "k") == ("a", "i")
    assert add(store, "c", "other") is None
    assert [row.id for row in store.catalog.runs()] == ["a", "c"] or len(store.catalog.runs()) == 2


def test_a_run_is_entered_once(store: Store) -> None:
    """Two processes may find the same run that its dead engine did not enter: the second one changes nothing."""
    add(store, "a", "k")
    store.catalog.claim("a", 1, "e2", None)
    assert add(store, "a") is None
    row = store.catalog.run("a")
    assert row is not None
    assert (row.owner, row.epoch) == ("e2", 2)


def test_of_many_claims_one_wins(store: Store, tmp_path: Path) -> None:
    """Whoever claims with the epoch that it saw; the others are told so. The cut is there with the claim."""
    add(store, "a")
    won: list[int | None] = []
    others = [Store(tmp_path / "store") for _ in range(4)]
    ready = threading.Barrier(len(others))

    def claims(other: Store, number: int) -> None:
        ready.wait()
        won.append(other.catalog.claim("a", 1, f"claimer{number}", ("e1", 1, 100)))

    threads = [threading.Thread(target=claims, args=(other, number)) for number, other in enumerate(others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won, key=str) == [2, None, None, None]
    assert store.catalog.cuts("a") == {"e1": (1, 1, 100)}
    for other in others:
        other.catalog.close()


def test_only_the_owner_says_what_became_of_a_run(store: Store) -> None:
    """A state told with an old epoch is ignored."""
    add(store, "a")
    store.catalog.claim("a", 1, "e2", ("e1", 1, 0))
    store.catalog.set_state("a", 1, "completed", 5.0)
    row = store.catalog.run("a")
    assert row is not None
    assert (row.state, row.epoch) == ("running", 2)


@task
def one() -> int:
    return 1


@flow
def small() -> int:
    return one()


@pytest.mark.parametrize("how", ["deleted", "garbage", "truncated"])
def test_a_lost_catalog_is_made_again_from_the_journals(tmp_path: Path, how: str) -> None:
    """Runs, states and keys are there again; damage is kept aside with a warning."""
    with Engine(tmp_path / "store") as engine:
        run = engine.start(small, key="k")
        run.result(20)
    path = tmp_path / "store" / "catalog.sqlite"
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"no database at all" * 100 if how == "garbage" else path.read_bytes()[:1500])
    with Engine(tmp_path / "store") as engine:
        if how == "deleted":
            found = engine.runs()
        else:
            with pytest.warns(UserWarning, match="damaged"):
                found = engine.runs()
        assert [(each.id, each.status) for each in found] == [(run.id, "completed")]
        assert engine.start(small, key="k").id == run.id


@flow
def asked() -> int:
    return one.options(after=[approval("Now?")])()


@pytest.mark.parametrize("how", ["deleted", "garbage", "empty"])
def test_a_lost_catalog_that_can_not_be_written_is_made_in_memory(
    tmp_path: Path, how: str, recwarn: pytest.WarningsRecorder
) -> None:
    """Who only reads finds runs, where the facts of a dead owner end, and states that follow from them; no file is touched."""
    place = tmp_path / "store"
    with Engine(place) as engine:
        run = engine.start(asked).id
    with Engine(place) as engine:
        (again,) = engine.recover()
        assert again.id == run
    with closing(Store(place, write=False)) as known:
        rows, cuts, tasks = known.catalog.runs(), known.cuts(), history(place).tasks()
    assert cuts
    path = place / "catalog.sqlite"
    path.unlink()
    if how != "deleted":
        path.write_bytes(b"no database at all" * 100 if how == "garbage" else b"")
    before = {file: file.read_bytes() for file in place.rglob("*") if file.is_file() and file.suffix != ".duckdb"}
    with closing(Store(place, write=False)) as store:
        assert [(row.id, row.owner, row.epoch) for row in store.catalog.runs()] == [(run, rows[0].owner, 2)]
        assert store.cuts() == cuts
    pd.testing.assert_frame_equal(history(place).tasks(), tasks)
    assert list(tasks["state"]) == ["waiting", "pending"]
    after = {file: file.read_bytes() for file in place.rglob("*") if file.is_file() and file.suffix != ".duckdb"}
    assert after == before
    assert any("is left as it is" in str(one.message) for one in recwarn) is (how == "garbage")


def test_a_newer_catalog_is_refused(store: Store) -> None:
    """The error says to upgrade; the file is left alone."""
    add(store, "a")
    store.catalog.close()
    path = store.path / "catalog.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    other = Store(store.path)
    with pytest.raises(Exception, match="newer version"):
        other.catalog.runs()


def test_how_long_nodes_took_is_kept_of_the_last_runs_of_a_flow(store: Store) -> None:
    """A run that ends again tells the new, and is not told of to itself; who is not its owner tells nothing."""
    for at in range(40):
        add(store, f"r{at}")
        store.catalog.set_state(f"r{at}", 1, "completed", float(at), {"a": float(at)})
    store.catalog.set_state("r30", 1, "completed", 50.0, {"a": 9.0})
    store.catalog.set_state("r31", 0, "completed", 60.0, {"a": 8.0})
    known = [one["a"] for one in store.catalog.took("f", "r39")]
    assert known == [9.0, *(float(at) for at in range(38, 18, -1) if at != 30)]
    assert store.catalog.took("g", "r1") == []

"""Two kernels and one run: a stopped owner is not dead, and one that was taken over is fenced."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest
from rounds import recorded_starts

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))

import owner_process
from other_kernel import LONG, Owner, until

from stratix_tasks import Engine, each, flow, task
from stratix_tasks.core.facts import COMPLETED
from stratix_tasks.engine.engine import CONFIRMED
from stratix_tasks.errors import StratixError
from stratix_tasks.runs import mailbox
from stratix_tasks.store import ids
from stratix_tasks.store.analytics import History
from stratix_tasks.store.locks import EngineLock, alive
from stratix_tasks.store.store import Store


@task
async def slowly(x: int) -> int:
    await asyncio.sleep(0.01)
    return x


@flow(concurrency=10)
def counted(n: int) -> list[int]:
    return slowly.map(each(numbers(n)))


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Owner]]:
    made: list[Owner] = []
    store = tmp_path / "store"
    monkeypatch.setattr(owner_process, "GATES", store.with_suffix(".gates"))
    monkeypatch.setattr(owner_process, "BODIES", store.with_suffix(".bodies"))

    def make(flow: str) -> Owner:
        made.append(Owner(store, flow))
        return made[-1]

    yield make
    for one in made:
        os.kill(one.child.pid, signal.SIGCONT)
        one.end()


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions of the owner's flows, under the names by which it knows them."""
    from stratix_tasks.dsl.task import KNOWN

    for call, known in tuple(KNOWN.items()):
        if call.startswith("owner_process:"):
            monkeypatch.setitem(KNOWN, call.replace("owner_process:", "__main__:"), known)


def stop(owner: Owner) -> None:
    """SIGSTOP between two writes to the catalog, and wait until it stands still."""
    until(lambda: _entered(owner), "the run is in the catalog")
    os.kill(owner.child.pid, signal.SIGSTOP)
    until(
        lambda: Path(f"/proc/{owner.child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T", "it is stopped"
    )


def _entered(owner: Owner) -> bool:
    catalog = Store(owner.store).catalog
    found = catalog.run(owner.run) is not None
    catalog.close()
    return found


def wake(owner: Owner) -> None:
    os.kill(owner.child.pid, signal.SIGCONT)


def test_a_stopped_owner_is_not_dead(
    owner: Callable[[str], Owner], tmp_path: Path, functions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is taken from it; what it is asked waits, and is done when it wakes."""
    monkeypatch.setattr(mailbox, "PATIENCE", 0.3)
    other = owner("chain")
    until(lambda: other.started() == ["first 1"], "it runs")
    stop(other)
    with Engine(tmp_path / "store") as engine:
        run = engine.run(other.run)
        assert run.status == "running"
        assert engine.recover() == []
        with pytest.raises(StratixError, match="taken when it wakes") as waits:
            run.pause()
        assert waits.value.code == "no-answer"
        wake(other)
        until(lambda: run.status == "paused", "the request is taken")
        assert engine.store.catalog.run(run.id).epoch == 1  # type: ignore[union-attr]


def test_an_owner_that_was_taken_over_is_fenced(owner: Callable[[str], Owner], tmp_path: Path, functions: None) -> None:
    """Its lock is lost while it is stopped, so that another goes on; what it writes when it wakes does not count."""
    other = owner("chain")
    other.opens("first")
    until(lambda: other.started() == ["first 1", "second 1"], "the second body runs")
    other.tell("result")
    assert other.reads("does") == "result"
    stop(other)
    stopped = monotonic()
    other.opens("second")  # its answer is the first thing that it has to record when it wakes
    (tmp_path / "store" / "locks" / other.engine).unlink()
    with Engine(tmp_path / "store") as engine:
        (run,) = engine.recover()
        until(lambda: len(other.started()) >= 4, "it goes on here, to the third body")
        until(lambda: monotonic() - stopped > 2 * CONFIRMED, "it was not stopped for a moment only")
        wake(other)
        said = other.reads("said")
        assert "fenced" in said, said
        assert f"process {os.getpid()}" in said
        assert other.ask("status") == "running"  # it looks at the run of the other now
        other.opens("third")
        assert run.result(LONG) == 20
        assert other.ask("result") == "20"
        _once(engine, run.id, other)
        history = History(engine.store)
        assert list(history.tasks(run=run.id)["state"]) == ["completed"] * 3
        before = history.events()
    (tmp_path / "store" / "catalog.sqlite").unlink()
    (tmp_path / "store" / "runs.duckdb").unlink()
    with Engine(tmp_path / "store") as engine:
        assert engine.run(other.run).result(LONG) == 20
        assert len(History(engine.store).events()) == len(before)
        assert engine.store.catalog.cuts(other.run).keys() == {other.engine}


def _once(engine: Engine, run: str, other: Owner) -> None:
    """Each result is recorded once, and no body began that is not recorded as started."""
    catalog = engine.store.catalog
    facts = engine.store.journals.record(ids.key(run), cuts=catalog.cuts(run)).facts
    assert max(Counter(fact[2] for fact in facts if fact[0] == COMPLETED).values()) == 1
    starts = recorded_starts(facts)
    assert len(other.started()) <= starts, other.bodies.read_text() + str(other.child.pid)
    assert max(Counter(other.started()).values()) == 1


def test_both_write_on_and_only_one_counts(owner: Callable[[str], Owner], tmp_path: Path, functions: None) -> None:
    """The split brain: the old owner was never stopped, only its lock broke; within a moment it gives up."""
    other = owner("many")
    until(lambda: len(other.started()) == 2, "two items run")
    until(lambda: _entered(other), "the run is in the catalog")  # for who has no lock file is looked for nowhere else
    (tmp_path / "store" / "locks" / other.engine).unlink()
    with Engine(tmp_path / "store") as engine:
        (run,) = engine.recover()
        other.opens("items")
        assert run.result(LONG) == list(range(6))
        assert "fenced" in other.ask("result") or other.ask("result") == str(list(range(6)))
        facts = engine.store.journals.record(ids.key(run.id), cuts=engine.store.catalog.cuts(run.id)).facts
        done = Counter(fact[2] for fact in facts if fact[0] == COMPLETED and fact[2] > 0)
        assert len(done) == 6
        assert set(done.values()) == {1}
        frame = History(engine.store).tasks(run=run.id)
        assert (frame["state"] == "completed").all()
        assert len(frame) == 7


def test_a_catalog_that_another_process_holds_does_not_hold_up_a_run(tmp_path: Path) -> None:
    """The journal is what counts; the catalog is told later, and requests are heard then."""
    with Engine(tmp_path / "store") as engine:
        engine.start(counted, {"n": 1}).result(LONG)
        engine.runs()
        held = sqlite3.connect(tmp_path / "store" / "catalog.sqlite", isolation_level=None)
        held.execute("BEGIN EXCLUSIVE")
        try:
            run = engine.start(counted, {"n": 300})
            assert run.result(LONG) == list(range(300))  # in more turns than there is time for, were each held up
        finally:
            held.execute("ROLLBACK")
            held.close()
        engine.chores.settle()


def test_a_lock_that_a_child_inherited_is_nobodys(tmp_path: Path) -> None:
    """The owner is dead, a process that it forked behind Python's back still holds the file: the owner counts as dead."""
    read, write = os.pipe()
    parent = os.fork()
    if parent == 0:
        lock = EngineLock(tmp_path, "engine")
        os.set_inheritable(lock._fd, True)
        child = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60")
        os.write(write, str(child).encode())
        signal.pause()
    child = int(os.read(read, 20))
    try:
        assert alive(tmp_path, "engine")
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        assert not alive(tmp_path, "engine")
    finally:
        os.kill(child, signal.SIGKILL)
        os.close(read)
        os.close(write)


@pytest.mark.parametrize(
    ("field", "value", "lives"),
    [
        ("boot_id", "another", False),
        ("start_time", "1", False),
        ("host", "elsewhere", True),
        ("namespace", "pid:[1]", True),
    ],
)
def test_a_held_lock_is_believed_where_nothing_speaks_against_it(
    tmp_path: Path, field: str, value: str, lives: bool
) -> None:
    """Another boot or another start of the pid is death; of another host or container only the lock is known."""
    import json

    lock = EngineLock(tmp_path, "engine")
    assert alive(tmp_path, "engine")
    path = tmp_path / "engine"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    assert alive(tmp_path, "engine") is lives
    path.write_text("{")
    assert alive(tmp_path, "engine")
    lock.release()
    assert not alive(tmp_path, "engine")

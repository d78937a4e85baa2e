"""What waits for the disk: in order, together where that can be, and never lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from stratix_tasks import Engine, flow, task
from stratix_tasks.runs import chores as chores_
from stratix_tasks.runs.chores import MOST, Chores

LONG = 30.0


@task
def seven() -> int:
    return 7


@flow
def ends_at_once() -> int:
    return seven()


def behind_a_gate(chores: Chores) -> Callable[[], None]:
    """Whatever is put from now on waits; the answer lets it be done, and waits for that."""
    gate, began = threading.Event(), threading.Event()
    chores.put(lambda: (began.set(), gate.wait(LONG)))
    assert began.wait(LONG)

    def opened() -> None:
        gate.set()
        chores.settle()

    return opened


def test_what_waits_together_is_one_transaction() -> None:
    """In order with what has to be done by itself, which lies in none; so many at a time as a catalog may be held for."""
    done: list[str] = []

    @contextmanager
    def together() -> Iterator[None]:
        done.append("begin")
        yield
        done.append("commit")

    chores = Chores(together)
    opened = behind_a_gate(chores)
    for name in "ab-c":
        chores.put(partial(done.append, name), tells=name != "-")
    for _ in range(MOST):
        chores.put(partial(done.append, "c"), tells=True)
    opened()
    assert done[:7] == ["begin", "a", "b", "commit", "-", "begin", "c"]
    assert done[7:] == ["c"] * (MOST - 1) + ["commit", "begin", "c", "commit"]
    assert chores.close()


def test_what_can_not_be_told_together_is_told_one_by_one(recwarn: pytest.WarningsRecorder) -> None:
    """So that a fault of one is no other's, and is told of."""
    done: list[str] = []

    @contextmanager
    def together() -> Iterator[None]:
        yield
        done.clear()
        raise OSError("no room")

    def fails() -> None:
        raise OSError("it is not well")

    chores = Chores(together)
    opened = behind_a_gate(chores)
    for chore in (partial(done.append, "a"), fails, partial(done.append, "b")):
        chores.put(chore, tells=True)
    opened()
    assert done == ["a", "b"]
    assert any("it is not well" in str(one.message) for one in recwarn)
    assert chores.close()


def test_runs_of_an_engine_that_is_closed_before_the_catalog_is_told_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """As those of one that died: who recovers enters them, and nothing of them goes on."""
    monkeypatch.setattr(chores_, "LAST", 0.01)
    with Engine(tmp_path / "store") as engine:
        engine.start(ends_at_once).result(LONG)
        engine.chores.settle()
        opened = behind_a_gate(engine.chores)
        late = [engine.start(ends_at_once) for _ in range(3)]
        assert [run.result(LONG) for run in late] == [7, 7, 7]
    with Engine(tmp_path / "store") as engine:
        assert engine.recover() == []
        found = engine.runs()
        assert {run.id for run in found} > {run.id for run in late}
        assert [run.status for run in found] == ["completed"] * 4
    opened()

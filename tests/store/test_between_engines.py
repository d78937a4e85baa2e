"""What engines tell each other through the catalog, and what of an engine that was taken over does not count."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from stratix_tasks import Engine, flow, task
from stratix_tasks.core.facts import CLAIMED, COMPLETED, MOVED
from stratix_tasks.core.states import Event, State
from stratix_tasks.errors import FlowError, InputError, StoreError, TransitionError, as_data, from_data
from stratix_tasks.store import ids
from stratix_tasks.store.analytics import History
from stratix_tasks.store.journal import JournalWriter
from stratix_tasks.store.store import Store
from stratix_tasks.store.watch import Asked, Watch

GATE = threading.Event()


def enter(store: Store, run: str, owner: str = "e1") -> None:
    store.catalog.add_run(id=run, flow="f", key=None, inputs="", owner=owner, created=1.0)


def ask(store: Store, name: str, run: str = "r", at: float = 1e9) -> None:
    store.catalog.add_request(id=name, run=run, verb="pause", target="n", args={"on": True}, by="me", at=at)


def test_the_owner_hears_what_is_asked_until_it_answers(store: Store) -> None:
    """Requests of its runs, in order, once each; others' and answered ones are not told."""
    enter(store, "r")
    enter(store, "other", "e2")
    watch = Watch(store.path / "catalog.sqlite")
    first = watch.look("e1")
    assert first is not None
    assert first.asked == []
    assert watch.look("e1") is None
    ask(store, "b", at=1e9 + 1)
    ask(store, "a", at=1e9)
    ask(store, "a", at=1e9)
    ask(store, "x", run="other")
    news = watch.look("e1")
    assert news is not None
    assert news.asked == [Asked(name, "r", "pause", "n", {"on": True}, "me") for name in ("a", "b")]
    store.catalog.answer_request("a", None)
    store.catalog.answer_request("b", {"error": "InputError", "message": "m", "code": "c", "lines": []})
    store.catalog.answer_request("a", {"error": "late"})
    news = watch.look("e1", ["a", "b", "x"])
    assert news is not None
    assert news.asked == []
    assert news.answers == {"a": None, "b": {"error": "InputError", "message": "m", "code": "c", "lines": []}}
    watch.close()


def test_answered_requests_are_forgotten_after_a_day_and_waiting_ones_kept(store: Store) -> None:
    """So that the catalog does not grow without end."""
    enter(store, "r")
    ask(store, "old", at=1.0)
    ask(store, "waits", at=1.0)
    store.catalog.answer_request("old", None)
    ask(store, "new", at=1e9)
    watch = Watch(store.path / "catalog.sqlite")
    news = watch.look("e1", ["old"])
    assert news is not None
    assert [asked.id for asked in news.asked] == ["waits", "new"]
    assert news.answers == {}
    watch.close()


def test_an_engine_sees_what_it_lost(store: Store) -> None:
    """A claim tells the old owner the epoch that it had."""
    enter(store, "r")
    watch = Watch(store.path / "catalog.sqlite")
    watch.look("e1")
    store.catalog.claim("r", 1, "e2", ("e1", 1, 100))
    news = watch.look("e1")
    assert news is not None
    assert news.lost == {"r": 1}
    watch.close()


def test_a_catalog_that_is_another_file_now_is_looked_at_anew(store: Store) -> None:
    """Someone took it away, or it was made again: what is in it is news."""
    enter(store, "r")
    path = store.path / "catalog.sqlite"
    watch = Watch(path)
    watch.look("e1")
    store.catalog.close()
    path.unlink()
    assert watch.look("e1") is None
    fresh = Store(store.path)
    enter(fresh, "r")
    ask(fresh, "a")
    news = watch.look("e1")
    assert news is not None
    assert [asked.id for asked in news.asked] == ["a"]
    fresh.catalog.close()
    watch.close()


def test_errors_survive_being_data() -> None:
    """Class, code, text and story; a class that is not ours becomes a StratixError that names it."""
    for error in (
        TransitionError("no", story=["attempt 1 failed", "state failed"]),
        InputError("what", code="unknown-node"),
        StoreError("full", code="disk-full"),
        FlowError("wrong:", problems=["one", "two"]),
    ):
        again = from_data(as_data(error))
        assert (type(again), again.code, str(again)) == (type(error), error.code, str(error))
    again = from_data(as_data(TransitionError("no", story=["a"], redo="'b' has gone on")))
    assert isinstance(again, TransitionError) and (again.story, again.redo) == (["a"], "'b' has gone on")
    assert str(from_data(as_data(KeyError("k")))) == "KeyError: 'k'"


@task
def gated(x: int) -> int:
    GATE.wait(20)
    return x


@flow
def two() -> int:
    return gated(gated(1))


def test_what_is_written_behind_a_claim_does_not_count(tmp_path: Path) -> None:
    """Facts of the old epoch, numbered as high as the claim or higher, are in no record, table, view or made catalog."""
    GATE.clear()
    with Engine(tmp_path / "store") as first:
        run = first.start(two)
        dead = first.id
    GATE.set()
    with Engine(tmp_path / "store") as second:
        (again,) = second.recover()
        assert again.result(20) == 1
        before = _seen(second, run.id)
        claim = next(seq for seq, fact in enumerate(before[0]) if fact[0] == CLAIMED)
        cuts = second.store.catalog.cuts(run.id)
        assert before[0][claim][6] == [[dead, *cuts[dead]]]
        late = [(COMPLETED, 5.0, 0, 1, "json", 99, None, None)] * 3 + [
            (MOVED, 6.0, 1, Event.FAIL, State.FAILED, None, 1, {"error": {"type": "E", "message": "m"}})
        ] * (len(before[0]))
        JournalWriter(tmp_path / "store" / "journal", "0late").commit(ids.key(run.id), claim, 1, late)
        assert _seen(second, run.id) == before
    (tmp_path / "store" / "catalog.sqlite").unlink()
    (tmp_path / "store" / "runs.duckdb").unlink()
    with Engine(tmp_path / "store") as third:
        assert third.run(run.id).result(20) == 1
        assert third.store.catalog.cuts(run.id) == cuts
        assert _seen(third, run.id) == before


def _seen(engine: Engine, run: str) -> tuple[Any, ...]:
    """The facts of a run, its tasks and its events, as readers see them."""
    facts = engine.store.journals.record(ids.key(run), cuts=engine.store.catalog.cuts(run)).facts
    history = History(engine.store)
    tasks = history.tasks(run=run)[["node", "state", "attempts"]].astype(str).to_numpy().tolist()
    return facts, tasks, len(history.events())

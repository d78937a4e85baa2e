"""Power loss: the journal is cut at every frame, also behind and ahead of what DuckDB has, and opened again."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks import Engine, current, each, flow, history, task
from stratix_tasks.core.facts import COMPLETED, Fact
from stratix_tasks.core.facts import RUN as RUN_FACT
from stratix_tasks.core.states import RUN_TERMINAL, RunState, State
from stratix_tasks.store import ids
from stratix_tasks.store.format import FACTS
from stratix_tasks.store.reader import Frame, Journals, frames

LONG = 30.0
half_way, go_on = threading.Event(), threading.Event()


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@task(retry={"max": 2, "delay": 0.001, "jitter": "none"})
def square(x: int) -> int:
    print("squaring", x)
    if x == 2 and current().attempt == 1:
        raise OSError("the first time never works")
    return x * x


@task
def middle(squares: list[int]) -> int:
    half_way.set()
    go_on.wait(LONG)
    return sum(squares)


@task(retry={"max": 2, "delay": 0.001, "jitter": "none"})
def text(x: int) -> str:
    """A result that is a frame of its own."""
    current().metric("x", x)
    if x == 1 and current().attempt == 1:
        raise OSError("the first time never works")
    return f"{x}" * 700


@task
def length(part: str) -> int:
    return len(part)


@task
def total(lengths: list[int], first: int) -> int:
    return sum(lengths) + first


@flow
def sure(n: int = 4) -> int:
    known = numbers(n)
    first = middle(square.map(each(known)))
    texts = text.options(after=[first], max=2).map(each(known))
    return total(length.options(max=2).map(each(texts)), first)


VALUE = 4 * 700 + 14


@dataclass(frozen=True)
class Made:
    """A whole run: its store, the catalog and database as they were half way, and how far the database was then."""

    store: Path
    run: str
    journal: Path
    offset: int
    facts: list[Fact]

    @property
    def frames(self) -> list[Frame]:
        return list(frames(self.journal))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    store = tmp_path_factory.mktemp("power") / "store"
    half_way.clear()
    go_on.clear()
    with Engine(store, concurrency=2) as engine:
        run = engine.start(sure)
        assert half_way.wait(LONG)
        run.logs()  # what was said is written now, and nothing more until the run goes on: all that is copied is of one moment
        history(store).tasks(run.id)
        engine.chores.settle()
        for name in ("runs.duckdb", "catalog.sqlite"):
            shutil.copy(store / name, store / f"{name}.half")
        offset = int(history(store).sql('SELECT "offset" FROM files')["offset"][0])
        assert offset == (store / "journal" / engine.id / "1.log").stat().st_size
        go_on.set()
        assert run.result(LONG) == VALUE
        facts = engine.store.journals.record(ids.key(run.id)).facts
        journal = store / "journal" / engine.id / "1.log"
    assert len(list(frames(journal, offset))) > 12
    return Made(store, run.id, journal, offset, facts)


def cuts_behind(made: Made) -> list[int]:
    """Every boundary of frames behind DuckDB's offset, and places inside some of those frames."""
    behind = [f for f in made.frames if f.start >= made.offset]
    inside = [place for f in behind[1:20:12] for place in (f.start + 3, f.start + 30, f.end - 1)]
    return sorted({made.offset, *(f.end for f in behind), *inside})


def cuts_ahead(made: Made) -> list[int]:
    """Boundaries ahead of DuckDB's offset, and places inside frames there."""
    before = [f for f in made.frames if f.end < made.offset]
    return sorted({f.end for f in before[::3]} | {before[-1].start + 9})


def cut_copy(made: Made, folder: Path, cut: int, *, catalog: bool) -> Path:
    """The store as a power loss leaves it: the journal ends at `cut`; database and catalog are from half way."""
    store = folder / f"store{cut}"
    shutil.copytree(made.store / "objects", store / "objects")
    (store / "journal" / made.journal.parent.name).mkdir(parents=True)
    path = store / "journal" / made.journal.parent.name / "1.log"
    shutil.copy(made.journal, path)
    os.truncate(path, cut)
    shutil.copy(made.store / "runs.duckdb.half", store / "runs.duckdb")
    if catalog:
        shutil.copy(made.store / "catalog.sqlite.half", store / "catalog.sqlite")
    return store


def prefix(made: Made, cut: int) -> list[Fact]:
    """The facts whose frames are whole ahead of a cut."""
    count = sum(1 for f in made.frames if f.end <= cut and f.kind == FACTS for _ in _facts(f))
    return made.facts[:count]


def _facts(frame: Frame) -> Iterator[Any]:
    import orjson

    yield from orjson.loads(frame.data)


def told(store: Path, run: str) -> list[int]:
    """Numbers of the run's facts in the history, as often as they are there."""
    return sorted(history(store).sql("SELECT seq FROM facts WHERE run = $run", {"run": run})["seq"])


def loses_nothing(made: Made, store: Path, known: list[Fact]) -> None:
    """Open, look, recover, look again."""
    assert told(store, made.run) == list(range(len(known)))
    with Engine(store, concurrency=2) as engine:
        run = engine.run(made.run)
        over = any(fact[0] == RUN_FACT and RunState(fact[2]) in RUN_TERMINAL for fact in known)
        assert run.status == ("completed" if over else "interrupted")
        assert {fact[2] for fact in known if fact[0] == COMPLETED} <= {
            u for u, s in enumerate(run._live.core.state.status) if s == State.COMPLETED
        }
        recovered = engine.recover()
        assert [found.id for found in recovered] == ([] if over else [made.run])
        assert engine.run(made.run).result(LONG) == VALUE
        facts = engine.store.journals.record(ids.key(made.run), cuts=engine.store.catalog.cuts(made.run)).facts
    plain = Journals(store / "journal").record(ids.key(made.run)).facts
    assert plain[: len(known)] == known
    assert facts == plain
    assert told(store, made.run) == list(range(len(facts)))
    done = history(store).tasks(made.run)
    assert set(done["state"]) == {"completed"}


def test_a_cut_behind_the_databases_offset_costs_no_more_than_what_is_behind_it(made: Made, tmp_path: Path) -> None:
    """Whatever was lost is made again; the history is what the journal holds, each fact once."""
    cuts = cuts_behind(made)
    assert len(cuts) > 16
    for number, cut in enumerate(cuts):
        store = cut_copy(made, tmp_path, cut, catalog=number % 2 == 0)
        loses_nothing(made, store, prefix(made, cut))
        shutil.rmtree(store)


@pytest.mark.filterwarnings("ignore:.*does not fit the journals.*")
def test_a_cut_ahead_of_the_databases_offset_makes_it_again(made: Made, tmp_path: Path) -> None:
    """The database knows of facts that are gone: it is put aside, with a warning, and made from the journal."""
    for number, cut in enumerate(cuts_ahead(made)):
        known = prefix(made, cut)
        if not known:
            continue
        store = cut_copy(made, tmp_path, cut, catalog=number % 2 == 0)
        loses_nothing(made, store, known)
        assert list(store.glob("runs.damaged-*"))


@pytest.mark.filterwarnings("ignore:.*does not fit the journals.*")
@pytest.mark.parametrize("cut", [0, 5, 20, 200])
def test_a_run_that_lost_its_first_fact_never_was(made: Made, tmp_path: Path, cut: int) -> None:
    """The catalog may know of it: it is not listed, nothing is recovered, and its key is free again."""
    store = cut_copy(made, tmp_path, cut, catalog=True)
    with Engine(store, concurrency=2) as engine:
        assert engine.runs() == []
        assert engine.recover() == []
        assert told(store, made.run) == []
    go_on.set()
    with Engine(store) as engine:
        engine.store.catalog.add_run(
            id="0000000000000001", flow="sure", key="k", inputs=_same(engine), owner="gone", created=1.0
        )
        run = engine.start(sure, key="k")
        assert (run.id != "0000000000000001", run.result(LONG)) == (True, VALUE)
        assert engine.start(sure, key="k").id == run.id
        assert [found.id for found in engine.runs()] == [run.id]


def _same(engine: Engine) -> str:
    """What the catalog keeps of the inputs of a run with a key: taken from one that is started so."""
    run = engine.start(sure, key="other")
    run.result(LONG)
    engine.chores.settle()  # its end is told: that would enter it again
    (row,) = engine.store.catalog._db.execute("SELECT inputs FROM runs WHERE id = ?", (run.id,)).fetchall()
    engine.store.catalog._db.execute("DELETE FROM runs WHERE id = ?", (run.id,))
    return str(row[0])


def test_the_catalog_is_told_of_an_end_that_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is synced ahead of it: else a power loss would leave a run that has ended but has something to do."""
    order: list[str] = []
    go_on.set()
    with Engine(tmp_path / "store") as engine:
        _ = engine.loop

        def spied(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any) -> Any:
                if threading.current_thread().name == "stratix-chores":
                    order.append(name)
                return real(*args)

            return call

        monkeypatch.setattr(engine.opened.journal, "sync", spied("sync", engine.opened.journal.sync))
        monkeypatch.setattr(engine.store.catalog, "set_state", spied("told", engine.store.catalog.set_state))
        engine.start(sure).result(LONG)
        engine.chores.settle()
    assert order == ["sync", "told"]

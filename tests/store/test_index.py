"""The index: run → its places in the journals."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratix_tasks.core.facts import CLAIMED, CREATED, MOVED, RUN, Fact
from stratix_tasks.core.states import RunState
from stratix_tasks.store import ids, index, journal
from stratix_tasks.store.format import FACTS, PAYLOAD
from stratix_tasks.store.journal import JournalWriter
from stratix_tasks.store.reader import RunRecord, frames
from stratix_tasks.store.store import Store

ENGINES = ("e0", "e1", "e2")
RUNS = [ids.text(bytes([0] * 9 + [number])) for number in range(5)]


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Chunks and files of a few turns, so that runs lie in many."""
    with monkeypatch.context() as patch:
        patch.setattr(index, "CHUNK", 300)
        patch.setattr(index, "BATCH", 2_000)
        patch.setattr(journal, "ROTATE", 1_500)
        yield


class World:
    """Engines that write runs side by side into one store, two processes that look at it, and what may happen to them."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock = path, count(1)
        self.stores = [Store(str(path)), Store(str(path))]
        self.writers = {engine: JournalWriter(path / "journal", engine) for engine in ENGINES}
        self.seq: dict[str, int] = {}
        for store in self.stores:
            store.catalog.runs()

    def close(self) -> None:
        for store in self.stores:
            store.catalog.close()
        for writer in self.writers.values():
            writer.close()

    def write(self, run: str, engine: str, epoch: int, facts: list[Fact], results: int = 0) -> None:
        """A turn with results, as a fork or a body has them."""
        seq = self.seq.get(run, 0)
        payloads = [(seq + number, 1, bytes(60)) for number in range(results)]
        self.writers[engine].commit(ids.key(run), seq, epoch, facts, payloads)
        self.seq[run] = seq + len(facts)

    def turn(self, run: str, results: int, store: Store) -> None:
        """The owner of a run goes on with it; the first turn begins it, by the first engine whose journal is open."""
        row = store.catalog.run(run)
        at = float(next(self.clock))
        if row is not None:
            self.write(run, row.owner, row.epoch, [fact(at)], results)
        elif run not in self.seq:
            engine = ENGINES[results % len(ENGINES)]
            store.catalog.add_run(id=run, flow="f", key=None, inputs="", owner=engine, created=at)
            about = {"id": run, "flow": "f", "key": None, "inputs_hash": "", "engine": engine}
            self.write(run, engine, 1, [(CREATED, at, about), fact(at)], results)

    def note(self, run: str, store: Store) -> None:
        row = store.catalog.run(run)
        if row is not None:
            self.writers[row.owner].note(ids.key(run), row.epoch, "logs", [[next(self.clock), 0, 1, "info", "said"]])

    def claim(self, run: str, engine: str, store: Store, *, late: bool) -> None:
        """Another engine takes it over. The old one may not know yet, and write behind the cut."""
        row = store.catalog.run(run)
        if row is None or row.owner == engine:
            return
        cut = (row.owner, *store.catalog.index.end_of(row.owner))
        taken = store.catalog.claim(run, row.epoch, engine, cut)
        assert taken == row.epoch + 1
        if late:
            self.write(run, row.owner, row.epoch, [fact(0.0)], 1)
            self.seq[run] -= 1
        cuts = [[name, *place] for name, place in store.catalog.cuts(run).items()]
        self.write(run, engine, taken, [(CLAIMED, float(next(self.clock)), engine, taken, "host", 1, cuts)])

    def kill(self, engine: str, torn: int) -> None:
        """Its process dies and leaves the begin of a frame behind; another engine of that folder begins a new file."""
        writer = self.writers[engine]
        path = writer._path
        descriptor, writer._fd, writer._closed = writer._fd, -1, True
        os.close(descriptor)
        half = journal.frame(FACTS, ids.key(RUNS[0]), 1 << 20, 99, b"[" + b" " * 40)
        with path.open("ab") as file:
            file.write(half[:torn])
        self.writers[engine] = Again(self.path / "journal", engine, writer._number)

    def full(self, run: str) -> RunRecord:
        """What is found where everything is read."""
        store = self.stores[0]
        return store.journals.record(ids.key(run), cuts=store.catalog.cuts(run), notes=True)


class Again(JournalWriter):
    """A writer that goes on behind the files of a dead one."""

    def __init__(self, directory: Path, engine: str, number: int) -> None:
        self._behind = number
        super().__init__(directory, engine)

    def _open(self) -> None:
        self._number = max(self._number, self._behind)
        super()._open()


def fact(at: float) -> Fact:
    return (MOVED, at, 0, 1, 1, None, 1, None)


def told(record: RunRecord) -> tuple[Any, ...]:
    return record.facts, record.epoch, record.notes, record.payloads


def spans(store: Store) -> list[Any]:
    with closing(sqlite3.connect(store.path / "catalog.sqlite")) as db:
        return db.execute("SELECT * FROM spans ORDER BY run, engine, file, chunk").fetchall()


def by_hand(store: Store, sql: str) -> int:
    with closing(sqlite3.connect(store.path / "catalog.sqlite")) as db, db:
        return db.execute(sql).rowcount


runs, engines, processes = st.sampled_from(RUNS), st.sampled_from(ENGINES), st.integers(0, 1)
STEPS: dict[str, tuple[Any, ...]] = {
    "turn": (runs, st.integers(0, 3), processes),
    "note": (runs, processes),
    "claim": (runs, engines, processes, st.booleans()),
    "enter": (engines, st.sampled_from((1, 300)), processes),
    "kill": (engines, st.integers(0, 60)),
    "look": (runs, processes),
    "forget span": (runs,),
    "lose": (),
}
LIKELY = [*["turn"] * 6, "note", "note", "claim", "enter", "enter", "kill", "look", "look", "forget span", "lose"]
steps = st.lists(
    st.sampled_from(LIKELY).flatmap(lambda name: st.tuples(st.just(name), *STEPS[name])), min_size=5, max_size=40
)


def play(world: World, name: str, *args: Any) -> None:
    stores = world.stores
    match name, *args:
        case "turn", run, results, process:
            world.turn(run, results, stores[process])
        case "note", run, process:
            world.note(run, stores[process])
        case "claim", run, engine, process, late:
            world.claim(run, engine, stores[process], late=late)
        case "enter", engine, least, process:
            stores[process].catalog.index.enter(engine, least=least)
        case "kill", engine, torn:
            world.kill(engine, torn)
        case "look", run, process:
            stores[process].catalog.index.record(run)
        case "forget span", run:
            by_hand(stores[0], f"DELETE FROM spans WHERE run = '{run}'")
        case ("lose",):
            (world.path / "catalog.sqlite").unlink()
            stores[0].catalog.runs()


@given(happened=steps)
def test_the_index_finds_what_a_full_read_finds(
    tmp_path_factory: pytest.TempPathFactory, happened: list[tuple[Any, ...]]
) -> None:
    """Facts, notes, results and epoch of each run, whoever entered what and when; made again it is the same."""
    world = World(tmp_path_factory.mktemp("w") / "store")
    for step in happened:
        play(world, *step)
    for store in world.stores:
        for run in world.seq:
            assert told(store.catalog.index.record(run, store.catalog.cuts(run), notes=True)) == told(world.full(run))
    store = world.stores[0]
    for engine in ENGINES:
        store.catalog.index.enter(engine)
    kept, rows = spans(store), {row.id: (row.owner, row.epoch) for row in store.catalog.runs()}
    cuts = {run: store.catalog.cuts(run) for run in world.seq}
    (world.path / "catalog.sqlite").unlink()
    assert {row.id: (row.owner, row.epoch) for row in store.catalog.runs()} == rows
    assert {run: store.catalog.cuts(run) for run in world.seq} == cuts
    assert spans(store) == kept
    for run in world.seq:
        assert told(store.catalog.index.record(run, cuts[run], notes=True)) == told(world.full(run))
    world.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "store")
    yield made
    made.close()


def side_by_side(world: World, turns: int = 6) -> None:
    """Some turns of each run, one after the other."""
    for _ in range(turns):
        for run in RUNS:
            world.turn(run, 1, world.stores[0])
            world.note(run, world.stores[0])


def test_a_run_is_read_by_its_own_engines_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of other engines are not opened, and in its own all but its chunks are passed over."""
    store = world.stores[0]
    for _ in range(6):
        for number, run in enumerate(RUNS):
            world.turn(run, number, store)
    world.turn(RUNS[1], 0, store)
    for engine in ENGINES:
        store.catalog.index.enter(engine)
    row = store.catalog.run(RUNS[1])
    assert row is not None
    opened: list[Path] = []
    real = Path.open

    def spied(path: Path, *args: Any, **more: Any) -> Any:
        opened.append(path)
        return real(path, *args, **more)

    monkeypatch.setattr(Path, "open", spied)
    found = store.catalog.index.record(RUNS[1])
    assert len(found.facts) == world.seq[RUNS[1]]
    assert {path.parent.name for path in opened} == {row.owner}
    assert len(opened) == len(store.catalog.spans(RUNS[1]))


def test_what_an_engine_wrote_before_it_was_killed_is_found(world: World) -> None:
    """It entered a part of it, and the last frame is torn: the rest is looked through, then entered for it."""
    store, other = world.stores
    side_by_side(world)
    store.catalog.index.enter("e1", least=300)
    side_by_side(world)
    for torn in (0, 10, 50):
        world.kill("e1", torn)
        assert [told(other.catalog.index.record(run, notes=True)) for run in RUNS] == [
            told(world.full(run)) for run in RUNS
        ]
    before = spans(store)
    other.catalog.index.enter("e1")
    assert len(spans(store)) > len(before)
    assert [told(store.catalog.index.record(run, notes=True)) for run in RUNS] == [
        told(world.full(run)) for run in RUNS
    ]


def test_two_processes_enter_the_same_once(world: World) -> None:
    """What both had looked through is entered by the first; nothing is found twice."""
    one, other = world.stores
    side_by_side(world, 2)
    for store in world.stores:
        store.catalog.index.record(RUNS[0])
    one.catalog.index.enter("e1")
    side_by_side(world, 2)
    other.catalog.index.record(RUNS[0])
    other.catalog.index.enter("e1")
    for store in world.stores:
        assert told(store.catalog.index.record(RUNS[0], notes=True)) == told(world.full(RUNS[0]))


def test_an_index_that_grew_is_the_one_made_at_once(world: World) -> None:
    """Spans grow with their chunk; when all is entered from the begin there are the same."""
    store = world.stores[0]
    for run in RUNS * 3:
        world.turn(run, 1, store)
        store.catalog.index.enter("e1")
        world.note(run, store)
        store.catalog.index.enter("e1")
    kept = spans(store)
    assert [told(store.catalog.index.record(run, notes=True)) for run in RUNS] == [
        told(world.full(run)) for run in RUNS
    ]
    (store.path / "catalog.sqlite").unlink()
    store.catalog.runs()
    assert spans(store) == kept


def test_what_begins_behind_what_is_entered_is_not_entered(world: World) -> None:
    """One process looked on from where another had entered a file; then that was lost, and would be missing before it."""
    store = world.stores[0]
    side_by_side(world, 2)
    store.catalog.index.enter("e1")
    number, start = max(store.catalog.entered("e1").items())
    assert by_hand(store, "DELETE FROM spans") > 0
    store.catalog.enter_file("e1", number, start, start + 100, [])
    assert store.catalog.entered("e1") == {}
    assert told(store.catalog.index.record(RUNS[0], notes=True)) == told(world.full(RUNS[0]))


def test_what_an_earlier_owner_wrote_is_found(world: World) -> None:
    """Also what it had not entered when the run was taken from it; what it wrote behind the cut does not count."""
    store, other = world.stores
    world.turn(RUNS[0], 1, store)
    store.catalog.index.enter("e1")
    world.turn(RUNS[0], 2, store)
    world.claim(RUNS[0], "e2", store, late=True)
    world.turn(RUNS[0], 1, store)
    found = other.catalog.index.record(RUNS[0], other.catalog.cuts(RUNS[0]), notes=True)
    assert len(found.facts) == world.seq[RUNS[0]] == 5
    assert told(found) == told(world.full(RUNS[0]))


def test_a_write_that_is_taken_back_is_not_entered(world: World) -> None:
    """Results without the facts behind them are no whole write: the writer may cut them off and write something else."""
    store = world.stores[0]
    side_by_side(world, 1)
    writer = world.writers["e1"]
    size = writer.place[1]
    data = journal.frame(PAYLOAD, ids.key(RUNS[0]), 0, 1, bytes(80))
    os.write(writer._fd, data)
    store.catalog.index.enter("e1")
    os.ftruncate(writer._fd, size)
    world.turn(RUNS[1], 1, store)
    side_by_side(world, 1)
    assert [told(store.catalog.index.record(run, notes=True)) for run in RUNS] == [
        told(world.full(run)) for run in RUNS
    ]


@pytest.mark.parametrize("what", ["DELETE FROM runs", "DELETE FROM spans", "DELETE FROM files"])
def test_what_somebody_deletes_comes_back(world: World, what: str) -> None:
    """Rows of runs, spans and files: runs are read as before, and are entered again."""
    store = world.stores[0]
    side_by_side(world)
    store.catalog.index.enter("e1")
    kept = spans(store)
    assert by_hand(store, f"{what} WHERE rowid IN (SELECT rowid FROM runs)" if "runs" in what else what) > 0
    assert [told(store.catalog.index.record(run, notes=True)) for run in RUNS] == [
        told(world.full(run)) for run in RUNS
    ]
    store.catalog.index.enter("e1")
    assert spans(store) == kept
    assert all(store.catalog.restored(run) is not None for run in RUNS)


@pytest.mark.parametrize("harm", ["flip", "cut", "gone"])
def test_a_file_that_is_not_as_it_was_is_read_as_far_as_it_can_be(world: World, harm: str) -> None:
    """The index is not trusted then: what is told of a run is what is told where there is none."""
    store = world.stores[0]
    side_by_side(world)
    store.catalog.index.enter("e1")
    path = store.journals.path("e1", 2)
    middle = next(frame for frame in frames(path) if frame.run == ids.key(RUNS[2]) and frame.kind == FACTS)
    data = bytearray(path.read_bytes())
    data[middle.end - 3] ^= 1
    harms: dict[str, Callable[[], object]] = {
        "flip": lambda: path.write_bytes(data),
        "cut": lambda: os.truncate(path, middle.end - 3),
        "gone": path.unlink,
    }
    harms[harm]()
    assert len(world.full(RUNS[2]).facts) < world.seq[RUNS[2]]
    assert told(store.catalog.index.record(RUNS[2], notes=True)) == told(world.full(RUNS[2]))


def test_a_made_catalog_knows_what_became_of_runs(world: World) -> None:
    """State and end are those of the last fact of the run that counts."""
    store = world.stores[0]
    side_by_side(world)
    world.write(RUNS[0], "e1", 1, [(RUN, 50.0, int(RunState.COMPLETED), None, None)])
    (store.path / "catalog.sqlite").unlink()
    row = store.catalog.run(RUNS[0])
    assert row is not None
    assert (row.state, row.ended) == ("completed", 50.0)
    assert [each.id for each in store.catalog.unfinished()] == sorted(RUNS[1:], reverse=True)


def test_the_newest_rows_are_given(world: World) -> None:
    """As many as asked for, of those that were entered last."""
    store = world.stores[0]
    side_by_side(world, 1)
    assert [row.id for row in store.catalog.runs(2)] == [RUNS[4], RUNS[3]]
    assert [row.id for row in store.catalog.runs()] == RUNS[::-1]

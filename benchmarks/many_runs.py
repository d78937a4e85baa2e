"""Listing the newest runs of a large store, and opening one: in a new engine of this process, and in a new process.

The stores are written by the journal's writer and the catalog, with what an engine records of a small run that completes;
no body runs. The new process has imported all that it needs.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.rows import Row
from stratix_tasks import Engine, flow, task
from stratix_tasks.core.facts import Fact
from stratix_tasks.store import ids
from stratix_tasks.store.journal import JournalWriter
from stratix_tasks.store.store import Store

FEW, MANY, LISTED, TIMES = 10, 100_000, 100, 7
SIDE_BY_SIDE = 50
"""Runs whose turns are written in between each other's."""


@task
def double(x: int) -> int:
    return 2 * x


@flow
def small(x: int) -> int:
    return double(double(x))


def fill(folder: Path, count: int) -> None:
    """A store of so many runs, all like one that was run."""
    with Engine(folder) as engine:
        run = engine.start(small, {"x": 1})
        run.result(60)
        facts = engine.store.journals.record(ids.key(run.id)).facts
        turns = [facts[:1], facts[1:3], facts[3:5], facts[5:]]
        owner = engine.id
    store = Store(str(folder))
    # One transaction for all that the catalog is told, so that the filling is no matter of minutes.
    with store.catalog._transaction():
        writer = JournalWriter(folder / "journal", "z" + owner[1:])
        for at in range(1, count, SIDE_BY_SIDE):
            _write(store, writer, turns, range(at, min(at + SIDE_BY_SIDE, count)))
        writer.close()
        store.catalog.index.enter(writer.engine)
    store.catalog.close()


def _write(store: Store, writer: JournalWriter, turns: list[list[Fact]], numbers: range) -> None:
    about = turns[0][0][2]
    names = [ids.new_id() for _ in numbers]
    created = {name: turns[0][0][1] + number for number, name in zip(numbers, names, strict=True)}
    for name in names:
        store.catalog.add_run(id=name, flow="small", key=None, inputs="", owner=writer.engine, created=created[name])
    seq = 0
    for turn in turns:
        for name in names:
            first = [(turn[0][0], created[name], {**about, "id": name, "engine": writer.engine})]
            writer.commit(ids.key(name), seq, 1, turn if seq else first)
        seq += len(turn)
    for name in names:
        store.catalog.set_state(name, 1, "completed", created[name] + 1)


def measure(folder: str) -> tuple[float, float]:
    """Seconds for the list of the newest, with the status of each, and for one run, opened with its result."""
    with Engine(folder) as engine:
        _ = engine.loop
        begun = perf_counter()
        listed = [(run.id, run.flow, run.status) for run in engine.runs(LISTED)]
        listing = perf_counter() - begun
        name = random.Random(len(listed)).choice([row.id for row in engine.store.catalog.runs()])
        begun = perf_counter()
        found = engine.run(name).result(60)
        opening = perf_counter() - begun
        assert found == 4
        assert {status for _, _, status in listed} == {"completed"}
        return listing, opening


def print_measured(folder: str) -> None:
    """Print both, measured for the first time in this process but for its imports."""
    with tempfile.TemporaryDirectory(prefix="stratix-bench-") as other:
        fill(Path(other), 2)
        measure(other)
    print(*measure(folder))


def _elsewhere(folder: str) -> tuple[float, float]:
    code = f"from benchmarks import many_runs; many_runs.print_measured({folder!r})"
    told = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout
    listing, opening = told.split()
    return float(listing), float(opening)


def run() -> Iterator[Row]:
    """Medians, in ms; `baseline` is a store of ten runs."""
    with tempfile.TemporaryDirectory(prefix="stratix-bench-") as folder:
        few, many = Path(folder) / "few", Path(folder) / "many"
        fill(few, FEW)
        fill(many, MANY)
        for where, how in (("", measure), (" in a new process", _elsewhere)):
            small_store = [how(str(few)) for _ in range(TIMES)]
            large_store = [how(str(many)) for _ in range(TIMES)]
            for index, what in enumerate((f"the newest {LISTED} of {MANY:,} runs", f"one of {MANY:,} runs")):
                ours = median(times[index] for times in large_store) * 1e3
                baseline = median(times[index] for times in small_store) * 1e3
                yield Row(what + where, "ms", ours, baseline, ours, "at most", 100)
        shutil.rmtree(many)

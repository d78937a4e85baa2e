"""What it costs to read a run back: projecting the journal of a fan-out of 10,000 into DuckDB, once and again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from time import process_time

from benchmarks.rows import Row
from stratix_tasks import configure, each, flow, history, task

ITEMS = 10_000


@task
async def noop(x: int) -> int:
    return x


@flow
def fan(n: int) -> list[int]:
    return noop.map(each(list(range(ITEMS))))


def run() -> Iterator[Row]:
    """Two rows, in µs of CPU a task; they have no bar."""
    configure(store=tempfile.mkdtemp(prefix="stratix-bench-"), concurrency=100)
    fan(1)
    import duckdb
    import pandas

    duckdb.connect().execute("SELECT 1").df()
    assert pandas is not None
    first, again = (_cpu() / ITEMS * 1e6 for _ in range(2))
    yield Row("history().tasks() of 10,000, first", "µs/task", first, 0.0, first, "told only", 0)
    yield Row("history().tasks() of 10,000, again", "µs/task", again, 0.0, again, "told only", 0)


def _cpu() -> float:
    start = process_time()
    assert len(history().tasks()) == ITEMS + 1
    return process_time() - start

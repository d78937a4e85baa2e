"""What it costs to be sure that a frame of 100 MB comes back as it was: its encoding over the bare form of its bytes.

Baseline: Arrow's own stream of the same frame, or pickle's where the frame has cells that Arrow would change.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.rows import Row
from stratix_tasks.store.objects import ObjectStore

SIZE = 100_000_000
PAIRS = 3


def _arrow(frame: Any) -> int:
    import pyarrow

    table, sink = pyarrow.Table.from_pandas(frame), pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return len(sink.getvalue().to_pybytes())


def _pickle(frame: Any) -> int:
    return len(pickle.dumps(frame, protocol=5))


def frames() -> Iterator[tuple[str, Any, Callable[[Any], int]]]:
    """A name, a frame of about so many bytes as stored, and its bare form."""
    import numpy
    import pandas

    rows = SIZE // 80
    yield (
        "frame of 100 MB, numbers",
        pandas.DataFrame({f"c{n}": numpy.arange(rows) * float(n) for n in range(10)}),
        _arrow,
    )
    texts = [f"row {n:012}" for n in range(SIZE // 48)]
    yield "frame of 100 MB, texts", pandas.DataFrame({"a": texts, "b": texts}), _arrow
    times = pandas.date_range("2020", periods=SIZE // 16, freq="s", tz="Europe/Berlin")
    yield "frame of 100 MB, times", pandas.DataFrame({"at": times, "n": numpy.arange(len(times))}), _arrow
    cells = [(n, str(n)) for n in range(SIZE // 200)]
    yield "frame of 10 MB, tuples as cells", pandas.DataFrame({"cell": cells}), _pickle


def run() -> Iterator[Row]:
    """A row a kind of frame, in ms; what is written and hashed is in neither."""
    with tempfile.TemporaryDirectory(prefix="stratix-bench-") as folder:
        store = ObjectStore(Path(folder))
        for name, frame, bare in frames():
            ours = [_timed(lambda frame=frame: store._bytes(frame, "the frame")) for _ in range(PAIRS)]
            theirs = [_timed(lambda frame=frame, bare=bare: bare(frame)) for _ in range(PAIRS)]
            mine, other = median(ours), median(theirs)
            yield Row(name, "ms", mine, other, mine - other, "told only", 0)


def _timed(work: Callable[[], Any]) -> float:
    begun = perf_counter()
    work()
    return (perf_counter() - begun) * 1e3

"""From a request of another thread to its fact while 24 bodies of Python's own work hold the interpreter: 95th percentile.

Method: as many threads run a run's bodies, which never wait; the run is paused and resumed in turns. The call returns after
the write.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

from benchmarks.rows import Row
from stratix_tasks import Engine, each, flow, task

BODIES = 24
REQUESTS = 60
EVERY = 0.02
STOP = threading.Event()
BEGUN = threading.Barrier(BODIES + 1)


@task
def works(number: int) -> int:
    BEGUN.wait()
    while not STOP.is_set():
        number += 1
    return 0


@flow
def crowded() -> Any:
    return works.map(each(range(BODIES)))


def run() -> Iterator[Row]:
    """Milliseconds."""
    with tempfile.TemporaryDirectory(prefix="stratix-bench-") as folder, Engine(folder, concurrency=BODIES) as engine:
        held = engine.start(crowded)
        BEGUN.wait()
        taken, pause = [], threading.Event()
        for number in range(REQUESTS):
            pause.wait(EVERY)
            begun = monotonic()
            (held.resume if number % 2 else held.pause)()
            taken.append((monotonic() - begun) * 1e3)
        STOP.set()
        held.wait(10)
        taken.sort()
        late = taken[int(len(taken) * 0.95)]
        yield Row(
            f"request → fact beside {BODIES} busy threads, p95",
            "ms",
            late,
            taken[len(taken) // 2],
            late,
            "at most",
            200,
        )

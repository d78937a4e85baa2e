"""How long the display of a run of 400 nodes keeps another thread from its work: the longest of its steps meanwhile.

Method: a thread sleeps for a millisecond at a time and measures how late it wakes; the run is displayed beside it. The median of some
displays, beside the worst.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any

from benchmarks.rows import Row
from stratix_tasks import Engine, flow, task

WIDE, LAYERS = 20, 20
TIMES = 7


@task
def adds(x: int, y: int) -> int:
    return x + y


@flow
def layered() -> Any:
    row: list[Any] = [1] * WIDE
    for _ in range(LAYERS):
        row = [adds(a, b) for a, b in zip(row, [*row[1:], row[0]], strict=True)]
    return row


def latest(stop: threading.Event, found: list[float]) -> None:
    """Notes how late it woke at the worst, in milliseconds."""
    worst = 0.0
    while not stop.is_set():
        begun = monotonic()
        sleep(0.001)
        worst = max(worst, (monotonic() - begun) * 1e3 - 1)
    found.append(worst)


def run() -> Iterator[Row]:
    """Milliseconds."""
    with tempfile.TemporaryDirectory(prefix="stratix-bench-") as folder, Engine(folder) as engine:
        held = engine.start(layered)
        held.wait(60)
        late: list[float] = []
        took: list[float] = []
        for _ in range(TIMES):
            stop = threading.Event()
            beside = threading.Thread(target=latest, args=(stop, late))
            beside.start()
            begun = monotonic()
            held._repr_mimebundle_()
            took.append((monotonic() - begun) * 1e3)
            stop.set()
            beside.join()
        late.sort()
        yield Row(
            "display of 400 nodes, hold-up of a thread",
            "ms",
            late[TIMES // 2],
            late[-1],
            late[TIMES // 2],
            "at most",
            100,
        )
        yield Row("display of 400 nodes", "ms", sorted(took)[TIMES // 2], 0, sorted(took)[TIMES // 2], "told only", 0)

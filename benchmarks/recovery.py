"""From `recover()` to the first started fact of a run whose kernel was killed half-way.

The run has a map of 10,000 items done, each with a result of 20 KB and a line of log, and one of 10,000 to do. A process
is killed when the first is done; the time is taken in a new one that has imported the flow.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.rows import Row
from stratix_tasks import Engine, each, flow, task

COUNT, SIZE = 10_000, 20_000
TIMES = 3


@task
def make(x: int) -> bytes:
    print("made", x)
    return x.to_bytes(4, "big") * (SIZE // 4)


@task
def measure(data: bytes) -> int:
    return len(data)


@flow(concurrency=8)
def halves() -> list[int]:
    return measure.map(each(make.map(each(range(COUNT)))))


def begin(store: str) -> None:
    """Run until the first map is done, then die."""
    engine = Engine(store)
    engine.on("task.completed", lambda event: _die() if event["node"] == "make" and event["item"] is None else None)
    engine.start(halves)
    threading.Event().wait()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def go_on(store: str) -> None:
    """Print the seconds from recover() to the first start."""
    started = threading.Event()
    with Engine(store) as engine:
        engine.on("task.started", lambda _event: started.set())
        begun = perf_counter()
        engine.recover()
        started.wait(60)
        print(perf_counter() - begun, flush=True)
        os._exit(0)


def run() -> Iterator[Row]:
    """The median of some runs."""
    times = []
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory(prefix="stratix-bench-") as folder:
            store = str(Path(folder) / "store")
            _child("begin", store)
            times.append(float(_child("go_on", store)))
    yield Row("recover() of a half-done 10,000 × 20 KB", "s", median(times), 0, median(times), "at most", 2)


def _child(what: str, store: str) -> str:
    code = f"from benchmarks import recovery; recovery.{what}({store!r})"
    return subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=False).stdout


if __name__ == "__main__":
    for row in run():
        print(row)

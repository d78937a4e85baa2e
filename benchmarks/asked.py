"""From `run.pause()` to its fact while objects of the same run take 2 s of Python in every method: 99th percentile.

Method: an object is walked for a map, read for keys, compared in a condition, asked for a part, and loaded from a worker
process; meanwhile the run is paused and resumed in turns. The methods are slow once the run has begun.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

from benchmarks.rows import Row
from stratix_tasks import Engine, each, flow, task, when

REQUESTS = 300
SECONDS = 2.0
EVERY = 0.02
"""Seconds between requests: 300 of them last as long as six slow methods in two threads."""
SLOW, STOP = threading.Event(), threading.Event()


def slow() -> None:
    """What each method does: work, not sleep, so that it holds the interpreter as much as it can."""
    until = monotonic() + SECONDS
    while SLOW.is_set() and monotonic() < until:
        pass


class Odd:
    def __iter__(self) -> Iterator[int]:
        slow()
        return iter(range(3))

    def __len__(self) -> int:
        slow()
        return 3

    def __getitem__(self, key: Any) -> Any:
        slow()
        return key

    def __getattr__(self, name: str) -> Any:
        slow()
        raise AttributeError(name)

    def __eq__(self, other: object) -> bool:
        slow()
        return self is other

    def __hash__(self) -> int:
        slow()
        return 1

    def __repr__(self) -> str:
        slow()
        return "odd"

    def __setstate__(self, state: Any) -> None:
        slow()

    def __getstate__(self) -> Any:
        return 1


@task
def still() -> None:
    STOP.wait()


@task
def makes() -> Any:
    return Odd()


@task(runner="process")
def makes_elsewhere() -> Any:
    return Odd()


@task
def takes(x: Any) -> None: ...


@flow
def asked(odd: Any) -> None:
    still()
    takes.map(each(odd))
    takes.options(name="keyed", key="{x}").map(each([odd]))
    takes(makes()["a"])
    takes(makes_elsewhere())
    with when(odd == "odd"):
        takes(1)


def run() -> Iterator[Row]:
    """Milliseconds."""
    with tempfile.TemporaryDirectory(prefix="stratix-bench-") as folder, Engine(folder) as engine:
        held = engine.start(asked, {"odd": Odd()})
        SLOW.set()
        taken, pause = [], threading.Event()
        for number in range(REQUESTS):
            pause.wait(EVERY)
            begun = monotonic()
            (held.resume if number % 2 else held.pause)()
            taken.append((monotonic() - begun) * 1e3)
        SLOW.clear()
        STOP.set()
        held.cancel()
        held.wait(10)
        taken.sort()
        late = taken[int(len(taken) * 0.99)]
        yield Row("pause() beside 2 s in every method, p99", "ms", late, taken[len(taken) // 2], late, "at most", 50)

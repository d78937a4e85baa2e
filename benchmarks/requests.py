"""From a request to its fact in the journal, while the engine records 20,000 facts a second: 99th percentiles.

Method: a run of coroutines that sleep 4 ms, 60 at a time, which is over 10,000 tasks a second with two facts each; the
requests are of a second run of the same engine, which is paused and resumed. In one process: from the call of
`run.pause()` to its return, which comes after the write. From another process: from the call there to the time in the
fact that the owner wrote (one clock, one machine).
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, time
from typing import Any

from benchmarks.rows import Row
from stratix_tasks import Engine, TransitionError, each, flow, task
from stratix_tasks.core.facts import REQUESTED
from stratix_tasks.store import ids

REQUESTS = 200
FACTS = 20_000
"""Facts a second that the engine is to record meanwhile."""
ITEMS = 20_000
AT_A_TIME, NAP = 60, 0.004

ASKER = """
import sys
from time import sleep, time
from stratix_tasks import Engine
with Engine(sys.argv[1]) as engine:
    run = engine.run(sys.argv[2])
    for number in range(int(sys.argv[3])):
        sleep(0.011)
        print(time(), flush=True)
        (run.resume if number % 2 else run.pause)()
"""


@task
async def quick(x: int) -> int:
    await asyncio.sleep(NAP)
    return x


@task
def still(_: str) -> None:
    STOP.wait()


@flow
def busy() -> Any:
    return quick.map(each(range(ITEMS)))


@flow
def asked() -> Any:
    return still("x")


STOP = threading.Event()


class Load:
    """Runs of quick tasks, one after the other, until it is ended; that gives what they recorded, in facts a second."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._over = engine, threading.Event()
        self.facts, self.begun = 0, monotonic()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while not self._over.is_set():
            self._run = self._engine.start(busy)
            self._run.wait()
            self.facts += 2 * ITEMS

    def end(self) -> float:
        self._over.set()
        rate = (self.facts + 2 * self._run.progress()[0]["done"]) / (monotonic() - self.begun)
        with suppress(TransitionError):  # it may have ended meanwhile
            self._run.cancel()
        self._thread.join()
        return rate


def run() -> Iterator[Row]:
    """Milliseconds; and the facts a second that were recorded meanwhile."""
    with (
        tempfile.TemporaryDirectory(prefix="stratix-bench-") as folder,
        Engine(folder, concurrency=AT_A_TIME + 1) as engine,
    ):
        held = engine.start(asked)
        for where, measure, bar in (("one process", _here, 50), ("another process", _elsewhere, 250)):
            load = Load(engine)
            taken = sorted(measure(engine, held, folder))
            rate = load.end()
            late = taken[int(len(taken) * 0.99)] * 1e3
            yield Row(f"request → fact, {where}, p99", "ms", late, taken[len(taken) // 2] * 1e3, late, "at most", bar)
            yield Row(f"  facts/s meanwhile ({where})", "", rate, FACTS, rate, "told only", 0)
        held.cancel()
        STOP.set()
        held.wait(10)


def _here(_engine: Engine, held: Any, _folder: str) -> list[float]:
    taken, pause = [], threading.Event()
    for number in range(REQUESTS):
        pause.wait(0.011)
        begun = time()
        (held.resume if number % 2 else held.pause)()
        taken.append(time() - begun)
    return taken


def _elsewhere(engine: Engine, held: Any, folder: str) -> list[float]:
    before = len(_requests(engine, held.id))
    done = subprocess.run(
        [sys.executable, "-c", ASKER, folder, held.id, str(REQUESTS)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    asked_at = [float(line) for line in done.stdout.split()]
    return [at - begun for begun, at in zip(asked_at, _requests(engine, held.id)[before:], strict=True)]


def _requests(engine: Engine, run_id: str) -> list[float]:
    """When each request was recorded."""
    facts = engine.store.journals.record(ids.key(run_id), [engine.id]).facts
    return [fact[1] for fact in facts if fact[0] == REQUESTED]

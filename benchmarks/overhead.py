"""CPU time per task as a multiple of an asyncio.TaskGroup's in the same process, in interleaved pairs; the journal is on.

Method: CPU time of the whole process from `start()` to the result, and until the catalog is told, of a document that was started
before; medians over the pairs; the DuckDB projection is not in it. Baseline: a TaskGroup with one created task a node, which awaits
its predecessors.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter, process_time
from typing import Any

from benchmarks.rows import Row
from stratix_tasks import configure, default_engine, each, flow, task

CHAIN = 1_000
FAN = 10_000
LAYERS, WIDTH = 50, 40


@task
async def noop(x: int) -> int:
    return x


@task
def sync_noop(x: int) -> int:
    return x


@task
async def three(a: int, b: int, c: int) -> int:
    return a


@task(runner="inline")
async def inline(x: int) -> int:
    return x


@task
async def nap(x: int) -> int:
    await asyncio.sleep(0.05)
    return x


@task
def sync_nap(x: int) -> int:
    threading.Event().wait(0.05)
    return x


@flow
def fan(n: int = FAN) -> Any:
    return noop.map(each(range(FAN)))


@flow
def sync_fan() -> Any:
    return sync_noop.map(each(range(FAN)))


@flow
def layered() -> Any:
    row: list[Any] = [noop(i) for i in range(WIDTH)]
    for _ in range(LAYERS - 1):
        row = [three(row[i], row[(i + 1) % WIDTH], row[(i + 2) % WIDTH]) for i in range(WIDTH)]
    return row


@flow
def chain() -> Any:
    value: Any = noop(0)
    for _ in range(CHAIN - 1):
        value = noop(value)
    return value


@flow
def sync_chain() -> Any:
    value: Any = sync_noop(0)
    for _ in range(CHAIN - 1):
        value = sync_noop(value)
    return value


@flow
def inline_chain() -> Any:
    value: Any = inline(0)
    for _ in range(CHAIN - 1):
        value = inline(value)
    return value


@flow(concurrency=100)
def naps() -> Any:
    return nap.map(each(range(500)))


@flow(concurrency=100)
def sync_naps() -> Any:
    return sync_nap.map(each(range(500)))


async def group(needs: list[list[int]], body: Callable[[int], Any]) -> None:
    """The baseline: every node a Task that awaits those of its predecessors."""
    tasks: list[asyncio.Task[Any]] = []

    async def node(number: int) -> Any:
        for need in needs[number]:
            await tasks[need]
        return await body(number)

    async with asyncio.TaskGroup() as tg:
        for number in range(len(needs)):
            tasks.append(tg.create_task(node(number)))


async def nothing(number: int) -> int:
    return number


def baseline(needs: list[list[int]]) -> Callable[[], Any]:
    return lambda: asyncio.run(group(needs, nothing))


FAN_NEEDS: list[list[int]] = [[] for _ in range(FAN)]
LAYERED_NEEDS = [
    [] if n < WIDTH else [(n // WIDTH - 1) * WIDTH + (n + k) % WIDTH for k in range(3)] for n in range(LAYERS * WIDTH)
]
CHAIN_NEEDS = [[] if n == 0 else [n - 1] for n in range(CHAIN)]


async def _limited_naps() -> None:
    limit = asyncio.Semaphore(100)

    async def one() -> None:
        async with limit:
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as tg:
        for _ in range(500):
            tg.create_task(one())


def _thread_naps() -> None:
    with ThreadPoolExecutor(100) as pool:
        list(pool.map(lambda _: threading.Event().wait(0.05), range(500)))


class BusyCell:
    """Pure Python in the main thread, as a busy cell has it, while the flow runs from another thread."""

    def __call__(self) -> None:
        worker = threading.Thread(target=chain)
        worker.start()
        x = 0
        while worker.is_alive():
            x += 1


def measure(
    ours: Callable[[], Any], theirs: Callable[[], Any] | None, clock: Callable[[], float], pairs: int
) -> tuple[float, float]:
    mine: list[float] = []
    other: list[float] = []
    ours()
    for _ in range(pairs):
        for function, times in ((theirs, other), (ours, mine)):
            if function is not None:
                begun = clock()
                function()
                if clock is process_time:
                    default_engine().chores.settle()
                times.append(clock() - begun)
                default_engine().chores.settle()
    return median(mine), median(other) if other else 0.0


Case = tuple[str, Callable[[], Any], Callable[[], Any] | None, Callable[[], float], int, str, float]
ROWS: list[Case] = [
    ("fan-out 10,000 async", fan, baseline(FAN_NEEDS), process_time, FAN, "multiple", 1.7),
    ("layered 50×40 async", layered, baseline(LAYERED_NEEDS), process_time, LAYERS * WIDTH, "multiple", 3),
    ("fan-out 10,000 threads", sync_fan, baseline(FAN_NEEDS), process_time, FAN, "baseline +", 30),
    ("chain 1,000 inline", inline_chain, baseline(CHAIN_NEEDS), process_time, CHAIN, "multiple", 4),
    ("chain 1,000 async", chain, baseline(CHAIN_NEEDS), process_time, CHAIN, "multiple", 5),
    ("chain 1,000 threads", sync_chain, baseline(CHAIN_NEEDS), process_time, CHAIN, "multiple", 7),
    ("chain 1,000, busy cell (wall)", BusyCell(), None, perf_counter, CHAIN, "at most", 120),
    ("500 × 50 ms async (wall)", naps, lambda: asyncio.run(_limited_naps()), perf_counter, 500, "efficiency", 0.97),
    ("500 × 50 ms threads (wall)", sync_naps, _thread_naps, perf_counter, 500, "efficiency", 0.97),
]


def run(pairs: int = 7) -> Iterator[Row]:
    """A row each of `ROWS`, in µs a task, or as a ratio of such."""
    configure(store=tempfile.mkdtemp(prefix="stratix-bench-"), concurrency=100)
    for name, ours, theirs, clock, count, kind, bar in ROWS:
        mine, other = (seconds / count * 1e6 for seconds in measure(ours, theirs, clock, pairs))
        if kind == "efficiency":
            yield Row(name, "×", mine, other, other / mine, "at least", bar)
        elif kind == "multiple":
            yield Row(name, "×", mine, other, mine / other, "at most", bar)
        else:
            yield Row(name, "µs/task", mine, other, mine - other if kind == "baseline +" else mine, "at most", bar)

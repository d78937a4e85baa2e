"""A map of 1,000,000 items: the memory that it takes, and how long requests and turns of the engine last. Linux only.

Method: each measurement in a process of its own. Memory: the peak of a whole run, beside that of 1,000 items. Requests: from
the call of `pause()`, `resume()` and `cancel()` to its return, which comes after the write; the best of `TIMES` processes, as
a busy machine takes turns from anybody. Turns: CPU time of each call of the engine's loop meanwhile, of its own thread or of
a runner's; the longest one opens the map.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from benchmarks.rows import Row

ITEMS = 1_000_000
TIMES = 3
FLOW = """
import json, sys, threading
from asyncio.events import Handle
from time import monotonic, thread_time
from stratix_tasks import configure, Engine, each, flow, task

@task(runner="inline")
def same(x: int) -> int:
    if x == 2_000: far.set()
    return x

@task
def numbers(n: int) -> range: return range(n)

@flow
def fan(n: int) -> list[int]: return same.map(each(numbers(n)))

store, n, far = sys.argv[1], int(sys.argv[2]), threading.Event()
"""
RUN = (
    FLOW
    + """
with Engine(store, concurrency=100) as engine:
    run = engine.start(fan, {"n": n})
    run.wait()
    assert run.status == "completed", run.status
    status = open("/proc/self/status").read()
    print(json.dumps(int(status.split("VmHWM:")[1].split()[0]) / 1024))
"""
)
ASK = (
    FLOW
    + """
turns, asked = [], {}
call = Handle._run
def timed(handle):
    begun = thread_time()
    call(handle)
    if threading.current_thread().name == "stratix-engine":
        turns.append(thread_time() - begun)
Handle._run = timed
def ask(request):
    begun = monotonic()
    request()
    asked[request.__name__] = (monotonic() - begun) * 1e3

with Engine(store, concurrency=100) as engine:
    run = engine.start(fan, {"n": n})
    far.wait()
    ask(run.pause); ask(run.resume); ask(run.cancel)
    run.wait()
turns.sort()
print(json.dumps([asked, turns[-1] * 1e3, turns[-2] * 1e3]))
"""
)


def run() -> Iterator[Row]:
    """MB and milliseconds."""
    told: list[Any] = [_told(ASK, ITEMS) for _ in range(TIMES)]
    for request in told[0][0]:
        taken = sorted(asked[request] for asked, _, _ in told)
        yield Row(f"{request} of 1,000,000 items", "ms", taken[0], taken[-1], taken[0], "at most", 10)
    for name, place, bar in (("opening it", 1, 60), ("the longest turn besides", 2, 20)):
        taken = sorted(one[place] for one in told)
        yield Row(f"  {name}, CPU", "ms", taken[0], taken[-1], taken[0], "at most", bar)
    small, large = _told(RUN, 1_000), _told(RUN, ITEMS)
    yield Row("1,000,000 items over 1,000, peak memory", "MB", large, small, large - small, "at most", 150)


def _told(code: str, items: int) -> Any:
    with tempfile.TemporaryDirectory(prefix="stratix-bench-") as store:
        done = subprocess.run(
            [sys.executable, "-c", code, store, str(items)], check=True, stdout=subprocess.PIPE, text=True
        )
    return json.loads(done.stdout)

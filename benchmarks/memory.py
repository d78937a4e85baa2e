"""Peak memory that a fan-out of 100,000 adds to that of 1,000, each in a process of its own. Linux only."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.rows import Row

CODE = """
import sys
from stratix_tasks import configure, each, flow, task
configure(store=sys.argv[1], concurrency=100)

@task
async def noop(x: int) -> int: return x

@flow
def fan(n: int) -> list[int]: return noop.map(each(numbers(n)))

@task
def numbers(n: int) -> list[int]: return list(range(n))

assert len(fan(int(sys.argv[2]))) == int(sys.argv[2])
status = open("/proc/self/status").read()
print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


def run() -> Iterator[Row]:
    """One row, in MB."""
    small, large = _peak(1_000), _peak(100_000)
    yield Row("100,000 items over 1,000, peak memory", "MB", large, small, large - small, "at most", 40)


def _peak(items: int) -> float:
    """Peak resident memory in MB, from /proc: what wait4 tells of a child counts its parent's before the exec too."""
    with tempfile.TemporaryDirectory(prefix="stratix-bench-") as store:
        done = subprocess.run(
            [sys.executable, "-c", CODE, store, str(items)], check=True, capture_output=True, text=True
        )
    return float(done.stdout)

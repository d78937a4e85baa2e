"""CPU of a fresh process that imports, defines and runs a 3-task flow, over one that uses asyncio, sqlite3, pydantic.

Medians of 11 interleaved pairs; the CPU time is that of the whole process, as the kernel accounts it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from statistics import median

from benchmarks.rows import Row

PAIRS = 11
OURS = """
import sys
from stratix_tasks import configure, flow, task
configure(store=sys.argv[1])

@task
def one(x: int) -> int: return x + 1

@task
def two(x: int) -> int: return x * 2

@task
def three(a: int, b: int) -> int: return a + b

@flow
def small(x: int = 1) -> int:
    a = one(x)
    return three(a, two(a))

assert small() == 6
"""
BASELINE = """
import asyncio, sqlite3
from pydantic import BaseModel

class Item(BaseModel):
    name: str
    size: int = 0

assert Item(name="a", size="3").size == 3
"""


def run() -> Iterator[Row]:
    """One row: the ratio."""
    mine, other = [], []
    for _ in range(PAIRS):
        with tempfile.TemporaryDirectory(prefix="stratix-bench-") as store:
            mine.append(_cpu(OURS, store))
        other.append(_cpu(BASELINE))
    a, b = median(mine) * 1e3, median(other) * 1e3
    yield Row("import + define + run 3 tasks", "×", a, b, a / b, "at most", 2.5)


def _cpu(code: str, *args: str) -> float:
    """Seconds of CPU, user and system, of a Python process that runs the code."""
    child = subprocess.Popen([sys.executable, "-c", code, *args])
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"the measured process ended with {child.returncode}")
    return used.ru_utime + used.ru_stime

"""How long a process takes to end while a body is stuck in a thread: from the last line of the script to its end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.rows import Row

SCRIPT = """
import sys, threading
from stratix_tasks import Engine, flow, task

began = threading.Event()

@task
def stuck():
    began.set()
    while True:
        pass

@flow
def one():
    return stuck()

Engine(sys.argv[1]).start(one)
began.wait()
print("ends", flush=True)
"""
TIMES = 5


def run() -> Iterator[Row]:
    """The median of some processes."""
    times = []
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory(prefix="stratix-bench-") as folder:
            command = [sys.executable, "-c", SCRIPT, str(Path(folder) / "store")]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            assert child.stdout is not None
            child.stdout.readline()
            begun = perf_counter()
            child.wait()
            times.append(perf_counter() - begun)
    yield Row("exit with a stuck body thread", "s", median(times), 0, median(times), "at most", 2)

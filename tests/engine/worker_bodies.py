"""Bodies for worker processes, and how tests see that processes are there and gone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from stratix_tasks import current, each, flow, task

LONG = 60.0


@task(runner="process")
def square(x: int) -> int:
    return x * x


@task(runner="process")
def pids(x: int) -> tuple[int, int]:
    return os.getpid(), x


@task(runner="process")
def waits(path: str, spawn: bool = False) -> int:
    """Says that it is there, then sleeps for ever, without a checkpoint; with a child that does the same."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) if spawn else None
    Path(path).write_text(f"{os.getpid()} {child.pid if child else 0}")
    threading.Event().wait(600)
    return 1


@task(runner="process", retry={"max": 1, "delay": 0}, timeout="8s", grace="0.1s")
def slow_once(path: str) -> int:
    if current().attempt == 1:
        Path(path).write_text(f"{os.getpid()} 0")
        threading.Event().wait(600)
    return 7


@task(runner="process")
def counts(path: str) -> int:
    """Counts up in a file for as long as there is no file `path`.stop."""
    file = Path(path)
    number = 0
    while not file.with_suffix(".stop").exists():
        number += 1
        file.write_text(str(number))
        threading.Event().wait(0.005)
    return current().attempt


@flow
def squares(numbers: list[int]) -> list[int]:
    return square.map(each(numbers))


def one(body: Any, *args: Any) -> Any:
    """A flow of one node."""

    @flow(name="one")
    def single() -> Any:
        return body(*args)

    return single


def there(path: Path, what: str = "a body") -> list[int]:
    """The pids that a body wrote when it began."""
    for _ in until(what):
        if path.exists() and (text := path.read_text()).count(" "):
            return [int(part) for part in text.split()]
    raise AssertionError


def until(what: str) -> Any:
    """Look again and again, for a while."""
    tick, limit = threading.Event(), monotonic() + LONG
    while monotonic() < limit:
        yield
        tick.wait(0.005)
    raise AssertionError(f"never: {what}")


def comes(what: str, condition: Callable[[], bool]) -> None:
    """Waits until it is so."""
    for _ in until(what):
        if condition():
            return


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def all_gone(*found: int) -> None:
    comes(f"the end of {found}", lambda: all(gone(pid) for pid in found if pid))

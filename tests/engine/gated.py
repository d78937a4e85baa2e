"""Tasks that wait at gates, or fail for as long as they are broken, and flows of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from stratix_tasks import (
    Static,
    current,
    each,
    flow,
    task,
)

LONG = 30.0


class Gates:
    """What bodies wait for, by name; `seen` tells that a body has come to its gate."""

    def __init__(self) -> None:
        self.open: dict[Any, threading.Event] = {}
        self.seen: dict[Any, threading.Event] = {}

    def wait(self, name: Any) -> None:
        self.seen.setdefault(name, threading.Event()).set()
        self.open.setdefault(name, threading.Event()).wait(LONG)

    def arrive(self, name: Any) -> None:
        assert self.seen.setdefault(name, threading.Event()).wait(LONG)

    def let(self, name: Any) -> None:
        self.open.setdefault(name, threading.Event()).set()


gates = Gates()
broken: set[Any] = set()


@task
def gate(name: Any) -> Any:
    gates.wait(name)
    return name


@task
def parks(name: str) -> str:
    gates.wait(name)
    current().checkpoint()
    return name


@task
def works(x: Any) -> Any:
    if x in broken:
        raise ValueError(f"{x} is broken")
    return x


@task
def collect(parts: Any) -> Any:
    return parts


def states(run: Any) -> dict[str, str]:
    return {row["name"]: row["state"] for row in run.progress()}


def until(run: Any, condition: Callable[[], bool]) -> None:
    """Wait for the engine, in steps that let it work; fails after a while."""
    for _ in range(int(LONG / 0.01)):
        if condition():
            return
        run.wait(0.01)
    raise AssertionError(f"it never came: {run.progress()}")


@flow
def two_steps() -> Any:
    return works(gate("a"))


@flow
def fan(n: Static[int] = 4) -> Any:
    return collect(works.map(each(list(range(n)))))

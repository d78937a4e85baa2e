"""Small tasks, and what their bodies did."""

from __future__ import annotations

import threading
from typing import Any

from stratix_tasks import (
    task,
)

LONG = 30.0
"""Seconds after which a test that waits gives up."""


@task
def add(a: int, b: int = 1) -> int:
    return a + b


@task
async def double(x: int) -> int:
    return 2 * x


@task(runner="inline")
def negate(x: int) -> int:
    return -x


@task
def total(parts: list[int]) -> int:
    return sum(parts)


@task
def spread(n: int) -> list[int]:
    return list(range(n))


@task
def pair(x: int) -> tuple[int, int]:
    return x, x + 1


class Calls:
    """What bodies did, in the order in which they did it; cleared before each test."""

    made: list[Any] = []
    active = 0
    most = 0
    lock = threading.Lock()


def states(run: Any) -> dict[str, str]:
    return {row["name"]: row["state"] for row in run.progress()}

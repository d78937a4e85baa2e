"""An importable module of tasks, for flows that are written as text."""

from __future__ import annotations

from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from stratix_tasks import task


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


@task(retry={"max": 2, "delay": 0.5, "on": [OSError]}, priority=3)
def numbers(day: date, count: int = 3, mode: Mode = Mode.FAST, wait: timedelta = timedelta(0)) -> list[int]:
    return [day.day + n for n in range(count)]


@task
def halves(values: list[int]) -> tuple[list[int], list[int]]:
    return values[::2], values[1::2]


@task
def scaled(value: int, by: float = 2.0) -> float:
    return value * by


@task
def total(*parts: Any, start: float = 0) -> float:
    return start + sum(sum(part) if isinstance(part, list) else part for part in parts)


@task
async def told(value: Any, folder: Path = Path("x")) -> str:
    return f"{folder}: {value}"


def plain(a: int, /, b: int, *, c: int = 1, **more: int) -> int:
    return a + b + c + sum(more.values())

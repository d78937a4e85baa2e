"""What the README's blocks take for granted: imports, tasks with the types that these have, a sub-flow, a model."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
from pydantic import BaseModel

from stratix_tasks import (
    Secret,
    Static,
    always,
    approval,
    ask,
    default_engine,
    each,
    expr,
    failed,
    first_of,
    flow,
    otherwise,
    repeat,
    secret,
    signal,
    sleep,
    task,
    uses,
    when,
)

TARGET = "https://example.test/hook"


class Order(BaseModel):
    rows: int


@task
def fetch(region: str) -> pd.DataFrame:
    return pd.DataFrame({"region": [region]})


@task
def combine(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames)


@task
def split(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return table, table


@task
def train(learn: pd.DataFrame, lr: float) -> dict[str, Any]:
    return {"lr": lr}


@task
def pick(*found: Any) -> dict[str, Any]:
    return {"best": found}


@task
def publish(*given: Any) -> str:
    return "sent"


@task
def warn() -> str:
    return "warned"


@task
def load_backup(why: str) -> list[int]:
    return [len(why)]


@task
def read(path: str) -> list[int]:
    return [len(path)]


@flow
def parse_file(path: str) -> Any:
    return read(path)


@task
def start(rows: list[int]) -> dict[str, float]:
    return {"loss": 1.0}


@task
def refine(state: dict[str, float]) -> dict[str, float]:
    return {"loss": state["loss"] / 2}


@task
def fast(model: dict[str, float]) -> dict[str, float]:
    return model


@task
def exact(model: dict[str, float]) -> dict[str, float]:
    return model


def cancel_booking(value: Any) -> None:
    """Takes it back."""


@task(undo=cancel_booking)
def book(best: dict[str, Any]) -> str:
    return "booked"


@task
def tell(status: str, error: Any) -> None:
    """Somebody hears of it."""


@task
def build(day: str) -> pd.DataFrame:
    return pd.DataFrame({"day": [day]})


__all__ = [
    "TARGET", "BaseModel", "Order", "Secret", "Static", "always", "approval", "ask", "book", "build", "combine", "date", "default_engine",
    "each", "exact", "expr", "failed", "fast", "fetch", "first_of", "flow", "load_backup", "otherwise", "parse_file", "pick", "publish",
    "refine", "repeat", "secret", "signal", "sleep", "split", "start", "task", "tell", "train", "uses", "warn", "when",
]  # fmt: skip

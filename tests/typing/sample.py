"""What a type checker must accept, and what types it must see. Checked by mypy and pyright; never run."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import date, timedelta
from typing import Any, assert_type

import pandas as pd

from stratix_tasks import (
    Approval,
    Engine,
    Flow,
    Run,
    Static,
    approval,
    cancel,
    configure,
    current,
    each,
    finish,
    first_of,
    flow,
    history,
    load_flow,
    otherwise,
    product,
    recover,
    signal,
    sleep,
    task,
    track,
    uses,
    when,
)


@task(retry=3, timeout="30s", pool="api")
def fetch(region: str) -> pd.DataFrame:
    """A table."""
    return pd.DataFrame({"region": [region]})


@task
def combine(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames)


@task
def split(df: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return df, df


@task(priority=10)
def train(df: pd.DataFrame, lr: float) -> dict[str, float]:
    for epoch in track(range(50)):
        assert_type(epoch, int)
        current().metric("loss", 0.1 * epoch)
    return {"lr": lr}


@task
async def publish(model: dict[str, float], day: date) -> str:
    return f"{model} {day}"


@task
def pick(models: list[dict[str, float]], test: pd.DataFrame) -> dict[str, float]:
    return models[0]


@task
def warn() -> str:
    return "nothing"


@flow
def report(model: dict[str, float], day: date) -> str:
    return warn()


@flow(name="sales", pools={"api": 4}, concurrency=16, timeout="2h", on_failure="finish")
def sales(
    day: date,
    regions: list[str] = ["eu", "us"],
    lrs: list[float] = [0.1, 0.01],
    debug: Static[bool] = False,
) -> str:
    """One line."""
    frames = fetch.options(max=8, key="{region}").map(each(regions))
    assert_type(frames, list[pd.DataFrame])
    table = combine(frames)
    assert_type(table, pd.DataFrame)
    learn, test = split(table)
    assert_type(learn, pd.DataFrame)
    models = train.map(learn, lr=each(lrs))
    assert_type(models, list[dict[str, float]])
    crossed = train.map(*product([learn, test], lrs))
    assert_type(crossed, list[dict[str, float]])
    best = pick(models, test)
    with when(best["lr"] > 0):
        sent = report(best, day)
        assert_type(sent, str)
    with otherwise():
        warned = warn.options(after=[table])()
    notes = publish.map(each(models), day)
    assert_type(notes, list[str])
    if debug:
        warn()
    return first_of(sent, warned)


@flow
async def awaits(day: date) -> str:
    note = await publish({"lr": 0.1}, day)
    assert_type(note, str)
    return note


@task
def tell(given: Approval) -> str:
    return f"{given['by']} at {given['at']}"


@flow
def waits(day: date) -> str:
    ok = approval("Ship it?", timeout="1d")
    assert_type(ok, Approval)
    assert_type(ok["by"], str)
    night = approval.options(name="night", after=[ok, sleep("5m")])(message="Now?", timeout=3600)
    assert_type(approval.options(key="{message}").map(each(["eu", "us"])), list[Approval])
    sent = signal("go", timeout=timedelta(days=1))
    assert_type(sent, Any)
    with when(sent["go"] == True):  # noqa: E712
        sleep(90)
    uses("wait.approval").options(name="page")(message="Up?")
    finish(night, value=3)
    finish("late", node=ok, status="failed")
    cancel(sent)
    return tell(night)


def plain_calls() -> None:
    assert_type(fetch("eu"), pd.DataFrame)
    note = publish({"lr": 0.1}, date(2024, 1, 1))
    _kept = assert_type(note, Coroutine[Any, Any, str])
    assert_type(sales(date(2024, 1, 1)), str)


def handles() -> None:
    configure(store=".stratix", concurrency=32, pools={"db": 4}, durability="process")
    run = sales.start(date(2024, 1, 1), regions=["eu"])
    assert_type(run, Run)
    run.pause()
    run.skip("fetch['eu']", value=1)
    assert_type(run.status, str)
    assert_type(run.id, str)
    assert_type(recover(), list[Run])
    with Engine("store", concurrency=4) as engine:
        assert_type(engine.start(sales, {"day": date(2024, 1, 1)}), Run)
    assert_type(history().runs(), pd.DataFrame)
    again: Flow[..., Any] = load_flow("sales.yaml", allow=["mylib"])
    again.start(day="2024-01-01")


async def waiting(run: Run) -> None:
    await run

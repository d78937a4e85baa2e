"""The clock on the wall is set while runs go on: what takes a while takes as long as it says."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stratix_tasks import Engine, current, flow, sleep, task
from stratix_tasks.core.timers import Timer, Timers
from stratix_tasks.runners.native import Clock

LONG = 30.0
HOUR = 3600.0


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_retries_limits_and_waits_count_on_when_the_clock_is_set(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    """Set back, none waits an hour longer; set forward, none ends before its time."""

    @task(retry={"max": 1, "delay": 0.05, "jitter": "none"})
    def again() -> int:
        if current().attempt == 1:
            monkeypatch.setattr(Clock, "wall", lambda: time.time() + step)
            raise LookupError
        return current().attempt

    @task(timeout="10m")
    def limited(_: Any) -> str:
        return "in time"

    @flow
    def all_of_them() -> Any:
        return limited.options(after=[sleep("0.05s")])(again())

    run = engine.start(all_of_them)
    assert run.result(LONG) == "in time"


def test_between_runs_the_clock_follows_that_on_the_wall(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one goes on it does not."""
    told = []

    @task
    def looks() -> None:
        monkeypatch.setattr(Clock, "wall", lambda: time.time() + HOUR)
        told.append(Clock.time() - time.time())

    @flow
    def look() -> Any:
        return looks()

    engine.start(look).result(LONG)
    assert abs(told[0]) < HOUR / 2
    engine.close()
    assert abs(Clock.time() - time.time() - HOUR) < HOUR / 2


def test_deadlines_are_as_far_away_for_who_recovers_where_the_clock_was_set_back() -> None:
    """Of all kinds, whether they count while nobody runs the run or not."""
    limits = Timers()
    for unit, kind in enumerate(Timer):
        limits.at(kind, unit, 1000.0 + unit)
    limits.skip(990.0, 500.0, lambda _: False)
    assert limits.deadline == {(kind, unit): 510.0 + unit for unit, kind in enumerate(Timer)}


def test_what_waits_for_the_clock_goes_on_waiting_while_nobody_runs_the_run() -> None:
    """The time between two owners counts for it, and not for the limits of the run."""
    limits = Timers()
    limits.at(Timer.WAIT, 0, 1000.0)
    limits.at(Timer.RUN, -1, 1000.0)
    limits.skip(900.0, 950.0, lambda _: False)
    assert limits.deadline == {(Timer.WAIT, 0): 1000.0, (Timer.RUN, -1): 1050.0}

"""What a journal that can't be written for a while does to a run."""

from __future__ import annotations

from typing import Any

import pytest

from stratix_tasks import Engine, StoreError, current, flow, task
from stratix_tasks.core.facts import MOVED, REQUESTED
from stratix_tasks.core.states import State

LONG = 30.0
pytestmark = pytest.mark.filterwarnings("ignore:run .* stands still", "ignore:run .* is paused")


@task(retry={"max": 1, "delay": 0.05, "jitter": "none"})
def second_time() -> int:
    if current().attempt == 1:
        raise ValueError("the first time never works")
    return 7


@flow
def one() -> int:
    return second_time()


def refuse(engine: Engine, times: int, when: Any) -> None:
    """The journal takes none of the next `times` batches that hold a fact for which `when` says so."""
    commit, left = engine.loop.journal.commit, [times]

    def full(run: bytes, seq: int, epoch: int, facts: Any, payloads: Any = ()) -> None:
        if left[0] and any(map(when, facts)):
            left[0] -= 1
            raise StoreError("no room", code="disk-full")
        return commit(run, seq, epoch, facts, payloads)

    engine.loop.journal.commit = full  # type: ignore[method-assign]


def test_deadlines_go_on_after_a_stall(engine: Engine) -> None:
    """A retry whose back-off could be recorded late only is still made."""
    refuse(engine, 2, lambda fact: fact[0] == MOVED and fact[4] == State.RETRYING)
    assert engine.start(one).result(LONG) == 7


def test_a_request_that_is_not_recorded_is_not_reported_as_done(engine: Engine) -> None:
    """Who asks while nothing can be recorded is told so; the request counts as soon as there is room."""
    engine.loop.places.engine.free -= 32  # nothing starts
    run = engine.start(one)
    refuse(engine, 2, lambda fact: fact[0] == REQUESTED)
    with pytest.raises(StoreError, match="can't be recorded yet") as caught:
        run.cancel()
    assert caught.value.code == "disk-full"
    assert run.wait(LONG) == "cancelled"

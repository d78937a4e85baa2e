"""The threads of bodies: enough that none waits for another, never more than there are bodies."""

from __future__ import annotations

import sys
import threading
from typing import Any

from stratix_tasks import Engine, each, flow, task

LONG = 30.0
together = threading.Barrier(12)


@task
def meet(x: int) -> int:
    together.wait(LONG)
    return x


@flow
def meeting() -> Any:
    return meet.options(max=12).map(each(list(range(12))))


@task
def spin(x: int) -> int:
    return sum(range(20_000)) * 0 + x


@flow
def spins() -> Any:
    return spin.map(each(list(range(600))))


def bodies() -> int:
    return sum(thread.name.startswith("stratix-body") for thread in threading.enumerate())


def test_bodies_that_wait_for_each_other_all_get_a_thread(engine: Engine) -> None:
    """As many as may run at a time, though two threads are there at first."""
    assert engine.start(meeting).result(LONG) == list(range(12))


def test_a_busy_machine_gets_no_more_threads_than_bodies(tmp_path: Any) -> None:
    """Threads that have no turn yet are not taken for ones that are missing."""
    end, before, most = threading.Event(), bodies(), 0

    def hog() -> None:
        while not end.is_set():
            sum(range(1000))

    hogs = [threading.Thread(target=hog) for _ in range(8)]
    interval = sys.getswitchinterval()
    with Engine(tmp_path / "store", concurrency=16) as engine:
        for thread in hogs:
            thread.start()
        try:
            run = engine.start(spins)
            while run.wait(0.02) != "completed":
                most = max(most, bodies() - before)
        finally:
            end.set()
            for thread in hogs:
                thread.join()
    assert 0 < most <= 16 + 2
    assert sys.getswitchinterval() == interval

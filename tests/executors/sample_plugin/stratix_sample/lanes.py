"""A runner: a few threads of its own, so that what runs there never waits for other bodies, nor they for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import Any

from stratix_tasks.core.ports import Traits
from stratix_tasks.runners.attempt import Attempt, Cooperative, run_here

LANES = 2


class Lanes(Cooperative):
    traits = Traits("in a lane", bodies=frozenset(("def",)), places="the lanes", size=LANES)

    def __init__(self, later: Callable[[float, Callable[[], None]], Any]) -> None:
        self._jobs: SimpleQueue[Attempt | None] = SimpleQueue()
        for number in range(LANES):
            Thread(target=self._work, name=f"lane-{number}", daemon=True).start()

    def submit(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            self._jobs.put(attempt)

    def stop(self, attempt: Attempt) -> None:
        attempt.ask_stop()

    def close(self) -> None:
        for _ in range(LANES):
            self._jobs.put(None)

    def _work(self) -> None:
        for attempt in iter(self._jobs.get, None):
            attempt.host.answer(run_here(attempt))
            del attempt  # with all that its body was given

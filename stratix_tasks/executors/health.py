"""Health: what executors answer when they are asked whether what they need is there."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any

from stratix_tasks.core.ports import Executor
from stratix_tasks.errors import in_words
from stratix_tasks.runners.native import Clock

KEPT = 5.0
"""Seconds for which an answer holds."""
TIMEOUT = 2.0
"""Seconds within which an answer is to come."""


@dataclass(frozen=True, slots=True)
class Health:
    """`at`: Unix time of the answer, or of the question where there was none in time."""

    ok: bool
    message: str
    at: float


class Checkups:
    """Asks in threads of its own: what hangs holds up no run and no other executor, and is not asked again until it answers."""

    def __init__(self) -> None:
        self._asked: dict[Executor, Future[Health]] = {}
        self._lock = threading.Lock()

    def ask(self, executors: Mapping[str, Executor], timeout: float) -> dict[str, Health]:
        """Of each, all at once, what its `health` answers within `timeout` seconds; an answer is kept for `KEPT`."""
        with self._lock:
            self._asked = {one: future for one, future in self._asked.items() if _holds(future)}
            asked = {name: self._current(name, one) for name, one in executors.items()}
        wait(asked.values(), timeout)
        silent = Health(False, f"no answer within {timeout:g} s", Clock.time())
        return {name: future.result() if future.done() else silent for name, future in asked.items()}

    def _current(self, name: str, one: Executor) -> Future[Health]:
        """What this very executor was asked, if that still holds; else it is asked now."""
        if one not in self._asked:
            future = self._asked[one] = Future()
            threading.Thread(target=_answer, args=(one, future), name=f"stratix-health-{name}", daemon=True).start()
        return self._asked[one]


def _holds(future: Future[Health]) -> bool:
    return not future.done() or Clock.time() - future.result().at < KEPT


def _answer(one: Executor, future: Future[Health]) -> None:
    try:
        assert one.health is not None
        answer = one.health()
        if inspect.isawaitable(answer):
            answer = asyncio.run(_awaited(answer))
        made = Health(True, "", Clock.time()) if answer in (None, True) else Health(False, _why(answer), Clock.time())
    except BaseException as error:  # whatever a user's check raises is an answer
        made = Health(False, in_words(error), Clock.time())
    future.set_result(made)


async def _awaited(answer: Any) -> Any:
    return await answer


def _why(answer: Any) -> str:
    return answer if isinstance(answer, str) else "its health check said no"

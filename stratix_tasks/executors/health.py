"""Health: what executors answer when they are asked whether what they need is there."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any

from stratix_tasks.runners.native import Clock

KEPT = 5.0
"""Seconds for which an answer holds."""


@dataclass(frozen=True, slots=True)
class Health:
    """`at`: Unix time of the answer, or of the question where there was none in time."""

    ok: bool
    message: str
    at: float


class Checkups:
    """Asks in threads of its own: what hangs holds up no run and no other executor, and is not asked again until it answers."""

    def __init__(self) -> None:
        self._asked: dict[str, tuple[Any, Future[Health]]] = {}
        self._lock = threading.Lock()

    def ask(self, checks: Mapping[str, Callable[[], Any]], timeout: float) -> dict[str, Health]:
        """Of each, all at once, what it answers within `timeout` seconds; an answer is kept for `KEPT`."""
        with self._lock:
            self._asked = {name: self._current(name, check) for name, check in checks.items()}
            asked = dict(self._asked)
        wait([future for _, future in asked.values()], timeout)
        silent = Health(False, f"no answer within {timeout:g} s", Clock.time())
        return {name: future.result() if future.done() else silent for name, (_, future) in asked.items()}

    def _current(self, name: str, check: Callable[[], Any]) -> tuple[Any, Future[Health]]:
        """What was asked of this very check, if that still holds; else it is asked now."""
        known = self._asked.get(name)
        if known is not None and known[0] == check:
            future = known[1]
            if not future.done() or Clock.time() - future.result().at < KEPT:
                return known
        future = Future()
        threading.Thread(target=_answer, args=(check, future), name=f"stratix-health-{name}", daemon=True).start()
        return check, future


def _answer(check: Callable[[], Any], future: Future[Health]) -> None:
    try:
        answer = check()
        if inspect.isawaitable(answer):
            answer = asyncio.run(_awaited(answer))
        made = Health(True, "", Clock.time()) if answer in (None, True) else Health(False, _why(answer), Clock.time())
    except BaseException as error:  # whatever a user's check raises is an answer
        made = Health(False, f"{type(error).__name__}: {error}", Clock.time())
    future.set_result(made)


async def _awaited(answer: Any) -> Any:
    return await answer


def _why(answer: Any) -> str:
    return answer if isinstance(answer, str) else "its health check said no"

"""Supervision: while a runner has bodies, it is looked after what runs them, from the engine's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BEAT = 0.25
"""Seconds between two looks."""


class Supervisor:
    """Calls `look` every `BEAT` from `begin()` on, for as long as it says that there is something to look after.

    `look` replaces what has ended or answers no more, and answers the attempts that were lost with it. `later(seconds,
    callback)` is the engine's timer.
    """

    def __init__(self, later: Callable[[float, Callable[[], None]], Any], look: Callable[[], bool]) -> None:
        self._later, self._look, self._on = later, look, False

    def begin(self) -> None:
        if not self._on:
            self._on = True
            self._later(BEAT, self._beat)

    def _beat(self) -> None:
        self._on = self._look()
        if self._on:
            self._later(BEAT, self._beat)

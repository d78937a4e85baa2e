"""Of what a body says too much of, the two ends are kept: how it began, what it said last, and every error."""

from __future__ import annotations

from collections import deque
from typing import Any

HEAD, TAIL = 9_000, 1_000
"""Rows of a kind that are recorded as they come, and those that are kept of the rest: the last ones."""
ERRORS = frozenset(("error", "critical", "fatal"))
"""Levels of log rows that are never left out."""
NAMES = {"log": "lines", "metric": "measures", "artifact": "artifacts"}


class Ends:
    """The rows of one kind that come from one place. Any thread may `take`; one takes the `rest`."""

    __slots__ = ("_head", "_kind", "_tail", "_taken")

    def __init__(self, kind: str, head: int = HEAD, tail: int = TAIL) -> None:
        self._kind, self._head = kind, head
        self._tail: deque[Any] = deque(maxlen=tail)
        self._taken = 0

    def take(self, row: tuple[Any, ...], kept: Any) -> bool:
        """Whether a row is to be recorded now. If not, `kept` stands for it among the last ones, if it is one of them."""
        if self._kind == "log" and row[1] in ERRORS:
            return True
        if self._head > 0:
            self._head -= 1
            return True
        self._taken += 1
        self._tail.append(kept)
        return False

    @property
    def holds(self) -> bool:
        """Whether some are kept that have not been recorded."""
        return bool(self._tail)

    def rest(self) -> tuple[int, list[Any]]:
        """How many were left out since the last call, and those behind them."""
        kept = [self._tail.popleft() for _ in range(len(self._tail))]
        between, self._taken = self._taken - len(kept), 0
        return between, kept


def gap(at: float, kind: str, count: int) -> tuple[Any, ...]:
    """The log row that stands where `count` rows of a kind were left out."""
    return (at, "warning", f"… {count:,} {NAMES[kind]} were not kept …")

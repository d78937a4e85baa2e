"""Deadlines as data: entries named by (kind, unit) in one heap, the latest arming wins; time that does not count is frozen."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from heapq import heappop, heappush


class Timer(IntEnum):
    ATTEMPT = 0
    TOTAL = 1
    QUEUED = 2
    DUE = 3
    GRACE = 4
    RUN = 5
    WAIT = 6


PAUSABLE = frozenset((Timer.TOTAL, Timer.QUEUED, Timer.RUN))
"""They stop counting while the run is paused; bodies that still run keep their attempt timers."""
HOLDABLE = frozenset((Timer.ATTEMPT, Timer.TOTAL, Timer.QUEUED))
"""They stop counting while their unit is held or suspended."""

WHOLE = -1
"""In place of a unit: the timer is the run's."""
_OF_UNITS = (Timer.ATTEMPT, Timer.TOTAL, Timer.QUEUED, Timer.DUE, Timer.GRACE, Timer.WAIT)


class Timers:
    """`arm`, `drop`, `freeze` and `thaw`, and `pop_due(at)`; `next()` is the earliest deadline or None.

    Times in seconds.
    """

    __slots__ = ("_heap", "deadline", "frozen", "paused")

    def __init__(self) -> None:
        self.deadline: dict[tuple[Timer, int], float] = {}
        self.frozen: dict[tuple[Timer, int], float] = {}
        self.paused = False
        self._heap: list[tuple[float, Timer, int]] = []

    def arm(self, kind: Timer, unit: int, at: float, seconds: float) -> None:
        if self.paused and kind in PAUSABLE:
            self.frozen[kind, unit] = seconds
            return
        self.frozen.pop((kind, unit), None)
        self.deadline[kind, unit] = at + seconds
        heappush(self._heap, (at + seconds, kind, unit))

    def armed(self, kind: Timer, unit: int) -> bool:
        return (kind, unit) in self.deadline or (kind, unit) in self.frozen

    def drop(self, kind: Timer, unit: int) -> None:
        self.deadline.pop((kind, unit), None)
        self.frozen.pop((kind, unit), None)

    def drop_unit(self, unit: int) -> None:
        if self.deadline or self.frozen:
            for kind in _OF_UNITS:
                self.drop(kind, unit)

    def freeze(self, at: float, unit: int, kinds: frozenset[Timer] = HOLDABLE) -> None:
        """What is left of a unit's deadlines is kept until `thaw`."""
        for kind in kinds:
            deadline = self.deadline.pop((kind, unit), None)
            if deadline is not None:
                self.frozen[kind, unit] = max(deadline - at, 0.0)

    def thaw(self, at: float, unit: int, kinds: frozenset[Timer] = HOLDABLE) -> None:
        for kind in kinds:
            left = self.frozen.pop((kind, unit), None)
            if left is not None:
                self.arm(kind, unit, at, left)

    def pause(self, at: float) -> None:
        """The run stops counting."""
        self.paused = True
        for kind, unit in list(self.deadline):
            if kind in PAUSABLE:
                self.freeze(at, unit, frozenset((kind,)))

    def resume(self, at: float, still: Callable[[int], bool]) -> None:
        """The run counts on, except for the units that are paused by themselves."""
        if not self.paused:
            return
        self.paused = False
        for kind, unit in list(self.frozen):
            if kind in PAUSABLE and (unit == WHOLE or not still(unit)):
                self.thaw(at, unit, frozenset((kind,)))

    def skip(self, since: float, at: float, still: Callable[[int], bool]) -> None:
        """The time from `since` to `at` does not count, for a run that is not paused anyway."""
        if not self.paused:
            self.pause(since)
            self.resume(at, still)

    def next(self) -> float | None:
        heap = self._heap
        while heap and self.deadline.get((heap[0][1], heap[0][2])) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, at: float) -> list[tuple[Timer, int]]:
        due = []
        while self._heap and self._heap[0][0] <= at:
            when, kind, unit = heappop(self._heap)
            if self.deadline.get((kind, unit)) == when:
                del self.deadline[kind, unit]
                due.append((kind, unit))
        return due

"""Deadlines as data, named by (kind, unit); the latest arming wins; time that does not count is frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum

Still = Callable[[int], bool]
"""Whether a unit is paused by itself."""


class Timer(IntEnum):
    ATTEMPT = 0
    TOTAL = 1
    QUEUED = 2
    DUE = 3
    GRACE = 4
    RUN = 5
    WAIT = 6
    SCOPE = 7
    """Of a sub-flow: one try of it."""


PAUSABLE = frozenset((Timer.TOTAL, Timer.QUEUED, Timer.RUN, Timer.SCOPE))
"""They stop counting while the run is paused; bodies that still run keep their attempt timers."""
HOLDABLE = frozenset((Timer.ATTEMPT, Timer.TOTAL, Timer.QUEUED, Timer.SCOPE))
"""They stop counting while their unit is held or suspended."""
OF_ATTEMPTS = (Timer.ATTEMPT, Timer.DUE, Timer.GRACE, Timer.WAIT, Timer.SCOPE)
OF_UNITS = (*OF_ATTEMPTS, Timer.TOTAL, Timer.QUEUED)
WHOLE = -1
"""In place of a unit: the timer is the run's."""


class Timers:
    """`deadline` is Unix time in seconds, `frozen` what is left of what stands still. `news` is what was armed since it was
    last emptied: who waits for deadlines keeps them in an order of its own.
    """

    __slots__ = ("deadline", "frozen", "news", "paused")

    def __init__(self) -> None:
        self.deadline: dict[tuple[Timer, int], float] = {}
        self.frozen: dict[tuple[Timer, int], float] = {}
        self.paused = False
        self.news: list[tuple[float, Timer, int]] = []

    def __bool__(self) -> bool:
        return bool(self.deadline or self.frozen)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timers):
            return NotImplemented
        return (self.deadline, self.frozen, self.paused) == (other.deadline, other.frozen, other.paused)

    __hash__ = None  # type: ignore[assignment]

    def arm(self, kind: Timer, unit: int, at: float, seconds: float) -> None:
        if self.paused and kind in PAUSABLE:
            self.frozen[kind, unit] = seconds
        else:
            self.at(kind, unit, at + seconds)

    def at(self, kind: Timer, unit: int, when: float) -> None:
        """A deadline by the clock on the wall."""
        self.frozen.pop((kind, unit), None)
        self.deadline[kind, unit] = when
        self.news.append((when, kind, unit))

    def armed(self, kind: Timer, unit: int) -> bool:
        return (kind, unit) in self.deadline or (kind, unit) in self.frozen

    def drop(self, kind: Timer, unit: int) -> None:
        self.deadline.pop((kind, unit), None)
        self.frozen.pop((kind, unit), None)

    def drop_unit(self, unit: int, *, attempt_only: bool = False) -> None:
        if self.deadline or self.frozen:
            for kind in OF_ATTEMPTS if attempt_only else OF_UNITS:
                self.drop(kind, unit)

    def drop_span(self, first: int, stop: int) -> None:
        for kind, unit in self._within(first, stop):
            self.drop(kind, unit)

    def _within(self, first: int, stop: int) -> list[tuple[Timer, int]]:
        return [key for told in (self.deadline, self.frozen) for key in told if first <= key[1] < stop]

    def freeze(self, at: float, unit: int, kinds: Iterable[Timer] = HOLDABLE) -> None:
        """What is left of a unit's deadlines is kept until `thaw`."""
        for kind in kinds:
            deadline = self.deadline.pop((kind, unit), None)
            if deadline is not None:
                self.frozen[kind, unit] = max(deadline - at, 0.0)

    def thaw(self, at: float, unit: int, kinds: Iterable[Timer] = HOLDABLE) -> None:
        for kind in kinds:
            left = self.frozen.pop((kind, unit), None)
            if left is not None:
                self.arm(kind, unit, at, left)

    def settle(self, at: float, still: Still) -> None:
        """Units that are paused by themselves stand still, others count: after marks have changed."""
        for kind, unit in [key for key in self.deadline if key[0] in HOLDABLE and still(key[1])]:
            self.freeze(at, unit, (kind,))
        for kind, unit in [key for key in self.frozen if key[0] in HOLDABLE and not still(key[1])]:
            if not (self.paused and kind in PAUSABLE):
                self.thaw(at, unit, (kind,))

    def pause(self, at: float) -> None:
        """The run stops counting."""
        self.paused = True
        for kind, unit in [key for key in self.deadline if key[0] in PAUSABLE]:
            self.freeze(at, unit, (kind,))

    def resume(self, at: float, still: Still) -> None:
        """The run counts on, except for the units that are paused by themselves."""
        if not self.paused:
            return
        self.paused = False
        for kind, unit in [key for key in self.frozen if key[0] in PAUSABLE]:
            if unit == WHOLE or not still(unit):
                self.thaw(at, unit, (kind,))

    def skip(self, since: float, at: float, still: Still) -> None:
        """The time from `since` to `at` does not count, for a run that is not paused anyway.

        Where `at` is the earlier one, the clock was set back in between, and all deadlines are as far away as they were.
        """
        for key in [key for key in self.deadline if at < since and (self.paused or key[0] not in PAUSABLE)]:
            self.at(*key, self.deadline[key] + at - since)
        if not self.paused:
            self.pause(since)
            self.resume(at, still)

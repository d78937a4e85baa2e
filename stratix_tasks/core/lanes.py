"""Lanes: queues of ready units that compete for the same slots, and the slots themselves.

A lane is a set of limits (run, engine, pools, a map's `max`); units of one lane are started by priority, then first
come first served. Slots are shared objects: an engine's pools count the bodies of all its runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heapify, heappop, heappush


class Slots:
    """A number of places; `free` may go below 0 when a limit is lowered while bodies run."""

    __slots__ = ("free", "name", "size")

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size, self.free = name, size, size


class Lane:
    """Ready units behind the same limits. Entries that are no longer ready are dropped when they come up."""

    __slots__ = ("_buckets", "_order", "slots")

    def __init__(self, slots: tuple[Slots, ...]) -> None:
        self.slots = slots
        self._buckets: dict[int, deque[int]] = {}
        self._order: list[int] = []

    def push(self, unit: int, priority: int) -> None:
        bucket = self._buckets.get(priority)
        if bucket is None:
            bucket = self._bucket(priority)
        bucket.append(unit)

    def extend(self, units: Iterable[int], priority: int) -> None:
        bucket = self._buckets.get(priority)
        (self._bucket(priority) if bucket is None else bucket).extend(units)

    def withdraw(self, unit: int, priority: int) -> None:
        """Take a unit out that waits with another priority than it is to have, whether it is ready still or not."""
        bucket = self._buckets.get(priority)
        if bucket is None or unit not in bucket:
            return
        left = deque(one for one in bucket if one != unit)
        if left:
            self._buckets[priority] = left
            return
        del self._buckets[priority]
        self._order.remove(-priority)
        heapify(self._order)

    def pop(self) -> int:
        """The next unit; only when `head()` is not None."""
        bucket = self._buckets[-self._order[0]]
        unit = bucket.popleft()
        if not bucket:
            del self._buckets[-heappop(self._order)]
        return unit

    def head(self) -> int | None:
        """The priority of the next unit, or None when nothing is queued."""
        return -self._order[0] if self._order else None

    def blocked(self) -> Slots | None:
        """The limit that is full, if one is."""
        for slots in self.slots:
            if slots.free <= 0:
                return slots
        return None

    def take(self) -> None:
        for slots in self.slots:
            slots.free -= 1

    def give(self) -> None:
        for slots in self.slots:
            slots.free += 1

    def _bucket(self, priority: int) -> deque[int]:
        bucket = self._buckets[priority] = deque()
        heappush(self._order, -priority)
        return bucket

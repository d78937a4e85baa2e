"""Memory: large results stay at hand up to a budget; beyond it the oldest are let go and read back when they are needed.

A body gets the very object that its upstream returned while that is in memory; one that was let go comes back from the
store as an equal value. Results that stand in their fact itself (`codec` "json") are never let go.
"""

from __future__ import annotations

import os
from collections import deque
from typing import Any
from weakref import ref

from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.results import Stored
from stratix_tasks.core.state import MISSING
from stratix_tasks.core.states import TERMINAL

DEAR = 1 << 20
"""Bytes, as recorded, from which a result is dear to read back."""
BUDGET = 16 << 20
"""Bytes of the results below `DEAR` that an engine keeps in memory over all its runs. What they take there is more: the
allocator leaves holes, and Python's objects are wider than their JSON."""
DEAR_BUDGET = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4
"""Bytes of the dear ones: a quarter of the machine's memory."""


class Pool:
    """Results in memory, oldest first, up to a budget of bytes as they are recorded."""

    __slots__ = ("_queue", "budget", "bytes")

    def __init__(self, budget: int) -> None:
        self.budget, self.bytes = budget, 0
        self._queue: deque[tuple[ref[Shelf], int, int]] = deque()

    def add(self, shelf: ref[Shelf], unit: int, size: int) -> None:
        self._queue.append((shelf, unit, size))
        self.bytes += size

    def trim(self) -> None:
        """Let the oldest go until the rest fits; what must stay goes to the end of the queue."""
        queue = self._queue
        for _ in range(len(queue)):
            if self.bytes <= self.budget:
                return
            entry = queue.popleft()
            shelf = entry[0]()
            if shelf is None or shelf.let_go(entry[1], entry[2]):
                self.bytes -= entry[2]
            else:
                queue.append(entry)


class Memory:
    """What all runs of an engine keep. The engine's thread alone touches it."""

    __slots__ = ("dear", "small")

    def __init__(self, budget: int = BUDGET, dear: int = DEAR_BUDGET) -> None:
        self.small, self.dear = Pool(budget), Pool(dear)

    def add(self, shelf: ref[Shelf], unit: int, size: int) -> None:
        (self.dear if size > DEAR else self.small).add(shelf, unit, size)

    def trim(self) -> None:
        self.small.trim()
        self.dear.trim()


class Shelf:
    """The large results of one run that are in memory. Goes with its run."""

    __slots__ = ("__weakref__", "_core", "_kept", "_memory", "_self", "gone")

    def __init__(self, core: Core, memory: Memory) -> None:
        self._core, self._memory = core, memory
        self._kept: dict[int, tuple[Any, Stored]] = {}
        self._self = ref(self)
        self.gone = 0
        """How many were let go so far."""

    def put(self, unit: int, stored: Stored) -> None:
        """The result of a unit, which is recorded as `stored`, is in the core's cache."""
        value = self._core.cache.get(unit, MISSING)
        if value is MISSING:
            return
        self._kept[unit] = value, stored
        self._memory.add(self._self, unit, stored.payload[0])

    def trim(self) -> None:
        self._memory.trim()

    def let_go(self, unit: int, size: int) -> bool:
        """Leave only where the result is recorded. False when it has to stay for now."""
        cache, (value, stored) = self._core.cache, self._kept.get(unit, (MISSING, None))
        if stored is None or cache.get(unit, MISSING) is not value:  # set back, or given another value since
            self._kept.pop(unit, None)
            return True
        if size > DEAR and self._needed(unit):
            return False
        del self._kept[unit]
        del cache[unit]
        self._forget_gathered(unit)
        self.gone += 1
        return True

    def _needed(self, unit: int) -> bool:
        """Whether a node that has not ended gets it as an argument: it would be read for each body. Items are needed about
        once each."""
        s = self._core.state
        r, k, b = s.place(unit)
        return any(s.status[b + out] not in TERMINAL for out in r.block.outs[k])

    def _forget_gathered(self, unit: int) -> None:
        """The lists and outputs that groups gathered hold the value too; they are gathered again when needed."""
        s = self._core.state
        group = s.parent(unit)
        while group >= 0:
            self._core.cache.pop(group, None)
            group = s.parent(group)

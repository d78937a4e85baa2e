"""Limits: the places that bodies take, and the lanes of units that wait for the same ones; one place that takes and gives.

The order of starts (`rank`): priority first; between nodes of one priority in turns, by weight, so that no large fan-out
keeps another node waiting; within a mapped flow the scope that began first, so that few are under way at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from heapq import heappop, heappush, heapreplace
from typing import Protocol
from weakref import ref


class Slots:
    """A number of places; `free` may go below 0 when a limit is lowered while bodies run.

    Shared by all that it limits: an engine's pools count the bodies of all of its runs. `said`: what people call them, where that
    is not a pool of that name.
    """

    __slots__ = ("_turns", "free", "name", "said", "size", "waiting")

    def __init__(self, name: str, size: int, said: str = "") -> None:
        self.name, self.size, self.free = name, size, size
        self.said = said or f"pool {name!r}"
        self.waiting: list[tuple[int, int, int, Lane]] = []
        self._turns = 0

    def await_free(self, lane: Lane) -> None:
        """The lane is woken when a place is free, and those before it don't take it."""
        if not lane.waits:
            lane.waits = True
            self._turns += 1
            heappush(self.waiting, (-lane.urgency, -lane.priority, self._turns, lane))

    def pass_on(self) -> None:
        """A place is free: the next lane that can take it is woken."""
        waiting = self.waiting
        while waiting and self.free > 0:
            lane = heappop(waiting)[3]
            lane.waits = False
            owner = lane.owner()
            if owner is None:
                continue
            owner.wake(lane)
            if owner.going:
                return


Claim = tuple[Slots, ...]
"""What a body takes: one place of each."""


class Owner(Protocol):
    """Who starts what stands in a lane: the agenda of one run."""

    priority: int
    going: bool

    def wake(self, lane: Lane) -> None: ...


class Lane:
    """Units behind the same limits, first come first served; a range of fresh items is one entry.

    An entry is a hint: who starts it looks whether it can be started. `weight` is how many it starts in its turn for one of
    another lane's. Its owner holds it, and not the other way round, so that a run goes from memory when nobody asks for it.
    """

    __slots__ = ("awake", "claim", "owner", "priority", "push", "queue", "urgency", "waits", "weight")

    def __init__(self, owner: Owner, claim: Claim, priority: int, weight: int = 1) -> None:
        self.owner, self.urgency = ref(owner), owner.priority
        self.claim, self.priority, self.weight = claim, priority, weight
        self.awake = self.waits = False
        self.queue: deque[int | range] = deque()
        self.push: Callable[[int], None] = self.queue.append

    def has_entries(self) -> bool:
        return bool(self.queue)

    def extend(self, entries: Iterable[int | range]) -> None:
        self.queue.extend(entries)

    def push_behind(self, u: int) -> None:
        """One more unit; right behind the last one they are one entry."""
        queue = self.queue
        last = queue[-1] if queue else None
        if type(last) is range and last.stop == u:
            queue[-1] = range(last.start, u + 1)
        elif last == u - 1:
            queue[-1] = range(u - 1, u + 1)
        else:
            queue.append(u)

    def pop(self, most: int) -> int | range | None:
        """The next unit, or a range of at most so many; None where there is none."""
        queue = self.queue
        if not queue:
            return None
        entry = queue[0]
        if type(entry) is range and len(entry) > most:
            queue[0] = entry[most:]
            return entry[:most]
        return queue.popleft()

    def back(self, entries: Iterable[int | range]) -> None:
        """To the front again, in this order."""
        self.queue.extendleft(reversed([*entries]))

    def pass_over(self, first_left: Callable[[int, int], int]) -> None:
        """Of the range in front, forget what has ended meanwhile: a whole map may have been cancelled."""
        if self.queue and type(entry := self.queue[0]) is range:
            rest = range(first_left(entry.start, entry.stop), entry.stop)
            if rest:
                self.queue[0] = rest
            else:
                self.queue.popleft()

    def entries(self) -> list[int | range]:
        return [*self.queue]

    # ------------------------------------------------------------------ places

    def free(self) -> int:
        """How many places there are for bodies of this lane."""
        claim = self.claim
        if not claim:
            return 1 << 30
        return claim[0].free if len(claim) == 1 else min(slots.free for slots in claim)

    def full(self) -> Slots | None:
        """The limit that is full, if one is."""
        return next((slots for slots in self.claim if slots.free <= 0), None)

    def take(self, count: int) -> None:
        for slots in self.claim:
            slots.free -= count

    def give(self) -> None:
        for slots in self.claim:
            slots.free += 1
            if slots.waiting:
                slots.pass_on()


class DeepLane(Lane):
    """Units of a mapped flow: the lowest number first, which is the earliest scope, and in it the earliest node."""

    __slots__ = ("_heap", "_roots")

    def __init__(self, owner: Owner, claim: Claim, priority: int, weight: int = 1) -> None:
        super().__init__(owner, claim, priority, weight)
        self._heap: list[int] = []
        self._roots: list[tuple[int, range]] = []
        self.push = partial(heappush, self._heap)

    def has_entries(self) -> bool:
        return bool(self._heap or self._roots)

    def extend(self, entries: Iterable[int | range]) -> None:
        for entry in entries:
            if type(entry) is range:
                if entry:
                    heappush(self._roots, (entry[0], entry))
            else:
                heappush(self._heap, entry)

    back = extend

    def pop(self, most: int) -> int | range | None:
        heap, roots = self._heap, self._roots
        if heap and (not roots or heap[0] <= roots[0][0]):
            return heappop(heap)
        if not roots:
            return None
        u, rest = roots[0]
        if len(rest) > 1:
            heapreplace(roots, (rest[1], rest[1:]))
        else:
            heappop(roots)
        return u

    def entries(self) -> list[int | range]:
        return [*self._heap, *(rest for _, rest in self._roots)]

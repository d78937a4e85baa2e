"""What the sub-flows around a stretch say for all that lies in it: how urgent it is, which pools they hold, how many bodies
may run in them at once; and the doors of those that begin as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from stratix_tasks.core.limits import Claim, Lane, Slots
from stratix_tasks.core.node import FLOW, Policy
from stratix_tasks.core.state import State
from stratix_tasks.core.states import S
from stratix_tasks.core.units import Stretch


class Around(NamedTuple):
    """The same for all scopes of a stretch."""

    priority: int = 0
    pools: frozenset[str] = frozenset()
    """In which a sub-flow around has its place: what lies in it takes no second one."""
    bounds: Claim = ()
    """Of sub-flows with a `concurrency`: what a body in there takes of it."""
    doors: bool = False
    """Whether a sub-flow around begins as a whole, with the first body in it."""

    def rank(self, policy: Policy) -> int:
        return self.priority if policy.priority is None else policy.priority

    def taking(self, policy: Policy) -> Policy:
        """The policy without the pools that are held around."""
        if self.pools.isdisjoint(policy.pool):
            return policy
        return replace(policy, pool=tuple(pool for pool in policy.pool if pool not in self.pools))


OUTSIDE = Around()


def around(s: State, known: list[Around], r: Stretch) -> Around:
    """Of a stretch, by what is `known` of those before it."""
    if r.parent < 0 or not r.count:
        return OUTSIDE
    outer = known[s.home[r.parent]]
    policy = s.stretches[s.home[r.parent]].block.policies[s.place(r.parent)[1]]
    rank = outer.rank(policy)
    if s.kind(r.parent) is not FLOW:
        return outer if rank == outer.priority else outer._replace(priority=rank)
    if rank == outer.priority and not policy.whole and policy.concurrency is None:
        return outer
    bound = (
        ()
        if policy.concurrency is None
        else (Slots("group", policy.concurrency, "the concurrency of the flow around it"),)
    )
    return Around(rank, outer.pools.union(policy.pool), (*outer.bounds, *bound), outer.doors or policy.whole)


def rank_of(s: State, u: int) -> int:
    """How urgent a unit is where something in the run says it otherwise than the document: by the nearest around that says it."""
    while u >= 0:
        if (said := s.policy(u).priority) is not None:
            return said
        u = s.parent(u)
    return OUTSIDE.priority


class Doors:
    """Sub-flows that begin as a whole: they take their places, and their time begins, with the first body in them.

    Who comes to a door that is closed waits there, and the sub-flow for its places, in a lane like any body.
    """

    def __init__(self) -> None:
        self.waiting: dict[int, list[tuple[Lane, int]]] = {}
        self.holding: dict[int, Lane] = {}
        """Those that are inside, and where they took their places."""

    def closed(self, s: State, u: int) -> int | None:
        """The outermost sub-flow around a unit that has not begun. One that has ended is no door: what runs at the end of
        what lost in it does so by itself."""
        return next((p for p in reversed([*_wholes(s, u)]) if p not in s.begun and s.status[p] == S.OPEN), None)

    def knock(self, p: int, lane: Lane, u: int) -> bool:
        """Whether it is the first one that waits there."""
        waiting = self.waiting.setdefault(p, [])
        waiting.append((lane, u))
        return len(waiting) == 1

    def enter(self, p: int, lane: Lane) -> list[tuple[Lane, int]]:
        """Those that waited at its door may go on."""
        self.holding[p] = lane
        lane.take(1)
        return self.waiting.pop(p, [])

    def leave(self, p: int) -> None:
        """It is open no more: its places are free, and nobody waits at its door."""
        self.waiting.pop(p, None)
        if p in self.holding:
            self.holding.pop(p).give()

    def leave_gone(self, s: State) -> None:
        """The same of those that a rollback has closed."""
        for p in [p for p in (*self.holding, *self.waiting) if s.status[p] != S.OPEN]:
            self.leave(p)


def _wholes(s: State, u: int) -> Iterator[int]:
    """The sub-flows around a unit that begin as a whole, from the inside out."""
    while (u := s.parent(u)) >= 0:
        r, k, _ = s.place(u)
        if r.block.policies[k].whole and r.block.kinds[k] == FLOW:
            yield u

"""Lines: in which lane a unit waits for its place, and until when; the lanes in which something may be started."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from heapq import heappop, heappush

from stratix_tasks.core.agenda.books import GOING, Book, Claims
from stratix_tasks.core.around import Around, rank_of
from stratix_tasks.core.limits import Claim, DeepLane, Lane
from stratix_tasks.core.node import EACH, MAP, Kind, Policy
from stratix_tasks.core.state import State
from stratix_tasks.core.states import RunState
from stratix_tasks.core.timers import Timer, Timers
from stratix_tasks.core.units import Stretch


class Lines:
    """Of one run. `claims` says what a body takes."""

    def __init__(self, state: State, claims: Claims, *, priority: int = 0) -> None:
        self.state, self.claims, self.priority = state, claims, priority
        self.queued = array("d")
        """When a unit became ready, for the fact of its start."""
        self.books: list[Book] = []
        self.awake: list[tuple[int, int, Lane]] = []
        """The lanes in which something may be started, most urgent first: only they are looked at in a turn."""
        self._shared: dict[tuple[Claim, int], Lane] = {}
        self.opening: set[int] = set()
        """Looked at and not begun: their condition, items or inputs are asked for, or they are held."""
        self.asked: dict[int, int] = {}
        """Which question of a unit is open: an answer to another one does not count."""
        self.arounds: list[Around] = []
        """By stretch: what the sub-flows around it say for what lies in it."""
        self.local = Timers()
        """Limits of what waits for its place: that it is ready is no fact."""
        self._timers: list[tuple[float, Timer, int]] = []
        self.now = state.at
        """The latest time at which deadlines were looked at: what was due then is, when the clock is set back, too."""
        self.going = False
        self._turns = 0

    def _lanes(self, r: Stretch, kind: Kind | None, most: int) -> tuple[Lane, ...]:
        """What stands for many units has lanes of its own, so that others take their turns between; single nodes share."""
        outer = self.arounds[-1]
        if kind is MAP:
            policy = r.block.policies[0]
            lane = self._lane_of_items(r)
            return (lane or Lane(self, self._claim(outer, policy, most or None), outer.rank(policy)),)
        if kind is not EACH or r.count < 2:
            known = {id(policy): self._lane(outer, policy) for policy in r.block.distinct}
            return tuple(map(known.__getitem__, map(id, r.block.policies)))
        own: dict[tuple[Claim, int], Lane] = {}
        keys = [(self._claim(outer, policy, None), outer.rank(policy)) for policy in r.block.policies]
        for key in keys:
            if key not in own:
                own[key] = DeepLane(self, *key)
        return tuple(own[key] for key in keys)

    def _lane_of_items(self, r: Stretch) -> Lane | None:
        """Items that were spawned stand behind those that were there before; None for the first ones."""
        first = next(iter(self.state.kids.get(r.parent, ())), len(self.books))
        return self.books[first].lanes[0] if first < len(self.books) else None

    def _claim(self, outer: Around, policy: Policy, most: int | None) -> Claim:
        """What it takes, but for what is held around it; of a limit around it each body takes its part."""
        claim = self.claims(outer.taking(policy), most)
        return claim if policy.bodiless or policy.whole or not outer.bounds else (*claim, *outer.bounds)

    def _lane(self, outer: Around, policy: Policy) -> Lane:
        key = self._claim(outer, policy, None), outer.rank(policy)
        lane = self._shared.get(key)
        if lane is None:
            lane = self._shared[key] = Lane(self, *key)
        return lane

    def lane(self, u: int) -> Lane:
        s = self.state
        book = self.books[s.home[u]]
        lane = book.lanes[(u - book.base) % book.n]
        if s.own:
            rank = rank_of(s, u)
            if rank != lane.priority:
                key = lane.claim, rank
                other = self._shared.get(key)
                if other is None:
                    other = self._shared[key] = Lane(self, *key)
                return other
        return lane

    def wake(self, lane: Lane) -> None:
        if not lane.awake:
            lane.awake = True
            self._turns += 1
            heappush(self.awake, (-lane.priority, self._turns, lane))

    def put(self, lane: Lane, entries: Iterable[int | range]) -> None:
        lane.extend(entries)
        if not lane.awake:
            self.wake(lane)

    def push(self, u: int) -> None:
        """It is ready."""
        s = self.state
        if self.opening:
            self.opening.discard(u)
        if self.asked:
            self.asked.pop(u, None)
        at = self.queued[u] = s.at if s.at > self.now else self.now  # that a retry is due is no fact
        book = self.books[s.home[u]]
        k = (u - book.base) % book.n
        lane = book.lanes[k] if not s.own else self.lane(u)
        lane.push(u)
        if not lane.awake:
            self.wake(lane)
        if book.timed[k] or s.own:
            self._limit_queue((u,), at)

    def _limit_queue(self, units: Iterable[int], at: float) -> None:
        """Limits of waiting for a place, and of all attempts together, begin here."""
        s = self.state
        for u in units:
            limit = s.policy(u).timeout
            if limit.queued is None and limit.total is None:
                if type(units) is range and not s.own:
                    return
                continue
            if limit.queued is not None:
                self.local.arm(Timer.QUEUED, u, at, limit.queued)
            if limit.total is not None and not s.limits.armed(Timer.TOTAL, u) and not self.local.armed(Timer.TOTAL, u):
                self.local.arm(Timer.TOTAL, u, at, limit.total)
            if s.marks and s.held(u):
                self.local.freeze(at, u)

    def run_moved(self, at: float) -> None:
        """The run has moved: what stands still with it does, or counts on."""
        s = self.state
        self.going = s.run in GOING
        if s.run in (RunState.PAUSING, RunState.PAUSED):
            self.local.pause(at)
        else:
            self.local.resume(at, lambda u: bool(s.held(u)))
            self.local.settle(at, lambda u: bool(s.held(u)))

    def forget_question(self, u: int) -> None:
        """Nobody waits for an answer about it any more."""
        self.opening.discard(u)
        self.asked.pop(u, None)

    def _hear(self) -> None:
        for limits in (self.state.limits, self.local):
            if limits.news:
                for entry in limits.news:
                    heappush(self._timers, entry)
                limits.news.clear()

    def next_due(self) -> float | None:
        """The earliest deadline, in Unix seconds."""
        self._hear()
        timers = self._timers
        while timers and not self._counts(timers[0]):
            heappop(timers)
        return timers[0][0] if timers else None

    def _counts(self, entry: tuple[float, Timer, int]) -> bool:
        when, kind, u = entry
        return self.state.limits.deadline.get((kind, u)) == when or self.local.deadline.get((kind, u)) == when

    def due(self, at: float) -> list[tuple[Timer, int]]:
        """Deadlines that have passed, in order. Those that facts imply stay in the State until a fact takes them away."""
        self._hear()
        self.now = max(self.now, at)
        found = []
        timers = self._timers
        while timers and timers[0][0] <= at:
            entry = heappop(timers)
            if self._counts(entry):
                when, kind, u = entry
                if self.local.deadline.get((kind, u)) == when:
                    del self.local.deadline[kind, u]
                found.append((kind, u))
        return found

"""Agenda: what follows from a State and only the run's owner needs: counters, lanes, deadlines, and what to look at next.

It never tells a fact. `over`, `opened`, … keep it up with one fact; `review` counts units afresh from the State, and
`Agenda(state)` is a review of all of them: so what is counted by steps and what is counted anew is one definition.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from stratix_tasks.core.around import Around, Doors, around, rank_of
from stratix_tasks.core.joins import WAIT, first_of, is_bad, is_left_out, phase_is_open, states_of, verdict
from stratix_tasks.core.limits import Claim, DeepLane, Lane
from stratix_tasks.core.node import ALL, ANY, EACH, EARLY, FIRST, FLOW, MAP, N_OF, SETTLED, Kind, Policy
from stratix_tasks.core.state import (
    COMPLETED,
    FAILED,
    IS_BAD,
    IS_OVER,
    PENDING,
    RETRYING,
    SKIPPED,
    Spans,
    State,
    Stretch,
    fill,
    fill_whole,
)
from stratix_tasks.core.states import RunState, S
from stratix_tasks.core.streams import after, pending, reader, source_of
from stratix_tasks.core.timers import Timer, Timers

Claims = Callable[[Policy, int | None], Claim]
"""What a body of a policy takes; of a fan-out with at most so many bodies at a time it has places of its own."""
GOING = (RunState.RUNNING, RunState.ENDING)
"""States of a run in which something may start: in one that is ending only what belongs to its end."""


class Tally:
    """How far a fan-out is: its items, or the scopes of a mapped flow."""

    __slots__ = ("bad", "count", "early", "ended", "readers", "undone", "watched")

    def __init__(self, early: bool, readers: tuple[int, ...]) -> None:
        self.early, self.readers = early, readers
        """`readers`: the maps that may stream from it."""
        self.watched = early or bool(readers)
        """Whether each end in it may decide something."""
        self.count = self.ended = self.undone = self.bad = 0

    @property
    def done(self) -> int:
        """How many completed: what happens most is the one that is not counted."""
        return self.ended - self.undone


class Book:
    """The counted side of a stretch."""

    __slots__ = (
        "bad",
        "base",
        "flat",
        "kinds",
        "lanes",
        "n",
        "outs",
        "parent",
        "phased",
        "plain",
        "runners",
        "step",
        "tally",
        "timed",
        "todo",
    )

    def __init__(self, r: Stretch, lanes: tuple[Lane, ...], tally: Tally | None, *, flat: bool) -> None:
        self.base, self.n, self.parent, self.step, self.flat = r.base, r.block.n, r.parent, r.step, flat
        self.outs, self.plain, self.kinds, self.lanes, self.tally = (
            r.block.outs,
            r.block.plain,
            r.block.kinds,
            lanes,
            tally,
        )
        self.phased, self.timed, self.runners = bool(r.block.phased), r.block.timed, r.block.runners
        self.todo = array("i", (r.block.n,)) * (0 if flat else r.count)
        """Units that have not ended, by scope; of items the tally alone counts."""
        self.bad = bytearray(0 if flat else r.count)
        """Whether something in the scope ended badly, which is looked at closely once nothing is left to do in it."""


class Agenda:
    """Of one run. `claims` says what a body takes."""

    def __init__(self, state: State, claims: Claims, *, priority: int = 0) -> None:
        self.state, self.claims, self.priority = state, claims, priority
        self.left = array("i")
        """What a unit still waits for: needs, and the opening of its group and its phase."""
        self.slack: dict[int, int] = {}
        """Of joins that need some of many: how many more may end badly."""
        self.queued = array("d")
        """When a unit became ready, for the fact of its start."""
        self.books: list[Book] = []
        self.tally: dict[int, Tally] = {}
        self.awake: list[tuple[int, int, Lane]] = []
        """The lanes in which something may be started, most urgent first: only they are looked at in a turn."""
        self._shared: dict[tuple[Claim, int], Lane] = {}
        self.asks: deque[int] = deque()
        """Units to look at: what is decided of them is not yet told."""
        self.opening: set[int] = set()
        """Looked at and not begun: their condition, items or inputs are asked for, or they are held."""
        self.asked: dict[int, int] = {}
        """Which question of a unit is open: an answer to another one does not count."""
        self.questions = 0
        self.overtaken: dict[int, Spans] = {}
        """By map that streams: spans of its items that wait for what has ended otherwise than completed."""
        self.parked: list[tuple[Lane, int | range]] = []
        """What came up in a lane while it was held."""
        self.arounds: list[Around] = []
        """By stretch: what the sub-flows around it say for what lies in it."""
        self.gated = False
        """Whether any of them begins as a whole."""
        self.doors = Doors()
        self.abandoned: dict[int, int] = {}
        """Bodies by unit that did not stop in their grace: they have their places until they end by themselves."""
        self.fenced: set[tuple[int, int]] = set()
        """(unit, attempt) of these: each gives its place back once, however often it answers."""
        self.local = Timers()
        """Limits of what waits for its place: that it is ready is no fact."""
        self._timers: list[tuple[float, Timer, int]] = []
        self.now = state.at
        """The latest time at which deadlines were looked at: what was due then is, when the clock is set back, too."""
        self.live = 0
        """Bodies that run, or are being stopped."""
        self.going = False
        self._keys: dict[int, set[str]] = {}
        self._turns = 0
        for i in range(len(state.stretches)):
            self._book(i)
        if state.run is not RunState.PENDING:
            self.begin()

    # ------------------------------------------------------------------ from nothing

    def begin(self) -> None:
        """Everything is counted, and what may be started is looked for."""
        s = self.state
        self.going = s.run in GOING
        self.local.paused = s.limits.paused
        for i, r in enumerate(s.stretches):
            self._count_bodies(r)
            if i not in s.retired:
                self._ready(self.books[i], r)
        for p in s.begun:
            self.doors.enter(p, self.lane(p))
        for p in self.tally:
            if s.status[p] == S.OPEN and not s.gone(p):
                self._retally(p)
        for p in s.units_in(S.OPEN):
            if not s.gone(p):
                self.asks.append(p)
        limits = s.limits
        limits.news.clear()
        self._timers = sorted((when, kind, u) for (kind, u), when in limits.deadline.items())

    def _count_bodies(self, r: Stretch) -> None:
        s = self.state
        for state in (S.RUNNING, S.STOPPING, S.SUSPENDED):
            for u in s.find(state, r.base, r.stop):
                self.live += state != S.SUSPENDED
                self.lane(u).take(1)

    def _ready(self, book: Book, r: Stretch) -> None:
        s = self.state
        if book.flat:
            return self._push_runs(book, r.base, r.stop)
        fresh = not any(s.status[r.base : r.stop])
        for scope in range(0 if fresh else r.count):
            self._recount_scope(book, r, scope)
        if fresh and r.step == 0:
            return self._begin(book, r, range(r.count))
        for u in s.find(S.PENDING, r.base, r.stop):
            self._recount(u)
            if verdict(s, u) != WAIT:
                self.asks.append(u)

    def _begin(self, book: Book, r: Stretch, scopes: range) -> None:
        """The first nodes of scopes in which nothing has happened."""
        n, at = book.n, self.state.at
        for k in r.block.roots:
            units = range(book.base + scopes.start * n + k, book.base + scopes.stop * n, n)
            if not units:
                continue
            if book.plain[k] and len(units) > 1 and not self.state.own:
                self.queued[units.start : units.stop : n] = array("d", (at,)) * len(units)
                self.put(book.lanes[k], (units,))
                self._limit_queue(units, at)
            elif book.plain[k]:
                for u in units:
                    self.push(u)
            else:
                self.asks.extend(units)
        for k in r.block.phased if len(r.block.phased) == r.block.n else ():
            self.asks.extend(range(book.base + scopes.start * n + k, book.base + scopes.stop * n, n))

    def _push_runs(self, book: Book, a: int, b: int) -> None:
        s = self.state
        streams = s.stretches[s.home[a]].origin >= 0 if a < b else False
        runs = self._fed(book.parent, a, b) if streams else [range(x, y) for x, y in s.runs(S.PENDING, a, b)]
        if s.own:
            for u in (u for run in runs for u in run):
                self.push(u)
            return
        for run in runs:
            fill(self.queued, run.start, run.stop, s.at)
            self._limit_queue(run, s.at)
        self.put(book.lanes[0], runs)

    def _fed(self, p: int, a: int, b: int) -> list[range]:
        """Of items of a map that streams those whose sources have completed. The others wait, or have waited in vain."""
        s, ready = self.state, list[range]()
        for x, y, state in pending(s, a, b):
            fill_whole(self.left, x, y, int(state != COMPLETED))
            if state == COMPLETED:
                ready.append(range(x, y))
            elif IS_OVER[state]:
                self._overtake(p, x, y)
        return ready

    def _overtake(self, p: int, x: int, y: int) -> None:
        self.overtaken.setdefault(p, []).append((x, y))
        self.asks.append(p)

    def _feed(self, tally: Tally, u: int) -> None:
        """An item has completed: those that wait for it are ready."""
        s, place = self.state, self.state.index(u)
        for p in tally.readers:
            x = reader(s, p, place)
            if x < 0 or s.status[x] != PENDING:
                continue
            self.left[x] = 0
            book = self.books[s.home[x]]
            if s.own or book.timed[0]:
                self.push(x)
                continue
            lane, last = book.lanes[0], self.queued[x - 1]
            self.queued[x] = s.at
            if last == s.at:
                lane.push_behind(x)
            else:
                lane.push(x)
            if not lane.awake:
                self.wake(lane)

    def _book(self, i: int) -> Book:
        s = self.state
        r = s.stretches[i]
        block = r.block
        kind = None if r.parent < 0 else FLOW if r.step else s.kind(r.parent)
        node = s.node(r.parent) if kind in (MAP, EACH) else None
        flat = kind is MAP
        tally = None
        if node is not None and i not in s.retired:
            tally = self.tally.get(r.parent)
            if tally is None:
                above, k, b = s.place(r.parent)
                readers = tuple(b + o for o in above.block.readers.get(k, ())) if flat else ()
                tally = self.tally[r.parent] = Tally(node.gather in EARLY, readers)
            tally.count += r.count
        self.arounds.append(around(s, self.arounds, r))
        self.gated = self.gated or self.arounds[-1].doors
        book = Book(r, self._lanes(r, kind, node.most if node is not None else 0), tally, flat=flat)
        self.books.append(book)
        self.left.extend(block.left * r.count)
        self.queued.frombytes(bytes(8 * r.count * block.n))
        for k, inner in enumerate(block.nodes):
            gates = bool(r.step and r.count and r.parent not in s.kids) + bool(inner.phase)
            if gates:
                for u in range(r.base + k, r.stop, block.n):
                    self.left[u] += gates
            if inner.join in (FIRST, N_OF) and inner.needs:
                slack = len(inner.needs) - len(inner.ended) - block.left[k]
                self.slack.update(dict.fromkeys(range(r.base + k, r.stop, block.n), slack))
            if k in block.soft:
                for u in range(r.base + k, r.stop, block.n):
                    self._recount(u)
        return book

    # ------------------------------------------------------------------ lanes

    def _lanes(self, r: Stretch, kind: Kind | None, most: int) -> tuple[Lane, ...]:
        """What stands for many units has lanes of its own, so that others take their turns between; single nodes share."""
        outer = self.arounds[-1]
        if kind is MAP:
            policy = r.block.policies[0]
            lane = self._lane_of_items(r)
            return (lane or Lane(self, self._claim(outer, policy, most or None), outer.rank(policy)),)
        if kind is not EACH or r.count < 2:
            known = {id(policy): self._lane(outer, policy) for policy in r.block.distinct}
            return tuple([known[id(policy)] for policy in r.block.policies])
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

    def try_now(self, u: int) -> None:
        """What waits for its next attempt, or its next try, waits no longer."""
        if self.state.is_group(u):
            self.forget_question(u)
            self.asks.append(u)
        else:
            self.push(u)

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

    # ------------------------------------------------------------------ deadlines

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

    # ------------------------------------------------------------------ by steps

    def opened(self, p: int) -> None:
        """A group has opened, or has another stretch: its first nodes are to be looked at, or its items are ready."""
        s = self.state
        self.forget_question(p)
        r, k, _ = s.place(p)
        if k in r.fixed:
            t = s.stretches[r.fixed[k]]
            book = self.books[r.fixed[k]]
            scope = (p - r.base) // r.block.n
            a = t.base + scope * t.block.n
            untouched = not any(s.status[a : a + t.block.n])
            for u in range(a, a + t.block.n):
                self.left[u] -= 1
            if untouched:
                self._begin(book, t, range(scope, scope + 1))
            else:
                self.asks.extend(range(a, a + t.block.n))
            self.asks.append(p)
            return
        self._look_at_readers(p)
        first = len(self.books)
        for i in range(first, len(s.stretches)):
            self._book(i)
        t, book = s.stretches[first], self.books[first]
        if book.tally is not None and book.tally.early:  # there may be too few of them
            self.asks.append(p)
        if not t.count or not t.block.n:
            self._retally(p)
            self.asks.append(p)
        elif book.flat:
            self._push_runs(book, t.base, t.stop)
        else:
            self._begin(book, t, range(t.count))

    def _look_at_readers(self, p: int) -> None:
        """Maps that may stream from one that has opened, or is to end."""
        r, k, b = self.state.place(p)
        for o in r.block.readers.get(k, ()) if r.block.readers else ():
            self._recount(b + o)
            self.asks.append(b + o)

    def closed(self, p: int) -> None:
        """An open group is to end."""
        self.forget_question(p)
        self.asks.append(p)
        self._look_at_readers(p)

    def finished(self, u: int) -> None:
        """A step has ended the scope that it lies in: what that comes to is looked at closely."""
        book = self.books[self.state.home[u]]
        book.bad[(u - book.base) // book.n] = 1
        if book.tally is not None:  # it may have been counted before that was told
            self._retally(book.parent)
            self.asks.append(book.parent)

    def spawned(self, u: int) -> None:
        """One more item, which is ready, or not if its map is ending."""
        s = self.state
        i = s.home[u]
        if i == len(self.books):
            self._book(i)
        else:
            book = self.books[i]
            assert book.tally is not None
            book.tally.count += 1
            self.left.append(0)
            self.queued.append(0.0)
        self._push_runs(self.books[i], u, u + 1)
        self.asks.extend(p for p in self.tally[s.parent(u)].readers if source_of(s, p) >= 0)

    def keys_of(self, group: int) -> set[str]:
        """The keys of its items, kept for as long as it grows."""
        keys = self.state.keys[group]
        taken = self._keys.get(group, set())
        if len(taken) != len(keys):
            taken = self._keys[group] = set(keys)
        return taken

    def let_go(self, u: int) -> None:
        """A body is gone: its places are free."""
        self.live -= 1
        self.lane(u).give()

    def done(self, u: int) -> None:
        """`let_go` and `over(u, COMPLETED)`, for what happens most."""
        s = self.state
        book = self.books[s.home[u]]
        self.live -= 1
        if book.flat:
            for slots in (book.lanes[0] if not s.own else self.lane(u)).claim:
                slots.free += 1
                if slots.waiting:
                    slots.pass_on()
            tally = book.tally
            assert tally is not None
            ended = tally.ended = tally.ended + 1
            if ended == tally.count or tally.watched:
                if ended == tally.count or tally.early:
                    self.asks.append(book.parent)
                if tally.readers:
                    self._feed(tally, u)
            return
        n = book.n
        i = (u - book.base) // n
        k = u - book.base - i * n
        for slots in (book.lanes[k] if not s.own else self.lane(u)).claim:
            slots.free += 1
            if slots.waiting:
                slots.pass_on()
        b, left, plain = u - k, self.left, book.plain
        for o in book.outs[k]:
            x = b + o
            if plain[o]:
                still = left[x] = left[x] - 1
                if not still:
                    if s.status[x] != PENDING or s.own or book.timed[o]:
                        self.asks.append(x)
                    else:  # it is ready: `push`, in a few steps less
                        self.queued[x] = s.at
                        lane = book.lanes[o]
                        lane.push(x)
                        if not lane.awake:
                            self.wake(lane)
            else:
                self._arrived(o, x, COMPLETED)
        still = book.todo[i] = book.todo[i] - 1
        if (not still and book.parent >= 0) or book.phased:
            self._scope_moved(book, i)

    def over(self, u: int, status: int) -> None:
        """A unit that had not ended has: those that need it, its scope, its group."""
        s = self.state
        book = self.books[s.home[u]]
        self.forget_question(u)
        if self.local:
            self.local.drop_unit(u)
        if self.gated:
            self.doors.leave(u)
        if book.flat:
            self._count(book.parent, s.as_taken(u))
            return self._end_of_source(u, u + 1) if book.tally is not None and book.tally.readers else None
        i, k = divmod(u - book.base, book.n)
        block = s.stretches[s.home[u]].block
        for o in book.outs[k]:
            fine = k in block.tolerated and block.joins[o] == ALL and IS_BAD[status]
            self._arrived(o, u - k + o, COMPLETED if fine else status)
        if book.kinds[k] == FLOW and u not in s.kids:
            for _, x, y in s.scopes(u):  # a sub-flow that never opened
                self.asks.extend(range(x, y))
        book.todo[i] -= 1
        if IS_BAD[status]:
            book.bad[i] = 1
        if not book.todo[i] or book.phased:
            self._scope_moved(book, i)

    def _arrived(self, o: int, x: int, status: int) -> None:
        """A need of a node has ended: it is looked at when that may decide what becomes of it."""
        s = self.state
        r = s.stretches[s.home[x]]
        block = r.block
        shut = r.step and block.joins[o] != ALL and s.parent(x) not in s.kids  # what came too many opens no gate
        if shut or o in block.soft or block.nodes[o].phase or block.nodes[o].source >= 0:
            self._recount(x)
            self.asks.append(x)
        elif status == COMPLETED or block.joins[o] in (ANY, SETTLED):
            self.left[x] -= 1
            if self.left[x] <= 0:
                self.asks.append(x)
        elif x in self.slack:
            self.slack[x] -= 1
            if self.slack[x] < 0:
                self.asks.append(x)
        else:
            self.asks.append(x)

    def _scope_moved(self, book: Book, i: int) -> None:
        """Nothing is left to do in a scope, or in one of its phases."""
        if book.phased and book.todo[i]:
            return self._open_phase(book, i)
        if book.todo[i] or book.parent < 0:
            return
        p = book.parent + i * book.step
        if book.tally is not None:
            self._count(p, self._end(book, i))
        else:
            self.asks.append(p)

    def _end(self, book: Book, i: int) -> int:
        """How a scope in which nothing is left to do counts for its group."""
        a = book.base + i * book.n
        if book.bad[i] and self._is_bad(a):
            return FAILED
        return SKIPPED if is_left_out(self.state, self.state.stretches[self.state.home[a]].block, a) else COMPLETED

    def _is_bad(self, a: int) -> bool:
        return is_bad(self.state, self.state.stretches[self.state.home[a]].block, a)

    def scope_is_bad(self, i: int, scope: int) -> bool:
        """Of a scope in which nothing is left to do."""
        book = self.books[i]
        return bool(book.bad[scope]) and self._is_bad(book.base + scope * book.n)

    def _open_phase(self, book: Book, i: int) -> None:
        s, b = self.state, book.base + i * book.n
        block = s.stretches[s.home[b]].block
        if book.todo[i] > len(block.phased):
            return
        for k in block.phased:
            if s.status[b + k] == S.PENDING:
                self._recount(b + k)
                if self.left[b + k] <= 0 or phase_is_open(s, block, k, b):
                    self.asks.append(b + k)

    def _count(self, p: int, status: int) -> None:
        tally = self.tally[p]
        tally.ended += 1
        tally.undone += status != COMPLETED
        tally.bad += IS_BAD[status]
        if tally.early or tally.ended == tally.count:
            self.asks.append(p)

    def _end_of_source(self, a: int, b: int) -> None:
        """Of what waits for items a to b - 1, which have ended or are pending again, is counted what that does."""
        s = self.state
        for x, y in after(s, a, b):
            book = self.books[s.home[x]]
            self._push_runs(book, x, y)

    def forget_question(self, u: int) -> None:
        """Nobody waits for an answer about it any more."""
        self.opening.discard(u)
        self.asked.pop(u, None)

    def unpark(self) -> None:
        """What was held is looked at again."""
        parked, self.parked = self.parked, []
        for lane, entry in parked:
            self.put(lane, (entry,))
        self.look_again()

    def look_again(self) -> None:
        """What is asked about nobody now: in a run that goes on, it is."""
        self.asks.extend(sorted(self.opening - self.asked.keys()))

    # ------------------------------------------------------------------ afresh

    def review(self, parts: Spans) -> None:
        """Units of which more than one step is known: they, those that need them, their scopes and groups."""
        s = self.state
        scopes: set[tuple[int, int]] = set()
        above: set[int] = set()
        for first_unit, b in parts:
            a = first_unit
            while a < b:
                home = s.home[a]
                r, book = s.stretches[home], self.books[home]
                stop = min(b, r.stop)
                if self.local:
                    self.local.drop_span(a, stop)
                if home not in s.retired:
                    if book.flat:
                        self._push_runs(book, a, stop)
                        self._end_of_source(a, stop)
                        above.add(r.parent)
                    else:
                        for u in range(a, stop):
                            self._review(r, u)
                        first, last = (a - r.base) // book.n, (stop - 1 - r.base) // book.n
                        for i in range(first, last + 1):
                            scopes.add((home, i))
                            above.add(r.around(i))
                a = stop
        for home, i in scopes:
            self._recount_scope(self.books[home], s.stretches[home], i)
        for p in above:
            if p >= 0 and s.status[p] == S.OPEN:
                self.forget_question(p)
                self._retally(p)
                self.asks.append(p)

    def _review(self, r: Stretch, u: int) -> None:
        k = (u - r.base) % r.block.n
        self.forget_question(u)
        near = (u, *(u - k + o for o in r.block.outs[k]), *(u - k + p for p in r.block.phased))
        for x in near:
            self._recount(x)
            self.asks.append(x)
        if k in r.fixed:
            for _, a, b in self.state.scopes(u):
                for x in range(a, b):
                    self._recount(x)
                    self.asks.append(x)

    def _recount(self, x: int) -> None:
        s = self.state
        r, k, b = s.place(x)
        block, status = r.block, s.status
        node, needs = block.nodes[k], block.needs[k]
        gates = bool(r.step and s.parent(x) not in s.kids) + bool(node.phase and not phase_is_open(s, block, k, b))
        if node.phase:
            self.left[x] = gates + sum(not IS_OVER[status[b + n]] for n in needs)
            return
        if node.ended:
            needs = tuple(n for n in needs if n not in node.ended)
            gates += sum(not IS_OVER[status[b + n]] for n in node.ended)
        if node.join == ALL and k in block.soft:
            soft = block.soft[k]
            states = states_of(s, block, k, b, (n for n in needs if n not in soft))
            hard = len(states) - states.count(S.COMPLETED)
            self.left[x] = gates + hard + sum(first_of(s, b, first) == WAIT for first in node.firsts)
            return
        states = states_of(s, block, k, b, needs) if node.join == ALL else [status[b + n] for n in needs]
        done = states.count(S.COMPLETED)
        over = sum(IS_OVER[status[b + n]] for n in needs)
        self.left[x] = gates + max(block.left[k] - (over if node.join in (ANY, SETTLED) else done), 0)
        if x in self.slack:
            self.slack[x] = len(needs) - block.left[k] - (over - done)

    def _recount_scope(self, book: Book, r: Stretch, i: int) -> None:
        a = book.base + i * book.n
        status = self.state.status[a : a + book.n]
        book.todo[i] = sum(not IS_OVER[state] for state in status)
        book.bad[i] = any(IS_BAD[state] for state in status) or self.state.finisher(r.block, a) is not None
        if book.phased and book.todo[i]:
            self.asks.extend(a + k for k in r.block.phased if status[k] == S.PENDING)

    def reopened(self, p: int) -> None:
        """A group that had ended counts again: nobody kept it up meanwhile."""
        s = self.state
        for i, a, b in s.scopes(p):
            book, r = self.books[i], s.stretches[i]
            if not book.flat and book.n:
                for scope in range((a - r.base) // book.n, (b - r.base) // book.n):
                    self._recount_scope(book, r, scope)
                for u in s.find(S.PENDING, a, b):
                    self._recount(u)
                    self.asks.append(u)
        self._retally(p)
        self.asks.append(p)

    def _retally(self, p: int) -> None:
        """Items at C speed; of scopes their counters."""
        s, tally = self.state, self.tally.get(p)
        if tally is None:
            return
        tally.count = tally.ended = tally.undone = tally.bad = 0
        for i in s.kids.get(p, ()):
            r, book = s.stretches[i], self.books[i]
            book.tally = tally
            tally.count += r.count
            if book.flat:
                status = s.status[r.base : r.stop]
                done, skipped = status.count(S.COMPLETED), status.count(S.SKIPPED)
                bad = sum(status.count(state) for state in (S.FAILED, S.UPSTREAM_FAILED, S.CANCELLED))
                ended = done + skipped + bad
                if s.root.stepping:
                    bad = sum(bool(IS_BAD[s.as_taken(u)]) for u in range(r.base, r.stop))
            else:
                ends = [self._end(book, scope) for scope in range(r.count) if not book.todo[scope]]
                ended, done, bad = len(ends), ends.count(COMPLETED), ends.count(FAILED)
            tally.ended += ended
            tally.undone += ended - done
            tally.bad += bad

    def drop_gone(self) -> None:
        """What was asked for units that a rollback took out does not count."""
        s = self.state
        self.doors.leave_gone(s)
        self.overtaken = {p: spans for p, spans in self.overtaken.items() if p in s.kids and not s.gone(spans[0][0])}
        for u in [u for u in self.opening if s.gone(u)]:
            self.forget_question(u)
        for u in {u for told in (self.local.deadline, self.local.frozen) for _, u in told if s.gone(u)}:
            self.local.drop_unit(u)

    # ------------------------------------------------------------------ to look at

    def startable(self, u: int, at: float) -> bool:
        s = self.state
        state = s.status[u]
        if state == PENDING:
            waits = self.left[u] > 0 or u in self.opening or u in self.abandoned
            return not (waits or (self.gated and s.is_group(u)))
        due = state == RETRYING and s.due[u] <= max(at, self.now) and u not in self.abandoned
        return due and not s.is_group(u)

    def is_ready(self, u: int) -> bool:
        """Whether it waits for nothing but its place (or for the run, or what holds it, to go on)."""
        s = self.state
        if s.status[u] == S.PENDING:
            return self.left[u] <= 0 and u not in self.opening and not s.is_group(u) and verdict(s, u) == S.RUNNING
        return s.status[u] == S.RETRYING and s.due[u] <= self.now and not s.is_group(u)

"""Agenda: what follows from a State and only the run's owner needs: counters, lanes, deadlines, and what to look at next.

It never tells a fact. `over`, `opened`, … keep it up with one fact; `review` counts units afresh from the State, and
`Agenda(state)` is a review of all of them: so what is counted by steps and what is counted anew is one definition.
"""

from __future__ import annotations

from stratix_tasks.core.agenda.books import GOING, Book, Claims, Tally
from stratix_tasks.core.agenda.ready import Ready
from stratix_tasks.core.around import Doors, around
from stratix_tasks.core.limits import Lane
from stratix_tasks.core.node import ALL, ANY, EACH, EARLY, FIRST, FLOW, MAP, N_OF, SETTLED
from stratix_tasks.core.state import COMPLETED, IS_BAD, IS_OVER, PENDING, State
from stratix_tasks.core.states import RunState, S
from stratix_tasks.core.streams import is_shut, source, source_of
from stratix_tasks.core.units import Spans, Stretch


class Agenda(Ready):
    """Of one run. `claims` says what a body takes."""

    def __init__(self, state: State, claims: Claims, *, priority: int = 0) -> None:
        super().__init__(state, claims, priority=priority)
        self.questions = 0
        self.parked: list[tuple[Lane, int | range]] = []
        """What came up in a lane while it was held."""
        self.doors = Doors()
        self.fenced: set[tuple[int, int]] = set()
        """(unit, attempt) of these: each gives its place back once, however often it answers."""
        self.live = 0
        """Bodies that run, or are being stopped."""
        self._keys: dict[int, set[str]] = {}
        for i in range(len(state.stretches)):
            self._book(i)
        if state.run is not RunState.PENDING:
            self.begin()

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
        if fresh and r.step == 0 and r.origin < 0:
            return self._begin(book, r, range(r.count))
        return self._look_at(r.base, r.stop)

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
        for first in range(r.base, r.stop, block.n) if r.origin >= 0 and not flat else ():
            if is_shut(s, first):
                for u in range(first, first + block.n):
                    self.left[u] += 1
        if r.step and r.count and r.parent not in s.kids:
            for u in range(r.base, r.stop):
                self.left[u] += 1
        later = len(block.phased) < block.n  # else nothing comes before what has a phase
        for k in block.counted:
            inner = block.nodes[k]
            if inner.phase and later:
                for u in range(r.base + k, r.stop, block.n):
                    self.left[u] += 1
            if inner.join in (FIRST, N_OF) and inner.needs and k not in block.late_joins:
                slack = len(block.joined[k]) - block.left[k]
                self.slack.update(dict.fromkeys(range(r.base + k, r.stop, block.n), slack))
            if k in block.soft or k in block.late_joins:
                for u in range(r.base + k, r.stop, block.n):
                    self._recount(u)
        return book

    def try_now(self, u: int) -> None:
        """What waits for its next attempt, or its next try, waits no longer."""
        if self.state.is_group(u):
            self.forget_question(u)
            self.asks.append(u)
        else:
            self.push(u)

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
        elif t.origin >= 0:
            for first in range(t.base, t.stop, t.block.n):
                if IS_OVER[s.status[source(s, first)]]:
                    self._look_at(first, first + t.block.n)
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

    def won(self, p: int) -> None:
        """A gather has what it asks for, and goes on with the rest: who needs its value has that, who asks how it ends not yet."""
        r, k, b = self.state.place(p)
        for o in r.block.outs[k]:
            self._recount(b + o)
            self.asks.append(b + o)

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
        if i < len(self.books):
            book = self.books[i]
            assert book.tally is not None
            book.tally.count += 1
            self.left.append(0)
            self.queued.append(0.0)
        for more in range(len(self.books), len(s.stretches)):
            self._book(more)
        if self.books[i].flat:
            self._push_runs(self.books[i], u, u + 1)
        else:
            self._look_at(u, u + self.books[i].n)
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
        i, k = divmod(u - book.base, book.n)
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
        known = u in s.won and block.nodes[k].keep_rest  # who needs its value has had it
        if known:
            self.won(u)
        for o in () if known else book.outs[k]:
            fine = k in block.tolerated and block.joins[o] == ALL and IS_BAD[s.as_taken(u)]
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
        shut = block.joins[o] != ALL and is_shut(s, x)  # what came too many opens no gate
        apart = o in block.soft or o in block.late_joins or block.nodes[o].phase or block.nodes[o].source >= 0
        if shut or apart:
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

    def unpark(self) -> None:
        """What was held is looked at again."""
        parked, self.parked = self.parked, []
        for lane, entry in parked:
            self.put(lane, (entry,))
        self.look_again()

    def look_again(self) -> None:
        """What is asked about nobody now: in a run that goes on, it is."""
        self.asks.extend(sorted(self.opening - self.asked.keys()))

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

    def drop_gone(self) -> None:
        """What was asked for units that a rollback took out does not count."""
        s = self.state
        self.doors.leave_gone(s)
        self.overtaken = {p: spans for p, spans in self.overtaken.items() if p in s.kids and not s.gone(spans[0][0])}
        for u in [u for u in self.opening if s.gone(u)]:
            self.forget_question(u)
        for u in {u for told in (self.local.deadline, self.local.frozen) for _, u in told if s.gone(u)}:
            self.local.drop_unit(u)

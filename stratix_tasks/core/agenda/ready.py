"""Ready: what waits for nothing more stands in its lane, neighbours of a fan-out as one; items of a map that streams as they come."""

from __future__ import annotations

from array import array

from stratix_tasks.core.agenda.books import Book, Claims, Tally
from stratix_tasks.core.agenda.counters import Counters
from stratix_tasks.core.joins import WAIT, verdict
from stratix_tasks.core.state import COMPLETED, IS_OVER, PENDING, State, fill, fill_whole
from stratix_tasks.core.states import S
from stratix_tasks.core.streams import after, pending, reader
from stratix_tasks.core.units import Spans, Stretch


class Ready(Counters):
    """Puts what is ready into its lane."""

    def __init__(self, state: State, claims: Claims, *, priority: int = 0) -> None:
        super().__init__(state, claims, priority=priority)
        self.overtaken: dict[int, Spans] = {}
        """By map that streams: spans of its items that wait for what has ended otherwise than completed."""

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
            if x < 0:
                continue
            book = self.books[s.home[x]]
            if not book.flat:
                self._look_at(x, x + book.n)
                continue
            if s.status[x] != PENDING:
                continue
            self.left[x] = 0
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

    def _end_of_source(self, a: int, b: int) -> None:
        """Of what waits for items a to b - 1, which have ended or are pending again, is counted what that does."""
        s = self.state
        for x, y in after(s, a, b):
            book = self.books[s.home[x]]
            if book.flat:
                self._push_runs(book, x, y)
            else:
                self._look_at(x, y)

    def _look_at(self, a: int, b: int) -> None:
        """Of what waits in scopes those are to be looked at of which something can be told."""
        for u in self.state.find(PENDING, a, b):
            self._recount(u)
            if verdict(self.state, u) != WAIT:
                self.asks.append(u)

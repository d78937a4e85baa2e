"""Counters: what units, scopes and fan-outs still wait for, counted from the State."""

from __future__ import annotations

from array import array
from collections import deque

from stratix_tasks.core.agenda.books import Book, Claims, Tally
from stratix_tasks.core.agenda.lines import Lines
from stratix_tasks.core.joins import (
    WAIT,
    first_of,
    how_many,
    is_bad,
    is_left_off,
    is_left_out,
    phase_is_open,
    states_of,
    verdict,
)
from stratix_tasks.core.node import ALL, ANY, SETTLED
from stratix_tasks.core.state import COMPLETED, FAILED, IS_BAD, IS_OVER, PENDING, RETRYING, SKIPPED, State
from stratix_tasks.core.states import S
from stratix_tasks.core.streams import is_shut
from stratix_tasks.core.units import Stretch


class Counters(Lines):
    """Each counter is what one who counts afresh finds; it says of none what is to follow, but what to look at."""

    def __init__(self, state: State, claims: Claims, *, priority: int = 0) -> None:
        super().__init__(state, claims, priority=priority)
        self.left = array("i")
        """What a unit still waits for: needs, and the opening of its group and its phase."""
        self.slack: dict[int, int] = {}
        """Of joins that need some of many: how many more may end badly."""
        self.tally: dict[int, Tally] = {}
        self.asks: deque[int] = deque()
        """Units to look at: what is decided of them is not yet told."""
        self.abandoned: dict[int, int] = {}
        """Bodies by unit that did not stop in their grace: they have their places until they end by themselves."""
        self.gated = False
        """Whether any of them begins as a whole."""

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
        s = self.state
        block = s.stretches[s.home[a]].block
        return SKIPPED if is_left_out(s, block, a) or is_left_off(s, block, a) else COMPLETED

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

    def _recount(self, x: int) -> None:
        s = self.state
        r, k, b = s.place(x)
        block, status = r.block, s.status
        node, needs = block.nodes[k], block.joined[k]
        gates = is_shut(s, x) + bool(node.phase and not phase_is_open(s, block, k, b))
        if node.phase:
            self.left[x] = gates + sum(not IS_OVER[status[b + n]] for n in node.needs)
            return
        if node.ended:
            gates += sum(not IS_OVER[status[b + n]] for n in node.ended)
        if node.join == ALL and k in block.soft:
            soft = block.soft[k]
            states = states_of(s, block, k, b, (n for n in needs if n not in soft))
            hard = len(states) - states.count(S.COMPLETED)
            self.left[x] = gates + hard + sum(first_of(s, b, first) == WAIT for first in node.firsts)
            return
        states = states_of(s, block, k, b, needs) if node.join == ALL else [s.as_needed(b + n) for n in needs]
        done = states.count(S.COMPLETED)
        over = sum(IS_OVER[state] for state in states)
        asked = block.left[k]
        if k in block.late_joins:
            told = states_of(s, block, k, b, node.told)
            gates, asked = gates + len(told) - told.count(S.COMPLETED), how_many(s, x) or 0
        self.left[x] = gates + max(asked - (over if node.join in (ANY, SETTLED) else done), 0)
        if x in self.slack:
            self.slack[x] = len(needs) - block.left[k] - (over - done)

    def _recount_scope(self, book: Book, r: Stretch, i: int) -> None:
        a = book.base + i * book.n
        status = self.state.status[a : a + book.n]
        book.todo[i] = sum(not IS_OVER[state] for state in status)
        book.bad[i] = any(IS_BAD[state] for state in status) or self.state.finisher(r.block, a) is not None
        if book.phased and book.todo[i]:
            self.asks.extend(a + k for k in r.block.phased if status[k] == S.PENDING)

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

    def startable(self, u: int, at: float) -> bool:
        s = self.state
        state = s.status[u]
        if state == PENDING:
            waits = self.left[u] > 0 or u in self.opening or self.awaits_body(u)
            return not (waits or (self.gated and s.is_group(u)))
        due = state == RETRYING and s.due[u] <= max(at, self.now) and not self.awaits_body(u)
        return due and not s.is_group(u)

    def awaits_body(self, u: int) -> bool:
        """Whether a body of it that did not stop keeps another one from beginning."""
        return u in self.abandoned and self.state.policy(u).abandoned == "wait"

    def is_ready(self, u: int) -> bool:
        """Whether it waits for nothing but its place (or for the run, or what holds it, to go on)."""
        s = self.state
        if s.status[u] == S.PENDING:
            return self.left[u] <= 0 and u not in self.opening and not s.is_group(u) and verdict(s, u) == S.RUNNING
        return s.status[u] == S.RETRYING and s.due[u] <= self.now and not s.is_group(u)

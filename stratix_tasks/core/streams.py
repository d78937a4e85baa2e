"""Streams: maps, and mapped flows, whose items wait each for the item of the same place in a map. Pure questions about a State.

A map opens with the one that it streams from, and grows with it. Items of both are found by place: those that were there when
it opened lie side by side in a stretch, and only those that were spawned since are kept one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from stratix_tasks.core.state import IS_OVER, MISSING, State
from stratix_tasks.core.states import S


def feeds(s: State, p: int) -> int:
    """The map from which a map that has not opened would stream now; -1 where there is none, or it has nothing to give so.

    One that has a value of its own gives that, and so does a person who gave what is mapped over.
    """
    r, k, b = s.place(p)
    node = r.block.nodes[k]
    if node.source < 0:
        return -1
    source = b + node.source
    there = source in s.kids and s.status[source] in _GIVING and source not in s.target
    return source if there and s.values[source] is MISSING and node.over not in s.given(p) else -1


_GIVING = (S.OPEN, S.COMPLETED, S.FAILED)
"""States in which items of a map that has opened are there to go on with."""


def source_of(s: State, p: int) -> int:
    """The map that an open one streams from; -1 where it does not."""
    kids = s.kids.get(p)
    if not kids or s.stretches[kids[0]].origin < 0:
        return -1
    r, k, b = s.place(p)
    return b + r.block.nodes[k].source


def sources_of(s: State, units: Iterable[int]) -> set[int]:
    """The maps that open ones among these stream from, and those that these stream from."""
    found, stack = set[int](), [*units]
    while stack:
        source = source_of(s, stack.pop())
        if source >= 0 and source not in found:
            found.add(source)
            stack.append(source)
    return found


def is_open_ended(s: State, p: int) -> bool:
    """Whether more items may come to a map, since the one that it streams from goes on."""
    source = source_of(s, p)
    return source >= 0 and not IS_OVER[s.status[source]]


def source(s: State, u: int) -> int:
    """The item that an item, or a node of one of a mapped flow, waits for; -1 where it waits for none."""
    r = s.stretches[s.home[u]]
    if r.origin < 0:
        return -1
    above, k, b = s.place(r.parent)
    return s.item(b + above.block.nodes[k].source, r.origin + r.scope(u))


def is_shut(s: State, u: int) -> bool:
    """Whether the scope of a unit has not begun: its sub-flow is not open, or what the item waits for has not completed."""
    r = s.stretches[s.home[u]]
    if r.step:
        return s.parent(u) not in s.kids
    return r.origin >= 0 and not s.gone(u) and s.status[source(s, u)] != S.COMPLETED


def state_of_source(s: State, u: int) -> int:
    """How the item that an item waits for is to be taken. Of a map that is to fail what was cancelled for that is bad, too."""
    x = source(s, u)
    above = s.parent(x)
    fails = s.status[above] == S.FAILED or (above in s.target and s.target[above][0] == S.FAILED)
    return s.status[x] if fails else s.as_taken(x)


def is_in_vain(s: State, p: int) -> bool:
    """Whether nothing of its own failed in a map that streams, and has failed."""
    return source_of(s, p) >= 0 and not any(s.status.find(S.FAILED, a, b) >= 0 for _, a, b in s.scopes(p))


def before(s: State, u: int) -> list[int]:
    """What a unit waits for: its needs, and the group that it lies in; of what streams its source in place of that."""
    r, k, b = s.place(u)
    above = source(s, u) if r.block.items or r.origin >= 0 else s.parent(u)
    return [*(b + n for n in r.block.needs[k]), *((above,) if above >= 0 else ())]


def is_left_out_with(s: State, u: int) -> bool:
    """Whether the item of a mapped flow that a unit lies in is skipped as a whole, since what it waits for was."""
    return source(s, u) >= 0 and state_of_source(s, u) == S.SKIPPED


def sources(s: State, first: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Of items of a map that wait, first to stop - 1, which lie in one stretch: spans of them, each with the first item of those that
    they wait for, which lie side by side."""
    while first < stop:
        x = source(s, first)
        end = min(stop, first + s.stretches[s.home[x]].stop - x)
        yield first, end, x
        first = end


def pending(s: State, first: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Spans of pending items, of such, with how the items that they wait for are to be taken."""
    for a, b, x in sources(s, first, stop):
        off = x - a
        for start, end in s.runs(S.PENDING, a, b):
            at = start
            while at < end:
                state = s.status[at + off]
                then = s.same_to(at + off, end + off) - off
                if state == S.CANCELLED and s.root.stepping:  # it may be as good as skipped
                    state, then = state_of_source(s, at), at + 1
                yield at, then, state
                at = then


def readers(s: State, p: int) -> list[int]:
    """The open maps that stream from a map."""
    r, k, b = s.place(p)
    return [b + o for o in r.block.readers.get(k, ()) if source_of(s, b + o) >= 0] if r.block.readers else []


def reader(s: State, p: int, place: int) -> int:
    """The item of a map, or where that of a mapped flow begins, for the one at a place of the map that it streams from; -1 where
    it does not, or has none so far."""
    kids = s.kids.get(p)
    r = s.stretches[kids[0]] if kids else None
    if r is None or r.origin < 0:
        return -1
    if place < r.count:
        return r.base + place * r.block.n
    return s.fed[p].get(place, -1) if p in s.fed else -1


def after(s: State, first: int, stop: int) -> list[tuple[int, int]]:
    """Spans of the items, with all nodes of those of mapped flows, that wait for items first to stop - 1."""
    found = list[tuple[int, int]]()
    for a, b in s.pieces(first, stop):
        group = s.map_of(a)
        for p in readers(s, group) if group >= 0 else ():
            planned, place = s.stretches[s.kids[p][0]], s.index(a)
            last, n = place + b - a, planned.block.n
            if place < planned.count:
                found.append((planned.base + place * n, planned.base + min(last, planned.count) * n))
            found += [(x, x + n) for at in range(max(place, planned.count), last) if (x := reader(s, p, at)) >= 0]
    return found


def all_after(s: State, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of all items that wait for these, for those that wait for them, and so on."""
    found, stack = list[tuple[int, int]](), list(spans)
    while stack:
        more = after(s, *stack.pop())
        found += more
        stack += more
    return found


class Sources(Sequence[int]):
    """By the place of an item of a map that streams, or is to, the item that it waits for. Grows with the map."""

    __slots__ = ("_map", "_source", "_state")

    def __init__(self, s: State, p: int, source: int) -> None:
        self._state, self._map, self._source = s, p, source

    def __len__(self) -> int:
        return self._state.count(self._source)

    def __getitem__(self, index: Any) -> Any:
        s = self._state
        planned = index < s.stretches[s.kids[self._map][0]].count
        return s.item(self._source, index) if planned else source(s, s.item(self._map, index))

"""Units: the numbers of a run's nodes and items, where each of them lies, and which are in a state.

A unit is a node of a scope, or an item of a map: a number, the place in flat arrays. A stretch is `count` scopes of one
block side by side, so that unit `base + scope * n + node` is node `node` of scope `scope`: a sub-flow or a round of a loop
is a stretch of one scope, the items of a map one of a block of one node, a mapped flow one of many scopes, with no object
for any of them.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import FLOW, LOOP, MAP, Kind, Node
from stratix_tasks.core.states import BAD, S

Spans = list[tuple[int, int]]
Places = tuple[tuple[int, int], ...]
"""The way to a unit from within: its number in the block and the place of its scope, of a round -1."""


@dataclass(slots=True, frozen=True)
class Stretch:
    """`count` scopes of a block. What lies around scope i is unit `parent + i * step`; of the outermost one that is -1."""

    block: Block
    base: int
    count: int
    parent: int
    step: int
    index: int
    """Which round of a loop it is; of items, where their places begin."""
    stop: int
    fixed: dict[int, int]
    """By node, the stretch of its sub-flow that was laid out with this one."""
    origin: int = -1
    """Of items of a map that streams: the place of the first one's source, in the map that it streams from."""

    def scope(self, u: int) -> int:
        return (u - self.base) // self.block.n

    def around(self, scope: int) -> int:
        return self.parent + scope * self.step if self.parent >= 0 else -1


class Tally(NamedTuple):
    done: int
    skipped: int
    failed: int
    total: int

    @property
    def ended(self) -> int:
        return self.done + self.skipped + self.failed


class Units:
    """Of one run. Only `apply` adds to them."""

    __slots__ = ("home", "keys", "kids", "retired", "root", "status", "stretches")

    def __init__(self, root: Block) -> None:
        self.root = root
        self.status, self.home = bytearray(), array("i")
        self.stretches: list[Stretch] = []
        self.kids: dict[int, list[int]] = {}
        """Of a group that has opened its stretches, in order; those that a rollback took out are in `retired` alone."""
        self.retired: set[int] = set()
        self.keys: dict[int, list[str]] = {}

    def place(self, u: int) -> tuple[Stretch, int, int]:
        """Its stretch, its number in the block, and where its scope begins."""
        r = self.stretches[self.home[u]]
        k = (u - r.base) % r.block.n
        return r, k, u - k

    def node(self, u: int) -> Node:
        r = self.stretches[self.home[u]]
        return r.block.nodes[(u - r.base) % r.block.n]

    def kind(self, u: int) -> Kind:
        return self.node(u).kind

    def is_group(self, u: int) -> bool:
        r = self.stretches[self.home[u]]
        return bool(r.block.groups) and r.block.kinds[(u - r.base) % r.block.n] != Kind.TASK

    def parent(self, u: int) -> int:
        """The group that a unit lies in, or -1."""
        r = self.stretches[self.home[u]]
        if r.parent < 0:
            return -1
        return r.parent + (u - r.base) // r.block.n * r.step

    def map_of(self, u: int) -> int:
        """The mapped node that a unit is an item of, or -1."""
        r = self.stretches[self.home[u]]
        return r.parent if r.block.items else -1

    def shown(self, u: int) -> int:
        """The unit that stands for it among those that are laid out from the beginning: itself, or the group around it."""
        laid_out = len(self.root.outline.names)
        while u >= laid_out:
            u = self.parent(u)
        return u

    def node_of(self, u: int) -> int:
        """The unit itself, of an item its mapped node."""
        above = self.map_of(u)
        return u if above < 0 else above

    def path(self, u: int) -> str:
        """The names on the way to a unit, without items and rounds: the same for all scopes of a flow."""
        names = []
        while u >= 0:
            r, k, _ = self.place(u)
            above = r.parent if r.parent < 0 else r.parent + (u - r.base) // r.block.n * r.step
            if above < 0 or self.kind(above) is not MAP:
                names.append(r.block.names[k])
            u = above
        return ".".join(reversed(names))

    def in_all_rounds(self, u: int) -> int | Places:
        """What is the same for a unit in every round of the loops that it lies in; of one that lies in none the unit itself."""
        way, x = [], u
        while x >= 0:
            above = self.parent(x)
            is_round = above >= 0 and self.kind(above) is LOOP
            way.append((self.place(x)[1], -1 if is_round else self.index(x)))
            x = above
        return tuple(way) if any(place < 0 for _, place in way) else u

    def scopes(self, u: int) -> Iterator[tuple[int, int, int]]:
        """Of a group: the stretches in it and the span of each that belongs to it; also of one that is laid out, but not open."""
        r, k, _ = self.place(u)
        if k in r.fixed:
            t = self.stretches[r.fixed[k]]
            a = t.base + (u - r.base) // r.block.n * t.block.n
            yield r.fixed[k], a, a + t.block.n
            return
        for i in self.kids.get(u, ()):
            t = self.stretches[i]
            yield i, t.base, t.stop

    def pieces(self, a: int, b: int) -> Iterator[tuple[int, int]]:
        """Units a to b - 1 as spans that lie in one stretch each."""
        while a < b:
            stop = min(b, self.stretches[self.home[a]].stop)
            yield a, stop
            a = stop

    def below(self, spans: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """These spans and all that lie in them, at any depth. A work list: there may be a thousand levels."""
        found = list(spans)
        for i, a, b in found:
            r = self.stretches[i]
            n = r.block.n
            for k in r.block.groups:
                if k in r.fixed:
                    t = self.stretches[r.fixed[k]]
                    x, y = (a - r.base) // n, (b - r.base + n - 1) // n
                    found.append((r.fixed[k], t.base + x * t.block.n, t.base + y * t.block.n))
                elif self.kids:
                    first = a + (k - (a - r.base)) % n
                    for u in range(first, b, n):
                        found += [(j, self.stretches[j].base, self.stretches[j].stop) for j in self.kids.get(u, ())]
        return found

    def inside(self, u: int) -> list[tuple[int, int, int]]:
        return self.below(self.scopes(u))

    def before(self, units: Iterable[int]) -> set[int]:
        """What units were made from, in their scopes."""
        found, stack = set[int](), [*units]
        while stack:
            r, k, b = self.place(stack.pop())
            more = {b + n for n in r.block.needs[k]} - found
            found |= more
            stack += more
        return found

    def members(self, u: int) -> Sequence[int]:
        """The items of a map, or the nodes in a sub-flow; of a mapped flow or loop the nodes of all of its scopes."""
        spans = [(a, b) for _, a, b in self.scopes(u)]
        if len(spans) == 1:
            return range(*spans[0])
        return [unit for a, b in spans for unit in range(a, b)]

    def count(self, u: int) -> int:
        """How many items, scopes or rounds a group has."""
        return (
            sum(self.stretches[i].count for i in self.kids.get(u, ())) if self.kind(u) is not FLOW else u in self.kids
        )

    def tally(self, u: int) -> Tally:
        """What has become of a group's items, or of the nodes in it."""
        parts = [(self.stretches[i].base, self.stretches[i].stop) for i in self.kids.get(u, ())]
        parts = [(a, b) for _, a, b in self.scopes(u)] if self.kind(u) is not MAP else parts
        count = self.status.count
        done, skipped = (sum(count(state, a, b) for a, b in parts) for state in (S.COMPLETED, S.SKIPPED))
        failed = sum(count(state, a, b) for state in BAD for a, b in parts)
        return Tally(done, skipped, failed, sum(b - a for a, b in parts))

    def item(self, group: int, index: int) -> int:
        """The unit of an item by its place; of a mapped flow or loop, where that scope begins. IndexError."""
        kids = self.kids.get(group, ())
        at = 0 if len(kids) == 1 else bisect_right(kids, index, key=lambda i: self.stretches[i].index) - 1
        if at < 0 or not kids:
            raise IndexError(index)
        r = self.stretches[kids[at]]
        if not r.index <= index < r.index + r.count:
            raise IndexError(index)
        return r.base + (index - r.index) * r.block.n

    def index(self, u: int) -> int:
        """The place of its scope in the group that it lies in: of an item among the items, of a round among the rounds."""
        r = self.stretches[self.home[u]]
        return r.index + (0 if r.step else (u - r.base) // r.block.n)

    def key(self, group: int, index: int) -> str | None:
        keys = self.keys.get(group)
        return None if keys is None else keys[index]

    def find(self, status: int, start: int, stop: int) -> list[int]:
        """Units in a state, by a scan of bytes at C speed."""
        return _places(self.status, status, start, stop)

    def units_in(self, *states: int) -> list[int]:
        return [u for state in states for u in self.find(state, 0, len(self.status))]

    def units_of(self, path: str, status: int) -> list[int]:
        """Units in a state of the node at a path, in all scopes: however many others there are. Items of a map are none."""
        name, found = path.rpartition(".")[2], list[int]()
        for r in self.stretches:
            k = None if r.block.items or not r.count else r.block.index.get(name)
            if k is not None and self.path(r.base + k) == path:
                own = self.status[r.base + k : r.stop : r.block.n]
                found += [r.base + k + at * r.block.n for at in _places(own, status, 0, len(own))]
        return found

    def runs(self, status: int, start: int, stop: int) -> Spans:
        """The same as spans: where one begins is found a hundred times as fast by `find` as by a pattern."""
        told, run, found = self.status, _RUNS[status], []
        at = told.find(status, start, stop)
        while at >= 0:
            end = run.match(told, at, stop).end()  # type: ignore[union-attr]
            found.append((at, end))
            at = told.find(status, end, stop)
        return found

    def same_to(self, u: int, stop: int) -> int:
        """Where the run of units ends that are in the state of this one."""
        return _RUNS[self.status[u]].match(self.status, u, stop).end()  # type: ignore[union-attr]

    def depth(self, u: int) -> int:
        """How often the flow that a unit would open lies around it already."""
        r, k, _ = self.place(u)
        inner, found = r.block.inner[k], 0
        while u >= 0:
            r, _, _ = self.place(u)
            found += r.block is inner
            u = self.parent(u)
        return found

    def gone(self, u: int) -> bool:
        """Whether a rollback took it out of the run."""
        return bool(self.retired) and self.home[u] in self.retired


_RUNS = [re.compile(re.escape(bytes((status,))) + b"+") for status in range(32)]


def _places(told: bytearray, status: int, start: int, stop: int) -> list[int]:
    found, at = [], told.find(status, start, stop)
    while at >= 0:
        found.append(at)
        at = told.find(status, at + 1, stop)
    return found

"""Streaming: a map whose items wait for those of another one goes after it, and lets go of it where that comes to another value."""

from __future__ import annotations

from stratix_tasks.core.decide import again
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.facts import SPAWNED, SWEPT
from stratix_tasks.core.state import IS_BAD, State
from stratix_tasks.core.states import S
from stratix_tasks.core.streams import pending, readers, source_of
from stratix_tasks.core.units import Spans


def follow(core: Core, p: int, at: float) -> None:
    """It has an item for each one of its source, and those that have waited in vain end."""
    s, g = core.state, core.agenda
    source = source_of(s, p)
    if source < 0:
        return
    if p not in s.target:
        planned = s.stretches[s.kids[p][0]].count
        for place in range(planned + len(s.fed.get(p, ())), g.tally[source].count):
            item = len(s.status)
            core.tell(SPAWNED, at, item, p, g.tally[p].count, None, place, None, None)
            g.spawned(item)
    for x, y in g.overtaken.pop(p, ()):
        _end_in_vain(core, x, y, at)


def _end_in_vain(core: Core, x: int, y: int, at: float) -> None:
    s, ends = core.state, dict[S, Spans]()
    for a, b, state in pending(s, x, y):
        if IS_BAD[state] or state == S.SKIPPED:
            ends.setdefault(S.UPSTREAM_FAILED if IS_BAD[state] else S.SKIPPED, []).append((a, b))
    for end, spans in ends.items():
        core.tell(SWEPT, at, spans[0][0], spans[-1][1], int(end), "upstream", spans)
        core.agenda.review(spans)


def let_go_of(core: Core, p: int, at: float) -> None:
    """What streams from a map that comes to a value of its own goes over that, from the beginning."""
    found = _open_streams(core.state, p)
    if found:
        again.roll(core, {*found}, [], [], at)


def begun_streams(s: State, p: int) -> list[int]:
    """Of what streams from a map that in which something has begun."""
    return [x for x in _open_streams(s, p) if any(any(s.attempt[a:b]) for _, a, b in s.inside(x))]


def _open_streams(s: State, p: int) -> list[int]:
    """Those that go on; not one that has its value already, and only its rest left to do: somebody may have gone on with that."""
    found = [x for x in readers(s, p) if s.status[x] == S.OPEN and x not in s.won]
    for x in found:
        found += [y for y in readers(s, x) if s.status[y] == S.OPEN and y not in s.won]
    return found

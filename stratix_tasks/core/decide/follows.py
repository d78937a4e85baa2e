"""Which units something is about: what was made from one, what ended for it, and what it can't run for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from stratix_tasks.core.block import Block
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.joins import absorbed, ends_after, verdict
from stratix_tasks.core.node import LOOP, MAP
from stratix_tasks.core.state import IS_BAD, LEFT, LOST, OF_STEPS, State
from stratix_tasks.core.states import BAD, S
from stratix_tasks.core.steps import ended_by
from stratix_tasks.core.streams import all_after, before, source_of, sources
from stratix_tasks.core.units import Spans

ENDED_BADLY = (*BAD, S.SKIPPED)


def made_from(core: Core, u: int) -> tuple[set[int], list[int], list[int]]:
    """Units behind it; stretches of later rounds; the groups that it lies in, from the inside out."""
    s = core.state
    units: set[int] = set()
    rounds: list[int] = []
    above: list[int] = []
    while True:
        r, k, b = s.place(u)
        stack = [*r.block.outs[k], *(p for p in ends_after(r.block, k) if s.status[b + p] != S.PENDING)]
        while stack:
            o = stack.pop()
            if b + o not in units:
                units.add(b + o)
                stack += r.block.outs[o]
        p = s.parent(u)
        if p < 0:
            return with_ended(s, units), rounds, above
        if s.kind(p) is LOOP:
            rounds += [i for i in s.kids.get(p, ()) if s.stretches[i].index > r.index]
        above.append(p)
        u = p


def with_ended(s: State, units: set[int]) -> set[int]:
    """With what ended for them: what steps among them have ended, and what lost to joins among them; and all that is behind that."""
    stack = [u for u in units if s.winners or s.finished or s.root.stepping]
    while stack:
        more = _ended_for(s, stack.pop())
        while more:
            x = more.pop()
            if x not in units:
                units.add(x)
                stack.append(x)
                r, k, b = s.place(x)
                more += [b + o for o in r.block.outs[k]]
    return units


def _ended_for(s: State, u: int) -> list[int]:
    """What ended for a unit, or for one that lies in it; not what lies in it itself."""
    steps = s.inside(u) if u in s.kids and s.root.stepping else ()
    inside = {x for i, a, b in steps if s.stretches[i].block.stepping for x in range(a, b)}
    return [*lost_to(s, u), *(one for x in (u, *inside) for one in ended_by(s, x) if one not in inside)]


def lost_to(s: State, u: int) -> list[int]:
    """Of what a join that fired was waiting for what was cancelled for that."""
    found: list[int] = []
    stack = [u] if u in s.winners else []
    while stack:
        r, k, b = s.place(stack.pop())
        more = [b + n for n in r.block.needs[k] if _is_lost(s, b + n)]
        found += more
        stack += more
    return found


def _is_lost(s: State, u: int) -> bool:
    """Whether it was cancelled, or is being stopped, since what it was for went on without it."""
    return s.target[u][1] == LOST if u in s.target else s.status[u] == S.CANCELLED and s.why_ended(u) == LOST


def ended_after(core: Core, units: Iterable[int]) -> set[int]:
    """Descendants that ended and did not complete, and did not lose; what never opened with all that lies in it. Groups
    around that have opened are not among them: they go on with what else is in them as it is."""
    s, seen, around, stack = core.state, set[int](), set[int](), list(units)
    while stack:
        u = stack.pop()
        r, k, b = s.place(u)
        near = [b + o for o in r.block.outs[k] if not r.block.readers or source_of(s, b + o) != u]
        near += [b + p for p in ends_after(r.block, k)]
        if k in r.fixed and u not in s.kids:
            near += [x for _, a, z in s.scopes(u) for x in range(a, z)]
        for x in near:
            if x not in seen and s.status[x] in ENDED_BADLY and s.why_ended(x) not in LEFT:
                seen.add(x)
                stack.append(x)
        above = s.parent(u)
        if above >= 0 and above not in seen and s.status[above] != S.COMPLETED:
            seen.add(above)
            stack.append(above)
            if above in s.kids:
                around.add(above)
    return {x for x in seen - around if s.status[x] in ENDED_BADLY}


def followed(s: State, items: Spans) -> Spans:
    """Of maps that stream the items that ended for the ends of these, as far as somebody may want them again."""
    return [
        run
        for a, b in all_after(s, items)
        for state in ENDED_BADLY
        for run in s.runs(state, a, b)
        if s.why_ended(run[0]) not in LEFT
    ]


def with_bad_before(core: Core, units: Collection[int]) -> set[int]:
    """Bad ends, and the failed, cancelled and upstream_failed sources of those that could not run without, or could not if they
    were not cancelled."""
    s = core.state
    return {*units, *_bad_before(s, [u for u in units if _is_in_vain(s, u)])}


def _is_in_vain(s: State, u: int) -> bool:
    return s.status[u] == S.UPSTREAM_FAILED or (s.status[u] == S.CANCELLED and verdict(s, u) == S.UPSTREAM_FAILED)


def _bad_before(s: State, units: list[int]) -> set[int]:
    found, stack = set[int](), units
    while stack:
        for x in before(s, stack.pop()):
            if x not in found and IS_BAD[s.as_taken(x)]:
                found.add(x)
                stack.append(x)
    return found


def bad_in(core: Core, units: Iterable[int]) -> tuple[set[int], set[int], Spans]:
    """Of groups their bad units, at any depth (of a loop those of its last round): units, groups, and spans of items. What
    was taken up in them, or steps in them ended, is left as it is, not what ended with a group that a step ended; and what
    lost, but in one that lost itself. One that is open goes on, as do those in it.
    """
    s = core.state
    fresh: set[int] = set()
    groups: set[int] = set()
    items: Spans = []
    stack = list(units)
    while stack:
        u = stack.pop()
        if u in fresh or u in groups:
            continue
        if u not in s.kids:
            fresh.add(u)
            continue
        groups.add(u)
        why = s.why_ended(u)
        inside = [*s.scopes(u)]
        for i, a, b in inside[-1:] if s.kind(u) is LOOP and s.node(u).undoes is None else inside:
            block = s.stretches[i].block
            with_it = why in OF_STEPS or not block.stepping  # what was ended in there, was with it
            left = OF_STEPS if why == LOST else (LOST,) if with_it else LEFT
            if block.n == 1 and s.kind(u) is MAP:
                items += [run for state in BAD for run in s.runs(state, a, b) if s.why_ended(run[0]) not in left]
            else:
                stack += [x for x in _bad_nodes(s, block, a, b) if s.why_ended(x) not in left]
                stack += [x for x in s.find(S.OPEN, a, b) if s.status[u] == S.OPEN and x not in s.target]
    return fresh, groups, items


def _bad_nodes(s: State, block: Block, a: int, b: int) -> list[int]:
    """Of scopes side by side the nodes that ended badly, and that nothing went on without."""
    bad = [x for state in BAD for x in s.find(state, a, b)]
    if not block.absorbing:
        return bad
    taken = {first: absorbed(s, block, first) for first in {x - (x - a) % block.n for x in bad}}
    return [x for x in bad if not taken[x - (x - a) % block.n][(x - a) % block.n]]


def bad_sources(s: State, items: Spans) -> Spans:
    """Of items, or nodes of those of mapped flows, that can't run for what they wait for the bad ends of that."""
    found, stack = Spans(), [run for run in items if s.status[run[0]] == S.UPSTREAM_FAILED]
    while stack:
        for a, b, x in sources(s, *stack.pop()):
            bad = [run for state in BAD for run in s.runs(state, x, x + b - a)]
            found += [run for run in bad if run not in items and run not in found]
            stack += [run for run in bad if s.status[run[0]] == S.UPSTREAM_FAILED]
    return found


def has_lost(core: Core, u: int) -> bool:
    """Whether it was cancelled since what it was for went on without it: nobody asks any more how it ends. Somebody does who was
    tried again since, and failed for it."""
    s = core.state
    if not IS_BAD[s.status[u]] or s.why_ended(u) != LOST:
        return False
    return not any(s.status[x] == S.UPSTREAM_FAILED for x in ended_after(core, (u,)))


def never_begun(s: State, u: int) -> list[int]:
    """What is laid out in a sub-flow that ended before it opened, and has ended badly for that."""
    if u in s.kids:
        return []
    return [x for _, a, b in s.inside(u) for x in range(a, b) if IS_BAD[s.status[x]]]

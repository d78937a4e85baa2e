"""How the parts of a group stand: the items of a map, the scopes of a mapped flow, the nodes of a sub-flow. In the engine's thread."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.ends import told_of
from stratix_tasks.core.joins import scope_ended
from stratix_tasks.core.node import EACH, MAP
from stratix_tasks.core.scope import state_of_scope
from stratix_tasks.core.state import IS_OVER
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import BAD, State
from stratix_tasks.core.targets import scope_of
from stratix_tasks.core.units import Tally

MANY = 100
"""Open groups side by side beyond which it is not asked of each whether something in it moves."""
MOVING = (State.RUNNING, State.STOPPING)


def tally(core: Core, group: int) -> Tally:
    """What has become of the parts of a group that has opened. Of a mapped flow that is open the agenda counts it; one that has ended is
    asked scope by scope."""
    s = core.state
    if s.kind(group) is not EACH:
        return s.tally(group)
    if IS_OVER[s.status[group]]:
        ends = [scope_ended(s, s.stretches[i].block, at) for i, a, b in s.scopes(group) for at in _starts(s, i, a, b)]
        bad = sum(map(ends.count, BAD))
        return Tally(ends.count(State.COMPLETED), ends.count(State.SKIPPED), bad, len(ends))
    kept = core.agenda.tally.get(group)
    return Tally(0, 0, 0, 0) if kept is None else Tally(kept.done, kept.undone - kept.bad, kept.bad, kept.count)


def _starts(s: Recorded, stretch: int, a: int, b: int) -> range:
    return range(a, b, s.stretches[stretch].block.n)


def moving(s: Recorded, group: int) -> int:
    """In how many of the parts a body runs."""
    found = 0
    for i, a, b in s.scopes(group):
        block = s.stretches[i].block
        if not block.groups and s.kind(group) is not EACH:
            found += sum(s.status.count(state, a, b) for state in MOVING)
            continue
        units = [u for state in MOVING for u in s.find(state, a, b)]
        groups = s.find(State.OPEN, a, b)
        units += groups if len(groups) > MANY else [u for u in groups if _count(s, s.inside(u), MOVING)]
        found += len({(u - a) // block.n for u in units} if s.kind(group) is EACH else units)
    return found


def rests(core: Core, group: int) -> tuple[bool, bool]:
    """Of a group in which no body runs: whether something in it waits, and whether something is paused."""
    s = core.state
    spans = s.inside(group)
    return _count(s, spans, (State.WAITING,)) > 0, _is_still(s, spans)


Spans = list[tuple[int, int, int]]


def _count(s: Recorded, spans: Spans, states: tuple[State, ...]) -> int:
    return sum(s.status.count(state, a, b) for _, a, b in spans for state in states)


def _is_still(s: Recorded, spans: Spans) -> bool:
    if _count(s, spans, (State.SUSPENDED,)):
        return True
    waits = (u for _, a, b in spans for state in (State.PENDING, State.RETRYING) for u in s.find(state, a, b))
    return bool(s.marks) and any(s.held(u) for u in waits)


def error_of(s: Recorded, group: int) -> dict[str, Any] | None:
    """What the first item failed by that has failed; what lies in a sub-flow shows its own."""
    if group not in s.kids or s.kind(group) not in (MAP, EACH):
        return None
    failed = (u for _, a, b in s.scopes(group) for u in s.find(State.FAILED, a, b))
    if s.kind(group) is MAP:
        return next((s.error[u] for u in failed if u in s.error), None)
    return next((told_of(s, u) for u in failed if _is_failed(s, group, u)), None)


def _is_failed(s: Recorded, group: int, u: int) -> bool:
    """Whether the item that a unit lies in has failed with it."""
    return state_of_scope(s, scope_of(s, group, s.index(u))) is State.FAILED

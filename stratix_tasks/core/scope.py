"""A scope as one: an item of a mapped flow, or a round of a loop. What it has come to follows from the nodes in it."""

from __future__ import annotations

from stratix_tasks.core.joins import LEFT_OUT, absorbed, is_left_out, scope_ended
from stratix_tasks.core.state import IS_BAD, IS_OVER, State
from stratix_tasks.core.states import S
from stratix_tasks.core.targets import Scope, scope_of

_ASKED = frozenset((S.CANCELLED, S.SKIPPED, S.COMPLETED))
"""What something that has not ended is brought to by a request, or by a join."""


def inside(s: State, scope: Scope) -> list[tuple[int, int, int]]:
    """Its units, and all that lie in them."""
    return s.below([(scope.stretch, scope.start, scope.stop)])


def state_of_scope(s: State, scope: Scope) -> S:
    """OPEN where something of it has begun; of one that has ended COMPLETED, FAILED, CANCELLED or SKIPPED."""
    left = [u for u in scope.units if not IS_OVER[s.status[u]]]
    if not left:
        return scope_ended(s, s.stretches[scope.stretch].block, scope.start)
    if all(is_still(s, u) for u in left):
        return S.HELD
    states = {s.status[u] for u in left}
    if states == {S.WAITING}:
        return S.WAITING
    if all(u in s.target and s.target[u][0] in _ASKED for u in left):
        return S.STOPPING
    return S.PENDING if states == {S.PENDING} and len(left) == len(scope.units) else S.OPEN


def is_still(s: State, u: int) -> bool:
    """Whether a unit that has not ended is paused, and nothing of it goes on."""
    status = s.status[u]
    return status == S.SUSPENDED or (status in (S.PENDING, S.RETRYING) and bool(s.held(u)))


def bad_units(s: State, scope: Scope) -> list[int]:
    """Nodes of it that ended badly, and that nothing went on without."""
    block = s.stretches[scope.stretch].block
    bad = [u for u in scope.units if IS_BAD[s.as_taken(u)]]
    if not bad or not block.absorbing:
        return bad
    taken = absorbed(s, block, scope.start)
    return [u for u in bad if not taken[u - scope.start]]


def left_out_units(s: State, scope: Scope) -> list[int]:
    """Nodes that were skipped with it."""
    return [u for u in s.find(S.SKIPPED, scope.start, scope.stop) if s.why_ended(u) in LEFT_OUT]


def giver(s: State, scope: Scope) -> int | None:
    """The unit whose value is the scope's own; None where that is made of more."""
    just = s.stretches[scope.stretch].block.output.just
    return None if just is None else scope.start + just


def last_round(s: State, loop: int, before: int | None = None) -> Scope | None:
    """Of a loop the last round, or the last one before another, that was not left out."""
    for index in reversed(range(s.count(loop) if before is None else before)):
        scope = scope_of(s, loop, index)
        if not is_left_out(s, s.stretches[scope.stretch].block, scope.start):
            return scope
    return None

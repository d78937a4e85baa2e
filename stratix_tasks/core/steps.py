"""Steps: nodes that end others. Which unit one ends, and what came to its end by it: pure questions about a State."""

from __future__ import annotations

from collections.abc import Collection

from stratix_tasks.core.state import BY_STEP, FINISHED, IS_OVER, OF_STEPS, State
from stratix_tasks.core.states import S
from stratix_tasks.core.targets import label


def aim(s: State, u: int) -> int:
    """The unit that a step ends, where that is not its own scope: one beside it, or the nearest of that name around it.

    LookupError where it lies in nothing of that name.
    """
    step, (_, _, b) = s.node(u).step, s.place(u)
    assert step is not None
    if step.node is not None:
        return b + step.node
    above = s.parent(u)
    while above >= 0:
        if s.node(above).name == step.around:
            return above
        above = s.parent(above)
    raise LookupError(step.around)


def ender(s: State, u: int) -> str:
    """Who ended a unit that a step ended, for people."""
    while u >= 0:
        r, k, b = s.place(u)
        for n, node in enumerate(r.block.nodes):
            if (
                node.step is not None
                and s.status[b + n] == S.COMPLETED
                and (node.step.node == k or b + n in s.finished)
            ):
                return f"'{label(s, b + n)}'"
        u = s.parent(u)
    return "a step in it"


def ended_by(s: State, u: int) -> list[int]:
    """What a step has ended, or is ending, so that it is set back with it; of a scope, or of a group around it, what it
    cancelled in there."""
    step = s.node(u).step
    if step is None or s.status[u] != S.COMPLETED or s.reason.get(u) in ("given", FINISHED):  # it has not run
        return []
    if step.own:
        r, _, b = s.place(u)
        return _ended_in(s, b, b + r.block.n, (FINISHED,)) if u in s.finished else []
    x = aim(s, u)
    if step.node is not None:
        return [x] if s.why_ended(x) in OF_STEPS or _was_cut_off(s, x, OF_STEPS) else []
    why = (BY_STEP,) if step.to == S.CANCELLED else (FINISHED,)
    return [one for _, a, b in s.scopes(x) for one in _ended_in(s, a, b, why)]


def _ended_in(s: State, a: int, b: int, why: Collection[str]) -> list[int]:
    """Of units a to b - 1 those that a step ended, and for what; of a sub-flow that had ended before it opened what is laid out in it."""
    found: list[int] = []
    for x in range(a, b):
        if s.why_ended(x) in why or _was_cut_off(s, x, why):
            found.append(x)
        elif x not in s.kids and IS_OVER[s.status[x]]:
            found += [y for _, c, d in s.inside(x) for y in range(c, d) if s.why_ended(y) in why]
    return found


def _was_cut_off(s: State, u: int, why: Collection[str]) -> bool:
    """Whether a group was ended from outside, and came to another end all the same, or goes on: by what ran at its end, by a
    person, or since somebody went on with it. Not one that had given its value before."""
    there = s.status[u] in (S.OPEN, S.FAILED, S.COMPLETED, S.CANCELLED) and u in s.kids and u not in s.won
    return there and any(s.why_ended(x) in why for x in cut_off(s, u))


def cut_off(s: State, p: int) -> set[int]:
    """What a step outside of a group has ended in it, at any depth."""
    inside = s.inside(p)
    own = {one for i, a, b in inside if s.stretches[i].block.stepping for u in range(a, b) for one in ended_by(s, u)}
    own |= {x for u in own for _, a, b in s.inside(u) for x in range(a, b)}
    return {x for _, a, b in inside for x in s.find(S.CANCELLED, a, b) if s.why_ended(x) in OF_STEPS} - own

"""What a unit's needs say of it, and what becomes of bad ends: pure questions about a State."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import ALL, ANY, LAST, N_OF, OTHERWISE, SETTLED, UNDO, Kind
from stratix_tasks.core.state import FINISHED, IS_BAD, IS_OVER, LOST, State
from stratix_tasks.core.states import RunState, S
from stratix_tasks.core.streams import feeds, is_in_vain, state_of_source
from stratix_tasks.core.undo import has_run, is_done
from stratix_tasks.spec.joins import wanted
from stratix_tasks.spec.late import JOIN

NOTHING: dict[str, Any] = {}
WAIT, GO = S.PENDING, S.RUNNING
REFUSED = "where"
"""Why an item was left out: what was asked of it does not hold."""
WITH_SCOPE = "scope"
"""Why a node was skipped: all of its scope was."""
LEFT_OUT = frozenset((REFUSED, WITH_SCOPE))
"""Reasons of a skip by which a scope has no value."""


def verdict(s: State, u: int) -> S:
    """Of a pending unit: `WAIT`, `GO`, or how it ends (UPSTREAM_FAILED, SKIPPED)."""
    r, k, b = s.place(u)
    block, status = r.block, s.status
    if r.origin >= 0 and (told := _all((state_of_source(s, u),))) != GO:
        return told
    if r.step and (group := r.parent + (u - r.base) // block.n * r.step) not in s.kids:  # a sub-flow that is not open
        above = s.as_taken(group)
        return S.UPSTREAM_FAILED if IS_BAD[above] else S.SKIPPED if IS_OVER[above] else WAIT
    if block.nodes[k].phase:
        return _of_a_phase(s, block, k, b)
    needs, join = block.needs[k], block.joins[k]
    if not needs or u in s.winners:
        return GO
    if join == ALL:
        if k in block.soft:
            return _with_soft(s, block, k, b)
        return _all(states_of(s, block, k, b, needs))
    told, asked = _joined(s, block, k, b), block.nodes[k].ended
    return WAIT if told == GO and not all(IS_OVER[status[b + n]] for n in asked) else told


def _joined(s: State, block: Block, k: int, b: int) -> S:
    """What a join that does not want all says, of the needs that it counts; `GO` where it is to be asked how many these are."""
    join, status, needs, asked = block.joins[k], s.status, block.joined[k], block.left[k]
    if k in block.late_joins:
        many, told = how_many(s, b + k), _all(states_of(s, block, k, b, block.nodes[k].told))
        if many is None or told != GO:
            return told
        asked = many
    ends = [st for n in needs if IS_OVER[st := s.as_needed(b + n) if s.won else status[b + n]]]
    if join in (ANY, SETTLED):
        return GO if len(ends) >= min(1 if join == ANY else len(needs), len(needs)) else WAIT
    done = ends.count(S.COMPLETED)
    return GO if done >= asked else S.UPSTREAM_FAILED if done + len(needs) - len(ends) < asked else WAIT


def how_many(s: State, u: int) -> int | None:
    """How many a join waits for that the run tells; None before it has."""
    told = s.late.get(u, NOTHING).get(JOIN)
    return None if told is None else wanted(told, len(_joined_of(s, u)))


def is_untold(s: State, u: int) -> bool:
    """Whether it is to be asked how many a join waits for."""
    r, k, _ = s.place(u)
    return k in r.block.late_joins and not r.block.items and how_many(s, u) is None


def _joined_of(s: State, u: int) -> tuple[int, ...]:
    r, k, _ = s.place(u)
    return r.block.joined[k]


def states_of(s: State, block: Block, k: int, b: int, needs: Iterable[int]) -> list[int]:
    """The states of a node's needs as it sees them if it wants all: the bad end of one that may fail is as good as another, and
    of a map that it streams from it is enough that this has opened."""
    tolerated, taken = block.tolerated, s.as_needed
    streams = block.nodes[k].source >= 0
    if not tolerated and not streams:
        return [taken(b + n) for n in needs]
    there = feeds(s, b + k) - b if streams else -1
    return [S.COMPLETED if n == there or (n in tolerated and IS_BAD[taken(b + n)]) else taken(b + n) for n in needs]


def _all(states: Iterable[int]) -> S:
    """A bad need decides, then a skipped one, even before the others have ended."""
    told: S = GO
    for state in states:
        if state == S.COMPLETED:
            continue
        if IS_BAD[state]:
            return S.UPSTREAM_FAILED
        if state == S.SKIPPED:
            told = S.SKIPPED
        elif told == GO:
            told = WAIT
    return told


def _with_soft(s: State, block: Block, k: int, b: int) -> S:
    """Of each `first_of` the first that completed is enough, once those before it have ended; what is asked about alone has
    to have ended.
    """
    soft = block.soft[k]
    told = _all(states_of(s, block, k, b, (n for n in block.needs[k] if n not in soft)))
    if told == GO and not all(IS_OVER[s.status[b + n]] for n in block.nodes[k].ended):
        told = WAIT
    for first in block.nodes[k].firsts:
        one = first_of(s, b, first)
        if S.UPSTREAM_FAILED in (told, one):
            return S.UPSTREAM_FAILED
        told = S.SKIPPED if S.SKIPPED in (told, one) else WAIT if WAIT in (told, one) else told
    return told


def first_of(s: State, b: int, first: Iterable[int]) -> S:
    """`GO` when one of them is to be taken; how it ends when none can be."""
    bad = False
    for n in first:
        if n == OTHERWISE:
            return GO
        state = s.as_needed(b + n)
        if state == S.COMPLETED:
            return GO
        if not IS_OVER[state]:
            return WAIT
        bad |= bool(IS_BAD[state])
    return S.UPSTREAM_FAILED if bad else S.SKIPPED


def chosen(s: State, b: int, first: Iterable[int]) -> int | None:
    """Which of a `first_of` is taken, as a unit; None where none is."""
    return next((b + n for n in first if n != OTHERWISE and s.as_needed(b + n) == S.COMPLETED), None)


# ---------------------------------------------------------------------- phases of a scope


def phase_is_open(s: State, block: Block, k: int, b: int) -> bool:
    """Whether all of lower phases in the scope have ended."""
    phase = block.nodes[k].phase
    return all(IS_OVER[s.status[b + n]] for n, node in enumerate(block.nodes) if node.phase < phase)


def ends_after(block: Block, k: int) -> list[int]:
    """What runs at the end of a scope once a node of it has ended: that of later phases."""
    return [p for p in block.phased if block.nodes[p].phase > block.nodes[k].phase]


def ran_at_ends(s: State, u: int) -> set[int]:
    """What ran at the ends of the scopes around a unit, with what that had taken."""
    found: set[int] = set()
    while u >= 0:
        r, k, b = s.place(u)
        for p in ends_after(r.block, k):
            if has_run(s, b + p):
                found |= {b + p, *(b + n for n in r.block.needs[p] if s.status[b + n] == S.COMPLETED)}
        u = s.parent(u)
    return found


def _of_a_phase(s: State, block: Block, k: int, b: int) -> S:
    if not phase_is_open(s, block, k, b):
        return WAIT
    node = block.nodes[k]
    if node.phase == UNDO:
        if not is_done(s, b + k) or not (block.takes_back or ends_badly(s, block, b)):
            return S.SKIPPED
        return GO if all(IS_OVER[s.status[b + n]] for n in node.needs) else WAIT
    states = [s.status[b + n] for n in node.needs]
    if not all(IS_OVER[state] for state in states):
        return WAIT
    there = all(state == S.COMPLETED for state in states)
    return GO if there or block.joins[k] != ALL else S.SKIPPED


def ends_badly(s: State, block: Block, b: int) -> bool:
    """Whether the scope that begins at `b` ends failed or cancelled, by what it came to or by what was asked."""
    above = s.parent(b)
    asked = s.run_target if above < 0 and s.run is RunState.ENDING else None
    target = s.target[above] if above >= 0 and above in s.target else None
    if asked is not None or (target is not None and target[0] != S.COMPLETED):
        return True
    if target is not None and target[1] == FINISHED:
        return False
    return is_bad(s, block, b, until=UNDO)


# ---------------------------------------------------------------------- bad ends


def is_bad(s: State, block: Block, b: int, *, until: int = LAST + 1) -> bool:
    """Whether a scope in which nothing is left to do has a bad end that nothing took up; nodes of phase `until` on don't count.
    Of one that a step finished what that said, and what ran at its end.
    """
    step = s.finisher(block, b)
    if step is not None and s.finished[step] == S.FAILED:
        return True
    if step is None and not any(IS_BAD[state] for state in s.status[b : b + block.n]):
        return False
    first = 0 if step is None else UNDO
    bad = [k for k in range(block.n) if IS_BAD[s.as_taken(b + k)] and first <= block.nodes[k].phase < until]
    if not bad or not block.absorbing:
        return bool(bad)
    taken = absorbed(s, block, b)
    return not all(taken[k] for k in bad)


def scope_ended(s: State, block: Block, b: int) -> S:
    """How the scope that begins at `b` ended; `WAIT` where something is left to do in it."""
    if not s.finished and s.status.count(S.COMPLETED, b, b + block.n) == block.n:
        return S.COMPLETED
    if not all(IS_OVER[state] for state in s.status[b : b + block.n]):
        return WAIT
    if is_bad(s, block, b):
        finished = s.finisher(block, b) is not None
        return S.FAILED if finished or s.status.find(S.FAILED, b, b + block.n) >= 0 else S.CANCELLED
    if is_left_off(s, block, b):
        return S.CANCELLED
    return S.SKIPPED if is_left_out(s, block, b) else S.COMPLETED


def is_left_off(s: State, block: Block, b: int) -> bool:
    """Whether something in it was cancelled when what lies around it was finished."""
    if not s.root.stepping or s.finisher(block, b) is not None:
        return False
    return any(s.status[u] == S.CANCELLED and s.why_ended(u) == FINISHED for u in range(b, b + block.n))


def is_left_out(s: State, block: Block, b: int) -> bool:
    """Whether a scope was skipped as a whole, by `where` or by a person, before its value was there."""
    just, stop = block.output.just, b + block.n
    u = s.status.find(S.SKIPPED, b, stop)
    if u < 0 or s.finisher(block, b) is not None:
        return False
    while u >= 0:
        if s.why_ended(u) in LEFT_OUT:
            return just is None or s.status[b + just] != S.COMPLETED
        u = s.status.find(S.SKIPPED, u + 1, stop)
    return False


def is_refused(s: State, block: Block, b: int) -> bool:
    """Whether a scope or item was left out as a whole, by `where`."""
    skipped = s.status[b] == S.SKIPPED and s.status.count(S.SKIPPED, b, b + block.n) == block.n
    return skipped and s.why_ended(b) == REFUSED


def absorbed(s: State, block: Block, b: int) -> bytearray:
    """1 for each bad node of a scope that may fail, or has consumers each of which ended well by running, or is absorbed
    itself. Who only asked how it ended, and was skipped for that, is none.

    Judged backwards, when nothing is left to do. What the scope's value is made from has that as a consumer; what runs at
    the end of the scope, however that is, consumes nothing.
    """
    found = bytearray(block.n)
    bad = [IS_BAD[s.as_taken(b + k)] for k in range(block.n)]
    for k in reversed(order(block)):
        users = _users(s, block, b, k) if bad[k] else []
        if users or (bad[k] and k in _of_output(block)):
            found[k] = all(_went_on(s, b, o, found) for o in users) and _output_goes_on(s, block, b, k)
        found[k] |= k in block.tolerated and bad[k]
    return found


def _users(s: State, block: Block, b: int, k: int) -> list[int]:
    users = [o for o in block.outs[k] if not block.nodes[o].phase]
    return [o for o in users if s.as_taken(b + o) != S.SKIPPED or k not in block.nodes[o].ended]


def had_another_way(s: State, u: int) -> bool:
    """Whether whoever needs what ended badly ran all the same, or could not for something else: it is not what the scope failed
    by. What catches it has to have completed."""
    r, k, b = s.place(u)
    block = r.block
    users = _users(s, block, b, k) if block.absorbing else []
    if k in block.tolerated or not (users or k in _of_output(block)):
        return k in block.tolerated
    return all(_could_without(s, block, b, k, o) for o in users) and _output_goes_on(s, block, b, k)


def _could_without(s: State, block: Block, b: int, k: int, o: int) -> bool:
    state = s.as_taken(b + o)
    if state == S.COMPLETED or k in block.nodes[o].ended:
        return state == S.COMPLETED
    return (
        (state == S.FAILED and not is_in_vain(s, b + o))
        or state == S.OPEN
        or (state == S.UPSTREAM_FAILED and is_replaced(s, block, b, k, o))
    )


def is_replaced(s: State, block: Block, b: int, k: int, o: int) -> bool:
    """Whether node `o` only asks how `k` ended, or takes another one in its place."""
    if k not in block.soft.get(o, ()):
        return False
    return all(first_of(s, b, first) == GO for first in block.nodes[o].firsts if k in first)


def _went_on(s: State, b: int, o: int, found: bytearray) -> bool:
    u = b + o
    if s.status[u] == S.COMPLETED:
        return s.node(u).pinned or not _did_not_run(s, u)
    return s.status[u] == S.OPEN or bool(found[o])


def _did_not_run(s: State, u: int) -> bool:
    """Whether a person, or a step, completed it with a value before it began."""
    why = s.reason.get(u)
    return why == "given" or (why == FINISHED and not s.attempt[u] and u not in s.kids)


def _of_output(block: Block) -> frozenset[int]:
    return block.output.hard | frozenset(n for first in block.output.firsts for n in first if n != OTHERWISE)


def _output_goes_on(s: State, block: Block, b: int, k: int) -> bool:
    if k in block.output.hard:
        return False
    return all(OTHERWISE in first or chosen(s, b, first) is not None for first in block.output.firsts if k in first)


def order(block: Block) -> list[int]:
    """Numbers so that each comes after what it needs."""
    left = [len(needs) for needs in block.needs]
    found = [k for k, count in enumerate(left) if not count]
    for k in found:
        for o in block.outs[k]:
            left[o] -= 1
            if not left[o]:
                found.append(o)
    return found


def could_absorb(s: State, u: int, within: int = -1) -> bool:
    """Whether something that is still to come may take up the bad end of a unit, or of the group around it: in the scope that
    begins `within`, or at any level."""
    while u >= 0:
        r, k, b = s.place(u)
        block = r.block
        if block.absorbing:
            stack, seen = [k], {k}
            while stack:
                one = stack.pop()
                if one in block.tolerated or any(one in first for first in block.output.firsts):
                    return True
                for o in block.outs[one]:
                    takes = block.joins[o] != ALL or one in block.soft.get(o, ()) or _goes_on(block, one, o)
                    state = s.status[b + o]
                    if takes and (state == S.COMPLETED or not IS_OVER[state]):
                        return True
                    if o not in seen:
                        seen.add(o)
                        stack.append(o)
        if b == within:
            return False
        above = s.parent(u)
        if above >= 0 and s.kind(above) in (Kind.MAP, Kind.EACH) and s.node(above).gather != ALL:
            return True
        if (
            above >= 0
            and s.attempt[above]
            and s.status[above] == S.OPEN
            and s.tries(above) <= s.policy(above).retry.max
        ):
            return True  # it may be tried again
        u = above
    return False


def is_for(s: State, u: int, ended: int) -> bool:
    """Whether the end of another unit is one for which a bad end may have waited to be taken up: its own, or that of a group
    around it, of what needs these, or of what lies beside them in a fan-out."""
    around = [ended]
    while (above := s.parent(around[-1])) >= 0:
        around.append(above)
    while u >= 0:
        r, k, b = s.place(u)
        beside = next((x for x in around if s.place(x)[2] == b), None)
        if beside is not None and (beside == ended or beside != u) and _needs(r.block, beside - b, k):
            return True
        u = s.parent(u)
        if u in around and s.kind(u) in (Kind.MAP, Kind.EACH):
            return True
    return False


def _needs(block: Block, one: int, other: int) -> bool:
    """Whether a node is another one, or has to wait for it."""
    found = {one}
    stack = [one]
    while stack and other not in found:
        new = {*block.needs[stack.pop()]} - found
        found |= new
        stack += new
    return other in found


def _goes_on(block: Block, one: int, o: int) -> bool:
    """Whether a map that streams from another may come to a good end though items of that have not."""
    node = block.nodes[o]
    return node.source == one and node.gather != ALL


def winners(s: State, u: int) -> tuple[int, ...]:
    """What a join that fires is made from: the first that came, as many as it asked for."""
    r, k, b = s.place(u)
    node = r.block.nodes[k]
    states = {b + n: s.as_needed(b + n) for n in r.block.joined[k]}
    came = [u for u, state in states.items() if (IS_OVER[state] if node.join == ANY else state == S.COMPLETED)]
    came.sort(
        key=lambda n: (s.why_ended(n) == LOST, s.ended[n], n)
    )  # what it had ended itself when it fired before is no answer
    many = how_many(s, u) if k in r.block.late_joins else node.k
    return tuple(came[: many if node.join == N_OF else 1])

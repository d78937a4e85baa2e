"""The rules of a scope once more, as plainly as can be: what needs say of a node, and which bad ends were taken up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import (
    ALL,
    ANY,
    EACH,
    FIRST,
    FLOW,
    LAST,
    LOOP,
    MAP,
    N_OF,
    OTHERWISE,
    TASK,
    UNDO,
    UNTOLD,
    Node,
)
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import BAD, TERMINAL, State
from stratix_tasks.spec.model import Retry

GO, WAIT = State.RUNNING, State.PENDING
"""What needs say besides how a node ends: it may begin, or it is too early to tell."""
OVER = {*TERMINAL, State.RETIRED}
BY_STEPS = ("finished early", "cancelled by a step")


def joined(node: Node) -> list[int]:
    """What a join counts."""
    return [n for n in node.needs if n not in (*node.ended, *node.told)]


def many_of(node: Node) -> int:
    """How many an `n_of` asks for; where that comes with the run worlds and histories tell half of them."""
    count = len(joined(node))
    return (count + 1) // 2 if node.k == UNTOLD else min(node.k, count)


def needs_say(block: Block, k: int, states: Sequence[State], *, bad: bool = False, untold: bool = False) -> State:
    """`states` are those of the scope by number; `bad`: whether a node that takes something back has to: that was done, and the scope
    ends badly; `untold`: whether it is to be asked yet how many its join waits for."""
    node = block.nodes[k]
    told = _all_say([_forgiven(block, n, states[n]) for n in node.told])
    if told is GO and not untold:
        told = _needs_say(block, node, states, bad)
    asked = all(states[n] in OVER for n in node.ended)
    return WAIT if told is GO and not asked else told


def _needs_say(block: Block, node: Node, states: Sequence[State], bad: bool) -> State:
    needs = [states[n] for n in joined(node)]
    ended = [state for state in needs if state in OVER]
    done = needs.count(State.COMPLETED)
    if node.phase:
        return _phase_says(node, needs, states, bad)
    if not node.needs:
        return GO
    if node.join is ALL:
        soft = {*(x for f in node.firsts for x in f), *node.ended} - set(node.hard)
        parts = [_forgiven(block, n, states[n]) for n in node.needs if n not in soft]
        return _all_say([*parts, *(_first_says(first, states) for first in node.firsts)])
    if node.join is ANY:
        return GO if ended else WAIT
    if node.join in (FIRST, N_OF):
        wanted = 1 if node.join is FIRST else many_of(node)
        too_few = done + len(needs) - len(ended) < wanted
        return GO if done >= wanted else State.UPSTREAM_FAILED if too_few else WAIT
    return GO if len(ended) == len(needs) else WAIT


def _forgiven(block: Block, n: int, state: State) -> State:
    return State.COMPLETED if block.nodes[n].allow_failure and state in BAD else state


def _all_say(states: Sequence[State]) -> State:
    if any(state in BAD for state in states):
        return State.UPSTREAM_FAILED
    if State.SKIPPED in states:
        return State.SKIPPED
    return GO if all(state is State.COMPLETED for state in states) else WAIT


def _first_says(first: Sequence[int], states: Sequence[State]) -> State:
    for n in first:
        if n == OTHERWISE or states[n] is State.COMPLETED:
            return State.COMPLETED
        if states[n] not in OVER:
            return WAIT
    return State.UPSTREAM_FAILED if any(states[n] in BAD for n in first) else State.SKIPPED


def _phase_says(node: Node, needs: Sequence[State], states: Sequence[State], bad: bool) -> State:
    """Only asked for when all of lower phases have ended."""
    if node.phase == UNDO and not bad:
        return State.SKIPPED
    if any(state not in OVER for state in needs):
        return WAIT
    missing = any(state is not State.COMPLETED for state in needs)
    return State.SKIPPED if node.phase == LAST and missing and node.join is ALL else GO


def was_done(s: Recorded, u: int) -> bool:
    """Whether there is something to take back for a node, that its own scope has not taken back."""
    x = takes_back(s, u)
    r, _, _ = s.place(x)
    own = x - s.place(x)[1] + [node.undoes for node in r.block.nodes].index(s.node(u).undoes)
    done = s.status[x] == State.COMPLETED or s.kind(x) not in (TASK, FLOW)
    done = done and (s.kind(x) is TASK or bool(s.count(x)))
    return done and (own == u or s.status[own] == State.SKIPPED)


def takes_back(s: Recorded, u: int) -> int:
    """The unit that one takes back: in its own scope, or in the scope of that place in the group that the one around it takes back;
    of a loop the last one comes first."""
    _, _, b = s.place(u)
    above, takes = s.parent(u), s.node(u).undoes
    assert takes is not None
    if above < 0 or s.node(above).undoes is None:
        return b + takes
    group = takes_back(s, above)
    begins = [a + i for _, a, z in s.scopes(group) for i in range(0, z - a, s.stretches[s.home[a]].block.n)]
    there = s.index(u)
    return begins[-1 - there if s.kind(group) is LOOP else there] + takes


def is_worth(retry: Retry, error: dict[str, Any]) -> bool:
    """Whether such an error is tried again: `on` names it, and what `when` asks holds, which here is for one status alone."""
    named = not retry.on or bool({error.get("type"), *error.get("bases", ())} & {*retry.on})
    return named and (retry.when is None or error.get("attributes", {}).get("status") == 429)


def taken_up(block: Block, states: Sequence[State], given: frozenset[int] = frozenset()) -> set[int]:
    """Of a scope in which nothing is left to do: the bad nodes that each of their consumers went on without. `given` are
    nodes that completed with a value of a person's, or of a step, and did not run."""

    def users(k: int) -> list[bool]:
        told = [
            went_on(o)
            for o, node in enumerate(block.nodes)
            if k in node.needs and not node.phase and not (k in node.ended and states[o] is State.SKIPPED)
        ]
        if k in block.output.hard:
            told.append(False)
        told += [_first_says(first, states) is State.COMPLETED for first in block.output.firsts if k in first]
        return told

    def went_on(o: int) -> bool:
        return (states[o] is State.COMPLETED and o not in given) or states[o] is State.OPEN or is_taken(o)

    def is_taken(k: int) -> bool:
        told = users(k)
        return states[k] in BAD and (block.nodes[k].allow_failure or (bool(told) and all(told)))

    return {k for k in range(block.n) if is_taken(k)}


def seen(s: Recorded, u: int) -> State:
    """What others take it for: to them what a step cancelled was skipped."""
    state = State(s.status[u])
    of_step = state is State.CANCELLED and s.why_ended(u) in BY_STEPS
    return State.SKIPPED if of_step else state


def finished_as(s: Recorded, block: Block, b: int) -> State | None:
    """What a step said that the scope which begins at `b` comes to."""
    return next((s.finished[u] for u in range(b, b + block.n) if u in s.finished), None)


def did_not_run(s: Recorded, u: int) -> bool:
    """Of what completed: whether a person, or a step, gave it a value before it began."""
    by_step = s.reason.get(u) == "finished early" and not s.attempt[u] and u not in s.kids
    return not s.node(u).pinned and (by_step or s.reason.get(u) == "given")


def absorbed(s: Recorded, u: int) -> bool:
    """Whether a bad end makes nothing around it bad: it was taken up, or is in what was, or counts for nothing there."""
    if s.gone(u) or seen(s, u) not in BAD:
        return True
    r, k, b = s.place(u)
    above = s.parent(u)
    if finished_as(s, r.block, b) is State.COMPLETED and not r.block.nodes[k].phase:
        return True
    states = [seen(s, b + n) for n in range(r.block.n)]
    given = frozenset(n for n in range(r.block.n) if did_not_run(s, b + n))
    if k in taken_up(r.block, states, given):
        return True
    if above < 0:
        return False
    if s.kind(above) in (MAP, EACH) and s.node(above).gather is not ALL and s.status[above] == State.COMPLETED:
        return True
    return (
        s.status[above] == State.SKIPPED
        or s.reason.get(above) in ("given", "finished early")
        or seen(s, above) is State.SKIPPED
        or (s.status[above] in BAD and absorbed(s, above))
    )

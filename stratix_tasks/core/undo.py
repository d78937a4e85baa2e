"""Undo: what a node takes back, in its own scope or in one that had completed in there; pure questions about a State."""

from __future__ import annotations

from stratix_tasks.core.node import FLOW, LOOP, TASK
from stratix_tasks.core.state import State
from stratix_tasks.core.states import S


def undone(s: State, u: int) -> int:
    """The unit that one takes back. What it is of a scope that a group has opened follows from where it lies: of a loop what was
    done in the last round is taken back in the first one."""
    way: list[tuple[int, int]] = []
    while True:
        r, k, b = s.place(u)
        takes = r.block.nodes[k].undoes
        assert takes is not None
        if r.block.takes_back is None:
            break
        way.append((takes, s.index(u)))
        u = s.parent(u)
    x = b + takes
    for takes, index in reversed(way):
        x = _first(s, x, index) + takes
    return x


def _first(s: State, group: int, index: int) -> int:
    """Where the scope begins that one of that place takes back."""
    if s.kind(group) is FLOW:
        return next(s.scopes(group))[1]
    return s.item(group, s.count(group) - 1 - index if s.kind(group) is LOOP else index)


def at_own_end(s: State, u: int) -> int:
    """The node that does the same at the end of the scope itself of which a unit takes something back."""
    r, k, _ = s.place(u)
    takes = r.block.nodes[k].undoes
    if r.block.takes_back is None or takes is None:
        return u
    return undone(s, u) - takes + r.block.takes_back.undoing[takes]


def is_done(s: State, u: int) -> bool:
    """Whether what a node takes back was done: by a body, or in a group that has opened; of a sub-flow, which takes back itself
    what it did if it failed, if it completed. Not what was taken back already, at the end of its own scope.
    """
    x = undone(s, u)
    kind = s.kind(x)
    if (kind in (TASK, FLOW) and s.status[x] != S.COMPLETED) or (kind is not TASK and not s.count(x)):
        return False
    own = at_own_end(s, u)
    return own == u or s.status[own] == S.SKIPPED


def has_run(s: State, u: int) -> bool:
    """Of what stands at the end of a scope: whether that came."""
    return s.status[u] not in (S.PENDING, S.SKIPPED) and (bool(s.attempt[u]) or u in s.kids)


def has_taken(s: State, u: int) -> bool:
    """Of what takes something back: whether that came, and anything has run in it, or still may."""
    if u not in s.kids or s.status[u] == S.OPEN:
        return has_run(s, u)
    return any(any(s.attempt[a:b]) for _, a, b in s.inside(u))


def taken_back(s: State, u: int) -> set[int]:
    """What was taken back at the ends of the scopes around a unit: tasks, and groups in which something was. A unit that stands
    at such an end, or in a group there, comes after what its scope did, which stays taken back.
    """
    found: set[int] = set()
    while u >= 0:
        r, k, b = s.place(u)
        if r.block.takes_back is None and not r.block.nodes[k].phase:
            found |= {b + takes for takes, k in r.block.undoing.items() if has_taken(s, b + k)}
        u = s.parent(u)
    return found


def undone_around(s: State, u: int) -> int:
    """The outermost group around a unit of which something was taken back; -1 where there is none."""
    found = -1
    while (u := s.parent(u)) >= 0:
        r, k, b = s.place(u)
        undo = b + r.block.undoing[k] if r.block.undoing and k in r.block.undoing else -1
        if undo in s.kids and has_taken(s, undo):
            found = u
    return found


def undone_before(s: State, u: int) -> tuple[int, int] | None:
    """The outermost group around a unit that was made from what was taken back since, and that; None where there is none."""
    found = None
    while (u := s.parent(u)) >= 0:
        r, k, b = s.place(u)
        undoing = {} if r.block.takes_back or r.block.nodes[k].phase else r.block.undoing
        for x in sorted(s.before((u,))) if undoing else ():
            if x - b in undoing and has_taken(s, b + undoing[x - b]):
                found = u, x
    return found

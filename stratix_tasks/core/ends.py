"""How things came to their end, told as data: what a handler gets of a failure, and what a flow has come to so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stratix_tasks.core.block import Block
from stratix_tasks.core.joins import absorbed, had_another_way, is_bad
from stratix_tasks.core.node import EACH, LAST, MAP
from stratix_tasks.core.state import GATHERED, IS_BAD, IS_OVER, State
from stratix_tasks.core.states import RunState, S
from stratix_tasks.core.streams import before, is_in_vain, source_of
from stratix_tasks.core.targets import label

PARTS = ("type", "message", "code", "traceback")


def told_of(s: State, u: int) -> dict[str, Any]:
    """A failure as data: of what failed upstream what that failed by, of a fan-out its items."""
    if s.status[u] == S.UPSTREAM_FAILED:
        source = _source(s, u)
        return told_of(s, source) if source is not None else _plain(s, u, {})
    if u in s.kids and u not in s.error:
        if s.kind(u) in (MAP, EACH):
            return _items(s, u)
        inside = first_failed(s, (x for _, a, b in s.inside(u) for x in range(a, b)))
        return _plain(s, u, {}) if inside is None else told_of(s, inside)
    return _plain(s, u, s.error.get(u, {}))


def _plain(s: State, u: int, error: dict[str, Any]) -> dict[str, Any]:
    index = s.index(u) if s.map_of(u) >= 0 else None
    told = {name: error.get(name) for name in PARTS}
    return {
        **error.get("attributes", {}),
        **told,
        "node": label(s, s.node_of(u)),
        "item": index,
        "attempt": s.attempt[u],
    }


def _items(s: State, u: int) -> dict[str, Any]:
    found = []
    for index in range(s.count(u)):
        first = s.item(u, index)
        n = s.stretches[s.home[first]].block.n
        failed = first_failed(s, range(first, first + n))
        step = s.finisher(s.stretches[s.home[first]].block, first)
        if step is not None:
            error = _plain(s, step, said_by(s, step)) if s.finished[step] == S.FAILED else None
        else:
            if failed is None and source_of(s, u) >= 0:
                failed = next((x for x in range(first, first + n) if s.status[x] == S.UPSTREAM_FAILED), None)
            error = None if failed is None else told_of(s, failed)
        if error is not None:
            key = s.key(u, index)
            found.append({"key": str(index) if key is None else key, "error": error})
    error = {"type": "ItemsFailed", "message": f"{len(found)} of {s.count(u)} items failed", "code": "items"}
    return {**_plain(s, u, error), "items": found}


def failure_in(s: State, u: int) -> dict[str, Any] | None:
    """The error that a sub-flow failed by: of what failed in it first, and was taken up by nothing; None where nothing did."""
    while u in s.kids and u not in s.error:
        members = [x for _, a, b in s.scopes(u) for x in range(a, b)]
        failed = first_failed(s, (x for x in members if not _is_taken(s, x)))
        if failed is None:
            return None
        u = failed
    return s.error.get(u)


def _is_taken(s: State, u: int) -> bool:
    r, k, b = s.place(u)
    return r.block.absorbing and bool(absorbed(s, r.block, b)[k])


def _source(s: State, u: int) -> int | None:
    """Of what failed upstream the first that failed of itself."""
    return first_failed(s, _bad_before(s, u))


def _bad_before(s: State, u: int) -> set[int]:
    found, stack = set[int](), [u]
    while stack:
        for x in before(s, stack.pop()):
            if x not in found and IS_BAD[s.status[x]]:
                found.add(x)
                stack.append(x)
    return found


def has_failed(s: State, u: int) -> bool:
    """Whether a unit failed, or can't run for something that did: not where all that is behind it is that a person cancelled
    something, before it or in it.
    """
    if s.status[u] == S.UPSTREAM_FAILED:
        before = [x for x in _bad_before(s, u) if s.status[x] != S.UPSTREAM_FAILED]
        return not before or any(has_failed(s, x) for x in before)
    if s.status[u] != S.FAILED or s.reason.get(u) != GATHERED:
        return s.status[u] == S.FAILED
    if is_in_vain(s, u):
        return has_failed(s, source_of(s, u))
    failed = (x for _, a, b in s.scopes(u) for x in s.find(S.FAILED, a, b))
    return any(has_failed(s, x) and not _is_taken(s, x) for x in failed)


def first_failed(s: State, units: Iterable[int]) -> int | None:
    """The unit that failed first; before all for which there was another way, and what only waited in vain for another one."""
    failed = [u for u in units if s.status[u] == S.FAILED]
    last = {u: (is_in_vain(s, u), had_another_way(s, u)) for u in failed}
    return min(failed, key=lambda u: (last[u], s.ended[u], u)) if failed else None


def said_by(s: State, step: int) -> dict[str, Any]:
    """The error of what a step finished as failed: a text that it gave is its message."""
    given = s.values[step]
    message = given if isinstance(given, str) and given else f"'{label(s, step)}' ended it as failed"
    return {"type": "Finished", "message": message, "code": "finished", "bases": ["Exception"]}


def taken_up(s: State, u: int) -> bool:
    """Whether others have gone on without a bad end, at some level, so that it is not the run's; not while that is open."""
    while u >= 0:
        r, k, b = s.place(u)
        if r.block.absorbing and absorbed(s, r.block, b)[k]:
            return True
        u = s.parent(u)
        if u >= 0 and not IS_BAD[s.status[u]]:
            return bool(IS_OVER[s.status[u]])
    return False


def end_of(s: State, block: Block, b: int) -> S:
    """What the scope that begins at `b`, whose end runs now, has come to."""
    above = s.parent(b)
    if above < 0 and s.run is RunState.ENDING:
        return S.CANCELLED if s.run_target is RunState.CANCELLED else S.FAILED
    if above >= 0 and above in s.target:
        return s.target[above][0]
    return S.FAILED if is_bad(s, block, b, until=LAST) else S.COMPLETED

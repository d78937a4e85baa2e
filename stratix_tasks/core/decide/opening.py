"""Opening: a unit that has all that it needs begins, or asks what has to be known first; a group opens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stratix_tasks.core.answers import Do
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.decide.ending import comes_to_its_end, end_unit, finish
from stratix_tasks.core.facts import EXPANDED, HELD, JOINED, SWEPT
from stratix_tasks.core.joins import REFUSED, is_untold, winners
from stratix_tasks.core.node import EARLY, FLOW, LOOP, TASK
from stratix_tasks.core.state import IS_OVER, LOST, State
from stratix_tasks.core.states import Event, RunState, S
from stratix_tasks.core.streams import source_of
from stratix_tasks.core.undo import undone
from stratix_tasks.core.units import Spans
from stratix_tasks.spec.late import JOIN
from stratix_tasks.spec.model import MAX_DEPTH

BREAKPOINT = "breakpoint"
OF_JOIN = frozenset((JOIN,))


def begin(core: Core, u: int, at: float) -> None:
    """All that it needs is there."""
    s, g = core.state, core.agenda
    node = s.node(u)
    if node.off:
        return end_unit(core, u, Event.WHEN_FALSE, at, node.off)
    if is_untold(s, u):
        g.opening.add(u)
        return ask(core, Do.RESOLVE, u) if g.going and not core.state.held(u) else None
    if node.join in EARLY and node.needs and u not in s.winners:
        core.tell(JOINED, at, u, winners(s, u))
        if not node.keep_losers:
            lose(core, u, at)
        if s.status[u] != S.PENDING:  # the end of one that lost has ended the run, and with it this one
            return None
    late = node.late and (u not in s.late or s.late[u].keys() == OF_JOIN)
    if node.kind is TASK and not late and not node.pinned and (not node.when or u in s.enabled):
        return g.push(u)
    g.opening.add(u)
    if s.breaks and g.going:
        stop_at_breakpoint(core, u, at)
    if not g.going or core.state.held(u):
        return None
    if node.when and u not in s.enabled:
        return ask(core, Do.EVALUATE, u)
    if node.pinned:
        return ask(core, Do.GIVE, u)
    if late:
        return ask(core, Do.RESOLVE, u)
    if node.kind in (FLOW, LOOP) and not node.asks:
        return open_one(core, u, at)
    if node.undoes is not None:
        return _open_as(core, u, undone(s, u), at)
    return ask(core, Do.EXPAND, u)


def stop_at_breakpoint(core: Core, u: int, at: float) -> None:
    """A node with a breakpoint is paused when it is about to begin, each time, until a person lets it go on."""
    s = core.state
    if u in s.passing or s.run is RunState.ENDING or s.map_of(u) >= 0 or s.path(u) not in s.breaks or s.held(u):
        return
    core.tell(HELD, at, u, u + 1, BREAKPOINT)
    core.agenda.local.freeze(at, u)


def ask(core: Core, what: Do, u: int) -> None:
    g = core.agenda
    g.questions += 1
    g.asked[u] = g.questions
    core.command(what, u, g.questions)


def open_again(core: Core, u: int, at: float) -> None:
    """A sub-flow that failed, and whose time to be tried again has come."""
    s, g = core.state, core.agenda
    g.opening.add(u)
    if s.breaks and g.going:
        stop_at_breakpoint(core, u, at)
    if not g.going or core.state.held(u) or u in g.asked:
        return None
    return ask(core, Do.EXPAND, u) if s.node(u).asks else open_one(core, u, at)


def open_one(core: Core, u: int, at: float) -> None:
    """A sub-flow, or the first round of a loop."""
    return None if is_too_deep(core, u, at) else open_group(core, u, at, 1, None, 0)


def _open_as(core: Core, u: int, other: int, at: float) -> None:
    """A scope for each that another group has."""
    s = core.state
    keys = s.keys.get(other)
    open_group(core, u, at, s.count(other), None if keys is None else [*keys], 0)


def is_too_deep(core: Core, u: int, at: float) -> bool:
    """Whether the flow that a unit would open lies in itself too often; then it has failed."""
    s = core.state
    most = MAX_DEPTH if s.root.spec is None else s.root.spec.max_depth
    if s.depth(u) < most:
        return False
    name = s.node(u).inner.partition("~")[0].rpartition(".")[2] or s.root.spec.flow
    message = f"flow '{name}' lies in itself {most} levels deep: when is it done? Or set max_depth"
    refuse(core, u, at, {"type": "RecursionError", "message": message, "code": "too-deep", "bases": []})
    return True


def open_group(
    core: Core, p: int, at: float, count: int, keys: list[str] | None, index: int, frozen: dict[str, Any] | None = None,
    *, streams: bool = False,
) -> None:  # fmt: skip
    s = core.state
    r, k, _ = s.place(p)
    if k in r.fixed:
        first = next(iter(s.scopes(p)))[1]
        count = s.stretches[r.fixed[k]].block.n
    else:
        first = len(s.status)
    core.tell(EXPANDED, at, p, first, count, keys, index, frozen, streams)
    core.agenda.opened(p)


def refuse(core: Core, u: int, at: float, error: dict[str, object]) -> None:
    """Its condition, its arguments, or what it maps over, can't be worked out."""
    end_unit(core, u, Event.ERROR, at, None, {"error": error})


def leave_out(core: Core, i: int, places: Spans, at: float) -> None:
    """Items that were refused are skipped, each as a whole: nothing of it began, so nothing runs at its end."""
    s = core.state
    r = s.stretches[i]
    n, parts = r.block.n, dict[int, Spans]()
    for j, a, b in s.below((i, r.base + a * n, r.base + b * n) for a, b in places):
        parts.setdefault(j, []).append((a, b))
    for gone in parts.values():
        core.tell(SWEPT, at, gone[0][0], gone[-1][1], int(S.SKIPPED), REFUSED, gone)
        core.agenda.review(gone)


def lose(core: Core, u: int, at: float) -> None:
    """What a join went without, and nobody else waits for, is ended; and so is what that waited for. What is about to be
    skipped, or to complete with a value, comes to that end."""
    s = core.state
    r, k, b = s.place(u)
    stack = [b + n for n in r.block.joined[k]]
    while stack:
        x = stack.pop()
        if IS_OVER[s.status[x]] or comes_to_its_end(s, x):
            continue
        k = x - b
        if not _is_awaited(core, r.block.outs[k], b) and k not in r.block.output.hard:
            waited = s.status[x] == S.PENDING or source_of(s, x) >= 0
            finish(core, x, S.CANCELLED, LOST, at)
            if waited:
                stack += [b + n for n in r.block.needs[k]]


def _is_awaited(core: Core, outs: Iterable[int], b: int) -> bool:
    s = core.state
    block = s.stretches[s.home[b]].block
    outs = [o for o in outs if block.nodes[o].undoes is None]  # what takes it back does so of what was done
    return any((s.status[b + o] == S.PENDING and b + o not in s.winners) or _streams(s, b + o) for o in outs)


def _streams(s: State, p: int) -> bool:
    """Whether a map goes on with what comes of another one."""
    return s.status[p] == S.OPEN and p not in s.target and source_of(s, p) >= 0

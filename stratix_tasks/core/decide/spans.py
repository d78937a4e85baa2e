"""Pauses of neighbours that lie in one scope, with all that lies in them: of a unit, or of a scope as one."""

from __future__ import annotations

from stratix_tasks.core.answers import Do
from stratix_tasks.core.decide import attempts
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.decide.opening import stop_at_breakpoint
from stratix_tasks.core.facts import HELD, RELEASED
from stratix_tasks.core.states import S
from stratix_tasks.core.units import Spans


def hold(core: Core, a: int, b: int, inside: Spans, at: float, *, reason: str = "user", drain: bool = False) -> None:
    """Units a to b - 1 do not start, or not again, and neither does what lies in them. Bodies are asked to hold, or left to
    finish. `inside` are they and all that lies in them.
    """
    s = core.state
    if not all(s.mark(u) for u in range(a, b)):
        core.tell(HELD, at, a, b, reason)
    core.agenda.local.settle(at, lambda one: bool(s.held(one)))
    for x, y in inside if not drain else ():
        for one in s.find(S.RUNNING, x, y):
            if s.held(one):
                core.command(Do.HOLD, one, s.attempt[one])


def release(core: Core, a: int, b: int, inside: Spans, at: float) -> None:
    s, g = core.state, core.agenda
    if any(x < b and a < y for a, b in inside for x, y, _ in s.marks):
        core.tell(RELEASED, at, inside)
    if s.held(a):
        core.tell(HELD, at, a, b, "")  # a group around them is paused: they go on all the same
    g.local.settle(at, lambda one: bool(s.held(one)))
    if not core.is_paused:
        for x, y in inside:
            for one in s.find(S.SUSPENDED, x, y):
                attempts.resume_body(core, one, at)
            for one in s.find(S.RUNNING, x, y):
                core.command(Do.RELEASE, one, s.attempt[one])
    for one in (one for path in s.breaks for one in s.units_of(path, S.PENDING)) if g.going else ():
        if g.is_ready(one):  # also one that waits at the door of a flow around it, where nobody looks at it
            stop_at_breakpoint(core, one, at)
    g.unpark()
    g.asks.extend(one for x, y in inside for one in s.find(S.OPEN, x, y))

"""Sub-flows as a whole: they begin with the first body in them, their time is limited, and one that failed is tried again."""

from __future__ import annotations

import math

from stratix_tasks.core.decide import again
from stratix_tasks.core.decide.core import Core, Detail
from stratix_tasks.core.decide.ending import close, finish_inside
from stratix_tasks.core.ends import failure_in
from stratix_tasks.core.facts import ENTERED
from stratix_tasks.core.limits import Lane
from stratix_tasks.core.retry import pause_before, retries
from stratix_tasks.core.state import spans
from stratix_tasks.core.states import Event, S
from stratix_tasks.core.timers import Timer


def enter(core: Core, lane: Lane, p: int, at: float) -> bool:
    """Its places are free: it begins, and who waited for that goes on. Whether it took them."""
    s, g = core.state, core.agenda
    if s.status[p] != S.OPEN or p in s.begun or p not in g.doors.waiting:
        return False
    if core.state.held(p):
        g.parked.append((lane, p))
        return False
    core.tell(ENTERED, at, p)
    g.local.drop_unit(p)
    for waiting, u in g.doors.enter(p, lane):
        g.put(waiting, (u,))
    return True


def tries_again(core: Core, p: int, at: float) -> bool:
    """A sub-flow in which nothing is left to do has ended badly: whether it is tried again."""
    s = core.state
    retry = s.policy(p).retry
    error = failure_in(s, p) if retry.max else None
    if (
        error is None
        or error.get("final")
        or not retries(retry, s.tries(p), error, s.attempt[p])
        or _is_out_of_time(core, p, at)
    ):
        return False
    once_more(core, p, at, error)
    return True


def once_more(core: Core, p: int, at: float, error: Detail, reason: str | None = None) -> None:
    """What lies in it is as if it had not run, and waits until it opens again."""
    s, g = core.state, core.agenda
    parts = [(i, a, b) for i, a, b in s.scopes(p)]
    fixed = s.place(p)[1] in s.place(p)[0].fixed
    due = at + pause_before(s.policy(p).retry, s.tries(p), core.random, error, s.attempt[p])
    event = Event.STOPPED if p in s.target else Event.FAIL_RETRY
    core.move(p, event, at, reason, {"error": error, "due": due}, S.RETRYING)
    units = {u for _, a, b in parts for u in range(a, b)} if fixed else set[int]()
    again.roll(core, units, [] if fixed else [i for i, _, _ in parts], [], at)
    g.doors.leave(p)
    g.review(spans(units))
    g.asks.append(p)  # it may be due already


def end_in_time(core: Core, p: int, which: str, at: float, error: Detail) -> None:
    """Its time is over: what goes on in it is cancelled, and then it has failed, or is tried again. What runs at its end has a
    time of its own."""
    s = core.state
    stops_for_good = p in s.target and (which != "total" or s.target[p][0] != S.RETRYING)
    if stops_for_good or (p not in s.target and not s.works(p)):
        return
    anew = which == "attempt" and retries(s.policy(p).retry, s.tries(p), error, s.attempt[p])
    close(core, p, S.RETRYING if anew else S.FAILED, "timeout", at, {"error": error})
    finish_inside(core, p, S.CANCELLED, "timeout", at)


def _is_out_of_time(core: Core, p: int, at: float) -> bool:
    """Whether the limit of all tries was over while it ended."""
    return core.state.limits.deadline.get((Timer.TOTAL, p), math.inf) <= max(at, core.agenda.now)

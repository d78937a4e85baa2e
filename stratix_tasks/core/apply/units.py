"""Facts of units: their bodies, results, and transitions that have no kind of their own."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

from stratix_tasks.core.apply.told import clear, tell
from stratix_tasks.core.facts import Fact
from stratix_tasks.core.results import Stored, stand_in
from stratix_tasks.core.state import COMPLETED, RUNNING, State
from stratix_tasks.core.states import TERMINAL, Event, RunState, S
from stratix_tasks.core.timers import Timer


def started(s: State, fact: Fact) -> None:
    _, at, u, attempt, _queued, _worker = fact
    s.status[u], s.attempt[u], s.started[u] = RUNNING, attempt, at
    if s.due and s.due.pop(u, None) is not None:
        s.limits.drop(Timer.DUE, u)
    if s.reason or s.passing:
        s.reason.pop(u, None)
        s.passing.discard(u)
    if s.timed:
        _limit(s, u, at)


def _limit(s: State, u: int, at: float) -> None:
    """Limits that begin with an attempt."""
    policy = s.policy(u)
    if not policy.timed:
        return
    limit = policy.timeout
    if limit.attempt is not None:
        s.limits.arm(Timer.ATTEMPT, u, at, limit.attempt)
    if limit.total is not None and not s.limits.armed(Timer.TOTAL, u):
        s.limits.arm(Timer.TOTAL, u, at, limit.total)


_RUNNING = bytes((RUNNING,)) * 1024


def started_many(s: State, fact: Fact) -> None:
    _, at, a, b, attempt, _queued, _worker = fact
    n = b - a
    s.status[a:b] = _RUNNING[:n] if n <= 1024 else bytes((RUNNING,)) * n
    s.attempt[a:b] = array("H", (attempt,)) * n
    s.started[a:b] = array("d", (at,)) * n
    if s.reason:
        clear(s.reason, a, b)
    if s.passing or s.due:
        for u in range(a, b) if s.due else ():
            if s.due.pop(u, None) is not None:
                s.limits.drop(Timer.DUE, u)
        s.passing.difference_update(range(a, b))
    if s.timed:
        for u in range(a, b):
            _limit(s, u, at)


def completed(s: State, fact: Fact) -> None:
    _, at, u, attempt, codec, payload, summary, _cpu = fact
    was = s.status[u]
    s.status[u], s.ended[u] = COMPLETED, at
    s.values[u] = payload if codec == "json" and type(payload) in _SCALARS else Stored(codec, payload, u, attempt)
    if summary is not None:
        s.summary[u] = summary
    if was != RUNNING or s.timed:
        s.target.pop(u, None)
        s.limits.drop_unit(u)
    if s.reason:
        s.reason.pop(u, None)
    if s.error:
        s.error.pop(u, None)


_SCALARS = frozenset((type(None), bool, int, float, str))


def given(s: State, fact: Fact) -> None:
    _, at, u, reason, _attempt, codec, payload, summary = fact
    s.status[u], s.ended[u], s.reason[u] = S.COMPLETED, at, reason
    _forget_end(s, u)
    s.summary.pop(u, None)
    _keep(s, u, codec, payload, summary)
    s.limits.drop_unit(u)


def _keep(s: State, u: int, codec: str, payload: Any, summary: dict[str, Any] | None) -> None:
    s.values[u] = stand_in(codec, payload, u, s.attempt[u])
    if summary is not None:
        s.summary[u] = summary


def moved(s: State, fact: Fact) -> None:
    _, at, u, event, state, reason, attempt, detail = fact
    was, s.status[u] = s.status[u], state
    tell(s.reason, u, reason)
    if was == S.OPEN and state != S.OPEN:
        _closed(s, u, state)
    if was == S.SUSPENDED:
        s.limits.thaw(at, u)
    if event in _SUSPENSION:
        return s.limits.freeze(at, u) if event == Event.SUSPEND else None  # a body that is suspended counts no time
    s.target.pop(u, None)
    s.due.pop(u, None)
    if was == S.WAITING:
        del s.waits[u]
    if state in TERMINAL:
        s.ended[u] = at
        s.passing.discard(u)
    if state != S.OPEN:
        s.limits.drop_unit(u, attempt_only=state not in TERMINAL)
    if event in _LOSSES:
        _LOSSES[event](s, u, attempt, was)
    if detail is not None:
        _detail(s, u, at, state, attempt, detail)
    if s.marks and state in (S.PENDING, S.RETRYING) and s.held(u):
        s.limits.freeze(at, u)


def _closed(s: State, u: int, state: int) -> None:
    """A group is open no more; one that is to be tried again opens what is laid out for it anew."""
    s.begun.discard(u)
    r, k, _ = s.place(u)
    if state == S.RETRYING and k in r.fixed:
        del s.kids[u]


def _lost(s: State, u: int, _attempt: int, _was: int) -> None:
    s.lost[u] = s.lost.get(u, 0) + 1


def _lost_and_again(s: State, u: int, attempt: int, was: int) -> None:
    """An attempt whose place has gone takes nothing from the budget of retries."""
    _lost(s, u, attempt, was)
    s.spent[u] += 1


def _orphaned(s: State, u: int, attempt: int, was: int) -> None:
    """Its body died with its owner; one that was being stopped has what it was stopped for."""
    if was != S.STOPPING:
        s.spent[u] += 1
        s.orphaned.setdefault(u, []).append(attempt)


_LOSSES: dict[int, Callable[[State, int, int, int], None]] = {
    Event.LOST: _lost,
    Event.LOST_RETRY: _lost_and_again,
    Event.ORPHANED: _orphaned,
}
_SUSPENSION = (Event.SUSPEND, Event.RELEASE)


def _detail(s: State, u: int, at: float, state: int, attempt: int, detail: dict[str, Any]) -> None:
    """What a transition says besides: each of it has one place."""
    if "target" in detail:
        kept = {name: part for name, part in detail.items() if name != "target"}
        s.target[u] = S(detail["target"]), s.reason.get(u, "user"), kept or None
        if state == S.STOPPING:
            s.limits.arm(Timer.GRACE, u, at, s.policy(u).grace)
        else:
            for kind in (Timer.QUEUED, Timer.SCOPE, *(() if s.target[u][0] == S.RETRYING else (Timer.TOTAL,))):
                s.limits.drop(kind, u)
    if "error" in detail:
        s.error[u] = detail["error"]
        if state != S.STOPPING:
            s.failures.setdefault(u, []).append((attempt, detail["error"]))
    if "due" in detail:
        s.due[u] = detail["due"]
        s.limits.at(Timer.DUE, u, detail["due"])
    if "wait" in detail:
        s.waits[u] = detail["wait"]
        watch_wait(s, u)
    if "value" in detail and state in TERMINAL:
        value = detail["value"]
        _keep(s, u, value["codec"], value["payload"], value["summary"])


def watch_wait(s: State, u: int) -> None:
    """A wait is over by the clock on the wall, but nothing happens by itself in a run that is paused."""
    due = s.waits[u]["due"]
    if due is not None and s.run in (RunState.RUNNING, RunState.ENDING):
        s.limits.at(Timer.WAIT, u, due)
    else:
        s.limits.drop(Timer.WAIT, u)


def _forget_end(s: State, u: int) -> None:
    """What told of a unit how it had not come to an end, or to a bad one."""
    for told in (s.target, s.due, s.waits, s.error):
        told.pop(u, None)
    s.passing.discard(u)

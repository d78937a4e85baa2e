"""Attempts: how a body, or a wait, can end, and where its unit goes then; and what its deadlines do."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core import spawning
from stratix_tasks.core.answers import Do
from stratix_tasks.core.decide import whole
from stratix_tasks.core.decide.core import Core, Detail
from stratix_tasks.core.decide.ending import close, complete, end, end_unit, finish_inside, stop
from stratix_tasks.core.decide.gathering import loop_error
from stratix_tasks.core.decide.looking import look
from stratix_tasks.core.facts import COMPLETED, SPAWNED, TAKEN
from stratix_tasks.core.node import LOOP, Kind
from stratix_tasks.core.results import Data, Stored
from stratix_tasks.core.retry import AFTER_LOSS, pause_before, retries
from stratix_tasks.core.state import WITH_BODY, WITHIN, Name
from stratix_tasks.core.states import OK_AFTER_STOP, Event, RunState, S
from stratix_tasks.core.timers import Timer
from stratix_tasks.core.waits import NOTHING, Wait, kind_of, signal_of, told
from stratix_tasks.spec.durations import about

# ---------------------------------------------------------------------- ending well


def completed(core: Core, event: tuple[Any, ...]) -> None:
    """A result that does not meet a running unit: it is suspended, or being stopped and counts all the same."""
    _, u, attempt, at, value, codec, payload, summary, cpu, frame = event
    core.agenda.live += core.state.status[u] == S.SUSPENDED
    keep(core, u, attempt, value, codec, payload, frame)
    core.tell(COMPLETED, at, u, attempt, codec, payload, summary, cpu)
    core.agenda.done(u)


def keep(core: Core, u: int, attempt: int, value: Any, codec: str, payload: Any, frame: bytes | None) -> None:
    """The live result, beside what will be recorded of it; from another process there is none."""
    if codec != "json":
        core.recorded.append((u, attempt, codec, payload))
        if frame is not None:
            core.frames.append((u, attempt, frame))
    if type(value) is not Stored:
        core.cache[u] = value


# ---------------------------------------------------------------------- failing, losing


def failed(core: Core, u: int, at: float, error: Detail) -> None:
    s = core.state
    if not error.get("final") and retries(s.policy(u).retry, s.tries(u), error, s.attempt[u]):
        _again_later(core, u, Event.FAIL_RETRY, at, error, _pause(core, u, error))
    else:
        _ended(core, u, Event.FAIL, at, None, error)


def lost(core: Core, u: int, at: float, error: Detail) -> None:
    """The place where a body ran has gone: it is tried again by a budget of its own."""
    s = core.state
    losses = s.lost.get(u, 0) + 1
    if losses > s.policy(u).max_lost:
        _ended(core, u, Event.LOST, at, "lost", error)
    else:
        _again_later(core, u, Event.LOST_RETRY, at, error, pause_before(AFTER_LOSS, losses, core.random), "lost")


def _ended(core: Core, u: int, event: Event, at: float, reason: str | None, error: Detail) -> None:
    core.agenda.live += core.state.status[u] == S.SUSPENDED
    core.agenda.let_go(u)
    end_unit(core, u, event, at, reason, {"error": error})


def _pause(core: Core, u: int, error: Detail) -> float:
    s = core.state
    return pause_before(s.policy(u).retry, s.tries(u), core.random, error, s.attempt[u])


def _again_later(core: Core, u: int, event: Event, at: float, error: Detail, pause: float, reason: str | None = None) -> None:  # fmt: skip
    core.agenda.live += core.state.status[u] == S.SUSPENDED
    core.agenda.let_go(u)
    core.move(u, event, at, reason, {"error": error, "due": at + pause})


# ---------------------------------------------------------------------- stopping


def stopped(core: Core, u: int, at: float, *, event: Event = Event.STOPPED, abandoned: bool = False) -> None:
    """A stop took effect: the body ended, its grace is over, or its owner died."""
    s, g = core.state, core.agenda
    target, reason, detail = s.target[u]
    if abandoned:
        g.abandoned[u] = g.abandoned.get(u, 0) + 1
        g.fenced.add((u, s.attempt[u]))
        g.live -= 1
        detail = {**(detail or {}), "abandoned": True}
    else:
        g.let_go(u)
    if target == S.RETRYING:
        detail = _back_off(core, u, at, reason, detail)
    core.move(u, event, at, reason, detail, target)
    if target == S.PENDING:
        g.review([(u, u + 1)])
    elif target == S.COMPLETED:
        core.cache.pop(u, None)
        g.over(u, target)
    elif target not in (S.RETRYING, S.RETIRED):
        g.over(u, target)


def _back_off(core: Core, u: int, at: float, reason: str, detail: Detail | None) -> Detail:
    """A body that was stopped is tried again: when, and the detail that tells it."""
    error = (detail or {}).get("error", {"type": "Stopped", "message": reason})
    return {**(detail or {}), "error": error, "due": at + _pause(core, u, error)}


def ended_itself(core: Core, u: int, at: float) -> None:
    """A body ended as one that was asked to stop, which nobody did."""
    failed(core, u, at, {"type": "Cancelled", "message": "the body ended itself"})


def late(core: Core, u: int, attempt: int) -> None:
    """The answer of an attempt that is not the live one: dropped, counted; an abandoned body gives its places back."""
    g = core.agenda
    core.dropped_answers += 1
    if (u, attempt) in g.fenced:
        g.fenced.discard((u, attempt))
        g.abandoned[u] -= 1
        g.lane(u).give()
        if not g.abandoned[u]:
            del g.abandoned[u]
            if core.state.status[u] in (S.PENDING, S.RETRYING):
                g.review([(u, u + 1)])
                if g.is_ready(u):
                    g.push(u)


def suspended(core: Core, u: int, at: float) -> None:
    """Its body is parked, unless it was released while the answer was on its way."""
    s = core.state
    if s.status[u] == S.RUNNING and (core.is_paused or s.held(u)):
        core.agenda.live -= 1
        core.move(u, Event.SUSPEND, at)


def resume_body(core: Core, u: int, at: float) -> None:
    """suspended → running, same attempt; its time-out counts on."""
    core.agenda.live += 1
    core.move(u, Event.RELEASE, at)
    core.command(Do.RELEASE, u, core.state.attempt[u])


# ---------------------------------------------------------------------- waiting


def wait(core: Core, u: int, at: float, what: Wait) -> None:
    """running → waiting; what was sent before it began counts, but for what this node has had already."""
    core.agenda.let_go(u)
    core.move(u, Event.WAIT, at, None, {"wait": what})
    hear(core, u, at)


def hear(core: Core, u: int, at: float) -> None:
    """Take the next value of the signal that a unit waits for, if it is there."""
    s = core.state
    name = signal_of(s.waits[u])
    if name is None:
        return
    sent, taken = s.signals.get(name, ()), s.taken.get(s.in_all_rounds(u), 0)
    if len(sent) > taken:
        core.tell(TAKEN, at, u)
        answer_wait(core, u, at, sent[taken], "signal")


def answer_wait(core: Core, u: int, at: float, given: Data, reason: str) -> None:
    """waiting → completed, with a value for its result."""
    complete(core, u, at, reason, given)


def _wait_is_over(core: Core, u: int, at: float) -> None:
    """Its time has come: what waited for that alone is done, anything else has waited in vain."""
    s = core.state
    what = s.waits[u]
    if not kind_of(what).ended_by:
        return answer_wait(core, u, at, NOTHING, "due")
    message = f"waited {about(at - s.started[u])} in vain for {told(what)}"
    bases = ["TimeoutError", "OSError", "Exception"]
    error = {"type": "TimeoutError", "message": message, "code": "timeout", "bases": bases}
    return end_unit(core, u, Event.WAIT_TIMEOUT, at, "timeout", {"error": error})


# ---------------------------------------------------------------------- spawning


def spawned(core: Core, u: int, attempt: int, at: float, name: Name, args: dict[str, Data]) -> None:
    """A body has spawned an item for its own node. One whose own result would not count any more is not heard, nor one that
    goes on though its map has ended."""
    s, g = core.state, core.agenda
    group, state = s.map_of(u), s.status[u]
    heard = (
        s.attempt[u] == attempt and state in WITH_BODY and group >= 0 and s.status[group] == S.OPEN and not s.gone(u)
    )
    if not heard or (state == S.STOPPING and s.target[u][0] not in OK_AFTER_STOP):
        core.dropped_answers += 1
        return
    parent = s.index(u)
    if name in s.children.get(group, {}).get(parent, ()):
        return
    item, index = len(s.status), s.count(group)
    key = _key(core, group, parent, name)
    core.tell(SPAWNED, at, item, group, index, key, parent, name, args)
    g.spawned(item)
    if group in s.target:  # what was asked of the node is asked of the items to come, too
        target, reason, _ = s.target[group]
        end_unit(core, item, Event.SKIP if target == S.SKIPPED else Event.CANCEL, at, reason)


def _key(core: Core, group: int, parent: int, name: Name) -> str | None:
    """`<its parent's key>/<name>`; one that another item has already gets a mark behind it. None where items have no keys."""
    keys = core.state.keys.get(group)
    if keys is None:
        return None
    taken = core.agenda.keys_of(group)
    key = f"{keys[parent]}/{name}"
    while key in taken:
        key += "'"
    taken.add(key)
    return key


def room(core: Core, u: int) -> int:
    """How many items the body of this one may spawn, with those that it has spawned before."""
    s = core.state
    group = s.map_of(u)
    if group < 0 or s.gone(u):
        return 0
    spawned = s.count(group) - s.stretches[s.kids[group][0]].count
    return spawning.MOST - spawned + len(s.children.get(group, {}).get(s.index(u), ()))


# ---------------------------------------------------------------------- time limits


def fire(core: Core, timer: Timer, u: int, at: float) -> None:
    """A deadline has passed."""
    s, g = core.state, core.agenda
    if timer is Timer.RUN:
        return end(core, RunState.FAILED, "timeout", at)
    state = s.status[u]
    if timer is Timer.DUE:
        if state == S.RETRYING and not s.is_group(u):
            g.push(u)
        else:
            look(core, u, at)
    elif timer is Timer.WAIT and state == S.WAITING:
        _wait_is_over(core, u, at)
    elif timer is Timer.ATTEMPT and state == S.RUNNING:
        _time_out(core, u, "attempt", at)
    elif timer is Timer.GRACE and state == S.STOPPING:
        if s.policy(u).traits.killable:
            core.command(Do.KILL, u, s.attempt[u])
        else:
            stopped(core, u, at, abandoned=True)
    elif timer in (Timer.SCOPE, Timer.QUEUED) and state == S.OPEN:
        _end_in_time(core, u, "attempt" if timer is Timer.SCOPE else "queued", at)
    elif timer is Timer.QUEUED and g.is_ready(u):
        _expire(core, u, Event.QUEUED_TOO_LONG, "queued", at)
    elif timer is Timer.TOTAL:
        _total_is_over(core, u, state, at)
    return None


def _total_is_over(core: Core, u: int, state: int, at: float) -> None:
    s = core.state
    if state == S.OPEN and s.kind(u) is LOOP:
        _end_loop(core, u, at)
    elif state == S.OPEN:
        _end_in_time(core, u, "total", at)
    elif state in (S.RUNNING, S.SUSPENDED) or (state == S.STOPPING and s.target[u][0] == S.RETRYING):
        _time_out(core, u, "total", at)
    elif state == S.RETRYING or (state == S.PENDING and s.kind(u) is Kind.TASK):
        _expire(core, u, Event.TOTAL_TIMEOUT, "total", at)


def _end_in_time(core: Core, p: int, which: str, at: float) -> None:
    whole.end_in_time(core, p, which, at, _timeout_error(core, p, which))


def _end_loop(core: Core, p: int, at: float) -> None:
    """Its time is over: what goes on of its round is cancelled, and then it has failed, or is done with what it has."""
    node = core.state.node(p)
    message = f"its end did not come within {node.within or 0.0:g} s"
    target = S.COMPLETED if node.take_last else S.FAILED
    close(core, p, target, WITHIN, at, None if node.take_last else loop_error("within", message))
    finish_inside(core, p, S.CANCELLED, WITHIN, at)


def _time_out(core: Core, u: int, which: str, at: float) -> None:
    s = core.state
    error = _timeout_error(core, u, which)
    again = which == "attempt" and retries(s.policy(u).retry, s.tries(u), error, s.attempt[u])
    stop(core, u, S.RETRYING if again else S.FAILED, "timeout", at, {"error": error})


def _expire(core: Core, u: int, event: Event, which: str, at: float) -> None:
    end_unit(core, u, event, at, "timeout", {"error": _timeout_error(core, u, which)})


def _timeout_error(core: Core, u: int, which: str) -> Detail:
    limit = getattr(core.state.policy(u).timeout, which)
    # What began keeps its limit, though a person has taken that away meanwhile from what is to come.
    of = "" if limit is None else f" of {limit:g} s"
    return {
        "type": "TimeoutError",
        "message": f"timed out: its {which} limit{of} is over",
        "code": "timeout",
        "bases": ["TimeoutError", "OSError", "Exception"],
    }

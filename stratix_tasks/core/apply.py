"""apply: the only writer of a `State`. One function a kind of fact; it chooses nothing, what is decided stands in the fact.

`fold` is a loop over it: recovery, looking on, forking and what live runs do to their own state are the same lines.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from stratix_tasks.core import facts as kinds
from stratix_tasks.core.facts import Fact
from stratix_tasks.core.node import FLOW, Policy
from stratix_tasks.core.results import Stored, stand_in
from stratix_tasks.core.settings import OPTIONS, at_path, changed
from stratix_tasks.core.state import COMPLETED, MISSING, RUNNING, WITH_BODY, State, each, fill
from stratix_tasks.core.states import RUN_TERMINAL, TERMINAL, Event, RunState, S
from stratix_tasks.core.timers import WHOLE, Timer

STILL_RUN = (RunState.PAUSING, RunState.PAUSED)


def apply(s: State, fact: Fact) -> None:
    """Take one fact. Its kind is one of `facts`; fields that a later version wrote are cut off before."""
    _APPLY[fact[0]](s, fact)
    s.at = fact[1]


def fold(s: State, facts: Iterable[Fact]) -> State:
    """Take facts in order, from the journal: kinds and fields that are not known here are skipped."""
    table, widths = _APPLY, kinds.WIDTHS
    known = len(table)
    for fact in facts:
        kind = fact[0]
        if kind < known:
            width = widths[kind]
            table[kind](s, fact if len(fact) == width else fact[:width])
            s.at = fact[1]
    return s


# ---------------------------------------------------------------------- bodies


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


def _given(s: State, fact: Fact) -> None:
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


def _moved(s: State, fact: Fact) -> None:
    _, at, u, event, state, reason, attempt, detail = fact
    was, s.status[u] = s.status[u], state
    _tell(s.reason, u, reason)
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
        _await(s, u)
    if "value" in detail and state in TERMINAL:
        value = detail["value"]
        _keep(s, u, value["codec"], value["payload"], value["summary"])


def _await(s: State, u: int) -> None:
    """A wait is over by the clock on the wall, but nothing happens by itself in a run that is paused."""
    due = s.waits[u]["due"]
    if due is not None and s.run in (RunState.RUNNING, RunState.ENDING):
        s.limits.at(Timer.WAIT, u, due)
    else:
        s.limits.drop(Timer.WAIT, u)


def _tell(told: dict[int, Any], u: int, what: Any) -> None:
    if what is None:
        told.pop(u, None)
    else:
        told[u] = what


def _forget_end(s: State, u: int) -> None:
    """What told of a unit how it had not come to an end, or to a bad one."""
    for told in (s.target, s.due, s.waits, s.error):
        told.pop(u, None)
    s.passing.discard(u)


# ---------------------------------------------------------------------- groups


def _expanded(s: State, fact: Fact) -> None:
    _, at, u, _first, count, keys, index, frozen, streams = fact
    r, k, _ = s.place(u)
    if not s.started[u] or s.status[u] == S.PENDING:
        s.started[u] = at
    s.status[u] = S.OPEN
    s.due.pop(u, None)
    s.limits.drop(Timer.DUE, u)
    if s.reason:
        s.reason.pop(u, None)
    s.passing.discard(u)
    node = r.block.nodes[k]
    if node.kind is FLOW:
        _tried(s, u, at)
    if k in r.fixed:
        s.kids[u] = [r.fixed[k]]
        return
    s.kids.setdefault(u, []).append(s.open(r.block.inner[k], u, index, count, 0 if streams else -1))
    if keys is not None:
        s.keys.setdefault(u, []).extend(keys)
    if frozen is not None:
        s.frozen[u] = frozen
    if node.within is not None and not s.limits.armed(Timer.TOTAL, u):
        s.limits.arm(Timer.TOTAL, u, at, node.within)
        _stand(s, u, at)


def _tried(s: State, u: int, at: float) -> None:
    """Tries of a sub-flow are counted where it is something as a whole; it waits from here on for its first body."""
    policy = s.policy(u)
    if policy.retry.max or policy.whole:
        s.attempt[u] += 1
    if policy.whole and policy.timeout.queued is not None:
        s.limits.arm(Timer.QUEUED, u, at, policy.timeout.queued)
        _stand(s, u, at)


def _stand(s: State, u: int, at: float) -> None:
    """What is paused counts no time."""
    if s.marks and s.held(u):
        s.limits.freeze(at, u)


def _entered(s: State, fact: Fact) -> None:
    _, at, u = fact
    s.begun.add(u)
    s.limits.drop(Timer.QUEUED, u)
    limit = s.policy(u).timeout
    if u not in s.target:
        if limit.attempt is not None:
            s.limits.arm(Timer.SCOPE, u, at, limit.attempt)
        if limit.total is not None and not s.limits.armed(Timer.TOTAL, u):
            s.limits.arm(Timer.TOTAL, u, at, limit.total)
    _stand(s, u, at)


def _spawned(s: State, fact: Fact) -> None:
    """The stretch that holds the last spawned items grows, where nothing was opened since."""
    _, _at, u, group, index, key, parent, name, args = fact
    kids = s.kids[group]
    last = kids[-1]
    r = s.stretches[last]
    if key is not None:
        s.keys.setdefault(group, []).append(key)
    if args is None:
        kids.append(s.open(r.block, group, index, 1, parent))
        s.fed.setdefault(group, {})[parent] = u
        return
    if len(kids) > 1 and r.origin < 0 and last == len(s.stretches) - 1 and r.stop == u:
        s.status.append(S.PENDING)
        s.home.append(last)
        s.attempt.append(0)
        s.spent.append(0)
        s.values.append(MISSING)
        s.started.append(0.0)
        s.ended.append(0.0)
        s.stretches[last] = replace(r, count=r.count + 1, stop=u + 1)
    else:
        kids.append(s.open(r.block, group, index, 1))
    s.spawned[u] = args
    s.children.setdefault(group, {}).setdefault(parent, {})[name] = u


def _joined(s: State, fact: Fact) -> None:
    s.winners[fact[2]] = tuple(fact[3])


def _enabled(s: State, fact: Fact) -> None:
    s.enabled.add(fact[2])


# ---------------------------------------------------------------------- spans


def _swept(s: State, fact: Fact) -> None:
    _, at, a, b, state, reason, parts = fact
    for x, y in parts:
        s.status[x:y] = bytes((state,)) * (y - x)
        fill(s.ended, x, y, at)
        for told in (s.due, s.waits, s.reason):
            clear(told, x, y)
        s.passing.difference_update(range(x, y) if y - x < len(s.passing) else [u for u in s.passing if x <= u < y])
        s.limits.drop_span(x, y)
    s.swept.append((a, b, reason, tuple(map(tuple, parts))))


def _held(s: State, fact: Fact) -> None:
    _, at, a, b, reason = fact
    s.marks = _marked(_unmarked(s.marks, a, b), a, b, reason)
    _settle(s, at)


def _settle(s: State, at: float) -> None:
    if s.limits:
        s.limits.settle(at, _still(s))


_STANDING = (S.PENDING, S.RETRYING, S.OPEN)


def _still(s: State) -> Callable[[int], bool]:
    """What counts no time of its limits: what is paused by itself, or by a group that it lies in."""
    return lambda u: s.status[u] == S.SUSPENDED or (s.status[u] in _STANDING and bool(s.held(u)))


def _released(s: State, fact: Fact) -> None:
    _, at, parts = fact
    for a, b in parts:
        for x, y, reason in s.marks:
            if reason and max(x, a) < min(y, b) and s.breaks:
                s.passing.update(u for u in range(max(x, a), min(y, b)) if s.path(u) in s.breaks)
        s.marks = _unmarked(s.marks, a, b)
    _settle(s, at)


def _unmarked(marks: list[tuple[int, int, str]], a: int, b: int) -> list[tuple[int, int, str]]:
    parts = [(part, why) for x, y, why in marks for part in ((x, min(y, a)), (max(x, b), y)) if part[0] < part[1]]
    return sorted({(x, y, why) for (x, y), why in parts})


def _marked(marks: list[tuple[int, int, str]], a: int, b: int, reason: str) -> list[tuple[int, int, str]]:
    merged: list[tuple[int, int, str]] = []
    for x, y, why in sorted([*marks, (a, b, reason)]):
        if merged and merged[-1][1] == x and merged[-1][2] == why:
            merged[-1] = (merged[-1][0], y, why)
        else:
            merged.append((x, y, why))
    return merged


# ---------------------------------------------------------------------- again


def _again(s: State, fact: Fact) -> None:
    for a, b in fact[2]:
        _unrest(s, a)
        s.status[a:b] = bytes(b - a)
        s.values[a:b] = [MISSING] * (b - a)
        s.spent[a:b] = s.attempt[a:b]
        _clear_all(s, a, b)
        reason: str | None = fact[3]
        if reason is not None:
            s.reason.update(dict.fromkeys(range(a, b), reason))


def _clear_all(s: State, a: int, b: int) -> None:
    for told in (s.error, s.reason, s.due, s.waits, s.winners, s.finished, s.target, s.lost, s.summary):
        clear(told, a, b)
    for marked in (s.enabled, s.passing, s.begun):
        marked.difference_update(range(a, b) if b - a < len(marked) else [u for u in marked if a <= u < b])
    s.limits.drop_span(a, b)


def clear(told: dict[int, Any], a: int, b: int) -> None:
    if b - a < len(told):
        for u in range(a, b):
            told.pop(u, None)
    else:
        for u in [u for u in told if a <= u < b]:
            del told[u]


def _unrest(s: State, u: int) -> None:
    """A round of which something is set back is not over: a loop that rests after it is asked about its end again."""
    p = s.stretches[s.home[u]].parent
    if p in s.due and s.status[p] == S.OPEN:
        del s.due[p]
        s.limits.drop(Timer.DUE, p)


def _reopened(s: State, fact: Fact) -> None:
    for u in fact[2]:
        _unrest(s, u)
        s.status[u], s.values[u] = S.OPEN, MISSING
        for told in (s.error, s.reason, s.target):
            told.pop(u, None)
        s.spent[u] = max(s.attempt[u] - 1, 0)  # it is its first try again


def _rolled(s: State, fact: Fact) -> None:
    _, at, parts, scopes = fact
    out = [next(i for i in s.kids[p] if s.stretches[i].index == index) for p, index in scopes]
    for i in out:
        p = s.stretches[i].parent
        _unrest(s, s.stretches[i].base)
        s.kids[p].remove(i)
        if not s.kids[p]:  # a sub-flow that is to be tried again
            del s.kids[p]
    gone = [(i, s.stretches[i].base, s.stretches[i].stop) for i in out]
    for u in each(parts):
        r, k, _ = s.place(u)
        if u in s.kids and k not in r.fixed:
            gone += s.scopes(u)
    for i, a, b in s.below(gone):
        _retire(s, i, a, b, at)
    for a, b in parts:
        _unrest(s, a)
        held = [u for state in WITH_BODY for u in s.find(state, a, b)]
        for u in range(a, b):
            for opened in (s.kids, s.keys, s.frozen, s.children, s.fed):
                opened.pop(u, None)
            s.generation[u] = s.generation.get(u, 0) + 1
            if s.status[u] in TERMINAL or s.status[u] == S.OPEN or s.attempt[u]:
                s.reason[u] = "rollback"
        kept = {u: s.reason[u] for u in range(a, b) if u in s.reason and s.reason[u] == "rollback"}
        s.spent[a:b] = s.attempt[a:b]
        s.status[a:b] = bytes(b - a)
        s.values[a:b] = [MISSING] * (b - a)
        _clear_all(s, a, b)
        _forget_late(s, a, b)
        s.reason.update(kept)
        s.marks = _unmarked(s.marks, a, b) if s.marks else s.marks
        for u in held:
            s.status[u] = S.STOPPING
            s.target[u] = S.PENDING, "rollback", None
            s.limits.arm(Timer.GRACE, u, at, s.policy(u).grace)


def _retire(s: State, i: int, a: int, b: int, at: float) -> None:
    """Out of the run; bodies in there are stopped, and then are out of it, too."""
    s.retired.add(i)
    _forget_late(s, a, b)
    live = [u for state in WITH_BODY for u in s.find(state, a, b)]
    s.status[a:b] = bytes((S.RETIRED,)) * (b - a)
    s.values[a:b] = [MISSING] * (b - a)
    for u in range(a, b) if s.kids else ():
        for opened in (s.kids, s.keys, s.frozen, s.children, s.fed):
            opened.pop(u, None)
    clear(s.spawned, a, b)
    clear(s.generation, a, b)
    _clear_all(s, a, b)
    s.marks = _unmarked(s.marks, a, b) if s.marks else s.marks
    for u in live:
        s.status[u] = S.STOPPING
        s.target[u] = S.RETIRED, "rollback", None
        s.limits.arm(Timer.GRACE, u, at, s.policy(u).grace)


# ---------------------------------------------------------------------- what people say


def _set(s: State, fact: Fact) -> None:
    _, _at, where, args, options = fact
    given = {name: stand_in(data["codec"], data["payload"]) for name, data in args.items()}
    if given:
        s.sets[where] = {**s.sets.get(where, {}), **given}
    if options:
        s.said[where] = {**s.said.get(where, {}), **options}
        s.own[where] = changed(s.policy(where) if type(where) is int else _policy_at(s, where), options)
        s.timed = s.timed or s.own[where].timed
    if type(where) is int:
        s.enabled.discard(where)


def _policy_at(s: State, path: str) -> Policy:
    if path in s.own:
        return s.own[path]
    block, k = at_path(s.root, path)
    return block.policies[k]


def _resolved(s: State, fact: Fact) -> None:
    _, _at, u, options = fact
    s.late[u] = options
    _own(s, u)


def _own(s: State, u: int) -> None:
    """What its node says, what came with the run, and what a person gave, the latter first."""
    r, k, _ = s.place(u)
    late = {name: value for name, value in s.late.get(u, {}).items() if name in OPTIONS}
    said = {**s.said.get(s.path(u), {}), **s.said.get(u, {})}
    s.own.pop(u, None)
    if late or said:
        s.own[u] = changed(r.block.policies[k], {**late, **said})
        s.timed = s.timed or s.own[u].timed


def _forget_late(s: State, a: int, b: int) -> None:
    for u in [u for u in s.late if a <= u < b]:
        del s.late[u]
        _own(s, u)


def _breakpoint(s: State, fact: Fact) -> None:
    (s.breaks.add if fact[3] else s.breaks.discard)(fact[2])


def _sent(s: State, fact: Fact) -> None:
    s.signals.setdefault(fact[2], []).append(fact[3])


def _taken(s: State, fact: Fact) -> None:
    s.taken[fact[2]] = s.taken.get(fact[2], 0) + 1


def _finished(s: State, fact: Fact) -> None:
    s.finished[fact[2]] = S(fact[3])


def _requested(s: State, fact: Fact) -> None:
    if "id" in fact[4]:
        s.heard.add(fact[4]["id"])


# ---------------------------------------------------------------------- the run


def _run(s: State, fact: Fact) -> None:
    _, at, state, reason, detail = fact
    was, s.run, s.run_reason = s.run, RunState(state), reason
    detail = detail or {}
    s.run_error = detail.get("error")
    if "target" in detail:
        s.run_target = RunState(detail["target"])
    elif was in RUN_TERMINAL:
        s.run_target = None
    if s.run is RunState.RUNNING and was in STILL_RUN:
        s.recoveries = 0
    if s.run in (RunState.ENDING, *RUN_TERMINAL):
        s.limits.drop(Timer.RUN, WHOLE)
    elif was in (RunState.PENDING, *RUN_TERMINAL) and s.root.spec is not None and s.root.spec.timeout is not None:
        s.limits.arm(
            Timer.RUN, WHOLE, at, s.root.spec.timeout
        )  # one that goes on after its end has its whole time again
    if s.run in STILL_RUN:
        s.limits.pause(at)
    else:
        s.limits.resume(at, _still(s))
    for u in s.waits:
        _await(s, u)


def _claimed(s: State, fact: Fact) -> None:
    """An owner that died with bodies has a budget: one of them may be why. The time in between counts for nothing."""
    s.recoveries += any(s.status.find(state) >= 0 for state in WITH_BODY)
    s.limits.skip(s.at, fact[1], _still(s))
    back = min(fact[1] - s.at, 0.0)
    for u in s.due if back else ():
        s.due[u] += back


def _nothing(_s: State, _fact: Fact) -> None:
    pass


_APPLY: tuple[Callable[[State, Fact], None], ...] = (
    _nothing, _run, _moved, started, completed, _given, _expanded, _requested, _claimed, _spawned, started_many, _swept, _held,
    _released, _joined, _enabled, _again, _reopened, _rolled, _set, _breakpoint, _sent, _taken, _entered, _finished, _resolved,
)  # fmt: skip

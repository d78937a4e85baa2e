"""Facts of groups: they open, begin as a whole, grow; joins fire, and steps end scopes."""

from __future__ import annotations

from dataclasses import replace

from stratix_tasks.core.facts import Fact
from stratix_tasks.core.node import FLOW
from stratix_tasks.core.state import MISSING, State
from stratix_tasks.core.states import S
from stratix_tasks.core.timers import Timer


def expanded(s: State, fact: Fact) -> None:
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
    """Tries of a sub-flow are counted where it is something as a whole; it waits from here on for its first body. A limit that only
    a person gave it counts from here on, for it has no door."""
    policy = s.policy(u)
    limited = not policy.whole and (policy.timeout.attempt is not None or policy.timeout.total is not None)
    if policy.retry.max or policy.whole or limited:
        s.attempt[u] += 1
    if limited:
        _limit(s, u, at)
    if policy.whole:
        _limit_queue(s, u, at)


def _limit_queue(s: State, u: int, at: float) -> None:
    """The time until its first body begins."""
    limit = s.policy(u).timeout.queued
    if limit is not None:
        s.limits.arm(Timer.QUEUED, u, at, limit)
        _stand(s, u, at)


def _stand(s: State, u: int, at: float) -> None:
    """What is paused counts no time."""
    if s.marks and s.held(u):
        s.limits.freeze(at, u)


def entered(s: State, fact: Fact) -> None:
    _, at, u = fact
    s.begun.add(u)
    s.limits.drop(Timer.QUEUED, u)
    if u not in s.target:
        _limit(s, u, at)


def _limit(s: State, u: int, at: float) -> None:
    """The time of a try, and of all of them, begins."""
    limit = s.policy(u).timeout
    if limit.attempt is not None:
        s.limits.arm(Timer.SCOPE, u, at, limit.attempt)
    if limit.total is not None and not s.limits.armed(Timer.TOTAL, u):
        s.limits.arm(Timer.TOTAL, u, at, limit.total)
    _stand(s, u, at)


def count_anew(s: State, u: int, at: float) -> None:
    """The limits of an open sub-flow that count, or are over, begin again."""
    queued = s.limits.armed(Timer.QUEUED, u)
    begun = s.limits.armed(Timer.SCOPE, u) or s.limits.armed(Timer.TOTAL, u)
    s.limits.drop_unit(u)
    if queued:
        _limit_queue(s, u, at)
    if begun:
        _limit(s, u, at)


def spawned(s: State, fact: Fact) -> None:
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


def joined(s: State, fact: Fact) -> None:
    s.winners[fact[2]] = tuple(fact[3])


def won(s: State, fact: Fact) -> None:
    s.won[fact[2]] = tuple((a, b) for a, b in fact[3])


def enabled(s: State, fact: Fact) -> None:
    s.enabled.add(fact[2])


def finished(s: State, fact: Fact) -> None:
    s.finished[fact[2]] = S(fact[3])

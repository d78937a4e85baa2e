"""Facts that set back: what had ended is pending again, or out of the run."""

from __future__ import annotations

from stratix_tasks.core.apply.asked import forget_late
from stratix_tasks.core.apply.spans import unmarked
from stratix_tasks.core.apply.told import clear
from stratix_tasks.core.facts import Fact
from stratix_tasks.core.state import MISSING, WITH_BODY, State, each
from stratix_tasks.core.states import TERMINAL, S
from stratix_tasks.core.timers import Timer
from stratix_tasks.spec.late import JOIN


def set_again(s: State, fact: Fact) -> None:
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
    for told in (s.error, s.reason, s.due, s.waits, s.winners, s.won, s.finished, s.target, s.lost, s.summary):
        clear(told, a, b)
    for marked in (s.enabled, s.passing, s.begun):
        marked.difference_update(range(a, b) if b - a < len(marked) else [u for u in marked if a <= u < b])
    s.limits.drop_span(a, b)
    for u in [u for u in s.late if a <= u < b and JOIN in s.late[u]]:  # its join is decided anew
        s.late[u] = {name: value for name, value in s.late[u].items() if name != JOIN}
        if not s.late[u]:
            del s.late[u]


def _unrest(s: State, u: int) -> None:
    """A round of which something is set back is not over: a loop that rests after it is asked about its end again."""
    p = s.stretches[s.home[u]].parent
    if p in s.due and s.status[p] == S.OPEN:
        del s.due[p]
        s.limits.drop(Timer.DUE, p)


def reopened(s: State, fact: Fact) -> None:
    for u in fact[2]:
        _unrest(s, u)
        s.status[u], s.values[u] = S.OPEN, MISSING
        for told in (s.error, s.reason, s.target, s.won):
            told.pop(u, None)
        s.spent[u] = max(s.attempt[u] - 1, 0)  # it is its first try again


def rolled(s: State, fact: Fact) -> None:
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
        forget_late(s, a, b)
        s.reason.update(kept)
        s.marks = unmarked(s.marks, a, b) if s.marks else s.marks
        for u in held:
            s.status[u] = S.STOPPING
            s.target[u] = S.PENDING, "rollback", None
            s.limits.arm(Timer.GRACE, u, at, s.policy(u).grace)


def _retire(s: State, i: int, a: int, b: int, at: float) -> None:
    """Out of the run; bodies in there are stopped, and then are out of it, too."""
    s.retired.add(i)
    forget_late(s, a, b)
    live = [u for state in WITH_BODY for u in s.find(state, a, b)]
    s.status[a:b] = bytes((S.RETIRED,)) * (b - a)
    s.values[a:b] = [MISSING] * (b - a)
    for u in range(a, b) if s.kids else ():
        for opened in (s.kids, s.keys, s.frozen, s.children, s.fed):
            opened.pop(u, None)
    clear(s.spawned, a, b)
    clear(s.generation, a, b)
    _clear_all(s, a, b)
    s.marks = unmarked(s.marks, a, b) if s.marks else s.marks
    for u in live:
        s.status[u] = S.STOPPING
        s.target[u] = S.RETIRED, "rollback", None
        s.limits.arm(Timer.GRACE, u, at, s.policy(u).grace)

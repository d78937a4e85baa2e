"""Facts that set back: what had ended is pending again, or out of the run."""

from __future__ import annotations

from stratix_tasks.core.apply.asked import forget_late
from stratix_tasks.core.apply.groups import count_anew
from stratix_tasks.core.apply.spans import unmarked
from stratix_tasks.core.apply.told import clear
from stratix_tasks.core.facts import Fact
from stratix_tasks.core.node import FLOW
from stratix_tasks.core.state import MISSING, WITH_BODY, State, each
from stratix_tasks.core.states import TERMINAL, S
from stratix_tasks.core.timers import Timer
from stratix_tasks.spec.late import JOIN


def set_again(s: State, fact: Fact) -> None:
    for a, b in fact[2]:
        _goes_on(s, a, b, fact[1])
        s.status[a:b] = bytes(b - a)
        s.values[a:b] = [MISSING] * (b - a)
        s.spent[a:b] = s.attempt[a:b]
        _clear_all(s, a, b)
        reason: str | None = fact[3]
        if reason is not None:
            s.reason.update(dict.fromkeys(range(a, b), reason))


def _clear_all(s: State, a: int, b: int) -> None:
    for told in (
        s.error,
        s.reason,
        s.due,
        s.waits,
        s.winners,
        s.won,
        s.finished,
        s.target,
        s.lost,
        s.summary,
        s.rested,
    ):
        clear(told, a, b)
    for marked in (s.enabled, s.passing, s.begun):
        marked.difference_update(range(a, b) if b - a < len(marked) else [u for u in marked if a <= u < b])
    s.limits.drop_span(a, b)
    for u in [u for u in s.late if a <= u < b and JOIN in s.late[u]]:  # its join is decided anew
        s.late[u] = {name: value for name, value in s.late[u].items() if name != JOIN}
        if not s.late[u]:
            del s.late[u]


def _goes_on(s: State, a: int, b: int, at: float) -> None:
    """What lies around units that are set back was not over. A loop that rests after its round is asked about its end again; a
    sub-flow of which nothing went on but its end has its whole time again."""
    for x, y in s.pieces(a, b) if s.due or s.limits else ():
        r = s.stretches[s.home[x]]
        for p in {r.around(i) for i in range(r.scope(x), r.scope(y - 1) + 1)} if r.step else (r.parent,):
            if p < 0 or s.status[p] != S.OPEN:
                continue
            if s.due.pop(p, None) is not None:
                s.limits.drop(Timer.DUE, p)
            if s.kind(p) is FLOW and not s.works(p):
                count_anew(s, p, at)


def reopened(s: State, fact: Fact) -> None:
    for u in fact[2]:
        _goes_on(s, u, u + 1, fact[1])
        s.status[u], s.values[u] = S.OPEN, MISSING
        s.rested[u] = s.rested.get(u, 0.0) + fact[1] - s.ended[u]
        for told in (s.error, s.reason, s.target, s.won):
            told.pop(u, None)
        s.spent[u] = max(s.attempt[u] - 1, 0)  # it is its first try again


def rolled(s: State, fact: Fact) -> None:
    _, at, parts, scopes = fact
    out = [next(i for i in s.kids[p] if s.stretches[i].index == index) for p, index in scopes]
    for i in out:
        p = s.stretches[i].parent
        _goes_on(s, s.stretches[i].base, s.stretches[i].stop, at)
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
        _goes_on(s, a, b, at)
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

"""Facts of what people and the run say of nodes: arguments, options, breakpoints, signals."""

from __future__ import annotations

from stratix_tasks.core.facts import Fact
from stratix_tasks.core.node import Policy
from stratix_tasks.core.results import stand_in
from stratix_tasks.core.settings import OPTIONS, at_path, changed
from stratix_tasks.core.state import State


def set_given(s: State, fact: Fact) -> None:
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


def resolved(s: State, fact: Fact) -> None:
    _, _at, u, options = fact
    s.late[u] = {**s.late.get(u, {}), **options}
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


def forget_late(s: State, a: int, b: int) -> None:
    for u in [u for u in s.late if a <= u < b]:
        del s.late[u]
        _own(s, u)


def breakpoint_set(s: State, fact: Fact) -> None:
    (s.breaks.add if fact[3] else s.breaks.discard)(fact[2])


def sent(s: State, fact: Fact) -> None:
    s.signals.setdefault(fact[2], []).append(fact[3])


def taken(s: State, fact: Fact) -> None:
    who = s.in_all_rounds(fact[2])
    s.taken[who] = s.taken.get(who, 0) + 1


def requested(s: State, fact: Fact) -> None:
    if "id" in fact[4]:
        s.heard.add(fact[4]["id"])

"""What is asked of a node before it begins: other arguments and options, a breakpoint. At a path, of all scopes to come."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.decide.core import Act, Args, Core
from stratix_tasks.core.decide.of_unit import Ask, hold
from stratix_tasks.core.decide.opening import BREAKPOINT
from stratix_tasks.core.facts import BREAKPOINT as BREAKPOINT_FACT
from stratix_tasks.core.facts import SET
from stratix_tasks.core.node import Kind, Policy
from stratix_tasks.core.refusals import check
from stratix_tasks.core.settings import OF_FLOWS, OPTIONS, at_path, changed
from stratix_tasks.core.states import S
from stratix_tasks.core.targets import Found, label, only_unit, units_at
from stratix_tasks.errors import InputError
from stratix_tasks.spec.graph import stands_apart
from stratix_tasks.spec.problems import did_you_mean


def _set(core: Core, found: Found, at: float, args: Args) -> Act:
    """Change arguments and options of what has not started yet; at a path, of all scopes to come."""
    s = core.state
    values, options = args.get("args", {}), args.get("options", {})
    if isinstance(found, str):
        block, k = at_path(s.root, found)
        where: int | str = found
        node, inner, name = block.nodes[k], block.inner.get(k), found
    else:
        where = only_unit(s, found)
        check(s, "set", where)
        r, k, _ = s.place(where)
        node, inner, name = s.node(s.node_of(where)), r.block.inner.get(k), label(s, where)
    _check_arguments(node, inner, name, values)
    if options and inner is not None and node.spec is not None and stands_apart(node.spec):
        path = _of_each(core, where, name)
        _check_options(inner.nodes[0], name, options)
        return lambda: _change(core, at, [(where, values, {}), (path, {}, options)])
    _check_options(node, name, options)
    return lambda: _change(core, at, [(where, values, options)])


def _of_each(core: Core, where: int | str, name: str) -> str:
    """The path of what is mapped, or repeated, as a flow of its own: of each item, or round, that is to come."""
    s = core.state
    path = where if isinstance(where, str) else s.path(where)
    if isinstance(where, int) and units_at(s, path) != [where]:
        message = f"options of '{name}' are those of its items or rounds, and it lies in one of several scopes"
        raise InputError(f"{message}. Set them for all: '{path}'", code="bad-option")
    return f"{path}.{path.rpartition('.')[2]}"


def _change(core: Core, at: float, changes: list[tuple[int | str, Args, Args]]) -> None:
    """What is there already and has not started stands in line by what counts for it now."""
    for where, values, options in changes:
        if values or options:
            core.tell(SET, at, where, values, options)
            for u in (where,) if isinstance(where, int) else units_at(core.state, where):
                _stand_in_line(core, u, at)


def _stand_in_line(core: Core, u: int, at: float) -> None:
    s, g = core.state, core.agenda
    if s.status[u] == S.RETRYING:
        if s.due[u] <= at:
            g.try_now(u)
    elif s.status[u] == S.PENDING:
        g.forget_question(u)
        if s.node(u).source >= 0:
            g.review([(u, u + 1)])  # what it goes over was set: it streams no more, and waits for all of its source
        g.asks.append(u)
    elif s.status[u] == S.OPEN and s.kind(u) is Kind.FLOW:
        for x in (x for _, a, b in s.inside(u) for x in s.find(S.PENDING, a, b)):
            if g.is_ready(x) and x not in g.opening:
                g.push(x)


def _check_arguments(node: Any, inner: Any, name: str, values: Args) -> None:
    spec = node.spec
    if spec is None:
        return
    taken = {*spec.args, *(spec.each.over if spec.each else ()), *node.takes}
    if inner is not None and inner.spec is not None and node.kind is not Kind.MAP:
        taken |= set(inner.spec.inputs)
    for word in values:
        if node.step is not None and word != "value":
            message = f"'{word}' of '{name}' says what it ends, which can't be changed in a run"
            raise InputError(message, code="unknown-argument")
        if word not in taken:
            raise InputError(f"'{name}' has no argument '{word}'. {did_you_mean(word, taken)}", code="unknown-argument")


def _check_options(node: Any, name: str, options: Args) -> None:
    known = OPTIONS if node.kind in (Kind.TASK, Kind.MAP) else _OF_EACH if node.kind is not Kind.FLOW else OF_FLOWS
    for word, value in options.items():
        if word not in known:
            hint = did_you_mean(word, known) if word not in OPTIONS else f"It takes {', '.join(known)}."
            raise InputError(f"option '{word}' of '{name}' can't be changed in a run. {hint}", code="bad-option")
        if node.executor is not None and (why := node.executor.refusal(word)):
            raise InputError(f"'{name}': {why}", code="bad-option")
        try:
            made = changed(Policy(), {word: value})
        except (ValueError, TypeError) as error:
            raise InputError(f"option {word}={value!r} of '{name}': {error}", code="bad-option") from None
        if made.timeout.queued is not None and node.kind is Kind.FLOW and not node.policy.whole:
            message = f"'{name}' has no limit or pool in its document, so that it waits for no place as a whole"
            raise InputError(f"{message}. Set attempt or total, which count from its opening", code="bad-option")


_OF_EACH = ("priority",)
"""Of what is mapped or repeated and says nothing of each item or round as a whole."""


def _breakpoint(core: Core, found: Found, at: float, args: Args) -> Act:
    """Hold a node when it is about to become ready, each time, until the breakpoint is taken away (`on` false).

    One that waits for its next attempt, or for a place, is held at once.
    """
    s = core.state
    on = args.get("on", True)
    if isinstance(found, str):
        return lambda: _put_breakpoint(core, found, on, at)
    u = only_unit(s, found)
    above = s.map_of(u)
    if above >= 0:
        node = label(s, above)
        raise InputError(
            f"a breakpoint is for a node: set it on '{node}', or pause the item '{label(s, u)}'", code="unknown-node"
        )
    check(s, "breakpoint", u)
    return lambda: _put_breakpoint(core, s.path(u), on, at)


def _put_breakpoint(core: Core, path: str, on: bool, at: float) -> None:
    """What is about to begin already, or waits for its next attempt, is paused at once."""
    s, g = core.state, core.agenda
    core.tell(BREAKPOINT_FACT, at, path, on)
    begins = (u for u in s.units_of(path, S.PENDING) if g.is_ready(u))
    waits = [*s.units_of(path, S.RETRYING), *g.opening, *begins] if on else ()
    for u in waits:
        if (
            s.status[u] in (S.PENDING, S.RETRYING)
            and s.map_of(u) < 0
            and not s.gone(u)
            and s.path(u) == path
            and not s.held(u)
        ):
            hold(core, u, at, {}, reason=BREAKPOINT)


CHANGES: dict[str, Ask] = {"set": _set, "breakpoint": _breakpoint}

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
from stratix_tasks.core.settings import OPTIONS, at_path, changed
from stratix_tasks.core.states import S
from stratix_tasks.core.targets import Found, label, only_unit, units_at
from stratix_tasks.errors import InputError
from stratix_tasks.spec.problems import did_you_mean


def _set(core: Core, found: Found, at: float, args: Args) -> Act:
    """Change arguments and options of what has not started yet; at a path, of all scopes to come."""
    s = core.state
    values, options = args.get("args", {}), args.get("options", {})
    if isinstance(found, str):
        block, k = at_path(s.root, found)
        _check_set(block.nodes[k], block.inner.get(k), found, values, options)
        return lambda: _change(core, found, at, values, options)
    u = only_unit(s, found)
    check(s, "set", u)
    r, k, _ = s.place(u)
    _check_set(s.node(s.node_of(u)), r.block.inner.get(k), label(s, u), values, options)
    return lambda: _change(core, u, at, values, options)


def _change(core: Core, where: int | str, at: float, values: Args, options: Args) -> None:
    """What is there already and has not started stands in line by what counts for it now."""
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
        if g.is_ready(u) and not (s.node(u).when or s.node(u).late):
            g.push(u)
        else:
            g.asks.append(u)


def _check_set(node: Any, inner: Any, name: str, values: Args, options: Args) -> None:
    spec = node.spec
    if spec is not None:
        taken = {*spec.args, *(spec.each.over if spec.each else ()), *node.takes}
        if inner is not None and inner.spec is not None and node.kind is not Kind.MAP:
            taken |= set(inner.spec.inputs)
        for word in values:
            if node.step is not None and word != "value":
                message = f"'{word}' of '{name}' says what it ends, which can't be changed in a run"
                raise InputError(message, code="unknown-argument")
            if word not in taken:
                raise InputError(
                    f"'{name}' has no argument '{word}'. {did_you_mean(word, taken)}", code="unknown-argument"
                )
    for word, value in options.items():
        if word not in OPTIONS or node.kind in (Kind.FLOW, Kind.EACH, Kind.LOOP):
            single = node.kind in (Kind.TASK, Kind.MAP)
            hint = did_you_mean(word, OPTIONS) if single else "A sub-flow has none: set them of its nodes."
            raise InputError(f"option '{word}' of '{name}' can't be changed in a run. {hint}", code="bad-option")
        if node.executor is not None and (why := node.executor.refusal(word)):
            raise InputError(f"'{name}': {why}", code="bad-option")
        try:
            changed(Policy(), {word: value})
        except (ValueError, TypeError) as error:
            raise InputError(f"option {word}={value!r} of '{name}': {error}", code="bad-option") from None


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
    waits = [*s.units_in(S.RETRYING), *g.opening, *(u for u in s.units_in(S.PENDING) if g.is_ready(u))] if on else ()
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

"""Requests: what people ask of a run, a node or an item. Each is recorded, idempotent, and legal or a TransitionError.

A request is data: a verb, a target and plain arguments, as the fact that records it holds them and as another process
sends it. One whose effect already holds is a recorded no-op. What may be asked when is told by `allowed` alone.

| verb | of | arguments |
|---|---|---|
| pause | the run, a node, an item | `drain`: whether bodies are left to finish instead of being suspended |
| resume, cancel | the run, a node, an item | |
| retry | the run, a node, an item | `redo`: whether what went on without it is rolled back |
| skip | a node, an item | `value`: a result as data, which stands for its own; `redo` |
| set | a node, an item, a path | `args`: name to result as data; `options`: name to plain data |
| breakpoint | a node, a path | `on`: whether it is to be there |
| approve | a node that waits for it, an item | `by`: who approves |
| reject | the same | `by`: who rejects, `note`: why |
| send | the run | `name` of the signal, `value`: a result as data |
| rollback | the run | `to`: a node, or `nodes`: names of those to run again |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stratix_tasks.core.allowed import Why, allowed
from stratix_tasks.core.answers import Do
from stratix_tasks.core.block import Kind, Node, Policy
from stratix_tasks.core.decide import again, attempts
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.decide.ending import complete, end, end_unit, finish, finish_spans, unmark
from stratix_tasks.core.decide.opening import BREAKPOINT
from stratix_tasks.core.decide.turn import advance, ring, start
from stratix_tasks.core.facts import BREAKPOINT as BREAKPOINT_FACT
from stratix_tasks.core.facts import GIVEN, HELD, RELEASED, REQUESTED, SENT, SET
from stratix_tasks.core.joins import absorbed
from stratix_tasks.core.refusals import check, check_run, refusal
from stratix_tasks.core.results import Data, stands_for
from stratix_tasks.core.settings import OPTIONS, at_path, changed
from stratix_tasks.core.state import Spans, State
from stratix_tasks.core.states import BAD, TERMINAL, Event, RunEvent, RunState, S
from stratix_tasks.core.targets import find, label, unit_of
from stratix_tasks.core.waits import APPROVED, approval, ends, signal_of
from stratix_tasks.core.well_formed import well_formed
from stratix_tasks.errors import InputError
from stratix_tasks.spec.problems import did_you_mean

Args = dict[str, Any]
NONE: Args = {}
Do_it = Callable[[], None]
"""What a request that may be asked does."""


def request(core: Core, verb: str, target: str | None, at: float, *, args: Args = NONE, by: str = "") -> None:
    """Apply one request; its facts and commands are in the core.

    `args["id"]`, where there is one, names the request: a second one of that name changes nothing. TransitionError when it
    is illegal, InputError for an unknown verb, target or argument; nothing has changed then.
    """
    verbs: dict[str, Any] = RUN_VERBS if target is None else NODE_VERBS
    if verb not in verbs:
        what = "a run" if target is None else "a node"
        raise InputError(f"{what} can't be asked to '{verb}'. {did_you_mean(verb, verbs)}", code="unknown-request")
    well_formed(verb, target, args)
    if "id" in args and args["id"] in core.state.heard:
        return
    if target is None:
        check_run(core.state, verb)
        act = RUN_VERBS[verb](core, at, args)
    else:
        act = NODE_VERBS[verb](core, target, at, args)
    core.tell(REQUESTED, at, verb, target, args, by)
    act()
    ring(core, at)
    advance(core, at)


# ---------------------------------------------------------------------- the run


def pause_run(core: Core, at: float, *, reason: str, drain: bool = False) -> None:
    """Nothing starts from now on. Bodies are asked to hold, or with `drain` left to finish."""
    s = core.state
    if s.run is RunState.RUNNING:
        core.move_run(RunEvent.PAUSE, at, reason)
    for u in s.units_in(S.RUNNING) if not drain else ():
        core.command(Do.HOLD, u, s.attempt[u])


def _pause(core: Core, at: float, args: Args) -> Do_it:
    if core.state.run is RunState.PAUSED:
        return _nothing
    return lambda: pause_run(core, at, reason="user", drain=bool(args.get("drain")))


def _nothing() -> None:
    """The effect of the request holds already."""


def _resume(core: Core, at: float, _args: Args) -> Do_it:
    s = core.state
    if s.run is RunState.RUNNING:
        return _nothing

    def go_on() -> None:
        core.move_run(RunEvent.RESUME, at, "user")
        for u in s.units_in(S.RUNNING):
            if not s.held(u):
                core.command(Do.RELEASE, u, s.attempt[u])
        for u in s.units_in(S.SUSPENDED):
            if not s.held(u):
                attempts.resume_body(core, u, at)
        core.agenda.unpark()
        core.agenda.asks.extend(s.units_in(S.OPEN))

    return go_on


def _cancel(core: Core, at: float, _args: Args) -> Do_it:
    s = core.state
    if s.run is RunState.CANCELLED:
        return _nothing

    def cancel() -> None:
        if s.run is RunState.PENDING:
            start(core, at)
        if (
            s.run is RunState.ENDING and s.run_target is RunState.CANCELLED
        ):  # once more: what belongs to its end ends, too
            root = s.stretches[0]
            return finish_spans(core, s.below([(0, root.base, root.stop)]), S.CANCELLED, "user", at)
        return end(core, RunState.CANCELLED, "user", at)

    return cancel


def _retry(core: Core, at: float, args: Args) -> Do_it:
    """All that ended badly, with what depends on it; what nobody went on without counts alone."""
    s = core.state
    root = s.stretches[0]
    taken = absorbed(s, root.block, root.base) if root.block.absorbing else bytes(root.block.n)
    bad = [u for u in range(root.base, root.stop) if s.status[u] in BAD and not taken[u - root.base]]
    return lambda: again.retry(core, bad, at)


def _send(core: Core, at: float, args: Args) -> Do_it:
    """Every node that waits for the signal takes the value, now or when it comes to wait; each takes each value once."""
    name = args["name"]
    _check_signal(core.state, name)

    def send() -> None:
        core.tell(SENT, at, name, args["value"])
        for u in [u for u, wait in core.state.waits.items() if signal_of(wait) == name]:
            attempts.hear(core, u, at)

    return send


def _check_signal(s: State, name: str) -> None:
    """InputError for a name that no node of the run can wait for."""
    if not name:
        raise InputError("a signal has a name: send('go', value)", code="unknown-signal")
    nodes = _all_nodes(s)
    if any(node.spec is None for node in nodes):
        return
    signals = [node.spec for node in nodes if _ended_by("send", node)]
    known = [one for spec in signals if isinstance(one := spec.args.get("name"), str)]
    if name in known or len(known) < len(signals):  # the name of one that is mapped, or a reference, may be any
        return
    hint = did_you_mean(name, known) if known else ""
    raise InputError(f"no node of this run waits for a signal '{name}'. {hint}".strip(), code="unknown-signal")


def _ended_by(verb: str, node: Node) -> bool:
    """Whether it is a node that waits for such a request."""
    waits = None if node.executor is None else node.executor.waits
    return waits is not None and waits.ended_by == verb


def _all_nodes(s: State) -> list[Node]:
    found: list[Node] = []
    blocks = [s.root]
    for block in blocks:
        found += block.nodes
        blocks += [one for one in block.inner.values() if one not in blocks]
    return found


def _rollback(core: Core, at: float, args: Args) -> Do_it:
    """To after a node (`to`), or so that the nodes named in `nodes` run again. The run is paused when its bodies ended."""
    s = core.state
    if "to" in args:
        u = _whole(s, args["to"])
        check(s, "rollback", u)
        return lambda: _go_back(core, at, lambda: again.behind(core, u, at))
    roots = {_whole(s, name) for name in args["nodes"]}
    return lambda: _go_back(core, at, lambda: again.rollback(core, roots, at))


def _whole(s: State, name: str) -> int:
    """The node of a name. InputError for an item: a map is rolled back as a whole."""
    u = unit_of(s, name)
    above = s.map_of(u)
    if above >= 0:
        raise InputError(f"roll back to a node, not to one item: '{label(s, above)}'", code="unknown-node")
    return u


def _go_back(core: Core, at: float, roll: Do_it) -> None:
    """Nothing starts from here on; bodies that the rollback does not concern are asked to hold."""
    s = core.state
    was = s.run
    core.move_run(RunEvent.ROLLBACK, at, "rollback")
    if was is RunState.RUNNING:
        for u in s.units_in(S.RUNNING):
            core.command(Do.HOLD, u, s.attempt[u])
    roll()


# ---------------------------------------------------------------------- a node or an item


def _on_unit(verb: str, act: Callable[[Core, int, float, Args], None]) -> Callable[[Core, str, float, Args], Do_it]:
    def checked(core: Core, target: str, at: float, args: Args) -> Do_it:
        u = unit_of(core.state, target)
        check(core.state, verb, u)
        return lambda: act(core, u, at, args)

    return checked


def hold(core: Core, u: int, at: float, args: Args = NONE, *, reason: str = "user") -> None:
    """It does not start, or not again, and neither does what lies in it. Bodies are asked to hold, or left to finish."""
    s = core.state
    if s.mark(u) is None or not s.mark(u):
        core.tell(HELD, at, u, u + 1, reason)
    g = core.agenda
    g.local.settle(at, lambda one: bool(s.held(one)))
    for a, b in _with_inside(s, u) if not args.get("drain") else ():
        for one in s.find(S.RUNNING, a, b):
            if s.held(one):
                core.command(Do.HOLD, one, s.attempt[one])


def _with_inside(s: State, u: int) -> Spans:
    """A unit, and all that lies in it."""
    return [(u, u + 1), *((a, b) for _, a, b in s.inside(u))] if s.is_group(u) else [(u, u + 1)]


def release(core: Core, u: int, at: float, _args: Args = NONE) -> None:
    s, g = core.state, core.agenda
    parts = _with_inside(s, u)
    if any(x < b and a < y for a, b in parts for x, y, _ in s.marks):
        core.tell(RELEASED, at, parts)
    if s.held(u):
        core.tell(HELD, at, u, u + 1, "")  # a group around it is paused: it goes on all the same
    g.local.settle(at, lambda one: bool(s.held(one)))
    if not core.is_paused:
        for a, b in parts:
            for one in s.find(S.SUSPENDED, a, b):
                attempts.resume_body(core, one, at)
            for one in s.find(S.RUNNING, a, b):
                core.command(Do.RELEASE, one, s.attempt[one])
    g.unpark()
    g.asks.extend(one for a, b in parts for one in s.find(S.OPEN, a, b))


def cancel(core: Core, u: int, at: float, _args: Args = NONE) -> None:
    if core.state.status[u] == S.CANCELLED:
        return
    unmark(core, u, at)
    finish(core, u, S.CANCELLED, "user", at)


def retry(core: Core, u: int, at: float, _args: Args = NONE) -> None:
    s = core.state
    if s.status[u] == S.RETRYING:
        core.move(u, Event.RETRY, at, "user", {"due": at})
        core.agenda.push(u)
        return
    bad = again.bad_before(core, u) if s.status[u] == S.UPSTREAM_FAILED else set()
    again.retry(core, [u, *bad], at)


def _retry_unit(core: Core, target: str, at: float, args: Args) -> Do_it:
    s = core.state
    u = unit_of(s, target)
    check(s, "retry", u)
    if s.status[u] != S.RETRYING:
        _check_readers(core, "retry", u, args)
    return lambda: retry(core, u, at)


def _check_readers(core: Core, verb: str, u: int, args: Args) -> None:
    """TransitionError that names what went on without it, and is complete: that was made from less."""
    why = None if args.get("redo") else _gone_on(core, verb, u)
    if why is not None:
        raise refusal(core.state, verb, u, why)


def accepted(core: Core, u: int) -> dict[str, Why]:
    """Every verb, and why a request of it without `redo` would be refused now: what views offer."""
    told, state = allowed(core.state, u), core.state.status[u]
    if state in TERMINAL:
        for verb, asked in (("retry", "retry"), ("skip", "skip"), ("give", "skip")):
            if told[verb] is None and (verb, state) != ("skip", S.SKIPPED):
                told[verb] = _gone_on(core, asked, u)
    return told


def _gone_on(core: Core, verb: str, u: int) -> Why:
    """What went on without it as it ended, and has begun, which a retry or skip would make wrong."""
    s = core.state
    found = [x for x in again.readers(core, [u]) if s.status[x] != S.PENDING or s.attempt[x]]
    if not found:
        return None
    names = ", ".join(f"'{label(s, one)}'" for one in sorted(found)[:5])
    redo = f"{verb}({label(s, u)!r}, redo=True) rolls back what was made from it"
    if any(s.status[one] == S.COMPLETED and one in s.kids for one in found):
        return f"but {names} has completed, so nothing in it changes any more; {redo}"
    return f"and {names} has gone on without it; {redo}"


def _skip(core: Core, target: str, at: float, args: Args) -> Do_it:
    """With `value` in the arguments that stands for its result."""
    s = core.state
    u = unit_of(s, target)
    given: Data | None = args.get("value")
    state = s.status[u]
    if given is not None and state == S.COMPLETED and s.reason.get(u) == "given" and stands_for(s.values[u], given):
        return _nothing
    if given is None and state == S.SKIPPED:
        return _nothing
    check(s, "give" if given is not None else "skip", u)
    if state in TERMINAL:
        _check_readers(core, "skip", u, args)
    return lambda: _end_as_asked(core, u, at, given)


def _end_as_asked(core: Core, u: int, at: float, given: Data | None) -> None:
    s = core.state
    unmark(core, u, at)
    if s.status[u] not in TERMINAL:
        target = S.SKIPPED if given is None else S.COMPLETED
        return finish(core, u, target, "user" if given is None else "given", at, given)

    def end() -> None:
        if given is None:
            core.move(u, Event.SKIP, at, "user")
        else:
            core.cache.pop(u, None)
            core.tell(GIVEN, at, u, "given", s.attempt[u], given["codec"], given["payload"], given["summary"])

    return again.end_otherwise(core, u, end, at)


def _set(core: Core, target: str, at: float, args: Args) -> Do_it:
    """Change arguments and options of what has not started yet; at a path, of all scopes to come."""
    s = core.state
    found = find(s, target)
    values, options = args.get("args", {}), args.get("options", {})
    if isinstance(found, str):
        block, k = at_path(s.root, found)
        _check_set(block.nodes[k], block.inner.get(k), found, values, options)
        return lambda: core.tell(SET, at, found, values, options)
    check(s, "set", found)
    node = s.node(found)
    r, k, _ = s.place(found)
    above = s.map_of(found)
    _check_set(s.node(above) if above >= 0 else node, r.block.inner.get(k), label(s, found), values, options)
    return lambda: _change(core, found, at, values, options)


def _change(core: Core, u: int, at: float, values: Args, options: Args) -> None:
    s, g = core.state, core.agenda
    core.tell(SET, at, u, values, options)
    if s.status[u] == S.RETRYING:
        if s.due[u] <= at:
            g.push(u)
    elif s.status[u] == S.PENDING:
        g.forget_question(u)
        if g.is_ready(u) and not s.node(u).when:
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


def _breakpoint(core: Core, target: str, at: float, args: Args) -> Do_it:
    """Hold a node when it is about to become ready, each time, until the breakpoint is taken away (`on` false).

    One that waits for its next attempt, or for a place, is held at once.
    """
    s = core.state
    found = find(s, target)
    on = args.get("on", True)
    if isinstance(found, str):
        return lambda: _put_breakpoint(core, found, on, at)
    above = s.map_of(found)
    if above >= 0:
        node = label(s, above)
        raise InputError(
            f"a breakpoint is for a node: set it on '{node}', or pause the item '{label(s, found)}'",
            code="unknown-node",
        )
    check(s, "breakpoint", found)
    return lambda: _put_breakpoint(core, s.path(found), on, at)


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
            hold(core, u, at, reason=BREAKPOINT)


def _approve(core: Core, target: str, at: float, args: Args) -> Do_it:
    """waiting → completed; of a mapped node all items that wait. InputError for a node that is no approval."""
    asked = _asked(core.state, target, "approve")

    def approve() -> None:
        for one in asked:
            complete(core, one, at, APPROVED, approval(args.get("by", ""), at))

    return approve


def _reject(core: Core, target: str, at: float, args: Args) -> Do_it:
    """waiting → failed, in the same way; `failed` can catch it."""
    asked, by, note = _asked(core.state, target, "reject"), args.get("by", ""), args.get("note", "")
    message = " ".join(filter(None, ("rejected", f"by {by}" if by else ""))) + (f": {note}" if note else "")
    error: dict[str, Any] = {"type": "Rejected", "message": message, "code": "rejected", "bases": ["Exception"]}
    error["attributes"] = {"by": by, "note": note}

    def reject() -> None:
        for one in asked:
            end_unit(core, one, Event.REJECT, at, "rejected", {"error": error})

    return reject


def _asked(s: State, target: str, verb: str) -> list[int]:
    """What waits for somebody to say yes or no."""
    u = unit_of(s, target)
    _check_approval(s, u)
    check(s, verb, u)
    units = s.members(u) if s.kind(u) is Kind.MAP else (u,)
    return [one for one in units if ends(s.waits.get(one), "approve")]


def _check_approval(s: State, u: int) -> None:
    node = s.node(s.node_of(u))
    if node.spec is None or _ended_by("approve", node):
        return
    outline = s.root.outline
    known = [name for name, one in zip(outline.names, outline.nodes, strict=True) if _ended_by("approve", one)]
    hint = did_you_mean("", known) if known else "This run has none."
    raise InputError(f"node '{label(s, s.node_of(u))}' is no approval. {hint}", code="no-approval")


RUN_VERBS: dict[str, Callable[[Core, float, Args], Do_it]] = {
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "retry": _retry,
    "rollback": _rollback,
    "send": _send,
}
NODE_VERBS: dict[str, Callable[[Core, str, float, Args], Do_it]] = {
    "pause": _on_unit("pause", hold),
    "resume": _on_unit("resume", release),
    "cancel": _on_unit("cancel", cancel),
    "retry": _retry_unit,
    "skip": _skip,
    "set": _set,
    "breakpoint": _breakpoint,
    "approve": _approve,
    "reject": _reject,
}

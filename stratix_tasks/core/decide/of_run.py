"""What is asked of a run as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stratix_tasks.core.answers import Do
from stratix_tasks.core.decide import again, attempts
from stratix_tasks.core.decide.core import Act, Args, Core, nothing
from stratix_tasks.core.decide.ending import end, finish_spans
from stratix_tasks.core.decide.follows import has_lost, with_bad_before
from stratix_tasks.core.decide.redo import gone_on
from stratix_tasks.core.decide.turn import start
from stratix_tasks.core.facts import SENT
from stratix_tasks.core.joins import absorbed
from stratix_tasks.core.node import Node
from stratix_tasks.core.refusals import check, check_scope, refusal_of_run
from stratix_tasks.core.state import IS_BAD, State
from stratix_tasks.core.states import RunEvent, RunState, S
from stratix_tasks.core.targets import Scope, find, label, only_unit
from stratix_tasks.core.waits import signal_of
from stratix_tasks.errors import InputError
from stratix_tasks.spec.problems import did_you_mean


def pause_run(core: Core, at: float, *, reason: str, drain: bool = False) -> None:
    """Nothing starts from now on. Bodies are asked to hold, or with `drain` left to finish."""
    s = core.state
    if s.run is RunState.RUNNING:
        core.move_run(RunEvent.PAUSE, at, reason)
    for u in s.units_in(S.RUNNING) if not drain else ():
        core.command(Do.HOLD, u, s.attempt[u])


def _pause(core: Core, at: float, args: Args) -> Act:
    if core.state.run is RunState.PAUSED:
        return nothing
    return lambda: pause_run(core, at, reason="user", drain=bool(args.get("drain")))


def _resume(core: Core, at: float, _args: Args) -> Act:
    s = core.state
    if s.run is RunState.RUNNING:
        return nothing

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


def _cancel(core: Core, at: float, _args: Args) -> Act:
    s = core.state
    if s.run is RunState.CANCELLED:
        return nothing

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


def _retry(core: Core, at: float, args: Args) -> Act:
    """All that ended badly, with what depends on it; what nobody went on without counts alone, and of that what has not lost.
    Without `redo` a TransitionError names who has gone on with the bad end of what is tried again."""
    s = core.state
    root = s.stretches[0]
    taken = absorbed(s, root.block, root.base) if root.block.absorbing else bytes(root.block.n)
    units = range(root.base, root.stop)
    found = [u for u in units if IS_BAD[s.as_taken(u)] and not taken[u - root.base] and not has_lost(core, u)]
    bad = with_bad_before(core, found)
    read = () if args.get("redo") else again.readers_of_retry(core, bad)
    if gone := gone_on(core, read, without="what has ended badly"):
        why = gone.why("retry(redo=True)")
        raise refusal_of_run(s, "retry", f"{why[0].upper()}{why[1:]}.", gone.told())
    return lambda: again.retry(core, bad, at)


def _send(core: Core, at: float, args: Args) -> Act:
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
    signals = [node.spec for node in nodes if node.is_ended_by("send")]
    known = [one for spec in signals if isinstance(one := spec.args.get("name"), str)]
    if name in known or len(known) < len(signals):  # the name of one that is mapped, or a reference, may be any
        return
    hint = did_you_mean(name, known) if known else ""
    raise InputError(f"no node of this run waits for a signal '{name}'. {hint}".strip(), code="unknown-signal")


def _all_nodes(s: State) -> list[Node]:
    found: list[Node] = []
    blocks = [s.root]
    for block in blocks:
        found += block.nodes
        blocks += [one for one in block.inner.values() if one not in blocks]
    return found


def _rollback(core: Core, at: float, args: Args) -> Act:
    """To after a node (`to`), or so that the nodes named in `nodes` run again. The run is paused when its bodies ended."""
    s = core.state
    if "to" in args:
        found = find(s, args["to"])
        if isinstance(found, Scope):
            check_scope(s, "rollback", found)
            return lambda: _go_back(core, at, lambda: again.behind_scope(core, found, at))
        u = _whole(s, found)
        check(s, "rollback", u)
        return lambda: _go_back(core, at, lambda: again.behind(core, u, at))
    roots = {u for name in args["nodes"] for u in _to_run_again(s, name)}
    return lambda: _go_back(core, at, lambda: again.rollback(core, roots, at))


def _to_run_again(s: State, name: str) -> Sequence[int]:
    found = find(s, name)
    return found.units if isinstance(found, Scope) else (_whole(s, found),)


def _whole(s: State, found: int | str) -> int:
    """A node. InputError for an item: a map is rolled back as a whole."""
    u = only_unit(s, found)
    above = s.map_of(u)
    if above >= 0:
        raise InputError(f"roll back to a node, not to one item: '{label(s, above)}'", code="unknown-node")
    return u


def _go_back(core: Core, at: float, roll: Act) -> None:
    """Nothing starts from here on; bodies that the rollback does not concern are asked to hold."""
    s = core.state
    was = s.run
    core.move_run(RunEvent.ROLLBACK, at, "rollback")
    if was is RunState.RUNNING:
        for u in s.units_in(S.RUNNING):
            core.command(Do.HOLD, u, s.attempt[u])
    roll()


RUN_VERBS: dict[str, Callable[[Core, float, Args], Act]] = {
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "retry": _retry,
    "rollback": _rollback,
    "send": _send,
}

"""Recovery: facts are folded back into a machine; a new owner then takes the bodies that died with the old one.

A checkpoint per node on a frozen graph, not a replay of code: what is recorded is never run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from stratix_tasks.core.changes import break_at, take
from stratix_tasks.core.facts import (
    CLAIMED,
    COMPLETED,
    EXPANDED,
    GIVEN,
    MOVED,
    REQUESTED,
    SPAWNED,
    STARTED,
    WIDTHS,
    Fact,
)
from stratix_tasks.core.facts import RUN as RUN_FACT
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Kind
from stratix_tasks.core.results import stand_in
from stratix_tasks.core.states import BAD, LIVE, TERMINAL, UNPAUSABLE, Event, RunEvent, RunState, State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.core.timers import Timer
from stratix_tasks.core.units import MISSING

Cut = tuple[str, int, int, int]
"""Engine, epoch, file, offset: what it wrote in that epoch or before, from there on, does not count."""


def fold(machine: Machine, facts: Iterable[Fact]) -> float:
    """Apply a run's facts in order to a fresh machine; counts, lanes and timers are then set right.

    Kinds of facts, verbs of requests and fields that a later version writes are skipped.
    Returns the last fact's time.
    """
    last = 0.0
    for fact in facts:
        if fact[0] == CLAIMED:
            machine.timers.skip(last, fact[1], machine.is_still)
        last = fact[1]
        apply = _APPLY.get(fact[0])
        if apply is not None:
            apply(machine, fact[: WIDTHS[fact[0]]])
    _recount(machine)
    machine.facts.clear()
    machine.commands.clear()
    return last


def follow(machine: Machine, facts: Iterable[Fact]) -> None:
    """Apply facts that came after those that were folded, for looking on: what only an owner needs is not set right."""
    touched = set()
    for fact in facts:
        apply = _APPLY.get(fact[0])
        if apply is not None:
            apply(machine, fact[: WIDTHS[fact[0]]])
        if fact[0] in (MOVED, STARTED, COMPLETED, GIVEN, EXPANDED, SPAWNED):
            node = machine.node_of[fact[2]]
            touched |= {node, machine.parent(fact[2]), machine.parent(node)}
    for unit in touched & machine.groups.keys():
        machine.groups[unit].recount(machine.state)
    machine.facts.clear()
    machine.commands.clear()


def claim(
    machine: Machine,
    at: float,
    engine: str,
    epoch: int,
    host: str,
    pid: int,
    *,
    idle: float,
    hold: str = "",
    cuts: Sequence[Cut] = (),
) -> None:
    """A new owner goes on: live bodies died with the old one; deadlines did not count for `idle` seconds.

    With a reason in `hold` a running run is paused for it, before anything starts.
    """
    machine.facts.append((CLAIMED, at, engine, epoch, host, pid, cuts))
    _count_recovery(machine)
    machine.timers.skip(at - idle, at, machine.is_still)
    if machine.run_state is RunState.PENDING:
        machine.start(at)
    if not hold and machine.recoveries > machine.plan.spec.max_recoveries:
        hold = "max-recoveries"
    if hold and machine.run_state is RunState.RUNNING:
        machine.run_move(RunEvent.PAUSE, at, hold)
    for unit in machine.units_in(State.RETRYING):
        machine.timers.arm(Timer.DUE, unit, at, max(machine.due.get(unit, at) - at, 0.0))
    for state in (State.RUNNING, State.SUSPENDED, State.STOPPING):
        for unit in machine.units_in(state):
            _orphan(machine, unit, at)
    machine.live = 0
    for unit in machine.units_in(State.READY):
        machine.queue(unit, at)
    for unit in machine.units_in(State.PENDING):
        machine.wake(unit, at)
    machine.advance(at)


def _count_recovery(machine: Machine) -> None:
    """An owner died while bodies ran: one of them may be why, so that this has a budget."""
    machine.recoveries += any(state in LIVE for state in machine.state)


def _orphan(machine: Machine, unit: int, at: float) -> None:
    target, reason, detail = machine.target.pop(unit, (None, "owner", None))
    if target is State.RETRYING:
        detail = machine.back_off(unit, at, reason, detail)
    elif target is None:
        _lose(machine, unit)
    machine.move(unit, Event.ORPHANED, at, reason, detail, target)
    machine.hold_if_asked(unit, at)


def _lose(machine: Machine, unit: int) -> None:
    """An attempt died with its owner."""
    _unspend(machine, unit)
    machine.orphaned.setdefault(unit, []).append(machine.attempt[unit])


def _unspend(machine: Machine, unit: int) -> None:
    """An attempt that died with its owner or its worker takes nothing from the budget of retries."""
    machine.spent[unit] = machine.spent.get(unit, 0) + 1


def _started(machine: Machine, fact: Fact) -> None:
    _, at, unit, attempt, queued, _worker = fact
    machine.state[unit] = State.RUNNING
    machine.attempt[unit] = attempt
    machine.reason.pop(unit, None)
    machine.queued[unit], machine.started[unit] = queued, at
    machine.passing.discard(unit)
    policy = machine.policy(unit)
    if policy.timeout.total is not None and not machine.timers.armed(Timer.TOTAL, unit):
        machine.timers.arm(Timer.TOTAL, unit, at, policy.timeout.total)


def _completed(machine: Machine, fact: Fact) -> None:
    _, at, unit, attempt, codec, payload, summary, _cpu = fact
    machine.state[unit] = State.COMPLETED
    machine.ended[unit] = at
    machine.target.pop(unit, None)
    machine.reason.pop(unit, None)
    machine.timers.drop_unit(unit)
    keep(machine, unit, attempt, codec, payload, summary)


def _given(machine: Machine, fact: Fact) -> None:
    _, _at, unit, codec, payload, summary = fact
    keep(machine, unit, machine.attempt[unit], codec, payload, summary)


def keep(machine: Machine, unit: int, attempt: int, codec: str, payload: Any, summary: dict[str, Any] | None) -> None:
    machine.values[unit] = stand_in(codec, payload, unit, attempt)
    if summary is not None:
        machine.summary[unit] = summary


def _moved(machine: Machine, fact: Fact) -> None:
    _, at, unit, event, state, reason, attempt, detail = fact
    was, machine.state[unit] = machine.state[unit], state
    machine.attempt[unit] = attempt
    if event == Event.ORPHANED and unit not in machine.target:
        _lose(machine, unit)
    if reason is None:
        machine.reason.pop(unit, None)
    else:
        machine.reason[unit] = reason
    detail = detail or {}
    if event == Event.STOP:
        kept = {key: part for key, part in detail.items() if key != "target"}
        machine.target[unit] = (State(detail["target"]), reason or "user", kept or None)
    else:
        machine.target.pop(unit, None)
    if event == Event.REOPEN:
        machine.groups[unit].target = None
        machine.values[unit] = MISSING
    elif event == Event.ROLLBACK or (event == Event.STOP and detail["target"] == State.PENDING):
        machine.forget(unit)
    elif event == Event.WAIT:
        machine.waits[unit] = detail["wait"]
    elif event == Event.SIGNAL and reason == "signal":
        machine.taken[unit] = machine.taken.get(unit, 0) + 1
    elif event == Event.SET and state == State.PENDING:
        machine.ask_anew(unit)
    elif event == Event.HOLD:
        machine.holds.setdefault(unit, at)
    elif event == Event.RELEASE:
        machine.holds.pop(unit, None)
        if unit in machine.breaks:
            machine.passing.add(unit)
    if event in (Event.RETRY, Event.REOPEN) and was in TERMINAL:
        machine.spent[unit] = attempt
        machine.error.pop(unit, None)
        machine.lost.pop(unit, None)
    elif event in (Event.LOST, Event.LOST_RETRY):
        machine.lost[unit] = machine.lost.get(unit, 0) + 1
        if event == Event.LOST_RETRY:
            _unspend(machine, unit)
    if "error" in detail:
        machine.error[unit] = detail["error"]
        if state is not State.STOPPING:
            machine.failures.setdefault(unit, []).append((attempt, detail["error"]))
    if "due" in detail:
        machine.due[unit] = detail["due"]
    elif event in (Event.DUE, Event.RETRY):
        machine.due.pop(unit, None)
    if "codec" in detail:
        keep(machine, unit, attempt, detail["codec"], detail["payload"], detail["summary"])
    if state in TERMINAL:
        machine.ended[unit] = at
        machine.passing.discard(unit)
    if event == Event.ROLLBACK or (event == Event.STOP and detail["target"] == State.PENDING) or "abandoned" in detail:
        machine.timers.drop_unit(unit)
    machine.keep_time(unit, was, state, at)
    if event == Event.WAIT:
        machine.keep_waiting(unit, at)


def _expanded(machine: Machine, fact: Fact) -> None:
    _, at, unit, _first, count, keys, _codec, _payload = fact
    flow = machine.plan.kinds[unit] is Kind.FLOW
    members = machine.plan.members.get(unit, []) if flow else machine.add_items(unit, count)
    machine.open_group(unit, members, keys, at, "", None)


def _spawned(machine: Machine, fact: Fact) -> None:
    _, at, _unit, group, _index, _key, parent, name, args = fact
    machine.spawn(group, parent, name, args, at)


def _run(machine: Machine, fact: Fact) -> None:
    if fact[2] == RunState.RUNNING and machine.run_state in (RunState.PAUSING, RunState.PAUSED):
        machine.recoveries = 0
    machine.enter(RunState(fact[2]), fact[1], fact[3])
    if fact[4] and "target" in fact[4]:
        machine.run_target = RunState(fact[4]["target"])
        for unit, group in machine.groups.items():
            if machine.state[unit] not in TERMINAL:
                group.target = State.CANCELLED
        for unit in machine.target:
            machine.target[unit] = (State.CANCELLED, fact[3], None)


def _requested(machine: Machine, fact: Fact) -> None:
    """Holds of running bodies and of groups, what a group is to end in, and what was set are told by no transition."""
    _, at, verb, target, args, _by = fact
    machine.heard.add(args.get("id"))
    if verb == "send":
        machine.signals.setdefault(args["name"], []).append(args["value"])
    if target is None or verb not in _INTENT:
        return
    unit = unit_of(machine, target)
    if verb == "set":
        take(machine, unit, args)
    elif verb == "breakpoint":
        break_at(machine, unit, on=args.get("on", True))
    elif verb != "skip" or not args.keys() & {"value", "given"}:
        _intend(machine, unit, verb, at)


_INTENT = ("set", "breakpoint", "pause", "resume", "cancel", "skip")


def _intend(machine: Machine, unit: int, verb: str, at: float) -> None:
    if machine.state[unit] in (UNPAUSABLE if verb == "pause" else TERMINAL):
        return
    if verb == "pause":
        machine.holds.setdefault(unit, at)
    else:
        machine.holds.pop(unit, None)
    group = machine.groups.get(unit)
    if group is not None:
        if verb in ("cancel", "skip"):
            group.target = State.CANCELLED if verb == "cancel" else State.SKIPPED
        for member in group.members:
            _intend(machine, member, verb, at)


_APPLY: dict[int, Any] = {
    STARTED: _started,
    COMPLETED: _completed,
    MOVED: _moved,
    RUN_FACT: _run,
    GIVEN: _given,
    EXPANDED: _expanded,
    SPAWNED: _spawned,
    REQUESTED: _requested,
    CLAIMED: lambda machine, _fact: _count_recovery(machine),
}


def _recount(machine: Machine) -> None:
    """Counts from the states alone. That a unit became ready for its first attempt is no fact: it is pending here."""
    state = machine.state
    machine.todo = sum(1 for s in state if s not in TERMINAL)
    machine.bad = sum(1 for unit in range(len(machine.plan.names)) if state[unit] in BAD)
    machine.live = sum(1 for s in state if s in LIVE)
    for unit in range(len(machine.plan.names)):
        machine.recount(unit)
    for group in machine.groups.values():
        group.recount(state)

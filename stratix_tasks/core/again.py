"""Again: ended units are set back to pending, with what depends on them; a group is reopened for what is in it."""

from __future__ import annotations

from collections.abc import Iterable

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.refusals import COMPLETED_HINT, run_refusal
from stratix_tasks.core.states import BAD, RUN_TERMINAL, TERMINAL, Event, RunEvent, RunState, State
from stratix_tasks.core.units import MISSING


def revive(machine: Machine, at: float) -> None:
    """failed, cancelled → running. TransitionError for a completed run: its skipped nodes stay skipped."""
    if machine.run_state is RunState.COMPLETED:
        raise run_refusal(machine, "go on with", COMPLETED_HINT)
    if machine.run_state in RUN_TERMINAL:
        machine.run_target = None
        machine.run_move(RunEvent.REVIVE, at, "user")


def reset(machine: Machine, units: Iterable[int], at: float, event: Event) -> None:
    """Set ended units, and every ended descendant that did not complete, back to pending; then look at them afresh."""
    if machine.run_state is RunState.ENDING:
        return  # what was asked before ended the run again: nothing more begins in it
    again = sorted({*units, *ended_after(machine, units)})
    for unit in again:
        reopen_above(machine, unit, at)
    groups = [unit for unit in again if machine.is_group(unit) and unit in machine.groups]
    for unit in groups:
        reopen(machine, unit, at)
    fresh = [unit for unit in again if unit not in groups and machine.state[unit] in TERMINAL]
    for unit in fresh:
        machine.again(unit)
        machine.move(unit, event, at, "user")
    for unit in fresh:
        machine.recount(unit)
    for unit in fresh:
        machine.hold_if_asked(unit, at)
        machine.wake(unit, at)
    for unit in groups:
        machine.gather_if_over(unit, at)


def reopen_above(machine: Machine, unit: int, at: float) -> None:
    parent = machine.parent(unit)
    if parent >= 0:
        reopen(machine, parent, at)
        reopen_above(machine, parent, at)


def reopen(machine: Machine, unit: int, at: float) -> None:
    """failed, cancelled or skipped → closed: its items stay, what ended badly among them is set back by itself."""
    if machine.state[unit] != State.COMPLETED:
        reopen_to(machine, unit, at)


def reopen_to(machine: Machine, unit: int, at: float) -> None:
    """A group that has ended, also a completed one, is closed again: it waits for its members."""
    if machine.state[unit] in TERMINAL and unit in machine.groups:
        machine.groups[unit].target = None
        machine.again(unit)
        machine.values[unit] = MISSING
        machine.move(unit, Event.REOPEN, at, "user")


def with_bad_items(machine: Machine, units: Iterable[int]) -> list[int]:
    """The units, and of groups among them the members that ended badly."""
    found: list[int] = []
    for unit in units:
        found.append(unit)
        if machine.is_group(unit) and unit in machine.groups:
            found += with_bad_items(machine, [m for m in machine.members(unit) if machine.state[m] in BAD])
    return found


def ended_after(machine: Machine, units: Iterable[int]) -> list[int]:
    """Every descendant that has ended and did not complete; the members of a group that never opened count as its descendants."""
    seen: set[int] = set()
    stack = list(units)
    while stack:
        unit = stack.pop()
        node = machine.node_of[unit]
        below = [*machine.plan.outs[node], *(machine.plan.members.get(unit, ()) if unit not in machine.groups else ())]
        parent = machine.plan.parents[node]
        while parent >= 0:
            below += machine.plan.outs[parent]
            parent = machine.plan.parents[parent]
        for out in below:
            if out not in seen and machine.state[out] in TERMINAL and machine.state[out] != State.COMPLETED:
                seen.add(out)
                stack.append(out)
    return list(seen)


def bad_before(machine: Machine, unit: int) -> list[int]:
    """The failed, cancelled and upstream_failed sources of a unit."""
    found: set[int] = set()
    stack = [unit]
    while stack:
        unit = stack.pop()
        above = list(machine.plan.needs[machine.node_of[unit]])
        if machine.parent(unit) >= 0:
            above.append(machine.parent(unit))
        for need in above:
            if need not in found and machine.state[need] in BAD:
                found.add(need)
                stack.append(need)
    return list(found)

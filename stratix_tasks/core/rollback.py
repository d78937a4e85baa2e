"""Rollback: nodes that have run are pending again, with all that depends on them; the run is paused, its history kept.

What ran once gets another generation, and so another idempotency key. Items of a mapped node that is rolled back are
retired: they keep their facts, and those that still have a body end as cancelled; its next expansion makes new ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stratix_tasks.core.again import reopen_to
from stratix_tasks.core.answers import Do
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Plan
from stratix_tasks.core.refusals import refusal, run_refusal
from stratix_tasks.core.states import LIVE, TERMINAL, Event, RunEvent, RunState, State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.core.timers import Timer
from stratix_tasks.errors import InputError

REASON = "rollback"


def rollback(machine: Machine, at: float, args: dict[str, Any]) -> None:
    """To after a node (`to`), or so that the nodes named in `nodes` run again. The run is paused when its bodies ended."""
    if machine.run_state in (RunState.PENDING, RunState.ENDING):
        raise run_refusal(machine, "roll back", "Wait until it runs or has ended.")
    if "to" in args:
        unit = _node(machine, args["to"])
        if machine.state[unit] not in (State.COMPLETED, State.SKIPPED):
            raise refusal(machine, "roll back to", unit, "a rollback goes to after a node that has completed")
        again, above = after(machine.plan, unit)
    else:
        roots = {_node(machine, name) for name in args["nodes"]}
        again, above = set(roots), set[int]()
        for root in roots:
            below, groups = after(machine.plan, root)
            again |= below
            above |= groups
    _pause(machine, at)
    set_back(machine, again, above - again, at)


def _node(machine: Machine, name: str) -> int:
    """The node of a name. InputError for an item: a map is rolled back as a whole."""
    unit = unit_of(machine, name)
    if machine.node_of[unit] != unit:
        raise InputError(
            f"roll back to a node, not to one item: '{machine.plan.names[machine.node_of[unit]]}'", code="unknown-node"
        )
    return unit


def after(plan: Plan, unit: int) -> tuple[set[int], set[int]]:
    """Every node that depends on a node, members of sub-flows left out; and the groups that the node lies in."""
    found, above = set[int](), set[int]()
    while unit >= 0:
        stack = list(plan.outs[unit])
        while stack:
            node = stack.pop()
            if node not in found:
                found.add(node)
                stack += plan.outs[node]
        unit = plan.parents[unit]
        if unit >= 0:
            above.add(unit)
    return found, above


def _pause(machine: Machine, at: float) -> None:
    """Nothing starts from here on; bodies that the rollback does not concern are asked to hold."""
    was = machine.run_state
    if was in (RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED):
        machine.run_target = None
    machine.run_move(RunEvent.ROLLBACK, at, REASON)
    if was is RunState.RUNNING:
        for unit in machine.units_in(State.RUNNING):
            machine.commands.append((Do.HOLD, unit, machine.attempt[unit]))


def set_back(machine: Machine, nodes: Iterable[int], above: Iterable[int], at: float) -> None:
    """Set nodes, with the members of those that are sub-flows, back to pending; reopen the groups that they lie in."""
    units = sorted({member for node in nodes for member in (node, *inside(machine.plan, node))})
    for group in sorted(above):
        reopen_to(machine, group, at)
    for unit in units:
        _set_back(machine, unit, at)
    for unit in units:
        machine.recount(unit)
    for unit in units:
        machine.judge(unit, at)
    for group in sorted(above, reverse=True):
        machine.gather_if_over(group, at)


def inside(plan: Plan, node: int) -> list[int]:
    """All nodes in a sub-flow, at any depth."""
    found: list[int] = []
    for member in plan.members.get(node, ()):
        found += [member, *inside(plan, member)]
    return found


def _set_back(machine: Machine, unit: int, at: float) -> None:
    state = State(machine.state[unit])
    group = machine.groups.get(unit)
    if state in LIVE:
        machine.stop(unit, State.PENDING, REASON, at)
        machine.timers.drop(Timer.TOTAL, unit)
        machine.forget(unit)
        return
    if state in TERMINAL:
        machine.again(unit)
    machine.timers.drop_unit(unit)
    asked = not machine.plain[unit] and not machine.left[unit]  # its condition or expansion may be on its way
    if state is not State.PENDING or asked:
        machine.move(unit, Event.ROLLBACK, at, REASON)
        machine.forget(unit)
    if group is not None and machine.plan.specs[unit].each is not None:
        for item in group.members:  # only now: the last one's end must not end the group
            _end_item(machine, item, at)


def _end_item(machine: Machine, item: int, at: float) -> None:
    state = State(machine.state[item])
    if state in LIVE:
        machine.stop(item, State.CANCELLED, REASON, at)
    elif state not in TERMINAL:
        machine.move(item, Event.CANCEL, at, REASON)

"""What a person changes of a node that has not started: its arguments and options, and where the run is to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.node_requests import hold
from stratix_tasks.core.plan import Kind
from stratix_tasks.core.refusals import refusal
from stratix_tasks.core.results import stand_in
from stratix_tasks.core.states import GROUP, NODE, Event, State
from stratix_tasks.core.targets import label
from stratix_tasks.errors import InputError
from stratix_tasks.spec.model import Retry, Timeout
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.waits import refusal as refusal_of

OPTIONS: dict[str, Callable[[Any], Any]] = {
    "retry": Retry.model_validate,
    "timeout": Timeout.model_validate,
    "grace": float,
    "priority": int,
    "max_lost": int,
}
"""Options that can be changed of a node that is placed already, and what reads their plain data."""


def set_values(machine: Machine, unit: int, at: float, args: dict[str, Any]) -> None:
    """Change arguments (`args["args"]`, results as data by name) and options of what has not started yet."""
    table = GROUP if machine.is_group(unit) else NODE
    if Event.SET not in table[State(machine.state[unit])]:
        why = "a map is set per item once it is expanded" if unit in machine.groups else "it has started"
        raise refusal(machine, "set", unit, why if machine.attempt[unit] or unit in machine.groups else "")
    _check(machine, unit, args)
    if "priority" in args.get("options", {}) and not machine.is_group(unit):
        machine.lane(unit).withdraw(unit, machine.policy(unit).priority)
    take(machine, unit, args)
    machine.move(
        unit, Event.SET, at, machine.reason.get(unit), {"set": [*args.get("args", ()), *args.get("options", ())]}
    )
    if machine.state[unit] == State.PENDING:
        machine.ask_anew(unit)
        machine.wake(unit, at)


def take(machine: Machine, unit: int, args: dict[str, Any]) -> None:
    """Keep what was set: also when a run is made again from its facts."""
    given = {name: stand_in(data["codec"], data["payload"]) for name, data in args.get("args", {}).items()}
    if given:
        machine.sets[unit] = {**machine.sets.get(unit, {}), **given}
    if args.get("options"):
        fields = {name: OPTIONS[name](value) for name, value in args["options"].items()}
        machine.own[unit] = replace(machine.policy(unit), **fields)


def _check(machine: Machine, unit: int, args: dict[str, Any]) -> None:
    node = machine.node_of[unit]
    spec, name = machine.plan.specs[node], label(machine, unit)
    policy = machine.plan.policies[node]
    taken = {*spec.args, *(spec.each.over if spec.each else ()), *(policy.parameters if policy is not None else ())}
    if machine.plan.kinds[node] is Kind.FLOW:
        taken |= set(machine.plan.inputs_of(node))
    for word in args.get("args", {}):
        if word not in taken:
            raise InputError(f"'{name}' has no argument '{word}'. {did_you_mean(word, taken)}", code="unknown-argument")
    for word, value in args.get("options", {}).items():
        if word not in OPTIONS or policy is None:
            hint = did_you_mean(word, OPTIONS) if policy is not None else "A sub-flow has none: set them of its nodes."
            raise InputError(f"option '{word}' of '{name}' can't be changed in a run. {hint}", code="bad-option")
        if spec.uses and (why := refusal_of(spec.uses, word)):
            raise InputError(f"'{name}': {why}", code="bad-option")
        try:
            OPTIONS[word](value)
        except (ValueError, TypeError) as error:
            raise InputError(f"option {word}={value!r} of '{name}': {error}", code="bad-option") from None


def set_breakpoint(machine: Machine, unit: int, at: float, args: dict[str, Any]) -> None:
    """Hold a node when it is about to become ready, each time, until the breakpoint is taken away (`on` false).

    One that waits for its next attempt, or for a place, is held at once.
    """
    if machine.node_of[unit] != unit:
        node = machine.plan.names[machine.node_of[unit]]
        raise InputError(
            f"a breakpoint is for a node: set it on '{node}', or pause the item '{label(machine, unit)}'",
            code="unknown-node",
        )
    break_at(machine, unit, on=args.get("on", True))
    if unit in machine.breaks and machine.state[unit] in (State.READY, State.RETRYING):
        hold(machine, unit, at, reason="breakpoint")


def break_at(machine: Machine, unit: int, *, on: bool) -> None:
    """The mark alone; what is ready or further is not touched."""
    (machine.breaks.add if on else machine.breaks.discard)(unit)
    machine.plain[unit] = 0 if on else machine.plan.plain[unit]

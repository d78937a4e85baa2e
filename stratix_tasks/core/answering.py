"""What people answer a waiting node: an approval of one node, or a signal, which goes to all that wait for it."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.refusals import refusal, run_refusal
from stratix_tasks.core.states import RUN_TERMINAL, RunState, State
from stratix_tasks.core.waits import approval, signal_of
from stratix_tasks.errors import InputError
from stratix_tasks.spec.problems import did_you_mean

Args = dict[str, Any]



def approve(machine: Machine, unit: int, at: float, args: Args) -> None:
    """waiting → completed; of a mapped node all items that wait. TransitionError where nothing waits for it (any more).

    InputError for a node that is no approval.
    """
    _check_approval(machine, unit)
    if machine.is_group(unit):
        asked = [member for member in machine.members(unit) if machine.state[member] == State.WAITING]
    else:
        asked = [unit] if machine.state[unit] == State.WAITING else []
    if not asked and not _is_approved(machine, unit):
        raise refusal(machine, "approve", unit, "so nothing waits for an approval")
    for one in asked:
        machine.answer_wait(one, at, approval(args.get("by", ""), at), APPROVED)


def _check_approval(machine: Machine, unit: int) -> None:
    specs, names = machine.plan.specs, machine.plan.names
    if specs[machine.node_of[unit]].uses == "wait.approval":
        return
    known = [name for name, spec in zip(names, specs, strict=True) if spec.uses == "wait.approval"]
    hint = did_you_mean("", known) if known else "This run has none."
    raise InputError(f"node '{names[machine.node_of[unit]]}' is no approval. {hint}", code="no-approval")


def _is_approved(machine: Machine, unit: int) -> bool:
    units = machine.members(unit) if machine.is_group(unit) else (unit,)
    return all(machine.reason.get(one) == APPROVED for one in units)


def send(machine: Machine, at: float, args: Args) -> None:
    """Every node that waits for the signal takes the value, now or when it comes to wait; each takes each value once.

    InputError for a name that no node of the run can wait for.
    """
    if machine.run_state is RunState.ENDING or machine.run_state in RUN_TERMINAL:
        raise run_refusal(machine, "send a signal to", "Nothing waits for it any more.")
    name = args["name"]
    _check(machine, name)
    machine.signals.setdefault(name, []).append(args["value"])
    for unit in [unit for unit, wait in machine.waits.items() if signal_of(wait) == name]:
        machine.hear(unit, at)


def _check(machine: Machine, name: str) -> None:
    signals = [spec for spec in machine.plan.specs if spec.uses == "wait.signal"]
    names = [spec.args.get("name") for spec in signals]
    known = [one for one in names if isinstance(one, str)]
    if name in known or len(known) < len(names):  # the name of one that is mapped, or a reference, may be any
        return
    hint = did_you_mean(name, known) if known else ""
    raise InputError(f"no node of this run waits for a signal '{name}'. {hint}".strip(), code="unknown-signal")

"""The functions that a recorded run needs, looked up in this process, and whether they are still what they were."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from stratix_tasks.core.fingerprint import fingerprint
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Plan
from stratix_tasks.core.states import State
from stratix_tasks.dsl.task import KNOWN


def find_function(call: str) -> Any:
    """The function of a `module:name`: a task of this process, or of a module that can be imported. None if there is
    none."""
    known = KNOWN.get(call)
    if known is not None:
        return known.fn
    module_name, _, qualname = call.partition(":")
    module = sys.modules.get(module_name) or _imported(module_name)
    found: Any = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return getattr(found, "fn", found)


def _imported(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except Exception:
        return None


def missing(machine: Machine) -> list[str]:
    """Calls of nodes that have still to run and whose function is not known here."""
    done = (State.COMPLETED, State.SKIPPED)
    policies = enumerate(machine.plan.policies)
    left = (p for unit, p in policies if p is not None and machine.state[unit] not in done)
    return sorted({p.call for p in left if p.lacks_function})


def changed(plan: Plan, code: Mapping[str, str]) -> list[str]:
    """Calls whose function is known here and is not what it was when the run was started."""
    policies = {p.call: p.function for p in plan.policies if p is not None and p.function is not None}
    return sorted(call for call, was in code.items() if call in policies and fingerprint(policies[call]) != was)


def nodes_of(plan: Plan, calls: list[str]) -> set[int]:
    """The nodes that call one of the functions."""
    return {unit for unit, p in enumerate(plan.policies) if p is not None and p.call in calls}

"""The functions that a recorded run needs, looked up in this process, and whether they are still what they were."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from stratix_tasks.core.block import Block
from stratix_tasks.core.fingerprint import fingerprint
from stratix_tasks.core.layout import UNKNOWN
from stratix_tasks.core.node import Policy
from stratix_tasks.core.state import State
from stratix_tasks.core.states import S
from stratix_tasks.dsl.bind import nodes
from stratix_tasks.dsl.task import known_task
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.regions import pools_of


def find_function(call: str) -> Any:
    """The function of a `module:name`: a task of this process, or of a module that can be imported; of a name alone, as documents
    say it of a notebook's, the one task of this process that has it. None if there is none."""
    known = known_task(call)
    if known is not None or ":" not in call:
        return getattr(known, "fn", None)
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
    except (Exception, SystemExit):
        return None


def lacking(spec: FlowSpec, calls: Iterable[str]) -> tuple[str, str]:
    """Of what a flow needs and is not known here: the code of the error, and what it says behind `needs`."""
    used = {node.uses for _, node in nodes(spec)}
    pools = [call.removeprefix(_POOL) for call in calls if call.startswith(_POOL)]
    runners = [call.removeprefix(_RUNNER) for call in calls if call.startswith(_RUNNER)]
    executors = [call for call in calls if call in used]
    functions = [call for call in calls if call not in used and " " not in call]
    told = []
    if executors:
        told.append(
            f"{', '.join(executors)}, not registered here: register it by engine.executors.register(name, executor), or "
            "install the plugin that brings it"
        )
    if functions:
        told.append(f"{', '.join(functions)}, not defined here: run the cells (or import the modules) that define them")
    if runners:
        told.append(f"the runner {', '.join(runners)}, which is not there: install the plugin that brings it")
    if pools:
        sizes = ", ".join(f"'{pool}': 1" for pool in pools)
        told.append(
            f"the pool {', '.join(pools)}, which this engine has not: give it one, as in configure(pools={{{sizes}}})"
        )
    lacks = {"function": functions, "executor": executors, "runner": runners, "pool": pools}
    return f"missing-{next(what for what, names in lacks.items() if names)}", "; and ".join(told)


def missing(live: LiveRun) -> list[str]:
    """Calls of nodes that have still to run and whose function or executor is not known here, runners that are not, as `runner name`,
    and pools that they take places of and that there are none of, as `pool name`.
    """
    s = live.core.state
    done = (S.COMPLETED, S.SKIPPED)
    left = (u for u in range(len(s.root.outline.names)) if s.status[u] not in done)
    policies = [policy for u in left for policy in _policies(s, u)]
    calls = {policy.call for policy in policies if policy.call and not policy.bodiless}
    pools = {pool for policy in policies for pool in policy.pool} - live.engine.places.pools.keys()
    if pools and s.root.spec is not None:
        pools -= pools_of(s.root.spec).keys()
    runners = {lack for policy in policies for lack in lacks_runner(policy)}
    return [
        *sorted(calls - live.binding.functions.keys()),
        *sorted(runners),
        *(f"{_POOL}{pool}" for pool in sorted(pools)),
    ]


_POOL, _RUNNER = "pool ", "runner "
"""Before the name of one that is missing: no call has a space in it."""


def lacks_runner(policy: Policy) -> list[str]:
    """The runner of a node that is not known here, as `missing` has it; none where it is."""
    return [f"{_RUNNER}{policy.runner}"] if policy.traits is UNKNOWN else []


def _policies(s: State, u: int) -> list[Policy]:
    """Of a node, and of all that lies in it where that is laid out later."""
    r, k, _ = s.place(u)
    if r.block.nodes[k].pinned or r.block.nodes[k].off:
        return []
    blocks = [r.block.inner[k]] if k in r.block.inner and k not in r.block.fixed else []
    policies = [r.block.policies[k]]
    for block in blocks:
        policies += block.policies
        blocks += [inner for inner in block.inner.values() if inner not in blocks]
    return policies


def renewed(live: LiveRun, lacked: Iterable[str]) -> bool:
    """Whether a task of a run has been defined here since the run was read: one that it lacked, or another one than it has."""
    then = {call: function.call for call, function in live.binding.functions.items()}
    return any((task := known_task(call)) is not None and task.fn is not then.get(call) for call in (*lacked, *then))


def changed(live: LiveRun, code: Mapping[str, str]) -> list[str]:
    """Calls whose function is known here and is not what it was when the run was started."""
    return changed_of({call: function.call for call, function in live.binding.functions.items()}, code)


def changed_of(functions: Mapping[str, Any], code: Mapping[str, str]) -> list[str]:
    return sorted(call for call, was in code.items() if call in functions and fingerprint(functions[call]) != was)


def nodes_of(root: Block, calls: list[str]) -> set[int]:
    """The nodes that call one of the functions, of those that are laid out from the beginning."""
    return {unit for unit, node in enumerate(root.outline.nodes) if node.policy.call in calls}

"""Plan: a checked graph laid out for the machine: units as numbers, sub-flows unfolded, one policy per way of running.

Units of the outermost flow come first, in the order of the document; the members of a sub-flow follow after all of
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from stratix_tasks.core.waits import RUNNER as WAIT
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import Defaults, FlowSpec, NodeSpec, Retry, Timeout

ROOT = -1
"""The scope of the outermost flow: `inputs` are the run's."""


class Kind(IntEnum):
    TASK = 0
    MAP = 1
    FLOW = 2

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = tuple(kind.name.lower() for kind in Kind)


@dataclass(slots=True)
class Policy:
    """How the attempts of a node are run; shared by all nodes that say the same. Times in seconds."""

    call: str
    function: Callable[..., Any] | None
    runner: str
    priority: int
    pools: tuple[str, ...]
    retry: Retry
    timeout: Timeout
    grace: float
    max_lost: int
    """How often the place where a body runs may go before the node fails."""
    positional: tuple[str, ...]
    """Parameters that must be passed by position; `*` last when the function takes any number."""

    @property
    def killable(self) -> bool:
        """Whether a body that does not stop within its grace can be ended all the same."""
        return self.runner == "process"

    @property
    def waits(self) -> bool:
        """Whether there is no body: nothing to run, and no place to take."""
        return self.runner == WAIT

    @property
    def lacks_function(self) -> bool:
        """Whether what it is to call is not known in this process."""
        return bool(self.call) and self.function is None and not self.waits

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names that the function takes by name or position."""
        code = getattr(self.function, "__code__", None)
        return () if code is None else code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    @property
    def timed(self) -> bool:
        return self.timeout.attempt is not None or self.timeout.total is not None or self.timeout.queued is not None


@dataclass(slots=True)
class Plan:
    """Parallel lists, one entry a unit; `needs` and `outs` are unit numbers."""

    spec: FlowSpec
    names: list[str] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    specs: list[NodeSpec] = field(default_factory=list)
    needs: list[list[int]] = field(default_factory=list)
    outs: list[list[int]] = field(default_factory=list)
    policies: list[Policy | None] = field(default_factory=list)
    firsts: dict[int, list[int]] = field(default_factory=dict)
    """Per node the needs that stand in a `first_of`: a skip of one of them is fine, of all of them is not."""
    units: dict[int, dict[str, int]] = field(default_factory=dict)
    """Per scope (a sub-flow's unit, or ROOT) its nodes by their name in the document."""
    flows: dict[int, FlowSpec] = field(default_factory=dict)
    """Per scope its document."""
    members: dict[int, list[int]] = field(default_factory=dict)
    plain: bytearray = field(default_factory=bytearray)
    """1 for nodes that are ready as soon as their needs are completed: no condition, no group, no `first_of`."""

    def unit(self, name: str) -> int | None:
        """The unit of a node by its full name (`group.fetch`)."""
        return self._by_name().get(name)

    def _by_name(self) -> dict[str, int]:
        return {name: unit for unit, name in enumerate(self.names)}

    def inputs_of(self, unit: int) -> tuple[str, ...]:
        """The inputs of a sub-flow."""
        return tuple(self.flows[unit].inputs)

    def outline(self) -> list[tuple[str, str, int]]:
        """`(name, kind, parent)` a unit: what the CREATED fact tells readers."""
        return [(n, k.label, p) for n, k, p in zip(self.names, self.kinds, self.parents, strict=True)]


DEFAULT_RETRY = Retry.model_construct(max=0, delay=1.0, backoff=2.0, max_delay=60.0, jitter="full", on=())
DEFAULT_TIMEOUT = Timeout.model_construct(attempt=None, total=None, queued=None)
MAX_LOST = 3
DEFAULT_GRACE = 5.0
"""Seconds that a body has to stop by itself after a cancel or a time-out."""


def plan(graph: Graph, functions: Mapping[str, Any]) -> Plan:
    """Lay a checked graph out. `functions` maps a node's `call` to its Task; a missing one leaves `function` None."""
    result = Plan(graph.spec)
    waiting = [(graph, ROOT, "")]
    while waiting:
        inner, scope, prefix = waiting.pop(0)
        _place(result, inner, scope, prefix, functions)
        for name, unit in result.units[scope].items():
            if result.kinds[unit] is Kind.FLOW:
                flow = result.specs[unit].flow
                waiting.append((inner.flow(flow or ""), unit, f"{prefix}{name}."))
    return result


def _place(result: Plan, graph: Graph, scope: int, prefix: str, functions: Mapping[str, Any]) -> None:
    base = len(result.names)
    spec = graph.spec
    defaults = spec.defaults or Defaults.model_construct()
    policies: dict[Any, Policy] = {}
    count = len(graph.names)
    result.flows[scope] = spec
    result.units[scope] = {name: base + i for i, name in enumerate(graph.names)}
    result.names += [prefix + name for name in graph.names] if prefix else graph.names
    result.parents += [scope] * count
    result.outs += [[] for _ in range(count)]
    if scope != ROOT:
        result.members[scope] = list(range(base, base + count))
    result.specs += graph.nodes
    result.needs += [[base + n for n in needs] for needs in graph.needs] if base else graph.needs
    result.firsts.update((base + i, [base + n for n in soft]) for i, soft in graph.soft.items())
    for unit, needs in enumerate(result.needs[base:], base):
        for need in needs:
            result.outs[need].append(unit)
    task, mapped, group = Kind  # a look-up in an Enum is slow
    for i, node in enumerate(graph.nodes):
        kind = group if node.flow else mapped if node.each else task
        result.kinds.append(kind)
        result.plain.append(kind is task and node.when is None and i not in graph.soft)
        limits = (id(node.retry), id(node.timeout), node.grace, node.max_lost)
        key = (node.call or node.uses, node.runner, node.priority, node.pool, *limits)
        policy = policies.get(key)
        if policy is None:
            policy = policies[key] = _policy(node, defaults, functions) if node.uses is None else _waiting(node)
        result.policies.append(policy)


def _policy(node: NodeSpec, defaults: Defaults, functions: Mapping[str, Any]) -> Policy:
    task = functions.get(node.call or "")
    function = getattr(task, "fn", task)
    grace = node.grace if node.grace is not None else defaults.grace
    return Policy(
        call=node.call or "",
        function=function,
        runner=node.runner or defaults.runner or _natural_runner(function),
        priority=node.priority,
        pools=node.pool,
        retry=node.retry or defaults.retry or DEFAULT_RETRY,
        timeout=node.timeout or defaults.timeout or DEFAULT_TIMEOUT,
        grace=DEFAULT_GRACE if grace is None else grace,
        max_lost=next((n for n in (node.max_lost, defaults.max_lost) if n is not None), MAX_LOST),
        positional=_positional(function),
    )


def _waiting(node: NodeSpec) -> Policy:
    """A wait has one limit, its own: what the document says for all nodes is about bodies."""
    limit = node.timeout or DEFAULT_TIMEOUT
    return Policy(node.uses or "", None, WAIT, node.priority, (), DEFAULT_RETRY, limit, DEFAULT_GRACE, MAX_LOST, ())


def _natural_runner(function: Any) -> str:
    code = getattr(function, "__code__", None)
    return "async" if code is not None and code.co_flags & 0x80 else "thread"


def _positional(function: Any) -> tuple[str, ...]:
    """Positional-only parameters by their code object, and `*` when there are extra positional ones."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ()
    takes_any = bool(code.co_flags & 0x04)
    names = code.co_varnames[: code.co_argcount if takes_any else code.co_posonlyargcount]
    return (*names, "*") if takes_any else names

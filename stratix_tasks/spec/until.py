"""Run to here: which nodes of a flow a run does not begin that is asked to go until some of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratix_tasks.errors import InputError
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec, NodeSpec
from stratix_tasks.spec.problems import did_you_mean


def named(spec: FlowSpec, until: Any) -> tuple[str, ...]:
    """The nodes that are meant, each once, in the order of the document; nothing where the whole flow is.

    InputError `bad-option`; `unknown-node` for what is no node of the outermost flow that runs before its end.
    """
    if until is None:
        return ()
    given = (until,) if isinstance(until, str) else until
    if not isinstance(given, list | tuple) or not given or not all(isinstance(name, str) for name in given):
        raise InputError(f"until is the name of a node, or a list of names, not {until!r}", code="bad-option")
    for name in given:
        if why := _refusal(spec.tasks, name):
            raise InputError(f"a run of flow '{spec.flow}' can't go until '{name}': {why}", code="unknown-node")
    return tuple(name for name in spec.tasks if name in given)


def _refusal(tasks: Mapping[str, NodeSpec], name: str) -> str:
    if name not in tasks:
        around, dot, _ = name.partition(".")
        if dot and around in tasks:
            return f"what lies in a node is run with that as a whole; write '{around}'"
        can = [one for one, node in tasks.items() if node.enabled and not node.always]
        return f"it has no such node. {did_you_mean(name, can)}".rstrip()
    if not tasks[name].enabled:
        return "it is disabled; enable it"
    return "it runs at the end of every run; name what it needs" if tasks[name].always else ""


def beyond(graph: Graph, until: tuple[str, ...]) -> frozenset[int]:
    """The nodes that none of these needs, however far. What runs at the end of a flow, or takes something back, is none of them:
    it is for what has run.
    """
    if not until:
        return frozenset()
    needed, stack = set[int](), [graph.index[name] for name in until]
    while stack:
        node = stack.pop()
        if node not in needed:
            needed.add(node)
            stack += graph.needs[node]
    return frozenset(
        i for i, node in enumerate(graph.nodes) if i not in needed and not node.always and i not in graph.undoes
    )

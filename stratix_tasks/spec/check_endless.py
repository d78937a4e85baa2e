"""Flows that lie in themselves without an end."""

from __future__ import annotations

from collections.abc import Iterator

from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.joins import ALL
from stratix_tasks.spec.problems import Finding, Problem


def endless_findings(graph: Graph, executors: Executors) -> Iterator[Finding]:
    """A flow that lies in itself whatever happens: at its depth all of it fails."""
    around, above = [graph], graph.above
    while above is not None:
        around.append(above)
        above = above.above
    for i, (name, node) in enumerate(zip(graph.names, graph.nodes, strict=True)):
        found = graph.find(node.flow) if node.flow is not None else None
        between = around[: around.index(found)] if found in around else None
        if between is not None and _is_certain(graph, i, executors) and all(_calls(one, executors) for one in between):
            message = f"it calls '{node.flow}', in which it lies, whatever happens, so that this has no end"
            hint = "Say when: when: inputs.n > 0, in Python with when(n > 0), or map it over a list that becomes empty."
            yield Finding(("tasks", name, "flow"), Problem("impossible", message, name, hint=hint), node.flow or "")


def _calls(inner: Graph, executors: Executors) -> bool:
    """Whether the flow around one calls it whatever happens."""
    above = inner.above
    return above is not None and any(
        node.flow is not None and above.find(node.flow) is inner and _is_certain(above, i, executors)
        for i, node in enumerate(above.nodes)
    )


def _is_certain(graph: Graph, i: int, executors: Executors) -> bool:
    """Whether a node runs in each run of its flow that does not fail before."""
    for node in graph.nodes:
        executor = executors.get(node.uses) if node.uses is not None else None
        if node.catch or node.allow_failure or node.join != ALL or (executor is not None and executor.step):
            return False  # its end may be taken up, or come before
    stack, seen = [i], {i}
    while stack:
        one = stack.pop()
        node = graph.nodes[one]
        if not node.enabled or node.pin is not None or node.when is not None or node.each is not None or node.always:
            return False
        if one in graph.soft or one in graph.ended:
            return False
        stack += [n for n in graph.needs[one] if n not in seen]
        seen.update(graph.needs[one])
    return True

"""What can't go without the value of a node that is disabled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stratix_tasks.spec.disabled import instead
from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.problems import Finding, Problem


def disabled_findings(graph: Graph, executors: Executors, functions: Mapping[str, Any] | None) -> Iterator[Finding]:
    """What can't go without the value of a node that is disabled."""
    for i, absent in graph.absent.items():
        name, node, path = graph.names[i], graph.nodes[i], ("tasks", graph.names[i])
        function = (functions or {}).get(node.call or "")
        for argument in absent if node.call is None or function is not None else ():
            if not instead(node, argument, graph.spec, function, executors):
                hint = "Give it a default, or an annotation with None; or disable this node, too."
                message = f"'{argument}' takes the value of a node that is disabled, and has no default"
                yield Finding((*path, "with", argument), Problem("disabled-value", message, name, hint=hint))
        over = node.each.over if node.each is not None else {}
        asked = {("when",): node.when, ("each", "key"): node.each.key if node.each is not None else None}
        asked |= {("with", argument): value for argument, value in node.args.items()}
        asked |= {("each", "over", argument): value for argument, value in over.items()}
        for place, value in asked.items():
            for need in {need for need, _ in needs_of(value)} & graph.off:
                message = f"asks for '{need}', which is disabled"
                hint = f"Take it out, or disable '{name}', too."
                yield Finding((*path, *place), Problem("disabled-value", message, name, hint=hint), need)

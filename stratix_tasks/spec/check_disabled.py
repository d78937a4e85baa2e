"""What can't go without the value of a node that is disabled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stratix_tasks.spec.disabled import instead
from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.late import late_values, option_path
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.problems import Finding, Path, Problem


def disabled_findings(graph: Graph, executors: Executors, functions: Mapping[str, Any] | None) -> Iterator[Finding]:
    """What can't go without the value of a node that is disabled."""
    for i, absent in graph.absent.items():
        name, node, path = graph.names[i], graph.nodes[i], ("tasks", graph.names[i])
        function = (functions or {}).get(node.call or "")
        for argument in absent if (node.flow or node.uses or function) is not None else ():
            if not instead(node, argument, graph.spec, function, executors):
                hint = "Give it a default, or an annotation with None; or disable this node, too."
                message = f"'{argument}' takes the value of a node that is disabled, and has no default"
                yield Finding((*path, "with", argument), Problem("disabled-value", message, name, hint=hint))
        asked = [(place, need) for place, value in _asked(node) for need, _ in needs_of(value) if need in graph.off]
        asked += [(("catch",), need) for need in node.catch if need in graph.off]
        for place, need in dict.fromkeys(asked):
            message = f"asks for '{need}', which is disabled"
            hint = f"Take it out, or disable '{name}', too."
            yield Finding((*path, *place), Problem("disabled-value", message, name, hint=hint), need)


def _asked(node: NodeSpec) -> Iterator[tuple[Path, Any]]:
    """Where a node may name others, but for those that it only waits for."""
    yield ("when",), node.when
    yield from ((("with", argument), value) for argument, value in node.args.items())
    yield from ((option_path(place), value) for place, value in late_values(node).items())
    if node.each is not None:
        yield from ((("each", "over", argument), value) for argument, value in node.each.over.items())
        yield from ((("each", word), getattr(node.each, word)) for word in ("where", "key"))

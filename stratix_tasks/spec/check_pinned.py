"""What is wrong with a value that stands in place of what a node gives."""

from __future__ import annotations

from collections.abc import Iterator

from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.problems import Finding, Problem
from stratix_tasks.spec.values import Object, leaves


def pinned_findings(graph: Graph) -> Iterator[Finding]:
    """A pin that is no value as it is; one that nothing comes of, which is worth knowing."""
    for name, node in graph.spec.tasks.items():
        path = ("tasks", name, "pin")
        if node.pin is not None and any(type(leaf) is not Object for leaf in leaves(node.pin.value)):
            message = "a pin is a value as it is, and not what comes with the run"
            yield Finding(path, Problem("bad-value", message, name, hint="Write the value itself, or take pin away."))
        if node.pin is not None and not node.enabled:
            message, hint = "it is disabled, so that its pin gives nothing", "Enable it, or take pin away."
            yield Finding(path, Problem("no-effect", message, name, hint=hint, warning=True))

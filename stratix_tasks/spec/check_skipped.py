"""What takes a value of a node that may be skipped, and asks for nothing of what that asks for: it is skipped with it, as a warning.

Code that takes a value outside of the branch in which it is made reads as if it always ran, so that tracing takes that for wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stratix_tasks.spec.check_conditions import conjuncts
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.joins import ALL
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.problems import Finding, Path, Problem
from stratix_tasks.spec.values import HARD

CODE = "may-be-skipped"


def skipped_findings(graph: Graph) -> Iterator[Finding]:
    """Who waits for such a node by name, too, says that it is meant. So does what runs at the end of the flow."""
    tasks = graph.spec.tasks
    asked = {name: _asked(node) for name, node in tasks.items() if node.enabled}
    if not any(asked.values()):
        return
    for name, node in tasks.items():
        if node.join != ALL or node.always or not node.enabled:
            continue
        for path, value in _taken(node):
            for need in _needed(value):
                if need not in node.needs and not asked.get(need, frozenset()) <= asked[name]:
                    message = f"it takes the value of '{need}', which may be skipped: then it is skipped, too"
                    hint = (
                        "To go on without it take first_of, or join: settled; where it is meant, say so by "
                        f"needs: [{need}], or by its condition here, too."
                    )
                    problem = Problem(CODE, message, name, hint=hint, warning=True)
                    yield Finding(("tasks", name, *path), problem, need)
    for need in _needed(graph.spec.output):
        if asked.get(need):
            message = f"the flow gives the value of '{need}', which may be skipped: then it is None"
            hint = f"Say what it gives then: first_of: ['${{{{ tasks.{need}.output }}}}', null]."
            yield Finding(("output",), Problem(CODE, message, hint=hint, warning=True), need)


def _asked(node: NodeSpec) -> frozenset[str]:
    """The conditions that have to hold for a node to run."""
    when = conjuncts(node.when.text) if node.when is not None else ()
    return frozenset((*when, *(f"catch {name}" for name in node.catch)))


def _taken(node: NodeSpec) -> Iterator[tuple[Path, Any]]:
    for argument, value in node.args.items():
        yield ("with", argument), value
    for argument, value in node.each.over.items() if node.each is not None else ():
        yield ("each", "over", argument), value


def _needed(value: Any) -> list[str]:
    return list(dict.fromkeys(need for need, wants in needs_of(value) if wants == HARD))

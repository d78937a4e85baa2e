"""Nodes that may fail (`allow_failure`): who takes the value of one can go without it, or is a problem."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from stratix_tasks.spec.disabled import instead
from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.problems import Finding, Path, Problem
from stratix_tasks.spec.values import HARD, Expr, Ref, Template, leaves


def untolerant(graph: Graph, executors: Executors, functions: Mapping[str, Any]) -> Iterator[Finding]:
    """What asks for a value that may be missing, and can't do without."""
    loose = {name for name, node in graph.spec.tasks.items() if node.allow_failure}
    if not loose:
        return
    for i, name in enumerate(graph.spec.tasks):
        node, path = graph.nodes[i], ("tasks", name)
        function = functions.get(node.call or "")
        for argument, value in node.args.items():
            whole = type(value) is Ref and value.scope == "tasks" and value.name in loose
            known = (node.flow or node.uses or function) is not None
            if whole and known and not instead(node, argument, graph.spec, function, executors):
                message = f"'{argument}' takes the value of '{value.name}', which may fail: then there is none for it"
                hint = f"Give '{argument}' a default, or an annotation with None; or catch what fails: with failed(x)."
                yield Finding((*path, "with", argument), Problem("may-be-missing", message, name, hint=hint))
            yield from _asking(value, loose, (*path, "with", argument), name)
        for place, value in _conditions(node).items():
            yield from _asking(value, loose, (*path, *place), name, anyhow=place[:2] == ("each", "over"))
    yield from _asking(graph.spec.output, loose, ("output",), "")


def _conditions(node: NodeSpec) -> dict[Path, Any]:
    """What a node asks for beside its arguments."""
    found: dict[Path, Any] = {("when",): node.when}
    if node.each is not None:
        found |= {("each", "key"): node.each.key, ("each", "where"): node.each.where}
        found |= {("each", "over", argument): value for argument, value in node.each.over.items()}
    if node.loop is not None:
        found["loop", "until"] = node.loop.until
    return found


def _asking(value: Any, loose: Collection[str], path: Path, name: str, *, anyhow: bool = False) -> Iterator[Finding]:
    """Expressions and texts that name a value which may be missing; `anyhow`: references, too."""
    kinds = (Expr, Template, Ref) if anyhow else (Expr, Template)
    asking = (leaf for leaf in leaves(value) if type(leaf) in kinds)
    for need in dict.fromkeys(need for leaf in asking for need, wants in needs_of(leaf) if wants == HARD):
        if need in loose:
            message = f"asks for the value of '{need}', which may fail: then there is none"
            hint = f"Ask how it ended, status({need}), or catch what fails: with failed({need})."
            yield Finding(path, Problem("may-be-missing", message, name, hint=hint))

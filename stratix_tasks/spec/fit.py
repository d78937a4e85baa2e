"""Whether what a task returns can be what the next one takes, by their annotations. Only certain mistakes count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import GenericAlias
from typing import Any

from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.types import certainly_wrong, hints_of, tuple_arity, type_text
from stratix_tasks.spec.values import Ref

Misfit = tuple[str, str, Problem]
"""The node, its argument, and what is wrong."""


def misfits(graph: Graph, executors: Executors, functions: Mapping[str, Any]) -> Iterator[Misfit]:
    """Arguments fed by a task whose annotation can't be what the parameter wants; judged once a pair of calls."""
    judged: dict[tuple[Any, ...], str] = {}
    nodes, index = graph.nodes, graph.index

    def hints(node: NodeSpec) -> Mapping[str, Any]:
        if node.uses is not None:
            return executors[node.uses].hints if node.uses in executors else {}
        task = functions.get(node.call or "")
        function = getattr(task, "fn", task)
        return hints_of(function) if function is not None else {}

    for name, node in zip(graph.names, nodes, strict=True):
        for argument, value in node.args.items():
            if type(value) is not Ref or value.scope != "tasks" or value.name not in index:
                continue
            source = nodes[index[value.name]]
            pair = (source.call, source.uses, source.each is None, value.path[:1], node.call, node.uses, argument)
            if pair not in judged:
                judged[pair] = _verdict(hints(source), source.each is not None, value, hints(node).get(argument))
            if judged[pair]:
                message = f"'{argument}' is fed by '{value.name}', {judged[pair]}"
                yield name, argument, Problem("type-mismatch", message, name)


def _verdict(source: Mapping[str, Any], mapped: bool, ref: Ref, wanted: Any) -> str:
    """Why what comes of a source with these annotations can't be what is wanted, or nothing."""
    if "return" not in source:
        return ""
    given = GenericAlias(list, (source["return"],)) if mapped else source["return"]
    if ref.path:
        return _index(given, ref.path[0])
    if wanted is None or not certainly_wrong(given, wanted):
        return ""
    return f"which returns {type_text(given)}, and must be {type_text(wanted)}"


def _index(given: Any, step: str | int) -> str:
    arity = tuple_arity(given)
    if arity is None or not isinstance(step, int) or -arity <= step < arity:
        return ""
    return f"which returns {arity} parts, so that there is no [{step}]"

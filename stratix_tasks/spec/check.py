"""Everything that can be said against a document without running it, all at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from stratix_tasks.spec.graph import ATOMS, Graph
from stratix_tasks.spec.model import NAME, NodeSpec
from stratix_tasks.spec.problems import Problem, did_you_mean
from stratix_tasks.spec.values import Expr, FirstOf, Ref, Template, leaves

_NAME = re.compile(NAME)


def check(graph: Graph, pools: Collection[str] = ()) -> list[Problem]:
    """Problems of a flow and its sub-flows; `pools` are those of the engine, known beside the flow's own."""
    problems = list(_check(graph, pools))
    for name in graph.spec.flows:
        for problem in check(graph.flow(name), pools):
            problems.append(Problem(problem.code, problem.message, f"{name}.{problem.node}", problem.line, problem.hint))
    return problems


def _check(graph: Graph, pools: Collection[str]) -> Iterator[Problem]:
    spec = graph.spec
    for name, node in zip(graph.names, graph.nodes, strict=True):
        if not _NAME.match(name):
            yield Problem("bad-name", f"'{name}' is no name for a node: letters, digits and _, at most 64, not beginning with a digit", name)
        for value in node.args.values():
            kind = type(value)
            if kind is Ref:
                if value.name not in graph.index if value.scope == "tasks" else value.scope != "inputs" or value.name not in spec.inputs:
                    yield from _refs(graph, name, value, node)
            elif kind not in ATOMS:
                yield from _refs(graph, name, value, node)
        if node.when is not None or node.each is not None or node.needs or node.pool or node.flow:
            yield from _rare(graph, name, node, pools)
        elif node.call is None:
            yield Problem("nothing-to-do", "has neither call nor flow", name)
    if spec.output is not None:
        yield from _refs(graph, "", spec.output, None)
    if cycle := graph.cycle():
        yield Problem("cycle", f"these nodes need each other: {' → '.join(cycle)}", cycle[0], hint="Take one of the arrows away.")


def _rare(graph: Graph, name: str, node: NodeSpec, pools: Collection[str]) -> Iterator[Problem]:
    known = {*graph.spec.pools, *pools}
    for pool in node.pool:
        if pool not in known:
            hint = did_you_mean(pool, known) or f"Declare it: @flow(pools={{'{pool}': 4}}) or configure(pools={{'{pool}': 4}})."
            yield Problem("unknown-pool", f"there is no pool '{pool}'", name, hint=hint)
    for need in node.needs:
        if need not in graph.index:
            yield Problem("unknown-node", f"needs '{need}', which is no node", name, hint=did_you_mean(need, graph.names))
    if node.when is not None:
        yield from _refs(graph, name, node.when, node)
    if node.each is not None:
        for value in node.each.over.values():
            yield from _refs(graph, name, value, node)
        if not node.each.over:
            yield Problem("nothing-to-map", "each maps over nothing", name)
    if node.flow is not None:
        yield from _sub_flow(graph, name, node)


def _sub_flow(graph: Graph, name: str, node: NodeSpec) -> Iterator[Problem]:
    inner = graph.spec.flows.get(node.flow or "")
    if inner is None:
        yield Problem("unknown-flow", f"there is no flow '{node.flow}'", name, hint=did_you_mean(node.flow or "", graph.spec.flows))
        return
    for given in node.args:
        if given not in inner.inputs:
            yield Problem("unknown-input", f"flow '{node.flow}' has no input '{given}'", name, hint=did_you_mean(given, inner.inputs))
    for wanted, one in inner.inputs.items():
        if one.required and wanted not in node.args:
            yield Problem("missing-input", f"flow '{node.flow}' needs the input '{wanted}'", name)


def _refs(graph: Graph, name: str, value: object, node: NodeSpec | None) -> Iterator[Problem]:
    for leaf in leaves(value):
        if isinstance(leaf, Ref):
            yield from _ref(graph, name, leaf, node)
        elif isinstance(leaf, FirstOf):
            for ref in leaf.refs:
                yield from _ref(graph, name, ref, node)
        elif isinstance(leaf, Template):
            for part in leaf.parts:
                yield from _refs(graph, name, part, node)
        elif isinstance(leaf, Expr):
            yield from _names(graph, name, leaf)


def _ref(graph: Graph, name: str, ref: Ref, node: NodeSpec | None) -> Iterator[Problem]:
    known: Collection[str] = graph.names if ref.scope == "tasks" else graph.spec.inputs
    if ref.scope == "each":
        known = node.each.over if node is not None and node.each is not None else ()
    if ref.name not in known:
        what = {"tasks": "task", "inputs": "input", "each": "loop variable"}[ref.scope]
        yield Problem(f"unknown-{what.replace(' ', '-')}", f"there is no {what} '{ref.name}'", name, hint=did_you_mean(ref.name, known))


def _names(graph: Graph, name: str, expr: Expr) -> Iterator[Problem]:
    for task in expr.tasks:
        if task not in graph.index:
            yield Problem("unknown-task", f"`{expr.text}` names the task '{task}', which does not exist", name, hint=did_you_mean(task, graph.names))
    for given in re.findall(r"\binputs\.([A-Za-z_]\w*)", expr.text):
        if given not in graph.spec.inputs:
            yield Problem("unknown-input", f"`{expr.text}` names the input '{given}', which does not exist", name, hint=did_you_mean(given, graph.spec.inputs))



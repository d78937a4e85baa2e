"""How many nodes a flow is laid out with, told before anything is: flows that call others twice double it at each step."""

from __future__ import annotations

from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.problems import Problem

MOST = 100_000
"""Nodes that a flow is laid out with, those of its sub-flows included, each as often as it is called."""


def extent(graph: Graph) -> int:
    """Nodes of a flow and of the sub-flows that are there from the beginning. One that lies in itself counts once; so does what
    is mapped or repeated, which opens later.
    """
    known: dict[str, int] = {}
    open_, stack = set[str](), [graph]
    while stack:
        one = stack[-1]
        inside = _inside(one)
        new = [inner for inner in inside if inner.path not in known and inner.path not in open_]
        if new and one.path not in open_:
            open_.add(one.path)
            stack += new
            continue
        stack.pop()
        known[one.path] = len(one.names) + sum(known.get(inner.path, 0) for inner in inside)
    return known[graph.path]


def extent_problem(graph: Graph) -> Problem | None:
    """Why it can't be laid out; None when it can."""
    nodes = extent(graph) if graph.spec.flows else 0
    if nodes <= MOST:
        return None
    told = nodes if nodes < 10**9 else f"some 10^{len(str(nodes)) - 1}"
    message = (
        f"the flow has {told} nodes, those of its sub-flows as often as they are called; at most {MOST} are laid out"
    )
    return Problem(
        "too-large",
        message,
        hint="Map a flow over a list, or repeat it: its items and rounds are laid out as they begin.",
    )


def _inside(graph: Graph) -> list[Graph]:
    """The flows that its nodes open at once."""
    plain = (node for node in graph.nodes if node.flow and node.each is None and node.loop is None)
    return [inner for node in plain if node.concurrency is None and (inner := graph.find(node.flow or "")) is not None]

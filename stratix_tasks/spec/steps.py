"""What a step ends, as a document tells it: a node beside it, or a group around it; and what is wrong with that."""

from __future__ import annotations

from collections.abc import Iterator

from stratix_tasks.spec.executors import Wrong
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.joins import ALL
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.problems import Problem, did_you_mean
from stratix_tasks.spec.values import leaves


def step_problems(graph: Graph, name: str, node: NodeSpec) -> Iterator[Wrong]:
    """Of a node whose executor ends others."""
    for argument in ("node", "status"):
        if next(leaves(node.args.get(argument)), None) is not None:
            message = f"{argument} of a step stands in the flow as it is written, and can't be worked out"
            yield ("with", argument), Problem("bad-value", message, name)
            return
    ends = node.args.get("node")
    if not isinstance(ends, str) or not ends:  # that is told of its value
        return
    why, hint = _beside(graph, name, ends) if ends in graph.index else _around(graph, ends)
    if why:
        code = "unknown-task" if ends not in graph.index else "no-effect"
        yield ("with", "node"), Problem(code, why, name, hint=hint)


def _beside(graph: Graph, name: str, ends: str) -> tuple[str, str]:
    i, k = graph.index[name], graph.index[ends]
    if i == k:
        return "it can't end itself", "Leave node out to end the flow that it stands in."
    if ends in graph.off and name not in graph.off:
        return f"'{ends}' is disabled, so that there is nothing to end", f"Disable '{name}', too, or enable '{ends}'."
    if graph.nodes[k].always or k in graph.undoes:
        return f"'{ends}' runs when all else in the flow has ended, and nothing ends it early", ""
    if k in _ended_before(graph, i):
        return f"'{ends}' has ended when its turn comes, for that it needs", "Name what goes on beside it."
    return "", ""


def _ended_before(graph: Graph, i: int) -> set[int]:
    """Nodes that have ended for sure when one begins."""
    found, stack = set[int](), [i]
    while stack:
        one = stack.pop()
        soft = graph.soft.get(one, ())
        if graph.nodes[one].join == ALL or len(graph.needs[one]) == 1:
            new = {need for need in graph.needs[one] if need not in soft} - found
            found |= new
            stack += new
    return found


def _around(graph: Graph, ends: str) -> tuple[str, str]:
    known = groups_around(graph)
    if ends in known:
        return "", ""
    return f"ends '{ends}', no task beside it and no group that it lies in", did_you_mean(ends, {*graph.index, *known})


def groups_around(graph: Graph) -> set[str]:
    """Names of the nodes in the document whose scopes a node of this flow may lie in."""
    top = graph
    while top.above is not None:
        top = top.above
    users: dict[int, list[tuple[Graph, str]]] = {}
    flows = [top]
    for one in flows:
        for i, name in enumerate(one.names):
            inner = one.inner(i)
            if inner is not None:
                users.setdefault(id(inner), []).append((one, name))
                flows += [inner] if all(inner is not known for known in flows) else []
    found, todo, seen = set[str](), [graph], {id(graph)}
    while todo:
        for one, name in users.get(id(todo.pop()), ()):
            found.add(name)
            if id(one) not in seen:
                seen.add(id(one))
                todo.append(one)
    return found

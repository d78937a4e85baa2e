"""Run to here: which nodes of a flow, and of flows in it, a run does not begin that is asked to go until some of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Any

from stratix_tasks.errors import InputError
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.problems import did_you_mean

Until = dict[str, "Until"]
"""Nodes by name, each with those in it that a run goes until; with none where it is run as a whole."""


def named(graph: Graph, until: Any) -> tuple[str, ...]:
    """The nodes that are meant, each once, in the order of the document; nothing where the whole flow is.

    InputError `bad-option`; `unknown-node` for what is no node that runs before the end of its flow, or what others need whole.
    """
    if until is None:
        return ()
    given = (until,) if isinstance(until, str) else until
    if not isinstance(given, list | tuple) or not given or not all(isinstance(name, str) for name in given):
        raise InputError(f"until is the name of a node, or a list of names, not {until!r}", code="bad-option")
    places = sorted({(_place(graph, name), name) for name in given})
    for (first, around), (second, name) in pairwise(places):
        if second[: len(first)] == first:
            raise _refused(graph, name, f"it lies in '{around}', which is run as a whole; name one of them")
    found = tuple(name for _, name in places)
    for cut, by in _needed_whole(graph, as_tree(found)):
        name = next(one for one in found if f"{one}.".startswith(f"{cut}."))
        raise _refused(graph, name, f"'{by}' needs all of '{cut}'; write '{cut}'")
    return found


def _refused(graph: Graph, name: str, why: str) -> InputError:
    return InputError(f"a run of flow '{graph.spec.flow}' can't go until '{name}': {why}", code="unknown-node")


def _place(graph: Graph, name: str) -> tuple[int, ...]:
    """Its number in the document, behind those of the nodes that it lies in. InputError."""
    found, around = list[int](), graph
    *outer, last = name.split(".")
    for depth, part in enumerate(outer):
        if why := _no_flow(around, part, ".".join(outer[: depth + 1])) or _refusal(around, part):
            raise _refused(graph, name, why)
        found.append(around.index[part])
        around = around.inner(found[-1]) or around
    if why := _refusal(around, last):
        raise _refused(graph, name, why)
    return (*found, around.index[last])


def _no_flow(graph: Graph, name: str, path: str) -> str:
    """Why a run can't go until something that lies in a node."""
    node = graph.spec.tasks.get(name)
    if node is None:
        return ""
    if node.loop is not None:
        return f"what lies in a loop is run with that as a whole; write '{path}'"
    return "" if graph.inner(graph.index[name]) is not None else f"nothing lies in '{path}'"


def _refusal(graph: Graph, name: str) -> str:
    tasks = graph.spec.tasks
    if name not in tasks:
        can = [one for one, node in tasks.items() if node.enabled and not node.always]
        where = "it has" if graph.above is None else f"flow '{graph.spec.flow}' has"
        return f"{where} no such node. {did_you_mean(name, can)}".rstrip()
    if not tasks[name].enabled:
        return "it is disabled; enable it"
    return "it runs at the end of every run; name what it needs" if tasks[name].always else ""


def as_tree(until: Iterable[str]) -> Until:
    """Nodes by their names, those in others in there."""
    found: Until = {}
    for name in until:
        at = found
        for part in name.split("."):
            at = at.setdefault(part, {})
    return found


def paths(until: Until) -> list[str]:
    """The names that it was made from."""
    return [f"{name}.{one}" if one else name for name, inner in until.items() for one in paths(inner) or [""]]


def _needed_whole(graph: Graph, until: Until, path: str = "") -> Iterable[tuple[str, str]]:
    """The nodes of which a part is run, and what needs all of them."""
    out = beyond(graph, until)
    for name, inner in until.items():
        if inner:
            i = graph.index[name]
            yield from ((path + name, graph.names[o]) for o in graph.outs()[i] if o not in out)
            below = graph.inner(i)
            yield from _needed_whole(below, inner, f"{path}{name}.") if below is not None else ()


def beyond(graph: Graph, until: Collection[str]) -> frozenset[int]:
    """The nodes of a flow that none of these needs, however far. What runs at the end of a flow, or takes something back, is none
    of them: it is for what has run.
    """
    if not until:
        return frozenset()
    needed, stack = set[int](), [graph.index[name] for name in until]
    while stack:
        node = stack.pop()
        if node not in needed:
            needed.add(node)
            stack += graph.needs[node]
    return frozenset(
        i for i, node in enumerate(graph.nodes) if i not in needed and not node.always and i not in graph.undoes
    )

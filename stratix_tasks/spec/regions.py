"""Flows that hold places of pools as a whole: where one waits for what another one holds, and that for what the first one
does, both may wait for ever. And which pools there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec, NodeSpec, Shared
from stratix_tasks.spec.policies import patterns
from stratix_tasks.spec.problems import REMOVE, Finding, Problem

Place = tuple[str, ...]
NOTHING: frozenset[str] = frozenset()


class _Wait(NamedTuple):
    """Who holds one pool and takes another one inside."""

    held: str
    taken: str
    place: Place
    node: str


def blocking(graph: Graph) -> Iterator[Finding]:
    """Of a whole document: pools that are held and waited for in a circle."""
    if not any(node.flow for node in graph.nodes):
        return
    waits = _waits(graph)
    outs: dict[str, set[str]] = {}
    for wait in waits:
        outs.setdefault(wait.held, set()).add(wait.taken)
    for wait in waits:
        if wait.held in _reach(outs, wait.taken):
            message = (
                f"it takes pool '{wait.taken}' while '{wait.held}' is held around it, and elsewhere '{wait.held}' is waited "
                f"for while '{wait.taken}' is held: both may wait for ever"
            )
            hint = (
                f"Hold both around: pool: [{wait.held}, {wait.taken}], in Python pool=['{wait.held}', '{wait.taken}']."
            )
            yield Finding((*wait.place, "pool"), Problem("can-block", message, wait.node, hint=hint))


def _waits(root: Graph) -> list[_Wait]:
    found: list[_Wait] = []
    todo, seen = [(root, NOTHING)], set[tuple[str, frozenset[str]]]()
    for graph, held in todo:  # it grows meanwhile
        if (graph.path, held) in seen:
            continue
        seen.add((graph.path, held))
        defaults = graph.spec.defaults
        for i, node in enumerate(graph.nodes):
            inner = graph.find(node.flow) if node.flow else None
            shared = defaults.pool if defaults is not None and inner is None and node.uses is None else None
            takes = frozenset(node.pool or shared or ()) - held
            found += [_Wait(one, pool, _place(graph, i), graph.names[i]) for one in held for pool in takes]
            if inner is not None:
                todo.append((inner, held | takes))
    return found


def _place(graph: Graph, i: int) -> Place:
    flows = tuple(part for name in graph.path.split(".") if name for part in ("flows", name))
    return (*flows, "tasks", graph.names[i])


def _reach(outs: dict[str, set[str]], start: str) -> set[str]:
    found, stack = {start}, [start]
    while stack:
        new = outs.get(stack.pop(), set()) - found
        found |= new
        stack += new
    return found


# ---------------------------------------------------------------------- what pools there are


def pools_of(spec: FlowSpec) -> dict[str, int]:
    """The pools that a flow declares, and those that flows in it do: of one name they are one pool."""
    found: dict[str, int] = {}
    for _, one in _flows(spec):
        found |= {name: size for name, size in one.pools.items() if name not in found}
    return found


def pool_findings(spec: FlowSpec) -> Iterator[Finding]:
    """Of a whole document: pools of one name and another size, and, as warnings, those that nothing takes."""
    sizes = pools_of(spec)
    taken = set(_taken(spec)) if sizes else set()
    for path, one in _flows(spec):
        for name, size in one.pools.items():
            where = ".".join(path[1::2])
            if size != sizes[name]:
                message = f"pool '{name}' has {size} places here and {sizes[name]} in another flow: of one name a run has one pool"
                hint = "Name it otherwise, or say it in the outermost flow alone."
                yield Finding((*path, "pools", name), Problem("twice", message, where, hint=hint))
            elif name not in taken:
                message, hint = f"nothing takes a place of the pool '{name}'", f"Say so at a task: pool: {name}."
                problem = Problem("unused", message, where, hint=hint, warning=True, remedy=REMOVE)
                yield Finding((*path, "pools", name), problem)


def _taken(spec: FlowSpec) -> Iterator[str]:
    for _, one in _flows(spec):
        shared = [*one.policies.values(), *patterns(one).values()]
        said: list[Shared | NodeSpec] = [*one.tasks.values(), *shared]
        said += [one.defaults] if one.defaults is not None else []
        yield from (pool for some in said for pool in some.pool or ())


def _flows(spec: FlowSpec) -> list[tuple[tuple[str, ...], FlowSpec]]:
    """A flow and those in it, with their places in the document."""
    found: list[tuple[tuple[str, ...], FlowSpec]] = [((), spec)]
    for path, one in found:  # it grows meanwhile
        found += [((*path, "flows", name), inner) for name, inner in one.flows.items()]
    return found

"""Which fan-outs, of tasks or flows, stream: each of their items begins when that of the same place in another one has completed."""

from __future__ import annotations

from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.joins import ALL
from stratix_tasks.spec.late import late_values
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.values import Ref


def streams_from(graph: Graph, i: int) -> tuple[int, str] | None:
    """The number of the fan-out whose items those of node i wait for one by one, and the argument that takes what these give;
    None where it waits for all that it needs as one.

    Its items are then as many as there: it is mapped over the whole list alone, as it is; and nothing else of it asks for that list.
    """
    each = graph.nodes[i].each
    return could_stream(graph, i) if each is not None and not each.barrier else None


def could_stream(graph: Graph, i: int) -> tuple[int, str] | None:
    """The same of a node as if it did not say `barrier`."""
    node = graph.nodes[i]
    if node.each is None or not _goes_over_a_list(graph, i, node):
        return None
    (name, over), *more = node.each.over.items()
    if more or type(over) is not Ref or over.scope != "tasks" or over.path or over.name not in graph.index:
        return None
    source = graph.nodes[graph.index[over.name]]
    return (graph.index[over.name], name) if _could_feed(source) and over.name not in _others(node) else None


def _goes_over_a_list(graph: Graph, i: int, node: NodeSpec) -> bool:
    """Whether it has an item for each element of what it is mapped over, and that can be told before these are there."""
    each = node.each
    if each is None or node.always or i in graph.undoes or not node.enabled or node.pin is not None:
        return False
    whole = each.key is not None or each.where is not None or each.flatten
    return bool(each.over) and not whole and node.join == ALL


def _could_feed(source: NodeSpec) -> bool:
    each = source.each
    other = source.allow_failure or source.always or source.pin is not None
    return each is not None and source.flow is None and each.gather == ALL and not other


def _others(node: NodeSpec) -> set[str]:
    """What a fan-out names in other places than in what it is mapped over."""
    values = [*node.args.values(), node.when, *late_values(node).values()]
    return {name for value in values for name, _ in needs_of(value)} | {*node.needs, *node.catch}

"""A snapshot of a flow in Graphviz' language, for tools that draw or lay out from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratix_tasks.formats.waits import label, shape

SHAPES = {
    "task": "box",
    "map": "box3d",
    "flow": "folder",
    "each": "box3d",
    "loop": "cds",
    "nested": "folder",
    "wait": "hexagon",
}


EDGES = {
    "data": {"style": "solid"},
    "order": {"style": "dashed"},
    "when": {"style": "dashed", "label": "when"},
    "catch": {"style": "dashed", "color": "red", "label": "failed"},
    "ends": {"style": "dotted", "label": "ends", "constraint": "false"},
}


def to_dot(view: Mapping[str, Any]) -> str:
    """DOT text: boxes for tasks, hexagons for waits, a cluster for each sub-flow; dashed arrows for order without data and,
    with `when`, for what a condition asks.
    """
    import graphviz

    nodes = view["nodes"]
    top = graphviz.Digraph(view["flow"]["name"], graph_attr={"rankdir": "LR", "compound": "true"})
    top.attr("node", fontname="Helvetica", style="rounded")
    groups = {-1: top}
    for number, node in enumerate(nodes):
        if node["kind"] == "flow":
            groups[number] = graphviz.Digraph(f"cluster_{number}", graph_attr={"label": node["name"]})
    for number, node in enumerate(nodes):
        group = groups[number if number in groups else node["parent"]]
        group.node(str(number), graphviz.escape(label(node)), shape=SHAPES[shape(node)])
    for number in sorted(groups, reverse=True)[:-1]:
        groups[nodes[number]["parent"]].subgraph(groups[number])
    for a, b, kind in view["edges"]:
        top.edge(str(a), str(b), **EDGES[kind])
    return str(top.source)

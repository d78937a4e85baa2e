"""A snapshot of a flow in Graphviz' language, for tools that draw or lay out from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHAPES = {"task": "box", "map": "box3d", "flow": "folder"}


def to_dot(view: Mapping[str, Any]) -> str:
    """DOT text: boxes for tasks, a cluster for each sub-flow, dashed arrows for order without data."""
    import graphviz

    nodes = view["nodes"]
    top = graphviz.Digraph(view["flow"]["name"], graph_attr={"rankdir": "LR", "compound": "true"})
    top.attr("node", fontname="Helvetica", style="rounded")
    groups = {-1: top}
    for number, node in enumerate(nodes):
        if node["kind"] == "flow":
            groups[number] = graphviz.Digraph(f"cluster_{number}", graph_attr={"label": node["name"]})
    for number, node in enumerate(nodes):
        label = graphviz.escape(node["label"])
        groups[number if number in groups else node["parent"]].node(str(number), label, shape=SHAPES[node["kind"]])
    for number in sorted(groups, reverse=True)[:-1]:
        groups[nodes[number]["parent"]].subgraph(groups[number])
    for a, b, kind in view["edges"]:
        top.edge(str(a), str(b), style="dashed" if kind == "order" else "solid")
    return str(top.source)

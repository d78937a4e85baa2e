"""A snapshot of a flow as a Mermaid flowchart, for READMEs and issue trackers that draw it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stratix_tasks.formats.waits import label, shape

SHAPES = {
    "task": '["{}"]',
    "map": '[["{}"]]',
    "each": '[["{}"]]',
    "flow": '("{}")',
    "nested": '("{}")',
    "loop": '(["{}"])',
    "wait": '{{{{"{}"}}}}',
}
ARROWS = {
    "data": "-->",
    "order": "-.->",
    "when": "-.->|when|",
    "catch": "-.->|failed|",
    "ends": "-.->|ends|",
}


def to_mermaid(view: Mapping[str, Any]) -> str:
    """Mermaid text: boxes for tasks, hexagons for waits, a subgraph for each sub-flow, which arrows go to; dotted arrows for order
    without data and, with `when`, for what a condition asks.
    """
    lines = ["flowchart LR", *_members(view["nodes"], -1, "  ")]
    for a, b, kind in view["edges"]:
        lines.append(f"  n{a} {ARROWS[kind]} n{b}")
    return "\n".join(lines) + "\n"


def _members(nodes: list[dict[str, Any]], parent: int, indent: str) -> Iterator[str]:
    for number, node in enumerate(nodes):
        if node["parent"] != parent:
            continue
        inside = [*_members(nodes, number, indent + "  ")] if node["kind"] == "flow" else []
        if not inside:
            yield f"{indent}n{number}{SHAPES[shape(node)].format(_quoted(label(node)))}"
            continue
        yield f'{indent}subgraph n{number} ["{_quoted(label(node))}"]'
        yield from inside
        yield f"{indent}end"


def _quoted(text: str) -> str:
    return text.replace('"', "#quot;")

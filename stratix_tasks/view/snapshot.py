"""Snapshots and patches: a source as the messages that the front end takes."""

from __future__ import annotations

import re
from struct import Struct
from time import time
from typing import Literal

from stratix_tasks.spec.layout import layout
from stratix_tasks.view.messages import Inspection, NodeInfo, NodeOutline, Patch, Snapshot, Status
from stratix_tasks.view.source import Source

RECORD = Struct("<IBBHIIIIIfddd")
"""Node number and status; NaN stands for None."""
NAN = float("nan")
HEIGHT, FOOT = 58.0, 24.0
"""Of a card with two lines, and what the line of conditions and badges adds."""
NARROWEST, WIDEST = 172.0, 320.0
CHARACTER, SMALL = 7.7, 6.9
"""Width of a character of a card's name, and of its other lines, in pixels and a wide font such as DejaVu Sans."""


def card_size(node: NodeOutline) -> tuple[float, float]:
    """A card is as wide as its name needs, and a short second and third line."""
    beside = 138.0 if node["kind"] in ("map", "each") else 48.0
    line, foot = second_line(node), foot_line(node)
    wide = max(
        NARROWEST,
        beside + CHARACTER * len(node["label"]),
        min(57.0 + SMALL * len(line), 240.0) if line else 0.0,
        min(44.0 + SMALL * len(foot), 240.0) if foot else 0.0,
    )
    return min(wide, WIDEST), HEIGHT + (FOOT if foot else 0.0)


def second_line(node: NodeOutline) -> str:
    """What a card says below its name before anything runs: of a wait its word and what it asks; its first line of
    documentation, else what it calls, where that is not its name, and gives."""
    doc = node["doc"].split("\n", 1)[0]
    if node["wait"]:
        return " · ".join(filter(None, (node["wait"], doc or node["asks"])))
    call = node["call"].rpartition(":")[2]
    gives = f"→ {node['gives']}" if node["gives"] else ""
    return doc or " ".join(filter(None, (call if call != node["label"] else "", gives)))


def foot_line(node: NodeOutline) -> str:
    """Its third line, if it has one: on what condition it runs, and how it begins or goes on where that is not as usual."""
    when = re.sub(r"\btasks\.(\w+)\.output\b|\binputs\.(\w+)", r"\1\2", node["when"] or "")
    return " · ".join(filter(None, (f"if {when}" if when else "", node["badge"])))


def snapshot(source: Source, *, seq: int = 0, mode: Literal["live", "static", "saved", "edit"] = "live") -> Snapshot:
    """The whole view; in mode `edit` with what an editor shows."""
    outline = source.outline()
    nodes = outline["nodes"]
    sizes = [card_size(node) for node in nodes]
    edges = [(a, b) for a, b, kind in outline["edges"] if kind != "ends"]
    laid = layout(sizes, edges, [node["parent"] for node in nodes], outline["positions"])
    drawn: list[NodeInfo] = [
        {
            **node,
            "line": second_line(node),
            "foot": foot_line(node),
            "x": round(x, 1),
            "y": round(y, 1),
            "w": round(w, 1),
            "h": round(h, 1),
        }
        for node, (x, y), (w, h) in zip(nodes, laid.places, laid.sizes, strict=True)
    ]
    made: Snapshot = {
        "v": 1,
        "seq": seq,
        "mode": mode,
        "now": time(),
        "flow": outline["flow"],
        "run": source.run_info(),
        "nodes": drawn,
        "edges": outline["edges"],
        "bends": {str(edge): [(round(x, 1), round(y, 1)) for x, y in points] for edge, points in laid.bends.items()},
        "status": [status for _, status in source.records(None)],
        "texts": source.texts(None),
    }
    if mode == "edit" and source.editor is not None:
        made["edit"] = source.editor.info()
    return made


MOST_ITEMS, MOST_TOLD = 1000, 500
"""Items of a mapped node or flow, or rounds, and nodes, that a page with nothing behind it tells about."""


def whole(source: Source) -> Snapshot:
    """A view that has nothing behind it: with what is otherwise asked for when a node is opened."""
    made = snapshot(source, mode="static")
    if made["run"] is None:
        return made
    names = [node["name"] for node in made["nodes"][:MOST_TOLD]]
    maps = [node["name"] for node in made["nodes"] if node["kind"] in ("map", "each", "loop")]
    told: dict[str, Inspection] = {name: {**source.inspect(name, None), "args": [], "can": {}} for name in names}
    return {**made, "told": told, "items": {name: source.items(name, 0, MOST_ITEMS) for name in maps}}


def pack(records: list[tuple[int, Status]]) -> bytes:
    """Records as the bytes of a patch."""
    return b"".join(
        RECORD.pack(node, *record[:8], *(NAN if value is None else value for value in record[8:]))
        for node, record in records
    )


def unpack(data: bytes) -> list[tuple[int, Status]]:
    """The records again; None where NaN stood. Floats of progress are 32 bits wide."""
    rows = []
    for node, *fields in RECORD.iter_unpack(data):
        tail = tuple(None if value != value else value for value in fields[8:])
        rows.append((node, (*fields[:8], *tail)))
    return rows


def patch(source: Source, nodes: set[int], seq: int) -> tuple[Patch, bytes]:
    """What changed, as a message and its buffer."""
    head: Patch = {"type": "patch", "seq": seq, "now": time(), "run": source.run_info(), "texts": source.texts(nodes)}
    return head, pack(source.records(nodes))

"""Snapshots and patches: a source as the messages that the front end takes."""

from __future__ import annotations

from struct import Struct
from time import time
from typing import Literal

from stratix_tasks.spec.layout import layout
from stratix_tasks.view.messages import Inspection, NodeInfo, NodeOutline, Patch, Snapshot, Status
from stratix_tasks.view.source import Source

RECORD = Struct("<IBBHIIIIIfddd")
"""Node number and status; NaN stands for None."""
NAN = float("nan")
HEIGHT = 58.0
CHARACTER = 7.7
"""Width of a character of a card's name, in pixels."""


def card_size(label: str, kind: str, line: str) -> tuple[float, float]:
    """A card is as wide as its name needs, and a short second line in a wide font such as DejaVu Sans."""
    room = 74.0 if kind == "map" else 48.0
    return max(172.0, room + CHARACTER * len(label), min(57.0 + 6.9 * len(line), 240.0) if line else 0.0), HEIGHT


def second_line(node: NodeOutline) -> str:
    """What a card says below its name before anything runs: of a wait its word, and what it asks."""
    doc = node["doc"].split("\n", 1)[0]
    return " · ".join(filter(None, (node["wait"], doc or node["asks"]))) if node["wait"] else doc


def snapshot(source: Source, *, seq: int = 0, mode: Literal["live", "static"] = "live") -> Snapshot:
    """The whole view."""
    outline = source.outline()
    nodes = outline["nodes"]
    sizes = [card_size(node["label"], node["kind"], second_line(node)) for node in nodes]
    edges = [(a, b) for a, b, _ in outline["edges"]]
    laid = layout(sizes, edges, [node["parent"] for node in nodes], outline["positions"])
    drawn: list[NodeInfo] = [
        {**node, "line": second_line(node), "x": round(x, 1), "y": round(y, 1), "w": round(w, 1), "h": round(h, 1)}
        for node, (x, y), (w, h) in zip(nodes, laid.places, laid.sizes, strict=True)
    ]
    return {
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

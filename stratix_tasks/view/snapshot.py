"""Snapshots and patches: a source as the messages that the front end takes."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from time import time
from typing import Literal

from stratix_tasks.spec.layout import lifted
from stratix_tasks.view.change import was_at
from stratix_tasks.view.conditions import on_edges
from stratix_tasks.view.messages import Inspection, Patch, Point, Snapshot, Status
from stratix_tasks.view.places import arrange
from stratix_tasks.view.source import Outline, Source

RECORD = Struct("<IBBHIIIIIfddd")
"""Node number and status; NaN stands for None."""
NAN = float("nan")


def snapshot(
    source: Source,
    *,
    seq: int = 0,
    mode: Literal["live", "static", "saved", "edit"] = "live",
    stays: Mapping[str, Point] | None = None,
) -> Snapshot:
    """The whole view; in mode `edit` with what an editor shows. `stays` are nodes that are not to move, by name: where they stand."""
    edited = source.editor.info() if mode == "edit" and source.editor is not None else None
    outline = source.outline()
    ports = edited["ports"] if edited is not None else None
    if stays:
        outline = {**outline, "positions": {**_kept(outline, stays), **outline["positions"]}}
    drawn = arrange(outline, ports)
    made: Snapshot = {
        "v": 1,
        "seq": seq,
        "mode": mode,
        "now": time(),
        "flow": outline["flow"],
        "run": source.run_info(),
        "nodes": drawn["nodes"],
        "folds": drawn["folds"],
        "rooms": drawn["rooms"],
        "closed": drawn["closed"],
        "edges": outline["edges"],
        "bends": drawn["bends"],
        "conditions": on_edges(outline),
        "status": [status for _, status in source.records(None)],
        "texts": source.texts(None),
    }
    if edited is not None:
        made["edit"] = edited
    return made


def _kept(outline: Outline, stays: Mapping[str, Point]) -> dict[int, Point]:
    """Where nodes stand that are not to move, also under another name; those in a group go with that. What follows from a new node
    makes way for it.
    """
    nodes = outline["nodes"]
    stood, was = list(stays.values()), was_at(list(stays), [node["name"] for node in nodes])
    outer = [i for i, node in enumerate(nodes) if node["parent"] < 0]
    moves = _behind(outline, {i for i in outer if was[i] < 0 and i not in outline["positions"]})
    return {i: stood[was[i]] for i in outer if was[i] >= 0 and i not in moves}


def _behind(outline: Outline, new: set[int]) -> set[int]:
    """Some nodes of the outermost level, and all that follows from them there."""
    found, todo, outs = set(new), [*new], dict[int, list[int]]()
    parents = [node["parent"] for node in outline["nodes"]]
    for a, b, kind in outline["edges"] if new else ():
        source, target = lifted(parents, a, b)
        if kind != "ends" and source != target and parents[source] < 0:
            outs.setdefault(source, []).append(target)
    while todo:
        for target in outs.get(todo.pop(), ()):
            if target not in found:
                found.add(target)
                todo.append(target)
    return found


MOST_ITEMS, MOST_TOLD = 1000, 500
"""Items of a mapped node or flow, or rounds, and nodes, that a page with nothing behind it tells about."""
MOST_OPENED, OPENED_OF_EACH = 500, 100
"""Items that can be opened in it: of all nodes, and of each; those that failed first."""


def whole(source: Source) -> Snapshot:
    """A view that has nothing behind it: with what is otherwise asked for when a node is opened."""
    made = snapshot(source, mode="static")
    if made["run"] is None:
        return made
    names = [node["name"] for node in made["nodes"][:MOST_TOLD]]
    maps = [node["name"] for node in made["nodes"] if node["kind"] in ("map", "each", "loop")]
    items = {name: source.items(name, 0, MOST_ITEMS) for name in maps}
    opened = [(name, row[0]) for name in maps for row in items[name]["rows"][:OPENED_OF_EACH]][:MOST_OPENED]
    wanted = [*((name, None) for name in names), *opened]
    told: dict[str, Inspection] = {
        told_as(name, item): {**source.inspect(name, item), "args": [], "can": {}} for name, item in wanted
    }
    return {**made, "told": told, "items": items, "about": source.about()}


def told_as(node: str, item: int | None) -> str:
    """What `told` has a node or item by."""
    return node if item is None else f"{node}[{item}]"


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

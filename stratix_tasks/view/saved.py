"""A view as the file of a notebook keeps it: small, and drawn again where no kernel has it."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, Final

from stratix_tasks.core.states import State
from stratix_tasks.view.messages import Inspection, Saved, Snapshot
from stratix_tasks.view.snapshot import told_as
from stratix_tasks.view.source import Source

MIME: Final = "application/vnd.stratix+json"
ROOM = 190_000
"""Characters of a view in a file. Nodes are told of as far as they fit; a large graph and its picture may take more by themselves."""
MOST_NODES = 2_000
"""Nodes of a graph that is kept at all."""
SHORT, LONG = 300, 2_000
"""Characters of a text of the graph, and of what a click shows."""
WHOLE = 30_000
"""Characters of a preview that can't be cut: of a larger one the text of the value is kept, and that there was one."""
UNCUT = {"picture": "data", "html": "html"}
"""By kind of such a preview what it consists of."""
LINES, ITEMS, OPENED = 30, 100, 20
"""Last rows of a log; first items of a mapped node or flow, or rounds, and of these those that can be opened."""


def saved(source: Source, made: Snapshot, *beside: str) -> Saved:
    """What is kept of a snapshot beside some texts: of nodes what a click asks for, of those that failed first; then of items."""
    kept = _plain(made if len(made["nodes"]) <= MOST_NODES else _without_graph(made), SHORT)
    about = _plain(source.about(), LONG)
    told: dict[str, Any] = {}
    items: dict[str, Any] = {}
    room = ROOM - sum(map(_size_in_lines, beside)) - _size(kept) - _size(about)
    for node in sorted(range(len(kept["nodes"])), key=lambda node: made["status"][node][0] != State.FAILED):
        name, kind = made["nodes"][node]["name"], made["nodes"][node]["kind"]
        part = _plain(_briefly(source.inspect(name, None)), LONG)
        page = _plain(source.items(name, 0, ITEMS), SHORT) if kind in ("map", "each", "loop") else None
        room -= _size(part) + _size(page)
        if room < 0:
            break
        told[name] = part
        items |= {name: page} if page is not None else {}
    for name, index in [(name, row[0]) for name, page in items.items() for row in page["rows"][:OPENED]]:
        part = _plain(_briefly(source.inspect(name, index)), LONG)
        room -= _size(part)
        if room < 0:
            break
        told[told_as(name, index)] = part
    return {"v": 1, "snapshot": _written({**kept, "told": told, "items": items, "about": about})}


def _without_graph(made: Snapshot) -> Snapshot:
    return {
        **made,
        "nodes": [],
        "folds": [],
        "rooms": {},
        "closed": [],
        "edges": [],
        "bends": {},
        "conditions": {},
        "status": [],
        "texts": {},
    }


def _briefly(told: Inspection) -> Inspection:
    """Without what can be asked, since nobody answers; of logs and tracebacks the end."""
    logs, error = told["logs"], told["error"]
    return {
        **told,
        "args": [],
        "can": {},
        "logs": logs[-LINES:],
        "dropped": told["dropped"] + max(len(logs) - LINES, 0),
        "error": error and {**error, "traceback": error["traceback"][-LONG:]},
    }


def _plain(value: Any, most: int) -> Any:
    """As JSON has it, which knows no infinite numbers; texts of more characters than `most` are cut."""
    if isinstance(value, str):
        return value if len(value) <= most else value[: most - 1] + "…"
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        uncut = UNCUT.get(value.get("kind", ""))
        if uncut is not None:
            size = len(value[uncut])
            return value if size <= WHOLE else {"kind": "large", "mime": value.get("mime", "text/html"), "bytes": size}
        return {name: _plain(part, most) for name, part in value.items()}
    return [_plain(part, most) for part in value] if isinstance(value, list | tuple) else value


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _size(value: Any) -> int:
    """Characters that it takes within a text of JSON."""
    return len(json.dumps(_written(value), ensure_ascii=False))


def _size_in_lines(text: str) -> int:
    """Characters that a text takes in a notebook, which has each line in one of its own, indented."""
    return len(json.dumps(text, ensure_ascii=False)) + 13 * text.count("\n")

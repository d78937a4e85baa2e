"""What an edit makes another one of what a view of a flow was told: that alone is told then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from stratix_tasks.view.messages import Change, NodeChange, Snapshot

OF_NODES, OF_EDITS = ("nodes", "status"), ("ports", "gives")
"""Lists by node: of a snapshot, and of its `edit`."""
APART = ("v", "seq", "mode", "now", "run", "edit", *OF_NODES)
"""What is told otherwise, or is the same as long as a view is of the same kind."""
NOTHING = object()


def change(before: Snapshot, after: Snapshot) -> Change:
    """From one snapshot of a flow, in one mode, to the next one."""
    was = was_at(*([node["name"] for node in one["nodes"]] for one in (before, after)))
    nodes = ((number, _node(before, after, old, number)) for number, old in enumerate(was))
    return {
        "type": "change",
        "seq": after["seq"],
        "now": after["now"],
        "was": was if len(was) != len(before["nodes"]) or was != [*range(len(was))] else None,
        "nodes": {str(number): made for number, made in nodes if made},
        "parts": _others(before, after, APART),
        "edit": _others(before.get("edit", {}), after.get("edit", {}), OF_EDITS),
    }


def was_at(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """By node, of which the names are told, the number that it had, or -1; one that has got another name is where the old one was."""
    index = {name: number for number, name in enumerate(old)}
    gone = set(old).difference(new) if len(old) == len(new) else set[str]()
    instead = (at if gone and old[at] in gone else -1 for at in range(len(new)))
    return [index.get(name, here) for name, here in zip(new, instead, strict=True)]


def _node(before: Snapshot, after: Snapshot, old: int, new: int) -> NodeChange:
    was, now = (_said(before, old) if old >= 0 else {}), _said(after, new)
    return cast("NodeChange", {name: value for name, value in now.items() if was.get(name, NOTHING) != value})


def _said(snapshot: Snapshot, node: int) -> dict[str, Any]:
    said: dict[str, Any] = {"info": snapshot["nodes"][node], "status": snapshot["status"][node]}
    if "edit" in snapshot:
        said |= {"ports": snapshot["edit"]["ports"][node], "gives": snapshot["edit"]["gives"][node]}
    return said


def _others(before: Any, after: Any, apart: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in after.items() if name not in apart and before.get(name, NOTHING) != value}

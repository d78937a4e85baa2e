"""How drawings tell a wait from a task: by its word, since it has no function's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shape(node: Mapping[str, Any]) -> str:
    """The kind that a node of a view is drawn as: `wait`, or what the view says."""
    return "wait" if node["kind"] == "task" and node["wait"] else str(node["kind"])


def label(node: Mapping[str, Any]) -> str:
    """The name of a node; of a wait its word too, where the name does not begin with it."""
    name, kind = str(node["label"]), str(node["wait"])
    return f"{name} · {kind}" if kind and not name.startswith(kind) else name

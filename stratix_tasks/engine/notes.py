"""What the bodies of a run said: logs, metrics and progress, kept by unit up to a cap."""

from __future__ import annotations

from typing import Any

LOG_CAP = 10_000
"""Log rows and metrics that are kept a node; more are counted, not kept."""


def writable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row whose texts can be recorded: what is no Unicode in them (of a file's name, say) is written as an escape."""
    return tuple([_escaped(part) if type(part) is str and not part.isascii() else part for part in row])


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


class Notes:
    """What a node's bodies said: logs and metrics by unit, progress, and how much was dropped."""

    __slots__ = ("count", "dropped", "logs", "metrics", "progress")

    def __init__(self) -> None:
        self.count: dict[int, int] = {}
        self.dropped: dict[int, int] = {}
        self.logs: dict[int, list[tuple[float, int, str, str]]] = {}
        self.metrics: dict[int, list[tuple[float, int, str, float]]] = {}
        self.progress: dict[int, tuple[float, str]] = {}

    def take(self, kind: str, rows: list[Any]) -> None:
        """Rows as the journal holds them: `(at, unit, attempt, …)`."""
        kept: dict[int, list[Any]] | None
        kept = self.logs if kind == "logs" else self.metrics if kind == "metrics" else None
        if kept is not None:
            for row in rows:
                kept.setdefault(row[1], []).append((row[0], row[2], row[3], row[4]))

    def drop(self, node: int, count: int = 1) -> None:
        """Count what a node said and is not kept."""
        self.dropped[node] = self.dropped.get(node, 0) + count

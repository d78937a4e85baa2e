"""What the bodies of a run said: logs, metrics and progress, kept by unit up to a cap."""

from __future__ import annotations

from typing import Any

from stratix_tasks.runners.attempt import Attempt
from stratix_tasks.runners.ends import NAMES, Ends, gap

Note = tuple[Attempt, str, tuple[Any, ...]]


def writable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row whose texts can be recorded: what is no Unicode in them (of a file's name, say) is written as an escape."""
    return tuple([_escaped(part) if type(part) is str and not part.isascii() else part for part in row])


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


class Notes:
    """What a node's bodies said: logs and metrics by unit, progress, and how much there was no room for."""

    __slots__ = ("_ends", "dropped", "logs", "long", "metrics", "progress")

    def __init__(self) -> None:
        self._ends: dict[tuple[int, str], Ends] = {}
        self.long: set[int] = set()
        """Nodes that said more than is recorded at once: what they said last is held here until they have ended."""
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

    def comes(self, node: int, note: Note) -> bool:
        """Whether a note is to be recorded now. Any thread."""
        _, kind, row = note
        ends = self._ends.get((node, kind))
        if ends is None:
            ends = self._ends.setdefault((node, kind), Ends(kind))
        if ends.take(row, note):
            return True
        self.long.add(node)
        return False

    def holds(self, node: int) -> bool:
        """Whether it has lines of a node that are recorded when that has ended."""
        ends = self._ends.get((node, "log"))
        return ends is not None and ends.holds

    def rest(self, node: int) -> list[Note]:
        """What was held of a node, behind a row that tells how much is missing."""
        self.long.discard(node)
        found: list[Note] = []
        for kind in NAMES:
            ends = self._ends.get((node, kind))
            between, kept = ends.rest() if ends is not None else (0, [])
            if between:
                attempt, _, row = kept[0]
                found.append((attempt, "log", gap(row[0], kind, between)))
            found += kept
        return found

    def drop(self, node: int, count: int = 1) -> None:
        """Count what a node said and there is no room for."""
        self.dropped[node] = self.dropped.get(node, 0) + count

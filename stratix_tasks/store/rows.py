"""Facts and notes as rows of the analytics tables: one pass over new frames, no look-ups."""

from __future__ import annotations

from typing import Any

import orjson

from stratix_tasks.core.facts import (
    CLAIMED,
    COMPLETED,
    CREATED,
    EXPANDED,
    GIVEN,
    KIND_NAMES,
    MOVED,
    REQUESTED,
    RUN,
    STARTED,
    WIDTHS,
)
from stratix_tasks.core.states import Event, RunState, State
from stratix_tasks.store.ids import text as run_text
from stratix_tasks.store.reader import Frame

STATES = {int(state): state.label for state in State}
RUN_STATES = {int(state): state.label for state in RunState}
EVENTS = {int(event): event.label for event in Event}
COLUMNS = {
    "flows": ("flow", "version", "spec"),
    "created": ("run", "flow", "version", "engine", "host", "pid", "at", "inputs", "tags", "key", "priority"),
    "nodes": ("run", "unit", "node", "kind", "parent"),
    "expansions": ("run", "seq", "epoch", "unit", "first", "count", "keys"),
    "facts": (
        "run",
        "seq",
        "epoch",
        "at",
        "kind",
        "unit",
        "event",
        "state",
        "reason",
        "attempt",
        "queued",
        "worker",
        "cpu",
        "rows",
        "error_type",
        "error",
        "detail",
    ),
    "notes_logs": ("run", "unit", "attempt", "at", "level", "text"),
    "notes_metrics": ("run", "unit", "attempt", "at", "name", "value"),
    "notes_artifacts": ("run", "unit", "attempt", "at", "name", "codec", "type"),
}
NOTHING = (None,) * (len(COLUMNS["facts"]) - COLUMNS["facts"].index("unit"))
"""The columns from `unit` on of a fact that a later version wrote: it is there, but not known here."""
TIMES = frozenset(("at", "queued"))
"""Columns that hold Unix seconds until they are inserted."""


class Rows:
    """Rows by table, as lists; `take` adds a frame's."""

    def __init__(self) -> None:
        self.tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}
        self.bytes = 0

    def __len__(self) -> int:
        return sum(map(len, self.tables.values()))

    def take_facts(self, frame: Frame) -> None:
        run, epoch = run_text(frame.run), frame.epoch
        add = self.tables["facts"].append
        for seq, fact in enumerate(orjson.loads(frame.data), frame.seq):
            kind, at = fact[0], fact[1]
            if kind == COMPLETED:
                summary = fact[6]
                rows = summary.get("rows") if summary else None
                add(
                    (
                        run,
                        seq,
                        epoch,
                        at,
                        "completed",
                        fact[2],
                        "ok",
                        "completed",
                        None,
                        fact[3],
                        None,
                        None,
                        fact[7],
                        rows,
                        None,
                        None,
                        None,
                    )
                )
            elif kind == STARTED:
                add(
                    (
                        run,
                        seq,
                        epoch,
                        at,
                        "started",
                        fact[2],
                        "dispatch",
                        "running",
                        None,
                        fact[3],
                        fact[4],
                        fact[5],
                        None,
                        None,
                        None,
                        None,
                        None,
                    )
                )
            elif kind < len(KIND_NAMES):
                if kind == EXPANDED:
                    self.tables["expansions"].append((run, seq, epoch, *fact[2:6]))
                add((run, seq, epoch, at, KIND_NAMES[kind], *self._other(run, kind, fact[: WIDTHS[kind]])))
            else:
                add((run, seq, epoch, at, "unknown", *NOTHING))

    def _other(self, run: str, kind: int, fact: list[Any]) -> tuple[Any, ...]:
        """The columns from `unit` on."""
        if kind == MOVED:
            _, _, unit, event, state, reason, attempt, detail = fact
            error = (detail or {}).get("error") or {}
            text = orjson.dumps({k: v for k, v in detail.items() if k != "error"}).decode() if detail else None
            message = str(error["message"])[:2000] if error else None
            return (
                unit,
                EVENTS.get(event, f"event {event}"),
                STATES.get(state, f"state {state}"),
                reason,
                attempt,
                None,
                None,
                None,
                None,
                error.get("type"),
                message,
                text,
            )
        if kind == RUN:
            detail = orjson.dumps(fact[4]).decode() if fact[4] else None
            return (
                None,
                None,
                RUN_STATES.get(fact[2], f"state {fact[2]}"),
                fact[3],
                None,
                None,
                None,
                None,
                None,
                None,
                None,
                detail,
            )
        if kind == EXPANDED:
            return (fact[2], "expanded", "open", None, None, None, None, None, None, None, None, None)
        if kind == GIVEN:
            return (
                fact[2],
                "given",
                None,
                "given",
                None,
                None,
                None,
                None,
                (fact[5] or {}).get("rows"),
                None,
                None,
                None,
            )
        if kind == REQUESTED:
            asked = orjson.dumps({"verb": fact[2], "target": fact[3], "args": fact[4], "by": fact[5]}).decode()
            return (None, fact[2], None, "user", None, None, None, None, None, None, None, asked)
        if kind == CLAIMED:
            return (None, None, None, None, None, None, fact[2], None, None, None, None, None)
        assert kind == CREATED
        self._created(run, fact[1], fact[2])
        return (None, None, None, None, None, None, fact[2]["engine"], None, None, None, None, None)

    def _created(self, run: str, at: float, about: dict[str, Any]) -> None:
        inputs = {
            name: kept[1] if kept[0] == "json" else f"<{kept[0].partition('+')[0]}>"
            for name, kept in about["inputs"].items()
        }
        self.tables["flows"].append((about["flow"], about["version"], orjson.dumps(about["spec"]).decode()))
        tags = orjson.dumps(about["tags"]).decode()
        shown = orjson.dumps(inputs).decode()
        row = (
            run,
            about["flow"],
            about["version"],
            about["engine"],
            about["host"],
            about["pid"],
            at,
            shown,
            tags,
            about["key"],
            about["priority"],
        )
        self.tables["created"].append(row)
        self.tables["nodes"] += [(run, unit, *node) for unit, node in enumerate(about["nodes"])]

    def take_notes(self, table: str, frame: Frame) -> None:
        run = run_text(frame.run)
        add = self.tables[table].append
        for at, unit, attempt, *rest in orjson.loads(frame.data):
            if table == "notes_artifacts":
                add((run, unit, attempt, at, rest[0], rest[1], rest[3]))
            else:
                add((run, unit, attempt, at, rest[0], rest[1]))

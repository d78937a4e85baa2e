"""Facts and notes as rows of the analytics tables: one pass over new frames, no look-ups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from stratix_tasks.core import facts as kinds
from stratix_tasks.core.facts import CREATED, EXPANDED, KIND_NAMES, SPAWNED, WIDTHS
from stratix_tasks.core.state import FINISHED
from stratix_tasks.core.states import Event, RunState, State
from stratix_tasks.store.format import read_number
from stratix_tasks.store.ids import text as run_text
from stratix_tasks.store.reader import Frame

STATES = {int(state): state.label for state in State}
RUN_STATES = {int(state): state.label for state in RunState}
EVENTS = {int(event): event.label for event in Event}
TOLD = (
    "unit",
    "stop",
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
)
"""Columns of a fact that depend on its kind; units `unit` to `stop` - 1 where it is of a span."""
COLUMNS = {
    "flows": ("flow", "version", "spec"),
    "created": ("run", "flow", "version", "engine", "host", "pid", "at", "inputs", "tags", "key", "priority"),
    "nodes": ("run", "unit", "node", "kind", "parent", "inner_block"),
    "scopes": ("run", "block", "entry", "node", "kind", "parent", "inner_block", "start", "size", "place"),
    "expansions": ("run", "seq", "epoch", "unit", "first", "count", "keys", "index"),
    "spawned": ("run", "seq", "epoch", "unit", "parent", "item", "key"),
    "facts": ("run", "seq", "part", "epoch", "at", "kind", *TOLD),
    "notes_logs": ("run", "unit", "attempt", "at", "level", "text"),
    "notes_metrics": ("run", "unit", "attempt", "at", "name", "value"),
    "notes_artifacts": ("run", "unit", "attempt", "at", "name", "codec", "type"),
}
NOTHING = (None,) * len(TOLD)
TIMES = frozenset(("at", "queued"))
"""Columns that hold Unix seconds until they are inserted."""


class Rows:
    """Rows by table, as lists; `take` adds a frame's."""

    def __init__(self) -> None:
        self.tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}

    def __len__(self) -> int:
        return sum(map(len, self.tables.values()))

    def take_facts(self, frame: Frame) -> None:
        """Of a kind that a later version wrote, what all facts have: it is there, but not known here."""
        run, epoch = run_text(frame.run), frame.epoch
        add = self.tables["facts"].append
        for seq, fact in enumerate(orjson.loads(frame.data), frame.seq):
            kind, at = fact[0], fact[1]
            if kind >= len(KIND_NAMES):
                add((run, seq, 0, epoch, at, "unknown", *NOTHING))
                continue
            if kind == CREATED:
                self._created(run, at, fact[2])
            elif kind == EXPANDED:
                self.tables["expansions"].append((run, seq, epoch, *fact[2:7]))
            elif kind == SPAWNED:
                self.tables["spawned"].append((run, seq, epoch, *fact[2:6]))
            for part, told in enumerate(_TELL[kind](fact[: WIDTHS[kind]])):
                add((run, seq, part, epoch, at, KIND_NAMES[kind], *[told.get(name) for name in TOLD]))

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
        self.tables["nodes"] += [(run, unit, *node, None)[:6] for unit, node in enumerate(about["nodes"])]
        for block, inner in about.get("scopes", {}).items():
            self.tables["scopes"] += [(run, block, entry, *node) for entry, node in enumerate(inner)]

    def take_notes(self, table: str, frame: Frame) -> None:
        run = run_text(frame.run)
        add = self.tables[table].append
        for at, unit, attempt, *rest in orjson.loads(frame.data):
            if table == "notes_artifacts":
                add((run, unit, attempt, at, rest[0], rest[1], rest[3]))
            else:
                add((run, unit, attempt, at, rest[0], rest[1] if table == "notes_logs" else read_number(rest[1])))


Told = list[dict[str, Any]]
"""What a fact says, a row for each of its spans."""
HOW = {"given": "give", FINISHED: "give", "forked": "give"}
"""The event by which a node completed that ran no body, by the reason; else what it waited for has come."""


def _moved(fact: list[Any]) -> Told:
    _, _, unit, event, state, reason, attempt, detail = fact
    error = (detail or {}).get("error") or {}
    told = {
        "unit": unit,
        "event": EVENTS.get(event, f"event {event}"),
        "state": STATES.get(state, f"state {state}"),
        "reason": reason,
        "attempt": attempt,
        "error_type": error.get("type"),
        "error": str(error["message"])[:2000] if error else None,
        "detail": _json({name: value for name, value in detail.items() if name != "error"}) if detail else None,
    }
    return [told]


def _started(fact: list[Any]) -> Told:
    _, _, unit, attempt, queued, worker = fact
    return [_dispatched(unit, None, attempt, queued, worker)]


def _started_many(fact: list[Any]) -> Told:
    return [_dispatched(*fact[2:])]


def _dispatched(unit: int, stop: int | None, attempt: int, queued: float, worker: str) -> dict[str, Any]:
    told = {"unit": unit, "stop": stop, "event": "dispatch", "state": "running"}
    return {**told, "attempt": attempt, "queued": queued, "worker": worker}


def _completed(fact: list[Any]) -> Told:
    _, _, unit, attempt, _, _, summary, cpu = fact
    rows = summary.get("rows") if summary else None
    return [{"unit": unit, "event": "ok", "state": "completed", "attempt": attempt, "cpu": cpu, "rows": rows}]


def _given(fact: list[Any]) -> Told:
    _, _, unit, reason, attempt, _, _, summary = fact
    told = {"unit": unit, "event": HOW.get(reason, "signal"), "state": "completed", "reason": reason}
    told["attempt"] = attempt
    return [{**told, "rows": (summary or {}).get("rows")}]


def _run(fact: list[Any]) -> Told:
    state = RUN_STATES.get(fact[2], f"state {fact[2]}")
    return [{"state": state, "reason": fact[3], "detail": _json(fact[4]) if fact[4] else None}]


def _requested(fact: list[Any]) -> Told:
    asked = {"verb": fact[2], "target": fact[3], "args": fact[4], "by": fact[5]}
    return [{"event": fact[2], "reason": "user", "detail": _json(asked)}]


def _swept(fact: list[Any]) -> Told:
    _, _, _, _, state, reason, spans = fact
    event = _SWEEPS.get((STATES.get(state, ""), reason == UPSTREAM), "cancel")
    return [{"unit": a, "stop": b, "event": event, "state": STATES.get(state), "reason": reason} for a, b in spans]


UPSTREAM = "upstream"
"""Why something ended: for what it waited for."""
_SWEEPS = {
    ("skipped", False): Event.SKIP.label,
    ("skipped", True): Event.DEPS_SKIPPED.label,
    ("upstream_failed", True): Event.DEPS_BAD.label,
}
"""The event of each unit, by the state to which a span was brought, and whether that was for what it waited for."""


def _held(fact: list[Any]) -> Told:
    _, _, first, stop, reason = fact
    return [{"unit": first, "stop": stop, "event": "hold" if reason else "release", "reason": reason or "user"}]


def _set_back(event: str, reason: str | None, spans: list[list[int]]) -> Told:
    return [{"unit": a, "stop": b, "event": event, "state": "pending", "reason": reason} for a, b in spans]


def _rolled(fact: list[Any]) -> Told:
    """Units that are set back, and groups with the place of a scope in them that is out of the run."""
    taken = [
        {"unit": group, "event": "rollback", "reason": "rollback", "detail": _json({"place": place})}
        for group, place in fact[3]
    ]
    return _set_back("rollback", "rollback", fact[2]) + taken


def _of_unit(event: str) -> Callable[[list[Any]], Told]:
    """What is told of one unit, or of a path, without changing its state."""
    return lambda fact: [{"unit": fact[2] if isinstance(fact[2], int) else None, "event": event}]


_TELL: dict[int, Callable[[list[Any]], Told]] = {
    kinds.CREATED: lambda fact: [{"worker": fact[2]["engine"]}],
    kinds.RUN: _run,
    kinds.MOVED: _moved,
    kinds.STARTED: _started,
    kinds.STARTED_MANY: _started_many,
    kinds.COMPLETED: _completed,
    kinds.GIVEN: _given,
    kinds.EXPANDED: lambda fact: [{"unit": fact[2], "event": "expanded", "state": "open"}],
    kinds.REQUESTED: _requested,
    kinds.CLAIMED: lambda fact: [{"worker": fact[2]}],
    kinds.SPAWNED: lambda fact: [
        {
            "unit": fact[2],
            "event": "spawned",
            "detail": _json({"by": fact[6], "name": fact[7]} if fact[8] is not None else {"of": fact[6]}),
        }
    ],
    kinds.SWEPT: _swept,
    kinds.HELD: _held,
    kinds.RELEASED: lambda fact: [{"unit": a, "stop": b, "event": "release", "reason": "user"} for a, b in fact[2]],
    kinds.JOINED: _of_unit("joined"),
    kinds.WON: _of_unit("won"),
    kinds.ENABLED: _of_unit("enabled"),
    kinds.AGAIN: lambda fact: _set_back("retry", fact[3], fact[2]),
    kinds.REOPENED: lambda fact: [
        {"unit": unit, "event": "reopen", "state": "open", "reason": "user"} for unit in fact[2]
    ],
    kinds.ROLLED: _rolled,
    kinds.SET: _of_unit("set"),
    kinds.BREAKPOINT: _of_unit("breakpoint"),
    kinds.SENT: lambda fact: [{"event": "sent", "detail": _json({"name": fact[2]})}],
    kinds.TAKEN: _of_unit("taken"),
    kinds.ENTERED: _of_unit("entered"),
    kinds.FINISHED: lambda fact: [{"unit": fact[2], "event": "finished", "detail": _json({"to": STATES.get(fact[3])})}],
    kinds.RESOLVED: _of_unit("resolved"),
}
"""Kind of fact → its columns, but those that all facts have; what is not named is NULL."""


def _json(data: Any) -> str:
    return orjson.dumps(data).decode()

"""What the bodies of a run printed and logged: as lines, and as rows for the inspector of a view. In the engine's thread."""

from __future__ import annotations

from collections.abc import Iterable

from stratix_tasks.core.scope import inside
from stratix_tasks.core.state import State
from stratix_tasks.core.targets import Found, Scope, find, only_unit
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.view.messages import LogRow

HELD = "… it goes on: the last lines of so many are shown when it has ended"
LOGS_SHOWN = 500
"""Rows that the inspector is given, the last ones."""


def logs(live: LiveRun, target: str | None) -> list[str]:
    """See `Run.logs`."""
    live.engine.flush_notes(live)
    s, notes = live.core.state, live.notes
    if target is None:
        units = {*notes.logs, *notes.dropped}
    else:
        units = _units(s, find(s, target))
    rows = sorted((row for unit in sorted(units) for row in notes.logs.get(unit, ())), key=lambda row: row[0])
    lines = [text for _, _, _, text in rows]
    dropped = sum(notes.dropped.get(node, 0) for node in {s.shown(unit) for unit in units})
    return [*lines, f"… {dropped:,} more lines were not kept"] if dropped else lines


def _units(s: State, found: Found) -> set[int]:
    if isinstance(found, Scope):
        return {u for _, a, b in inside(s, found) for u in range(a, b)}
    unit = only_unit(s, found)
    return {unit, *s.members(unit)}


def logs_of(live: LiveRun, units: Iterable[int]) -> list[LogRow]:
    """The last rows of some units, for the inspector; and that there are more, which are recorded when what says so much has ended."""
    s, notes, units = live.core.state, live.notes, tuple(units)
    rows = sorted(row for one in units for row in notes.logs.get(one, ()))
    told: list[LogRow] = [(at, level, text) for at, _, level, text in rows[-LOGS_SHOWN:]]
    return (
        [*told, (told[-1][0], "warning", HELD)] if told and any(map(notes.holds, {s.shown(u) for u in units})) else told
    )

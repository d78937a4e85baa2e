"""What the bodies of a run printed and logged: as lines, and as rows for the inspector of a view. In the engine's thread."""

from __future__ import annotations

from stratix_tasks.core.targets import unit_of
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.view.messages import LogRow

LOGS_SHOWN = 500
"""Rows that the inspector is given, the last ones."""


def logs(live: LiveRun, target: str | None) -> list[str]:
    """See `Run.logs`."""
    live.engine.flush_notes(live)
    s, notes = live.core.state, live.notes
    if target is None:
        units = {*notes.logs, *notes.dropped}
    else:
        unit = unit_of(s, target)
        units = {unit, *s.members(unit)}
    rows = sorted((row for unit in sorted(units) for row in notes.logs.get(unit, ())), key=lambda row: row[0])
    lines = [text for _, _, _, text in rows]
    dropped = sum(notes.dropped.get(node, 0) for node in {s.shown(unit) for unit in units})
    return [*lines, f"… {dropped:,} more lines were not kept"] if dropped else lines


def last_logs(live: LiveRun, unit: int) -> list[LogRow]:
    units = [unit, *live.core.state.members(unit)]
    rows = sorted(row for one in units for row in live.notes.logs.get(one, ()))
    return [(at, level, text) for at, _, level, text in rows[-LOGS_SHOWN:]]

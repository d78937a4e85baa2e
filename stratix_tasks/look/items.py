"""Pages of the items of a mapped node. In the engine's thread."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.states import BAD, LIVE, State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.look.status import record, summary_text
from stratix_tasks.look.text import short
from stratix_tasks.look.waits import asked


def items(live: LiveRun, node: str, start: int, stop: int) -> dict[str, Any]:
    """A page of the items of a mapped node."""
    machine = live.machine
    group = machine.groups.get(unit_of(machine, node))
    if group is None:
        return {"total": 0, "rows": []}
    rows = []
    for index in range(max(int(start), 0), min(int(stop), group.count)):
        unit = group.members[index]
        error = machine.error.get(unit)
        progress = live.notes.progress.get(unit)
        text = progress[1] if progress is not None and machine.state[unit] in LIVE else ""
        if error and machine.state[unit] in BAD:
            text = f"{error.get('type')}: {error.get('message')}"
        elif unit in machine.waits:
            text = asked(machine.waits[unit])
        elif machine.state[unit] == State.COMPLETED:
            text = summary_text(live, unit)
        rows.append([index, group.keys[index] if group.keys else None, list(record(live, unit)), short(text, 120)])
    return {"total": group.count, "rows": rows}

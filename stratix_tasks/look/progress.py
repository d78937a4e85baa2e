"""How far a run is: a row for each node. In the engine's thread."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.states import State
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.look.status import record
from stratix_tasks.look.waits import waits_of
from stratix_tasks.view.source import WAITS


def progress(live: LiveRun) -> list[dict[str, Any]]:
    """See `Run.progress`."""
    live.engine.flush_notes(live)
    return [_node(live, unit, name) for unit, name in enumerate(live.machine.plan.names)]


def _node(live: LiveRun, unit: int, name: str) -> dict[str, Any]:
    machine = live.machine
    group, error = machine.groups.get(unit), machine.error.get(unit)
    fraction, text = live.notes.progress.get(unit, (None, ""))
    return {
        "name": name,
        "kind": machine.plan.kinds[unit].label,
        "parent": machine.plan.parents[unit],
        "state": State(machine.state[unit]).label,
        "attempt": machine.attempt[unit],
        "done": group.done if group is not None else 0,
        "total": group.count if group is not None else 0,
        "failed": group.failed if group is not None else 0,
        "progress": fraction,
        "text": text,
        "wait": _wait(live, unit),
        "started": machine.started[unit] or None,
        "ended": machine.ended[unit] or None,
        "error": f"{error.get('type')}: {error.get('message')}" if error else None,
    }


def _wait(live: LiveRun, unit: int) -> dict[str, Any] | None:
    """What a waiting node waits for, and how many `more` there are: of a mapped node of which no item runs, the first."""
    machine = live.machine
    waits = waits_of(machine, unit)
    if not waits or (unit in machine.groups and not record(live, unit)[1] & WAITS):
        return None
    return {**waits[0], "more": len(waits) - 1}

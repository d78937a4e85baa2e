"""What a handle tells of its run's nodes: results, output, progress. All in the engine's thread."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.states import State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import StratixError
from stratix_tasks.session.status import record
from stratix_tasks.session.waits import waits_of
from stratix_tasks.view.source import WAITS


def held(live: LiveRun, target: str) -> Any:
    """What is held of the result of a node or item; who reads it does so in a thread of their own. See `Run.output`."""
    unit = unit_of(live.machine, target)
    if live.machine.state[unit] != State.COMPLETED:
        state = State(live.machine.state[unit]).label
        raise StratixError(f"'{target}' has no output: it is {state}", code="no-output")
    return live.binding.held(unit)


def logs(live: LiveRun, target: str | None) -> list[str]:
    """See `Run.logs`."""
    live.engine.flush_notes(live)
    machine, notes = live.machine, live.notes
    if target is None:
        units = {*notes.logs, *notes.dropped}
    else:
        unit = unit_of(machine, target)
        units = {unit, *machine.members(unit)}
    rows = sorted((row for unit in sorted(units) for row in notes.logs.get(unit, ())), key=lambda row: row[0])
    lines = [text for _, _, _, text in rows]
    dropped = sum(notes.dropped.get(node, 0) for node in {machine.node_of[unit] for unit in units})
    return [*lines, f"… {dropped:,} more lines were not kept"] if dropped else lines


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

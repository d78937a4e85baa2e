"""How far a run is: a row for each node. In the engine's thread."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.ends import taken_up
from stratix_tasks.core.states import BAD
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import headline
from stratix_tasks.look.groups import tally
from stratix_tasks.look.status import record
from stratix_tasks.look.waits import waits_of
from stratix_tasks.view.source import WAITS


def progress(live: LiveRun) -> list[dict[str, Any]]:
    """See `Run.progress`."""
    live.engine.flush_notes(live)
    return [_node(live, unit, name) for unit, name in enumerate(live.core.state.root.outline.names)]


def _node(live: LiveRun, unit: int, name: str) -> dict[str, Any]:
    s = live.core.state
    outline, error = s.root.outline, s.error.get(unit)
    fraction, text = live.notes.progress.get(unit, (None, ""))
    done, _, failed, total = tally(live.core, unit) if unit in s.kids else (0, 0, 0, 0)
    return {
        "name": name,
        "kind": outline.kinds[unit].label,
        "parent": outline.parents[unit],
        "state": live.core.seen(unit).label,
        "attempt": s.attempt[unit],
        "done": done,
        "total": total,
        "failed": failed,
        "absorbed": s.status[unit] in BAD and taken_up(s, unit),
        "options": {**s.late.get(unit, {}), **s.said.get(name, {}), **s.said.get(unit, {})},
        "progress": fraction,
        "text": text,
        "wait": _wait(live, unit),
        "started": s.started[unit] or None,
        "ended": s.ended[unit] or None,
        "error": headline(error.get("type"), error.get("message")) if error else None,
    }


def _wait(live: LiveRun, unit: int) -> dict[str, Any] | None:
    """What a waiting node waits for, and how many `more` there are: of a mapped node of which no item runs, the first."""
    s = live.core.state
    waits = waits_of(s, unit)
    if not waits or (unit in s.kids and not record(live, unit)[1] & WAITS):
        return None
    return {**waits[0], "more": len(waits) - 1}

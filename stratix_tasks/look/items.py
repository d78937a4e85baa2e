"""Pages of the items of a mapped node. In the engine's thread."""

from __future__ import annotations

from stratix_tasks.core.states import BAD, LIVE, State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.core.waits import asked
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.look.status import record, summary_text
from stratix_tasks.look.text import short
from stratix_tasks.view.messages import ItemPage, ItemRow


def items(live: LiveRun, node: str, start: int, stop: int) -> ItemPage:
    """A page of the items of a mapped node."""
    s = live.core.state
    group = unit_of(s, node)
    if group not in s.kids:
        return {"total": 0, "rows": []}
    rows: list[ItemRow] = []
    total = s.count(group)
    for index in range(max(int(start), 0), min(int(stop), total)):
        unit = s.item(group, index)
        error, progress, state = s.error.get(unit), live.notes.progress.get(unit), s.status[unit]
        text = progress[1] if progress is not None and state in LIVE else ""
        if error and state in BAD:
            text = f"{error.get('type')}: {error.get('message')}"
        elif unit in s.waits:
            text = asked(s.waits[unit])
        elif state == State.COMPLETED:
            text = summary_text(live, unit)
        rows.append((index, s.key(group, index), record(live, unit), short(text, 120)))
    return {"total": total, "rows": rows}

"""Pages of the items of a mapped node or flow, or of the rounds of a loop. In the engine's thread."""

from __future__ import annotations

from stratix_tasks.core.node import EACH, LOOP, MAP
from stratix_tasks.core.states import BAD, LIVE, State
from stratix_tasks.core.targets import scope_of, unit_of
from stratix_tasks.core.waits import asked
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.look.scopes import record_scope, scope_text
from stratix_tasks.look.status import record, summary_text
from stratix_tasks.look.text import short
from stratix_tasks.view.messages import ItemPage, ItemRow


def items(live: LiveRun, node: str, start: int, stop: int) -> ItemPage:
    """A page of the items of a mapped node or flow, or of the rounds of a loop."""
    s = live.core.state
    group = unit_of(s, node)
    if s.kind(group) not in (MAP, EACH, LOOP) or group not in s.kids:
        return {"total": 0, "rows": []}
    total, row = s.count(group), _item if s.kind(group) is MAP else _scope
    return {"total": total, "rows": [row(live, group, at) for at in range(max(int(start), 0), min(int(stop), total))]}


def _scope(live: LiveRun, group: int, index: int) -> ItemRow:
    scope = scope_of(live.core.state, group, index)
    return index, live.core.state.key(group, index), record_scope(live, scope), short(scope_text(live, scope), 120)


def _item(live: LiveRun, group: int, index: int) -> ItemRow:
    s = live.core.state
    unit = s.item(group, index)
    error, progress, state = s.error.get(unit), live.notes.progress.get(unit), s.status[unit]
    text = progress[1] if progress is not None and state in LIVE else ""
    if error and state in BAD:
        text = f"{error.get('type')}: {error.get('message')}"
    elif unit in s.waits:
        text = asked(s.waits[unit])
    elif state == State.COMPLETED:
        text = summary_text(live, unit)
    return index, s.key(group, index), record(live, unit), short(text, 120)

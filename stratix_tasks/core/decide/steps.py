"""Steps: a node whose turn comes ends a scope, a node or a group early; what goes on there is cancelled, and counts for nothing."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.decide import attempts
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.decide.ending import finish, finish_spans
from stratix_tasks.core.ends import said_by
from stratix_tasks.core.facts import FINISHED as FINISHED_FACT
from stratix_tasks.core.results import Data, Stored
from stratix_tasks.core.state import BY_STEP, FINISHED, IS_OVER, State
from stratix_tasks.core.states import S
from stratix_tasks.core.steps import aim
from stratix_tasks.core.waits import NOTHING


def take(core: Core, event: tuple[Any, ...]) -> None:
    """What it gives is recorded as its result, and what it ends is ended in the same turn."""
    u, at = event[1], event[3]
    step = core.state.node(u).step
    assert step is not None
    try:
        x = -1 if step.own else aim(core.state, u)
    except LookupError:
        message = f"it lies in no group '{step.around}' that it could end"
        error = {"type": "LookupError", "message": message, "code": "no-group", "bases": ["Exception"], "final": True}
        return attempts.failed(core, u, at, error)
    attempts.completed(core, event)
    return _finish_scope(core, u, step.to, at) if step.own else _end(core, u, x, at)


def _finish_scope(core: Core, u: int, to: S, at: float) -> None:
    """All that is left to do in its scope ends, but for what runs at the end of that."""
    s = core.state
    r, _, b = s.place(u)
    core.tell(FINISHED_FACT, at, u, int(to))
    core.agenda.finished(u)
    if not r.block.phased:
        return finish_spans(core, s.below([(s.home[u], b, b + r.block.n)]), S.CANCELLED, FINISHED, at)
    for k, node in enumerate(r.block.nodes):
        if not node.phase and not IS_OVER[s.status[b + k]]:
            finish(core, b + k, S.CANCELLED, FINISHED, at)
    return None


def _end(core: Core, u: int, x: int, at: float) -> None:
    """A node or group; of one that has ended, or is being ended otherwise, nothing."""
    s = core.state
    step = s.node(u).step
    assert step is not None
    if IS_OVER[s.status[x]] or (x in s.target and s.target[x][0] not in (S.PENDING, S.RETRYING)):
        return None
    if step.to == S.CANCELLED:
        return finish(core, x, S.CANCELLED, BY_STEP, at)
    if step.to == S.FAILED:
        return finish(core, x, S.FAILED, FINISHED, at, error=said_by(s, u))
    nothing = None if s.status[x] == S.OPEN else NOTHING
    return finish(core, x, S.COMPLETED, FINISHED, at, _given(s, u) if step.gives else nothing)


def _given(s: State, u: int) -> Data:
    """The result of a step once more, which stands in its fact itself, or is kept apart."""
    value = s.values[u]
    codec, payload = (value.codec, value.payload) if type(value) is Stored else ("json", value)
    return {"codec": codec, "payload": payload, "summary": s.summary.get(u)}

"""What a rollback to a fact means: the nodes that came to something since have to run again."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.state import State
from stratix_tasks.core.states import S
from stratix_tasks.errors import InputError
from stratix_tasks.runs.recorded import recorded
from stratix_tasks.runs.workshop import Workshop

DONE = (S.COMPLETED, S.SKIPPED)


def back_to(engine: Workshop, run_id: str, seq: Any) -> dict[str, Any]:
    """The arguments of a rollback to the state right after fact `seq`. InputError for a number that the run has not."""
    known = recorded(engine, run_id)
    last = len(known.record.facts) - 1
    if isinstance(seq, bool) or not isinstance(seq, int) or not 0 < seq <= last:
        raise InputError(f"the run has facts 1 to {last}, not {seq!r}; events() shows them as seq", code="bad-option")
    then, now = known.folded(seq + 1), known.folded()
    names = known.block.outline.names
    return {"at": seq, "nodes": [name for unit, name in enumerate(names) if not _same(then, now, unit)]}


def _same(then: State, now: State, unit: int) -> bool:
    """Whether a node had come to what it is now; one that has not begun has nothing to set back."""
    if now.status[unit] == S.PENDING and not now.attempt[unit]:
        return True
    same = then.status[unit] == now.status[unit] and then.generation.get(unit, 0) == now.generation.get(unit, 0)
    return same and then.status[unit] in DONE

"""The result of a node or item: the value itself, and how the inspector of a view shows it. In the engine's thread."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.states import State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import StratixError
from stratix_tasks.look.status import summary_text
from stratix_tasks.look.text import value_text


def output(live: LiveRun, target: str) -> Any:
    """See `Run.output`."""
    unit = unit_of(live.machine, target)
    if live.machine.state[unit] != State.COMPLETED:
        state = State(live.machine.state[unit]).label
        raise StratixError(f"'{target}' has no output: it is {state}", code="no-output")
    return live.binding.value(unit)


def output_shown(live: LiveRun, unit: int) -> dict[str, str] | None:
    machine = live.machine
    if machine.state[unit] != State.COMPLETED:
        return None
    try:
        value = live.binding.value(unit)
    except Exception as error:
        return {"text": f"{type(error).__name__}: {error}", "type": "unreadable", "shape": ""}
    text, kind = value_text(value)
    return {
        "text": text,
        "type": kind,
        "shape": "" if machine.is_group(unit) else summary_text(live, unit) if unit in machine.summary else "",
    }

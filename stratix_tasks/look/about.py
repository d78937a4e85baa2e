"""A run as a whole: what it was given and gave, and the runs of its flow beside it. In the engine's thread."""

from __future__ import annotations

from collections.abc import Callable

from stratix_tasks.core.states import RunState
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.look.fields import form
from stratix_tasks.look.output import held_shown, output_shown, summary_shown
from stratix_tasks.view.messages import About, AskedField, Output

Beside = Callable[[str], tuple[str | None, str | None]]
"""By a run the one before it of its flow, and the one after."""


def alone(_run: str) -> tuple[None, None]:
    return None, None


def unknown() -> dict[str, float]:
    return {}


def about(live: LiveRun, beside: Beside) -> About:
    older, newer = beside(live.id)
    inputs = [(name, summary_shown(live, told)) for name, told in live.looks.items()]
    return {"inputs": inputs, "result": _result(live), "older": older, "newer": newer}


def form_of(live: LiveRun) -> list[AskedField]:
    """Its inputs, with the values that it was given, to run it again with these or others."""
    return form(live.core.state.root.spec.inputs, live.binding.inputs)


def _result(live: LiveRun) -> Output | None:
    """As it was told of the node whose value it is; of what is made of several, what can be told without asking it."""
    s = live.core.state
    if s.run is not RunState.COMPLETED:
        return None
    just = s.root.output.just
    return output_shown(live, just) if just is not None else held_shown(live.result)

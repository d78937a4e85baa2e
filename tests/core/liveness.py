"""What must come of a small run, wherever it is: it ends when it is let go or cancelled, and settles when it is paused."""

from __future__ import annotations

from folds import is_over
from promises import need
from small_runs import Small

from stratix_tasks.core.states import RUN_TERMINAL, TERMINAL, RunState


def ends_when_let_go(small: Small) -> None:
    """With what is held let go, and everybody answering, the run ends."""
    world = small.copy(checked=False)
    for _ in range(9):
        world.requests = 99
        if world.run in (RunState.PAUSING, RunState.PAUSED):
            world.do(("resume", None))
        for unit in world.units():
            if world.s.held(unit) and world.s.status[unit] not in TERMINAL and world.run not in RUN_TERMINAL:
                world.do(("resume", world.label(unit)))
        world.work()
        if world.run in RUN_TERMINAL:
            break
    is_over(world.s)


def ends_when_cancelled(small: Small) -> None:
    if small.run in RUN_TERMINAL:
        return
    world = small.copy(checked=False)
    need(world.do(("cancel", None)), "a run that has not ended can't be cancelled")
    world.work()
    is_over(world.s)
    ending = small.run is RunState.ENDING
    need(ending or world.run is RunState.CANCELLED, "a run that was cancelled ended otherwise")


def settles_when_paused(small: Small) -> None:
    if small.run is not RunState.RUNNING:
        return
    world = small.copy(checked=False)
    need(world.do(("pause", None)), "a running run can't be paused")
    world.work()
    need(world.run in {RunState.PAUSED, *RUN_TERMINAL}, "a run that was paused never settled")

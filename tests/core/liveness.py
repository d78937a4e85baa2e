"""What must come of a small run, wherever it is: it ends when it is let go or cancelled, and settles when it is paused."""

from __future__ import annotations

from folds import is_over
from invariants import need
from small_runs import Small
from stratix_tasks.core.machine import Machine

from stratix_tasks.core.states import RUN_TERMINAL, TERMINAL, RunState, State
from stratix_tasks.core.targets import label


def ends_when_let_go(small: Small) -> None:
    """With what is held let go, and everybody answering, the run ends."""
    world = small.copy()
    for _ in range(9):
        world.requests = 99
        if world.machine.run_state in (RunState.PAUSING, RunState.PAUSED):
            world.do(("resume", None))
        for unit in sorted({*world.machine.holds, *_held(world.machine)}):
            if world.machine.state[unit] not in TERMINAL and world.machine.run_state not in RUN_TERMINAL:
                world.do(("resume", label(world.machine, unit)))
        world.work()
        if world.machine.run_state in RUN_TERMINAL:
            break
    is_over(world.machine)


def ends_when_cancelled(small: Small) -> None:
    if small.machine.run_state in RUN_TERMINAL:
        return
    world = small.copy()
    need(world.do(("cancel", None)), "a run that has not ended can't be cancelled")
    world.work()
    is_over(world.machine)
    ending = small.machine.run_state is RunState.ENDING
    need(ending or world.machine.run_state is RunState.CANCELLED, "a run that was cancelled ended otherwise")


def settles_when_paused(small: Small) -> None:
    if small.machine.run_state is not RunState.RUNNING:
        return
    world = small.copy()
    need(world.do(("pause", None)), "a running run can't be paused")
    world.work()
    need(world.machine.run_state in {RunState.PAUSED, *RUN_TERMINAL}, "a run that was paused never settled")


def _held(machine: Machine) -> list[int]:
    return [unit for unit, state in enumerate(machine.state) if state in (State.HELD, State.SUSPENDED)]

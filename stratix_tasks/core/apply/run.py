"""Facts of the run as a whole, and of its owners."""

from __future__ import annotations

from stratix_tasks.core.apply.spans import settle, still
from stratix_tasks.core.apply.units import watch_wait
from stratix_tasks.core.facts import Fact
from stratix_tasks.core.state import WITH_BODY, State
from stratix_tasks.core.states import RUN_TERMINAL, RunState
from stratix_tasks.core.timers import WHOLE, Timer

STILL_RUN = (RunState.PAUSING, RunState.PAUSED)


def run_moved(s: State, fact: Fact) -> None:
    _, at, state, reason, detail = fact
    was, s.run, s.run_reason = s.run, RunState(state), reason
    detail = detail or {}
    s.run_error = detail.get("error")
    if "target" in detail:
        s.run_target = RunState(detail["target"])
    elif was in RUN_TERMINAL:
        s.run_target = None
    if s.run is RunState.RUNNING and was in STILL_RUN:
        s.recoveries = 0
    if s.run in (RunState.ENDING, *RUN_TERMINAL):
        s.limits.drop(Timer.RUN, WHOLE)
    elif was in (RunState.PENDING, *RUN_TERMINAL) and s.root.spec is not None and s.root.spec.timeout is not None:
        s.limits.arm(
            Timer.RUN, WHOLE, at, s.root.spec.timeout
        )  # one that goes on after its end has its whole time again
    if s.run in STILL_RUN:
        s.limits.pause(at)
    else:
        s.limits.resume(at, still(s))
        settle(s, at)
    for u in s.waits:
        watch_wait(s, u)


def claimed(s: State, fact: Fact) -> None:
    """An owner that died with bodies has a budget: one of them may be why. The time in between counts for nothing."""
    s.recoveries += any(s.status.find(state) >= 0 for state in WITH_BODY)
    s.limits.skip(s.at, fact[1], still(s))
    back = min(fact[1] - s.at, 0.0)
    for u in s.due if back else ():
        s.due[u] += back

"""Recovery: a new owner takes a run whose facts were folded; bodies died with the old one.

A checkpoint per node on a frozen graph, not a replay of code: what is recorded is never run again.
"""

from __future__ import annotations

from collections.abc import Sequence

from stratix_tasks.core.decide import attempts
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.decide.turn import advance, ring, start
from stratix_tasks.core.facts import CLAIMED
from stratix_tasks.core.states import Event, RunEvent, RunState, S

Cut = tuple[str, int, int, int]
"""Engine, epoch, file, offset: what it wrote in that epoch or before, from there on, does not count."""


def claim(
    core: Core,
    at: float,
    engine: str,
    epoch: int,
    host: str,
    pid: int,
    *,
    hold: str = "",
    cuts: Sequence[Cut] = (),
) -> None:
    """A new owner goes on: live bodies died with the old one; the time since its last fact does not count.

    With a reason in `hold` a running run is paused for it, before anything starts.
    """
    s = core.state
    core.tell(CLAIMED, at, engine, epoch, host, pid, cuts)
    core.agenda.now = at  # before the last fact where the clock was set back: what was due is
    if s.run is RunState.PENDING:
        start(core, at)
    if not hold and s.root.spec is not None and s.recoveries > s.root.spec.max_recoveries:
        hold = "max-recoveries"
    if hold and s.run is RunState.RUNNING:
        core.move_run(RunEvent.PAUSE, at, hold)
    for u in sorted(s.units_in(S.RUNNING, S.SUSPENDED, S.STOPPING)):
        _orphan(core, u, at)
    ring(core, at)
    advance(core, at)


def _orphan(core: Core, u: int, at: float) -> None:
    s, g = core.state, core.agenda
    if s.status[u] == S.SUSPENDED:
        g.live += 1
    if s.status[u] == S.STOPPING:
        return attempts.stopped(core, u, at, event=Event.ORPHANED)
    g.let_go(u)
    core.move(u, Event.ORPHANED, at, "owner")
    g.review([(u, u + 1)])
    return None

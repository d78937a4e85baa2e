"""A full disk: facts and results wait in memory, unseen, until there is room; nothing is performed that is not recorded."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

from stratix_tasks.core.answers import Answer
from stratix_tasks.core.decide import of_run
from stratix_tasks.core.decide.turn import advance
from stratix_tasks.core.states import RunState, State
from stratix_tasks.engine.breaking import or_break_off
from stratix_tasks.engine.live import LiveRun, Shell
from stratix_tasks.engine.performing import perform
from stratix_tasks.engine.prepare import Outcome
from stratix_tasks.errors import StoreError
from stratix_tasks.runners.attempt import Attempt, succeeded

DISK_RETRY = 1.0
"""Seconds between tries to write what found no room."""


def stall(engine: Shell, live: LiveRun) -> None:
    """The journal can't take these facts: free the ballast for them, pause, and perform nothing that is not recorded."""
    if write_unwritten(engine, live, freed=engine.journal.free_ballast()):
        pause_for_room(engine, live)
        advance(live.core, engine.clock())
        engine.commit(live, *live.core.drain())
    else:
        warnings.warn(f"run {live.id} stands still: its journal can't be written; that is tried again", stacklevel=2)
        engine.loop.call_later(DISK_RETRY, retry_write, engine, live)


@or_break_off
def retry_write(engine: Shell, live: LiveRun) -> None:
    if live.unwritten and not live.elsewhere and not write_unwritten(engine, live, freed=True):
        engine.loop.call_later(DISK_RETRY, retry_write, engine, live)


def write_unwritten(engine: Shell, live: LiveRun, *, freed: bool) -> bool:
    facts, commands = live.unwritten, live.commands
    if not freed or engine.lost(live):
        return False
    try:
        places = engine.journal.commit(live.key, live.seq, live.epoch, facts, live.core.frames)
    except StoreError:
        return False
    live.wrote(places)
    live.seq += len(facts)
    live.unwritten, live.commands = [], []
    engine.tell(live, facts)
    perform(engine, live, commands)
    live.keep()
    engine.arm(live)
    return True


def unstored(engine: Shell, live: LiveRun, attempt: Attempt, value: Any, cpu: float | None) -> tuple[Any, ...]:
    """A body is done, but its result has no room: it waits in memory, as one that is parked, and the run pauses."""
    now = engine.clock()
    if live.core.state.status[attempt.unit] == State.STOPPING:
        return int(Answer.STOPPED), attempt.unit, attempt.number, now
    live.unstored.append((attempt, value, cpu))
    pause_for_room(engine, live)
    return int(Answer.SUSPENDED), attempt.unit, attempt.number, now


def pause_for_room(engine: Shell, live: LiveRun) -> None:
    if live.core.state.run is RunState.RUNNING:
        of_run.pause_run(live.core, engine.clock(), reason="disk")
        warnings.warn(
            f"run {live.id} is paused: no room left on the disk; free some space, then resume()", stacklevel=2
        )


def unstall(engine: Shell, live: LiveRun, verb: str) -> None:
    if verb == "resume" and not engine.journal.restore_ballast():
        raise StoreError("the disk is still full: free some space, then resume()", code="disk-full")
    if live.unwritten and not write_unwritten(engine, live, freed=True):
        raise StoreError(
            "the disk is full, so nothing can be recorded: free some space, then resume()", code="disk-full"
        )
    waiting, live.unstored = live.unstored, []
    for attempt, value, cpu in waiting:
        what = f"the result of node '{live.name(attempt.unit)}'"
        engine.prepare.hand(what, partial(_stored, attempt, value, cpu), partial(_post_stored, engine, live, attempt))


def _stored(attempt: Attempt, value: Any, cpu: float | None, _reader: object) -> tuple[Any, ...]:
    return succeeded(attempt, value, cpu)


def _post_stored(engine: Shell, live: LiveRun, attempt: Attempt, outcome: Outcome) -> None:
    failed = (int(Answer.FAIL), attempt.unit, attempt.number, engine.clock(), outcome.told, outcome.error)
    engine.post(live, outcome.value if outcome.error is None else failed)

"""Following: a run that another engine runs, kept up with what that engine writes, so that it can be looked at here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from stratix_tasks.core.apply import fold
from stratix_tasks.core.decide.core import no_claims
from stratix_tasks.core.facts import RUN, Fact
from stratix_tasks.core.state import MISSING
from stratix_tasks.engine import outcome
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.runs.functions import renewed
from stratix_tasks.runs.interrupted import what_is_left
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.store.locks import alive
from stratix_tasks.store.reader import RunRecord


class Follower:
    """Reads on in the journal of a run's owner. What costs is only what is new."""

    def __init__(self, engine: Workshop, owner: str, epoch: int, place: tuple[int, int]) -> None:
        self._engine = engine
        self.owner, self._epoch, self._place = owner, epoch, place
        self._size: tuple[int, bool] | None = None
        self._lock = threading.Lock()
        self.interrupted = False
        self.left: dict[str, Any] | None = None
        """Once it is interrupted, and a view of it is open: what views tell of that."""

    def watch(self, live: LiveRun) -> Callable[[], None]:
        """Keep it up to date while a view of it is open; returns what ends that."""
        return self._engine.followed.watch(live)

    def catch_up(self, live: LiveRun) -> None:
        """Bring a run up to date; it is read anew when its owner has changed or something was set back."""
        if not self._lock.acquire(blocking=not self._engine.loop.is_here):
            return  # from the engine's thread: another thread, which may be waiting for it, is at it
        try:
            row = self._engine.store.catalog.run(live.id)
            if row is not None and (row.owner, row.epoch) != (self.owner, self._epoch):
                self._engine.load(live.id)
                return
            self.interrupted = not live.core.is_over and not alive(self._engine.store.locks, self.owner)
            self._read_on(live)
        finally:
            self._lock.release()

    def look(self, live: LiveRun) -> None:
        """Bring a run up to date for the views of it, and tell them when its owner has died meanwhile, or what it lacks is there."""
        self.catch_up(live)
        if live.follower is self and self.left is not None and renewed(live, self.left["missing"]):
            self._engine.load(live.id)
            if live.follower is not None:
                live.follower.look(live)
            return
        if live.follower is not self or self.interrupted == (self.left is not None):
            return
        self.left = what_is_left(self._engine, live) if self.interrupted else None
        for watcher in tuple(live.watchers):
            live.engine.call(watcher, live, set())

    def _read_on(self, live: LiveRun) -> None:
        journals = self._engine.store.journals
        size = journals.size_of(self.owner, self._place[0])
        if size == self._size:
            return
        numbered, record = journals.since(live.key, self.owner, self._epoch, self._place)
        facts = [fact for seq, fact in numbered if seq >= live.seq]
        gap = facts and min(seq for seq, _ in numbered if seq >= live.seq) != live.seq
        if gap:
            self._engine.load(live.id)
            return
        self._place, self._size = record.ends.get(self.owner, self._place), size
        if facts or record.notes:
            self._engine.loop.call(_take, self, live, facts, record).result()


def _take(follower: Follower, live: LiveRun, facts: list[Fact], record: RunRecord) -> None:
    """In the engine's thread, where everything looks at it. Nothing where the run was read anew, or claimed, meanwhile."""
    if live.follower is not follower:
        return
    core = live.core
    live.places.update(record.payloads)
    fold(core.state, facts)
    if facts:
        core.own(no_claims)  # what follows from the state, for what views show of it
    for unit in [unit for unit in core.cache if core.state.values[unit] is MISSING]:
        live.binding.forget(unit)
    live.seq += len(facts)
    if facts:
        live.ended_at = facts[-1][1]
    noted = set()
    for kind, rows in record.notes:
        live.notes.take(kind, rows)
        noted |= {core.state.shown(row[1]) for row in rows}
    if any(fact[0] == RUN for fact in facts):
        settle(live)
    changed = outcome.changed_nodes(core, facts) | noted
    for watcher in tuple(live.watchers):
        watcher(live, changed)


def settle(live: LiveRun) -> None:
    """Result or error of a run that is over by its facts; one that goes on again has neither."""
    over = live.core.is_over
    if over:
        live.result, live.error = outcome.settle(live)  # it may have gone on and ended again since it was looked at
        if not live.ended.done():
            live.ended.set_result(live.core.state.run)
    elif not over and live.ended.done():
        live.ended, live.result, live.error = Future(), None, None

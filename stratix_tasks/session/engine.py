"""`Engine`: what users call. It opens a store and runs flows in it; what it does is in the files that it names."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Literal

from stratix_tasks.core.recovery import Cut
from stratix_tasks.engine.engine import EngineLoop
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.session import holding, starting, takeover
from stratix_tasks.session.chores import Chores
from stratix_tasks.session.events import Subscribers
from stratix_tasks.session.following import Watchers
from stratix_tasks.session.mailbox import Mailbox
from stratix_tasks.session.opening import Opened
from stratix_tasks.session.run import Run
from stratix_tasks.store import ids
from stratix_tasks.store.catalog import RunRow
from stratix_tasks.store.locks import alive
from stratix_tasks.store.store import Store

CONCURRENCY = 32


class Engine:
    """Runs flows in this process, recorded in a store.

    `store`: a folder (default: `STRATIX_STORE`, else `.stratix`). `concurrency`: bodies at a time, over all runs.
    `pools`: names to numbers of places. `durability`: "process" survives the death of the process and loses at most a
    second to a power cut, "power" syncs before anything is done. Nothing is opened until the first start.
    """

    def __init__(
        self,
        store: str | os.PathLike[str] | None = None,
        *,
        concurrency: int = CONCURRENCY,
        pools: Mapping[str, int] | None = None,
        strategy: Literal["priority"] = "priority",
        durability: Literal["process", "power"] = "process",
    ) -> None:
        _check_settings(concurrency, pools or {}, strategy, durability)
        self.path = None if store is None else os.fspath(store)
        self.pools = dict(pools or {})
        self.id, self.pid, self.closed = ids.new_id(), os.getpid(), False
        self.chores, self.watchers, self.subscribers = Chores(), Watchers(), Subscribers()
        self.held = holding.Held(self)
        self._concurrency, self._durability = concurrency, durability
        self._open_lock = threading.RLock()
        self._store: Store | None = None
        self._opened: Opened | None = None

    # ------------------------------------------------------------------ opening and closing

    @property
    def store(self) -> Store:
        """The store, opened."""
        with self._open_lock:
            if self._store is None:
                self._store = Store(self.path)
            return self._store

    @property
    def opened(self) -> Opened:
        """What is open; opened on first use. StratixError `forked`, `closed`; StoreError."""
        if os.getpid() != self.pid:
            raise StratixError(
                "this engine belongs to the process that was forked; make an Engine of your own here", code="forked"
            )
        if self.closed:
            raise StratixError("this engine is closed; make a new one", code="closed")
        with self._open_lock:
            if self._opened is None:
                self._opened = Opened(self, self._concurrency, self._durability)
                atexit.register(self._at_exit)
            return self._opened

    @property
    def is_open(self) -> bool:
        """Whether it has been used, so that it runs."""
        return self._opened is not None

    @property
    def loop(self) -> EngineLoop:
        """The running engine; opened on first use."""
        return self.opened.loop

    @property
    def mailbox(self) -> Mailbox:
        """What is asked between engines."""
        return self.opened.mailbox

    def close(self) -> None:
        """Seal the journal. Runs that still go on are interrupted; `recover()` goes on with them, here or elsewhere."""
        if self.closed or os.getpid() != self.pid:
            return
        self.closed = True
        if self._opened is not None:
            self.watchers.close()
            self._opened.close()
            atexit.unregister(self._at_exit)
        if self._store is not None and "catalog" in self._store.__dict__:
            self._store.catalog.close()

    def _at_exit(self) -> None:
        left = list(self._opened.loop.lives) if self._opened is not None and os.getpid() == self.pid else []
        self.close()
        if left:
            print(
                f"stratix: {len(left)} run(s) interrupted: {', '.join(left)}. Go on with them by recover().",
                file=sys.stderr,
            )

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------ runs

    def start(
        self,
        flow: Any,
        inputs: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        priority: int = 0,
        tags: tuple[str, ...] = (),
    ) -> Run:
        """Start a flow; returns at once. The same `key` is the same run.

        FlowError with all problems; InputError; StoreError.
        """
        return starting.start(self, flow, {} if inputs is None else inputs, key=key, priority=priority, tags=tags)

    def run(self, run_id: str) -> Run:
        """A run by its id, live or from the store. InputError for an id that the store does not have."""
        live = self.held.get(run_id) if isinstance(run_id, str) else None
        if live is None:
            live, _ = self.load(run_id)
        return Run(self, live)

    def runs(self, limit: int | None = None) -> list[Run]:
        """Every run of the store, the newest first; with `limit` the newest of them.

        One that was lost ahead of its first fact was never seen: it is left out.
        """
        if limit is not None:
            _check_count("limit", limit)
        self.chores.settle()
        for run_id in tuple(self.loop.lives):
            self.store.catalog.restored(run_id)
        found = (self._listed(row) for row in self.store.catalog.runs(limit))
        return [run for run in found if run is not None]

    def _listed(self, row: RunRow) -> Run | None:
        """A run by its row; what has become of one that has not ended is read, unless it was never seen."""
        if row.ended is not None and row.id not in self.held:
            return Run(self, row)
        try:
            return self.run(row.id)
        except InputError as error:
            if error.code != "unknown-run":
                raise
        return None

    def status(self, run_id: str) -> str:
        """The state of a run."""
        return self.run(run_id).status

    def pause(self, run_id: str) -> None:
        """Pause a run."""
        self.run(run_id).pause()

    def resume(self, run_id: str) -> None:
        """Resume a run."""
        self.run(run_id).resume()

    def cancel(self, run_id: str) -> None:
        """Cancel a run."""
        self.run(run_id).cancel()

    def load(self, run_id: str, cut: Cut | None = None) -> tuple[LiveRun, dict[str, Any]]:
        """A run as the journals tell it, folded, up to a `cut` that is to be made; nothing goes on by this.

        Who holds the run here already sees it as it is now; one that this engine runs is not touched.
        """
        return holding.load(self, run_id, cut)

    def runs_elsewhere(self, run_id: str) -> bool:
        """Whether another engine owns a run, and lives."""
        self.chores.settle()
        row, known = self.store.catalog.run(run_id), self.held.get(run_id)
        if row is not None:
            owner = row.owner
        else:  # not entered yet, or the catalog lost it: the journal tells
            owner = known.follower.owner if known is not None and known.follower is not None else self.id
        return owner != self.id and alive(self.store.locks, owner)

    # ------------------------------------------------------------------ recovery and events

    def recover(self, changed: Literal["ask", "reuse", "rerun", "fork"] = "ask") -> list[Run]:
        """Go on with the runs that engines which died have left; they are returned.

        A run whose code changed since is left paused (`changed="ask"`), reason `code-changed`. Runs whose functions are
        not defined here stay interrupted, with a warning that names them.
        """
        return takeover.recover(self, changed)

    def on(self, event: str, callback: Callable[[dict[str, Any]], object]) -> Callable[[], None]:
        """Call back for `run.…` and `task.…` events (in the engine's thread: be brief). Returns what ends it."""
        return self.subscribers.on(event, callback)

    def events(self) -> AsyncIterator[dict[str, Any]]:
        """Every event from now on, as they are recorded: `async for event in engine.events()`."""
        return self.subscribers.stream()


def _check_settings(concurrency: Any, pools: Mapping[str, Any], strategy: Any, durability: Any) -> None:
    for name, value in {
        "concurrency": concurrency,
        **{f"pools['{pool}']": size for pool, size in pools.items()},
    }.items():
        _check_count(name, value)
    if strategy != "priority":
        later = strategy in ("critical-path", "fifo")
        why = "is not available in this version" if later else "is unknown"
        raise InputError(
            f"strategy {strategy!r} {why}; there is 'priority'", code="not-available" if later else "bad-option"
        )
    if durability not in ("process", "power"):
        raise InputError(f"durability is 'process' or 'power', not {durability!r}", code="bad-option")


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be a whole number of 1 or more, not {value!r}", code="bad-option")

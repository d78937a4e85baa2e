"""Workshop: what runs are worked on with: the store, what an engine has open while it lives, the runs that it holds."""

from __future__ import annotations

import atexit
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from functools import partial
from os import getpid
from typing import Any, Literal

from stratix_tasks.core.recovery import Cut
from stratix_tasks.engine.engine import EngineLoop
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import StratixError
from stratix_tasks.executors.child import Child
from stratix_tasks.executors.registry import Registry
from stratix_tasks.runners.body import Body
from stratix_tasks.runs.chores import Chores
from stratix_tasks.runs.events import Subscribers
from stratix_tasks.runs.followed_poller import FollowedPoller
from stratix_tasks.runs.held import Held
from stratix_tasks.runs.mailbox import Mailbox
from stratix_tasks.runs.usual import took
from stratix_tasks.runs.vault import Given, Vault
from stratix_tasks.store import ids
from stratix_tasks.store.index import CHUNK
from stratix_tasks.store.journal import JournalWriter
from stratix_tasks.store.locks import EngineLock, alive, boot_id
from stratix_tasks.store.store import Store

Durability = Literal["process", "power"]


class Workshop(ABC):
    """One engine's parts. Nothing is opened until it is used. `Engine` adds how runs are loaded, and the words of users."""

    def __init__(
        self,
        path: str | None,
        pools: Mapping[str, int],
        concurrency: int,
        durability: Durability,
        executors: Registry,
        secrets: Given = None,
    ) -> None:
        self.path, self.pools, self.executors = path, dict(pools), executors
        self.id, self.pid, self.closed = ids.new_id(), getpid(), False
        self.chores = Chores(self._together)
        self.followed, self.subscribers, self.held = FollowedPoller(), Subscribers(), Held()
        self._concurrency, self._durability = concurrency, durability
        self.vault = Vault(secrets, lambda: self.store.path.resolve().parent)
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

    def _together(self) -> AbstractContextManager[None]:
        """What the catalog is told within it is one transaction."""
        return self.store.catalog.together()

    @property
    def opened(self) -> Opened:
        """What is open; opened on first use. StratixError `forked`, `closed`; StoreError."""
        if getpid() != self.pid:
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
    def lives(self) -> Mapping[str, LiveRun]:
        """The runs that go on here; none any more once it is closed. StratixError `forked`."""
        return {} if self.closed and getpid() == self.pid else self.loop.lives

    @property
    def mailbox(self) -> Mailbox:
        """What is asked between engines."""
        return self.opened.mailbox

    def close(self) -> None:
        """Seal the journal. Runs that still go on are interrupted; `recover()` goes on with them, here or elsewhere.

        Handles and views stay, and show their runs as this engine left them; nothing can be asked of it any more.
        """
        if self.closed or getpid() != self.pid:
            return
        self.closed = True
        if self._opened is not None:
            self.followed.close()
            self._opened.close()
            atexit.unregister(self._at_exit)
        if self._store is not None:
            self._store.close()

    def close_idle(self) -> tuple[str, ...]:
        """Close it unless runs go on in it: those are returned, and nothing has changed then."""
        mine = self._opened is not None and not self.closed and getpid() == self.pid
        left = tuple(self._opened.loop.shut(self._going_on)) if self._opened is not None and mine else ()
        if not left:
            self.close()
        return left

    def _going_on(self) -> list[str]:
        return list(self.loop.lives)

    def _at_exit(self) -> None:
        left = list(self._opened.loop.lives) if self._opened is not None and getpid() == self.pid else []
        self.close()
        if left:
            print(
                f"stratix: {len(left)} run(s) interrupted: {', '.join(left)}. Go on with them by recover().",
                file=sys.stderr,
            )

    # ------------------------------------------------------------------ finding runs

    @abstractmethod
    def load(self, run_id: str, cut: Cut | None = None) -> tuple[LiveRun, dict[str, Any]]:
        """A run as the journals tell it, folded, up to a `cut` that is to be made; nothing goes on by this.

        Who holds the run here already sees it as it is now; one that this engine runs is not touched.
        """

    @abstractmethod
    def child(self, name: str, inputs: Mapping[str, Any], body: Body, deepest: int) -> Child:
        """The run of a flow that a body waits for, at most `deepest` runs deep; for any thread but the engine's."""

    def find(self, run_id: str) -> LiveRun:
        """A run by its id, live or from the store. InputError for an id that the store does not have."""
        held = self.held.get(run_id) if isinstance(run_id, str) else None
        return held if held is not None else self.load(run_id)[0]

    def runs_elsewhere(self, run_id: str) -> bool:
        """Whether another engine owns a run, and lives."""
        self.chores.settle()
        row, known = self.store.catalog.run(run_id), self.held.get(run_id)
        if row is not None:
            owner = row.owner
        else:  # not entered yet, or the catalog lost it: the journal tells
            owner = known.follower.owner if known is not None and known.follower is not None else self.id
        return owner != self.id and alive(self.store.locks, owner)


class Opened:
    """Opens its lock, its journal, the loop that runs it and its mailbox, and enters it in the catalog.

    StoreError when one can't be.
    """

    def __init__(self, engine: Workshop, concurrency: int, durability: Durability) -> None:
        import socket

        store = engine.store
        self._engine = engine
        self.host = socket.gethostname()
        with (
            ExitStack() as undo
        ):  # an interrupt or a full disk on the way must leave no lock that the next try would wait for
            self._lock = EngineLock(store.locks, engine.id)
            undo.callback(self._lock.release)
            self.journal = JournalWriter(store.path / "journal", engine.id, durability=durability)
            undo.callback(self.journal.close)
            store.catalog.add_engine(id=engine.id, host=self.host, boot_id=boot_id(), pid=engine.pid)
            self.loop = EngineLoop(
                self.journal,
                store.objects,
                concurrency=concurrency,
                pools=dict(engine.pools),
                secrets=engine.vault.find,
            )
            undo.callback(self.loop.close)
            self.loop.listeners = engine.subscribers.listeners
            self.loop.on_ended.append(self._ended)
            self.loop.on_revived.append(self._revived)
            self.mailbox = Mailbox(engine.id, store, self.loop, engine.held, engine.chores, engine.load)
            undo.pop_all()

    def close(self) -> None:
        """In the order in which nothing is lost: the loop ends, the catalog hears the rest, the journal is sealed."""
        left = tuple(self.loop.lives)
        self.loop.close()
        self.mailbox.close()
        for run_id in left:
            self._engine.chores.put(partial(self._engine.store.catalog.restored, run_id))  # so that recover() finds it
        told = self._engine.chores.close()
        self.journal.close()
        self._index(least=1)
        self._lock.release(left=not told)

    # ------------------------------------------------------------------ telling the catalog

    def _revived(self, live: LiveRun) -> None:
        set_state = self._engine.store.catalog.set_state
        self._engine.chores.put(partial(set_state, live.id, live.epoch, "running", None), tells=True)
        self._engine.chores.settle()

    def _ended(self, live: LiveRun) -> None:
        state, epoch, ended = live.core.state.run.label, live.epoch, live.ended_at
        seconds = took(live)

        def tell() -> None:
            self.journal.sync()  # a power loss must not leave a catalog that knows of more than the journal
            self._engine.store.catalog.set_state(live.id, epoch, state, ended, seconds)
            self._index(least=CHUNK)

        self._engine.chores.put(tell, tells=True)

    def _index(self, least: int) -> None:
        """Enter in the index what this engine wrote. Where it can't be, readers look through more."""
        with suppress(StratixError, OSError):
            self._engine.store.catalog.index.enter(self._engine.id, least=least)

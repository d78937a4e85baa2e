"""What an engine has open while it lives: its lock, its journal, the loop that runs it, its mailbox."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Literal

from stratix_tasks.engine.engine import EngineLoop
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import StratixError
from stratix_tasks.session.mailbox import Mailbox
from stratix_tasks.store.index import CHUNK
from stratix_tasks.store.journal import JournalWriter
from stratix_tasks.store.locks import EngineLock, boot_id

if TYPE_CHECKING:
    from stratix_tasks.session.engine import Engine


class Opened:
    """Opens all of it, and enters the engine in the catalog. StoreError when one can't be."""

    def __init__(self, engine: Engine, concurrency: int, durability: Literal["process", "power"]) -> None:
        import socket

        store = engine.store
        self._engine = engine
        self.host = socket.gethostname()
        self._lock = EngineLock(store.locks, engine.id)
        self.journal = JournalWriter(store.path / "journal", engine.id, durability=durability)
        store.catalog.add_engine(id=engine.id, host=self.host, boot_id=boot_id(), pid=engine.pid)
        self.loop = EngineLoop(self.journal, store.objects, concurrency=concurrency, pools=dict(engine.pools))
        self.loop.on_ended.append(self._ended)
        self.loop.on_revived.append(self._revived)
        self.mailbox = Mailbox(engine, self.loop)

    def close(self) -> None:
        """In the order in which nothing is lost: the loop ends, the catalog hears the rest, the journal is sealed."""
        left = tuple(self.loop.lives)
        self.loop.close()
        self.mailbox.close()
        for run_id in left:
            self._engine.chores.put(partial(self._engine.store.catalog.restored, run_id))  # so that recover() finds it
        self._engine.chores.close()
        self.journal.close()
        self._index(least=1)
        self._lock.release()

    # ------------------------------------------------------------------ telling the catalog

    def _revived(self, live: LiveRun) -> None:
        set_state = self._engine.store.catalog.set_state
        self._engine.chores.put(partial(set_state, live.id, live.epoch, "running", None))
        self._engine.chores.settle()

    def _ended(self, live: LiveRun) -> None:
        state, epoch, ended = live.machine.run_state.label, live.epoch, live.ended_at

        def tell() -> None:
            self.journal.sync()  # a power loss must not leave a catalog that knows of more than the journal
            self._engine.store.catalog.set_state(live.id, epoch, state, ended)
            self._index(least=CHUNK)

        self._engine.chores.put(tell)

    def _index(self, least: int) -> None:
        """Enter in the index what this engine wrote. Where it can't be, readers look through more."""
        with suppress(StratixError, OSError):
            self._engine.store.catalog.index.enter(self._engine.id, least=least)

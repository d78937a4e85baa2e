"""What an engine has to do with others through the catalog: it is asked, it asks, and it may lose a run to another one.

A look every 50 ms costs a few microseconds when nothing was written there. All of it belongs to the engine's thread, and
none of it waits: a catalog that another process is writing is looked at again at once.
"""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from time import time
from typing import Any

from stratix_tasks.engine.engine import CONFIRMED, EngineLoop
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError, StratixError, as_data, from_data
from stratix_tasks.runners.native import Clock
from stratix_tasks.runs.chores import Chores
from stratix_tasks.runs.heard import hear
from stratix_tasks.runs.held import Held
from stratix_tasks.store import ids
from stratix_tasks.store.locks import alive
from stratix_tasks.store.store import Store
from stratix_tasks.store.watch import Asked, News, Watch

LOOK = 0.05
"""Seconds between looks at the catalog."""
BRISK = 0.01
"""The same while an answer is waited for, or another process holds the catalog."""
HELD = 1.0
"""Seconds to wait for a catalog that another process holds, when this one was stopped. It then goes on: should a run have
been taken from it, what it records does not count."""
PATIENCE = 5.0
"""Seconds after which a request to an engine that lives but does not answer is left to it."""
OWNER_EVERY = 0.25
"""Seconds between looks whether the engine that was asked still lives."""


class OwnerDied(StratixError):
    """The engine that was asked has died; the request of that name waits for who goes on with the run."""

    code = "interrupted"

    def __init__(self, run: str, name: str) -> None:
        super().__init__(f"the kernel that ran {run} has died; recover() goes on with it, and takes what was asked")
        self.name = name


@dataclass(slots=True)
class Sent:
    """A request of this engine to another one."""

    run: str
    owner: str
    answer: Future[None]
    limit: float
    look_at_owner: float


class Mailbox:
    """Begins to look when it is opened, and looks until it is closed. `load` reads a run of this engine from the store."""

    def __init__(
        self,
        engine: str,
        store: Store,
        loop: EngineLoop,
        held: Held,
        chores: Chores,
        load: Callable[[str], tuple[LiveRun, Any]],
    ) -> None:
        self._engine, self._store, self._loop = engine, store, loop
        self._held, self._chores, self._load = held, chores, load
        self._watch = Watch(store.path / "catalog.sqlite")
        self._sent: dict[str, Sent] = {}
        self._unsent: dict[str, Sent] = {}
        """On their way into the catalog; any thread."""
        self._hearing: set[str] = set()
        self._closed = False
        self._tried = Clock.monotonic()
        self._timer: Any = None
        self._loop.confirm = self._confirm
        self._loop.call(self._tick)

    def close(self) -> None:
        """The engine's thread must have ended."""
        self._closed = True
        self._watch.close()
        for sent in (*self._sent.values(), *tuple(self._unsent.values())):
            if not sent.answer.done():
                sent.answer.set_exception(StratixError("this engine was closed before the answer came", code="closed"))
        self._sent.clear()

    # ------------------------------------------------------------------ looking

    def _tick(self) -> None:
        if self._closed:
            return
        current = False
        try:
            current = self._look()
            if self._sent:
                self._mind_owners()
        finally:  # whatever is wrong with one look, there is another one
            self._timer = self._loop.loop.call_later(LOOK if current and not self._sent else BRISK, self._tick)

    def _look(self, patience: float = 0.0) -> bool:
        """False when the catalog could not be read just now. One who was awake all the time may go on all the same."""
        begun = Clock.monotonic()
        awake = begun - self._tried < CONFIRMED
        self._tried = begun
        try:
            news = self._watch.look(self._engine, self._sent, patience)
        except (sqlite3.Error, OSError):
            if awake:
                self._loop.confirmed = begun
            return False
        if news is not None:
            self._take(news)
        self._loop.confirmed = begun
        return True

    def _confirm(self) -> None:
        """Before anything is recorded after a stop: wait a while for the catalog, should another process hold it."""
        if not self._look(HELD):
            self._loop.confirmed = Clock.monotonic()

    def _take(self, news: News) -> None:
        self._fence(news.lost)
        for asked in news.asked:
            if asked.id not in self._hearing:
                self._hearing.add(asked.id)
                self._loop.loop.call_soon(self._hear, asked)  # never within a turn that is being recorded
        for name, error in news.answers.items():
            sent = self._sent.pop(name)
            if error is None:
                sent.answer.set_result(None)
            else:
                sent.answer.set_exception(from_data(error))

    # ------------------------------------------------------------------ losing a run

    def _fence(self, lost: dict[str, int]) -> None:
        for run, epoch in lost.items():
            live = self._loop.lives.get(run) or self._held.get(run)
            if live is not None and not live.elsewhere and live.epoch <= epoch:
                error = self._taken(run)
                warnings.warn(error.message, stacklevel=2)
                self._loop.fence(live, error)

    def _taken(self, run: str) -> StratixError:
        place = self._watch.place(run)
        where = f" (process {place[1]} on {place[0]})" if place is not None else ""
        return StratixError(
            f"run {run} was taken over by another kernel{where} while this one seemed dead, and goes on there; nothing more "
            f"of it is recorded here. engine.run('{run}') looks at it and can ask it",
            code="fenced",
        )

    # ------------------------------------------------------------------ being asked

    def _hear(self, asked: Asked) -> None:
        live = self._loop.lives.get(asked.run) or self._held.get(asked.run)
        if live is not None and not live.elsewhere:
            self._apply(asked, live)
        else:
            self._chores.put(partial(self._load_and_apply, asked))

    def _load_and_apply(self, asked: Asked) -> None:
        """A run of ours that has ended, or was only looked at: it is read first, not in the engine's thread."""
        try:
            live = self._load(asked.run)[0]
            if not live.core.is_over:
                raise StratixError(
                    f"the kernel that ran {asked.run} has let go of it; recover() there goes on", code="interrupted"
                )
        except StratixError as error:
            self._store.catalog.answer_request(asked.id, as_data(error))
            return
        self._loop.call(self._apply, asked, live)

    def _apply(self, asked: Asked, live: LiveRun) -> None:
        if asked.args is None:
            return self._answer(asked, InputError("the arguments of a request are a JSON object", code="bad-request"))
        args = {**asked.args, "id": asked.id}
        done = hear(self._loop, live, asked.verb, asked.target, args, asked.by)
        done.add_done_callback(lambda future: self._answer(asked, future.exception()))

    def _answer(self, asked: Asked, error: BaseException | None) -> None:
        """A request of a run that was lost meanwhile waits on: its new owner hears it."""
        if isinstance(error, StratixError) and error.code in ("fenced", "owned-elsewhere"):
            self._hearing.discard(asked.id)
            return
        data = None if error is None else as_data(error)
        self._chores.put(partial(self._store.catalog.answer_request, asked.id, data))

    # ------------------------------------------------------------------ asking

    def send(self, run: str, owner: str, verb: str, target: str | None, args: dict[str, Any], by: str) -> Future[None]:
        """Ask the engine that owns a run, from any thread, without waiting.

        The future has the very error that the owner raised; OwnerDied; StratixError `no-answer`.
        """
        name, now = ids.new_id(), Clock.monotonic()
        sent = Sent(run, owner, Future(), now + PATIENCE, now + OWNER_EVERY)
        row = {"id": name, "run": run, "verb": verb, "target": target, "args": args, "by": by, "at": time()}
        self._unsent[name] = sent
        self._chores.put(partial(self._write, name, sent, row))
        return sent.answer

    def _write(self, name: str, sent: Sent, row: dict[str, Any]) -> None:
        if self._closed:
            return  # close() has answered it
        try:
            self._store.catalog.restored(sent.run)  # what is asked of a run that is not there is not heard
            self._store.catalog.add_request(**row)
        except StratixError as error:
            del self._unsent[name]
            sent.answer.set_exception(error)
            return
        self._loop.call(self._wait_for, name, sent)

    def _wait_for(self, name: str, sent: Sent) -> None:
        self._sent[name] = self._unsent.pop(name, sent)
        self._watch.forget()  # the answer may be there already
        if self._timer is not None:
            self._timer.cancel()
        self._tick()

    def _mind_owners(self) -> None:
        now = Clock.monotonic()
        for name, sent in tuple(self._sent.items()):
            if now >= sent.look_at_owner:
                sent.look_at_owner = now + OWNER_EVERY
                sent.owner = self._watch.owner(sent.run) or sent.owner
                if not alive(self._store.locks, sent.owner):
                    del self._sent[name]
                    sent.answer.set_exception(OwnerDied(sent.run, name))
                    continue
            if now >= sent.limit:
                del self._sent[name]
                sent.answer.set_exception(_no_answer(sent.run))


def _no_answer(run: str) -> StratixError:
    return StratixError(
        f"the kernel that runs {run} lives but has not answered for {PATIENCE:g} s: it may be stopped or asleep. "
        "The request is recorded and is taken when it wakes; if you end its process, recover() goes on with the run",
        code="no-answer",
    )

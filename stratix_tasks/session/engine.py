"""`Engine`: where the parts meet.

It opens a store, starts flows in it, and takes over what an engine that died left behind.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, copy_context
from functools import partial
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING, Any, Literal

import orjson

from stratix_tasks.core.facts import CREATED
from stratix_tasks.core.fingerprint import fingerprint
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import plan
from stratix_tasks.core.ports import Encoded
from stratix_tasks.core.recovery import Cut, fold
from stratix_tasks.core.results import Stored
from stratix_tasks.engine.binding import Binding
from stratix_tasks.engine.engine import EngineLoop
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import FlowError, InputError, StratixError
from stratix_tasks.session import takeover
from stratix_tasks.session.chores import Chores
from stratix_tasks.session.events import Subscribers
from stratix_tasks.session.following import Follower, Watchers, settle
from stratix_tasks.session.loading import recorded
from stratix_tasks.session.mailbox import Mailbox
from stratix_tasks.session.run import Run
from stratix_tasks.spec.check import check
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.inputs import check_about, check_inputs
from stratix_tasks.spec.text import document
from stratix_tasks.store import ids
from stratix_tasks.store.journal import JournalWriter
from stratix_tasks.store.locks import EngineLock, alive, boot_id
from stratix_tasks.store.reader import RunRecord, payload_reader
from stratix_tasks.store.store import Store

if TYPE_CHECKING:
    from stratix_tasks.session.forking import Reused

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
        self._path, self._concurrency, self._pools, self._durability = store, concurrency, dict(pools or {}), durability
        self._open_lock = threading.RLock()
        self._loop: EngineLoop | None = None
        self._store: Store | None = None
        self._pid = os.getpid()
        self._closed = False
        self._chores = self.chores = Chores()
        self.watchers = Watchers()
        self._known: weakref.WeakValueDictionary[str, LiveRun] = weakref.WeakValueDictionary()
        self._subscribers = Subscribers()
        self.id = ids.new_id()

    # ------------------------------------------------------------------ opening and closing

    @property
    def store(self) -> Store:
        """The store, opened."""
        with self._open_lock:
            if self._store is None:
                self._store = Store(self._path if self._path is None else os.fspath(self._path))
            return self._store

    @property
    def loop(self) -> EngineLoop:
        """The running engine; opened on first use."""
        if os.getpid() != self._pid:
            raise StratixError(
                "this engine belongs to the process that was forked; make an Engine of your own here", code="forked"
            )
        if self._closed:
            raise StratixError("this engine is closed; make a new one", code="closed")
        with self._open_lock:
            if self._loop is None:
                self._loop = self._open()
            return self._loop

    def _open(self) -> EngineLoop:
        store = self.store
        self._lock = EngineLock(store.locks, self.id)
        self._journal = JournalWriter(store.path / "journal", self.id, durability=self._durability)
        import socket

        self._host = socket.gethostname()
        store.catalog.add_engine(id=self.id, host=self._host, boot_id=boot_id(), pid=self._pid)
        loop = EngineLoop(self._journal, store.objects, concurrency=self._concurrency, pools=self._pools)
        loop.on_ended.append(self._ended)
        loop.on_revived.append(self._revived)
        self._mailbox = Mailbox(self, loop)
        atexit.register(self._at_exit)
        return loop

    @property
    def mailbox(self) -> Mailbox:
        """What is asked between engines."""
        assert self.loop is not None
        return self._mailbox

    def close(self) -> None:
        """Seal the journal. Runs that still go on are interrupted; `recover()` goes on with them, here or elsewhere."""
        if self._closed or os.getpid() != self._pid:
            return
        self._closed = True
        if self._loop is not None:
            self.watchers.close()
            self._loop.close()
            self._mailbox.close()
            self._chores.close()
            self._journal.close()
            self._lock.release()
            atexit.unregister(self._at_exit)
        if self._store is not None and "catalog" in self._store.__dict__:
            self._store.catalog.close()

    def _at_exit(self) -> None:
        left = (
            [live.id for live in self._loop.lives.values()]
            if self._loop is not None and os.getpid() == self._pid
            else []
        )
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

    # ------------------------------------------------------------------ starting

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
        with _collector_paused():
            given = dict(inputs or {})
            static = {name: given.pop(name) for name in tuple(given) if name in flow.static}
            traced = flow.trace(static)
            graph = Graph(traced.spec)
            problems = [*traced.problems, *check(graph, self._pools, traced.functions)]
            if problems:
                raise FlowError(f"flow '{traced.spec.flow}' can't start:", problems=problems)
            spec = traced.spec
            made = check_inputs(spec, given, flow.hints)
            check_about(key, priority, tags)
            return self.launch(
                graph, traced.functions, made, key=key, priority=priority, tags=(*spec.tags, *tags), flow=flow
            )

    def launch(
        self,
        graph: Graph,
        functions: Mapping[str, Any],
        inputs: dict[str, Any],
        *,
        key: str | None,
        priority: int,
        tags: tuple[str, ...],
        flow: Any = None,
        forked_from: dict[str, Any] | None = None,
        reused: Reused | None = None,
    ) -> Run:
        """Enter a run of a checked graph in the catalog, record it, and let it begin."""
        loop, store = self.loop, self.store
        spec = graph.spec
        run_id, now = ids.new_id(), time()
        stored = {name: self._keep(value) for name, value in inputs.items()}
        same = sha256(orjson.dumps(stored)).hexdigest()[:16] if key is not None else ""
        enter = partial(
            store.catalog.add_run, id=run_id, flow=spec.flow, key=key, inputs=same, owner=self.id, created=now
        )
        if key is None:
            self._chores.put(enter)
        elif (taken := enter()) is not None and not (takeover.never_was(self, taken[0]) and enter() is None):
            return self._same_run(taken, key, same)
        body = orjson.dumps(document(spec, self._keep))
        laid = plan(graph, functions)
        about = {
            "id": run_id,
            "flow": spec.flow,
            "version": sha256(body).hexdigest()[:12],
            "spec": orjson.Fragment(body),
            "nodes": laid.outline(),
            "inputs": stored,
            "inputs_hash": same,
            "key": key,
            "priority": priority,
            "tags": tags,
            "engine": self.id,
            "host": self._host,
            "pid": self._pid,
            "code": {call: fingerprint(function) for call, function in functions.items()},
            **({"forked_from": forked_from} if forked_from else {}),
        }
        machine = Machine(laid, loop.places.lanes(spec.pools, spec.flow, spec.concurrency), run_id)
        live = self._live(loop, run_id, machine, inputs, copy_context(), 1, reused.record() if reused else None)
        self._known[run_id] = live
        live.priority, live.started_at, live.forked_from = priority, now, forked_from
        if reused is not None:
            fold(machine, reused.facts)
        begin = (CREATED, now, about)
        loop.call(loop.create, live, begin, reused.batches() if reused is not None else ()).result()
        return Run(self, live, flow)

    def _same_run(self, taken: tuple[str, str], key: str | None, same: str) -> Run:
        run_id, inputs = taken
        if inputs != same:
            raise InputError(
                f"key '{key}' belongs to run {run_id}, which was started with other inputs; take another key for these",
                code="key-taken",
            )
        return self.run(run_id)

    def _live(
        self,
        loop: EngineLoop,
        run_id: str,
        machine: Machine,
        inputs: dict[str, Any],
        context: Context,
        epoch: int,
        record: RunRecord | None,
    ) -> LiveRun:
        objects = self.store.objects
        places = record.payloads if record is not None else {}
        read = payload_reader(places)

        def load(stored: Stored) -> Any:
            frame = read(stored.unit, stored.attempt) if stored.codec.endswith("+frame") else None
            return objects.decode(stored.codec, stored.payload, frame)

        binding = Binding(machine, inputs, load, objects.summarise, loop.memory)
        live = LiveRun(loop, run_id, ids.key(run_id), machine, binding, context, epoch, places)
        live.listeners.append(self._subscribers.publish)
        return live

    def _keep(self, value: Any) -> list[Any]:
        """A value as data for a fact: (codec, payload), larger ones in the object store."""
        encoded: Encoded = self.store.objects.encode(value)
        if encoded.frame is None:
            return [encoded.codec, encoded.payload]
        return [
            encoded.codec.replace("+frame", "+object"),
            [len(encoded.frame), self.store.objects.keep(encoded.frame)],
        ]

    def fetch(self, kept: list[Any]) -> Any:
        """A value that `keep` made data."""
        return self.store.objects.decode(kept[0], kept[1], None)

    # ------------------------------------------------------------------ looking up

    def run(self, run_id: str) -> Run:
        """A run by its id, live or from the store. InputError for an id that the store does not have."""
        live = self._known.get(run_id) if isinstance(run_id, str) else None
        if live is None:
            live, _ = self.load(run_id)
        return Run(self, live)

    def runs(self) -> list[Run]:
        """Every run of the store, the newest first. One that was lost ahead of its first fact was never seen: it is left out."""
        self._chores.settle()
        found = []
        for row in self.store.catalog.runs():
            try:
                found.append(self.run(row.id))
            except InputError as error:
                if error.code != "unknown-run":
                    raise
        return found

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

    def known(self, run_id: str) -> LiveRun | None:
        """A run that someone in this process holds."""
        return self._known.get(run_id)

    def load(self, run_id: str, cut: Cut | None = None) -> tuple[LiveRun, dict[str, Any]]:
        """A run as the journals tell it, folded, up to a `cut` that is to be made; nothing goes on by this.

        Who holds the run here already sees it as it is now; one that this engine runs is not touched.
        """
        with _collector_paused():
            return self._folded(run_id, cut)

    def _folded(self, run_id: str, cut: Cut | None) -> tuple[LiveRun, dict[str, Any]]:
        ids.key(run_id)  # refuses what is no id
        row = self.store.catalog.run(run_id)
        known = recorded(self, run_id, notes=True, cut=cut)
        spec, about, record = known.graph.spec, known.about, known.record
        loop = self.loop
        machine = Machine(known.plan, loop.places.lanes(spec.pools, spec.flow, spec.concurrency), run_id)
        last = fold(machine, record.facts)
        live = self._live(loop, run_id, machine, known.inputs, copy_context(), record.epoch, record)
        live.seq, live.started_at, live.priority = len(record.facts), record.facts[0][1], about["priority"]
        live.ended_at, live.forked_from = last, about.get("forked_from")
        for kind, rows in record.notes:
            live.notes.take(kind, rows)
        owner = row.owner if row is not None else about["engine"]  # it may not be in the catalog yet
        if owner != self.id:
            epoch = row.epoch if row is not None else record.epoch
            live.follower = Follower(self, owner, epoch, record.ends.get(owner, (1, 0)))
        settle(live)
        return loop.call(self._held, live).result(), about

    def _held(self, live: LiveRun) -> LiveRun:
        """In the engine's thread: what is held of a run here is one thing, also when it is read again."""
        held = self._known.get(live.id)
        if held is None or held.broken is not None:
            self._known[live.id] = live
            return live
        if live.id not in self.loop.lives:
            held.become(live)
        return held

    def runs_elsewhere(self, run_id: str) -> bool:
        """Whether another engine owns a run, and lives."""
        self._chores.settle()
        row, known = self.store.catalog.run(run_id), self._known.get(run_id)
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
        return self._subscribers.on(event, callback)

    def events(self) -> AsyncIterator[dict[str, Any]]:
        """Every event from now on, as they are recorded: `async for event in engine.events()`."""
        return self._subscribers.stream()

    def _revived(self, live: LiveRun) -> None:
        epoch = live.epoch
        self._chores.put(lambda: self.store.catalog.set_state(live.id, epoch, "running", None))
        self._chores.settle()

    def _ended(self, live: LiveRun) -> None:
        state, epoch, ended = live.machine.run_state.label, live.epoch, live.ended_at

        def tell() -> None:
            self._journal.sync()  # a power loss must not leave a catalog that knows of more than the journal
            self.store.catalog.set_state(live.id, epoch, state, ended)

        self._chores.put(tell)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """What a start or a recovery makes lives as long as its run: to look for garbage in it takes a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _check_settings(concurrency: Any, pools: Mapping[str, Any], strategy: Any, durability: Any) -> None:
    for name, value in {
        "concurrency": concurrency,
        **{f"pools['{pool}']": size for pool, size in pools.items()},
    }.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{name} must be a whole number of 1 or more, not {value!r}", code="bad-option")
    if strategy != "priority":
        later = strategy in ("critical-path", "fifo")
        why = "is not available in this version" if later else "is unknown"
        raise InputError(
            f"strategy {strategy!r} {why}; there is 'priority'", code="not-available" if later else "bad-option"
        )
    if durability not in ("process", "power"):
        raise InputError(f"durability is 'process' or 'power', not {durability!r}", code="bad-option")

"""`Engine`: where the parts meet. It opens a store, starts flows in it, and takes over what an engine that died left behind."""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
import warnings
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import Context, copy_context
from hashlib import sha256
from queue import SimpleQueue
from time import time
from typing import Any, Literal

import orjson

from stratix_tasks.core.facts import CREATED, KIND_NAMES, Fact
from stratix_tasks.core.fingerprint import fingerprint
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import plan
from stratix_tasks.core.ports import Encoded
from stratix_tasks.core.recovery import Stored, claim, fold
from stratix_tasks.core.requests import pause_run
from stratix_tasks.core.states import RUN_TERMINAL, RunState, State
from stratix_tasks.engine.binding import Binding
from stratix_tasks.engine.engine import EngineLoop
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import FlowError, InputError, StoreError, StratixError
from stratix_tasks.store import ids
from stratix_tasks.session.run import Run
from stratix_tasks.spec.check import check
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.inputs import check_inputs
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.text import document, from_document
from stratix_tasks.store.journal import JournalWriter
from stratix_tasks.store.locks import EngineLock, alive, boot_id
from stratix_tasks.store.reader import RunRecord, payload_reader
from stratix_tasks.store.store import Store

CONCURRENCY = 32
EVENTS = frozenset(
    (
        "run.started",
        "run.paused",
        "run.completed",
        "run.failed",
        "run.cancelled",
        "task.started",
        "task.completed",
        "task.failed",
    )
)


class Engine:
    """Runs flows in this process, recorded in a store.

    `store`: a folder (default: `STRATIX_STORE`, else `.stratix`). `concurrency`: bodies at a time, over all runs. `pools`: names to
    numbers of places. `durability`: "process" survives the death of the process and loses at most a second to a power cut, "power"
    syncs before anything is done. Nothing is opened until the first start.
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
        self._chores = Chores()
        self._known: weakref.WeakValueDictionary[str, LiveRun] = weakref.WeakValueDictionary()
        self._callbacks: list[tuple[str, Callable[[dict[str, Any]], None]]] = []
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
        atexit.register(self._at_exit)
        return loop

    def close(self) -> None:
        """Seal the journal. Runs that still go on are interrupted; `recover()` goes on with them, here or elsewhere."""
        if self._closed or os.getpid() != self._pid:
            return
        self._closed = True
        if self._loop is not None:
            self._loop.close()
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
        """Start a flow; returns at once. The same `key` is the same run. FlowError with all problems; InputError; StoreError."""
        given = dict(inputs or {})
        static = {name: given.pop(name) for name in tuple(given) if name in flow.static}
        traced = flow.trace(static)
        graph = Graph(traced.spec)
        problems = [*traced.problems, *check(graph, self._pools, traced.functions)]
        if problems:
            raise FlowError(f"flow '{traced.spec.flow}' can't start:", problems=problems)
        spec = traced.spec
        made = check_inputs(spec, given, flow.hints)
        return self._start(
            graph, traced.functions, made, key=key, priority=priority, tags=(*spec.tags, *tags), flow=flow
        )

    def _start(
        self,
        graph: Graph,
        functions: Mapping[str, Any],
        inputs: dict[str, Any],
        *,
        key: str | None,
        priority: int,
        tags: tuple[str, ...],
        flow: Any,
    ) -> Run:
        loop, store = self.loop, self.store
        spec = graph.spec
        run_id, now = ids.new_id(), time()
        stored = {name: self._keep(value) for name, value in inputs.items()}
        same = sha256(orjson.dumps(stored)).hexdigest()[:16] if key is not None else ""
        row = {"id": run_id, "flow": spec.flow, "key": key, "inputs": same, "owner": self.id, "created": now}
        if key is None:
            self._chores.put(lambda: store.catalog.add_run(**row))
        elif (taken := store.catalog.add_run(**row)) is not None:
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
        }
        machine = Machine(laid, loop.slots_for(spec.pools, spec.flow, spec.concurrency), run_id)
        live = self._live(loop, run_id, machine, inputs, copy_context(), 1, None)
        live.priority, live.started_at = priority, now
        loop.call(loop.create, live, (CREATED, now, about)).result()
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
        read = payload_reader(record) if record is not None else None

        def load(stored: Stored) -> Any:
            frame = read(stored.unit, stored.attempt) if read is not None and stored.codec.endswith("+frame") else None
            return objects.decode(stored.codec, stored.payload, frame)

        binding = Binding(machine, inputs, load, objects.summarise)
        live = LiveRun(loop, run_id, ids.key(run_id), machine, binding, context, epoch)
        live.listeners.append(self._publish)
        self._known[run_id] = live
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

    def _fetch(self, kept: list[Any]) -> Any:
        return self.store.objects.decode(kept[0], kept[1], None)

    # ------------------------------------------------------------------ looking up

    def run(self, run_id: str) -> Run:
        """A run by its id, live or from the store. InputError for an id that the store does not have."""
        live = self._known.get(run_id)
        if live is None:
            live, _ = self._load(run_id)
        return Run(self, live)

    def runs(self) -> list[Run]:
        """Every run of the store, the newest first."""
        self._chores.settle()
        return [self.run(row.id) for row in self.store.catalog.runs()]

    def status(self, run_id: str) -> str:
        """The state of a run."""
        return self.run(run_id).status

    def pause(self, run_id: str) -> None:
        """Pause a run of this engine."""
        self.run(run_id).pause()

    def resume(self, run_id: str) -> None:
        """Resume a run of this engine."""
        self.run(run_id).resume()

    def cancel(self, run_id: str) -> None:
        """Cancel a run of this engine."""
        self.run(run_id).cancel()

    def _load(self, run_id: str) -> tuple[LiveRun, dict[str, Any]]:
        """A run as the journals tell it, folded; nothing goes on by this."""
        key = ids.key(run_id)
        record = self.store.journals.record(key, cuts=self.store.catalog.cuts(run_id), notes=True)
        if not record.facts or record.facts[0][0] != CREATED:
            names = [row.id for row in self.store.catalog.runs()]
            raise InputError(
                f"the store {self.store.path} has no run {run_id}. {did_you_mean(run_id, names)}", code="unknown-run"
            )
        about = record.facts[0][2]
        spec = from_document(about["spec"], self._fetch)
        graph = Graph(spec)
        functions = {call: function for call in about["code"] if (function := find_function(call)) is not None}
        loop = self.loop
        machine = Machine(plan(graph, functions), loop.slots_for(spec.pools, spec.flow, spec.concurrency), run_id)
        last = fold(machine, record.facts)
        inputs = {name: self._fetch(kept) for name, kept in about["inputs"].items()}
        live = self._live(loop, run_id, machine, inputs, copy_context(), record.epoch, record)
        live.seq, live.started_at, live.priority = len(record.facts), record.facts[0][1], about["priority"]
        live.ended_at = last
        for kind, rows in record.notes:
            live.notes.take(kind, rows)
        if machine.run_state in RUN_TERMINAL:
            from stratix_tasks.engine.outcome import settle

            live.result, live.error = settle(live)
            live.ended.set_result(machine.run_state)
        return live, about

    def owner_alive(self, run_id: str) -> bool:
        """Whether the engine that owns a run lives."""
        self._chores.settle()
        row = self.store.catalog.run(run_id)
        return row is not None and (row.owner == self.id or alive(self.store.locks, row.owner))

    # ------------------------------------------------------------------ recovery

    def recover(self, changed: Literal["ask", "reuse"] = "ask") -> list[Run]:
        """Go on with the runs that engines which died have left. A run whose code changed since is left paused (`changed="ask"`).

        Runs whose functions are not defined here stay interrupted, with a warning that names them.
        """
        if changed not in ("ask", "reuse"):
            if changed in ("rerun", "fork"):
                raise InputError(
                    f"changed='{changed}' is not available in this version: 'ask' or 'reuse'", code="not-available"
                )
            raise InputError(f"changed is 'ask' or 'reuse', not {changed!r}", code="bad-option")
        recovered = []
        self._enter_orphans()
        for row in reversed(self.store.catalog.runs()):
            if (
                row.id not in self._known
                and row.state in ("pending", "running", "pausing", "paused", "ending")
                and not alive(self.store.locks, row.owner)
            ):
                run = self.take_over(row.id, changed)
                if run is not None:
                    recovered.append(run)
        return recovered

    def _enter_orphans(self) -> None:
        """Runs of engines that died before the catalog was told of them. An engine that ended in order left no lock file."""
        self._chores.settle()
        dead = [
            path.name
            for path in self.store.locks.iterdir()
            if path.name != self.id and not alive(self.store.locks, path.name)
        ]
        known = {row.id for row in self.store.catalog.runs()}
        for engine, fact in self.store.journals.created(dead):
            about = fact[2]
            if about["id"] not in known:
                row = {
                    "id": about["id"],
                    "flow": about["flow"],
                    "key": about["key"],
                    "inputs": about["inputs_hash"],
                    "owner": engine,
                }
                self.store.catalog.add_run(**row, created=fact[1])

    def take_over(self, run_id: str, changed: str = "reuse") -> Run | None:
        """Claim one run, whose owner must be dead, and go on with it. None when there is nothing to go on with."""
        row = self.store.catalog.run(run_id)
        if row is None:
            return None
        if row.owner != self.id and alive(self.store.locks, row.owner):
            raise StratixError(
                f"run {run_id} belongs to another kernel that is alive; ask it there", code="owned-elsewhere"
            )
        try:
            live, about = self._load(run_id)
        except InputError:
            self.store.catalog.set_state(run_id, row.epoch, "failed", time())
            return None
        if live.machine.run_state in RUN_TERMINAL:
            self.store.catalog.set_state(run_id, row.epoch, live.machine.run_state.label, live.ended_at)
            return None
        if missing := _missing(live):
            warnings.warn(
                f"run {run_id} of flow '{row.flow}' stays interrupted: {', '.join(missing)} not defined here. "
                "Run the cells (or import the modules) that define them, then recover() again.",
                stacklevel=3,
            )
            return None
        self._claim(live, row.owner, row.epoch)
        if changed == "ask" and (different := _changed(live, about["code"])):
            live.machine.run_reason = "code-changed"
            self.loop.call(_pause_for_code, self.loop, live, different).result()
        return Run(self, live)

    def _claim(self, live: LiveRun, owner: str, epoch: int) -> None:
        store = self.store
        file, offset = store.journals.end_of(owner)
        taken = store.catalog.claim(live.id, epoch, self.id, (owner, file, offset))
        if taken is None:
            raise StratixError(f"run {live.id} was taken over by another kernel just now", code="owned-elsewhere")
        live.epoch = taken
        now = time()
        self.loop.call(self._go_on, live, now, max(now - live.ended_at, 0.0)).result()

    def _go_on(self, live: LiveRun, now: float, idle: float) -> None:
        if live.machine.run_state not in RUN_TERMINAL:
            claim(live.machine, now, self.id, live.epoch, self._host, self._pid, idle)
        self.loop.resume(live)

    # ------------------------------------------------------------------ events

    def on(self, event: str, callback: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
        """Call back for `run.…` and `task.…` events (in the engine's thread: be brief). Returns what ends it."""
        if event != "*" and event not in EVENTS:
            raise InputError(f"there is no event '{event}'. {did_you_mean(event, EVENTS)}", code="unknown-event")
        entry = (event, callback)
        self._callbacks.append(entry)
        return lambda: self._callbacks.remove(entry)

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Every event from now on, as they are recorded."""
        here = asyncio.get_running_loop()
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        stop = self.on("*", lambda event: here.call_soon_threadsafe(queue.put_nowait, event))
        try:
            while True:
                yield await queue.get()
        finally:
            stop()

    def _publish(self, live: LiveRun, seq: int, facts: list[Fact]) -> None:
        if not self._callbacks:
            return
        for number, fact in enumerate(facts, seq):
            event = describe_fact(live, number, fact)
            for wanted, callback in tuple(self._callbacks):
                if wanted in ("*", event["event"]):
                    try:
                        callback(event)
                    except Exception as error:
                        warnings.warn(
                            f"a callback for {event['event']} failed: {type(error).__name__}: {error}", stacklevel=2
                        )

    def _ended(self, live: LiveRun) -> None:
        state, epoch, ended = live.machine.run_state.label, live.epoch, live.ended_at
        self._chores.put(lambda: self.store.catalog.set_state(live.id, epoch, state, ended))


class Chores:
    """What waits for the disk and gates nothing: told to the catalog by a thread of its own. The journal has the truth already."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, chore: Callable[[], object]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="stratix-chores", daemon=True)
            self._thread.start()
        self._queue.put(chore)

    def settle(self) -> None:
        """Wait until everything put so far is done."""
        if self._thread is not None and self._thread.is_alive():
            done = threading.Event()
            self._queue.put(done.set)
            done.wait(10.0)

    def close(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(5.0)

    def _work(self) -> None:
        while (chore := self._queue.get()) is not None:
            try:
                chore()
            except StratixError as error:
                warnings.warn(
                    f"the catalog could not be told: {error.message}; it is made again from the journals when needed",
                    stacklevel=2,
                )


def describe_fact(live: LiveRun, seq: int, fact: Fact) -> dict[str, Any]:
    """A fact as an event for people: `event`, run, node, item, state, reason, attempt, at, seq."""
    kind = KIND_NAMES[fact[0]]
    event: dict[str, Any] = {
        "event": kind,
        "run": live.id,
        "flow": live.machine.plan.spec.flow,
        "seq": seq,
        "at": fact[1],
    }
    if kind == "run":
        state = RunState(fact[2]).label
        event.update(event=f"run.{'started' if state == 'running' else state}", state=state, reason=fact[3])
    elif kind in ("moved", "started", "completed", "given", "expanded"):
        unit = fact[2]
        state = {"started": "running", "completed": "completed", "given": "completed", "expanded": "open"}.get(
            kind
        ) or State(fact[4]).label
        node, item, key, _ = live.place(unit)
        event.update(
            event=f"task.{'started' if kind == 'started' else state}", node=node, item=item, key=key, state=state
        )
        event["attempt"] = live.machine.attempt[unit]
        event["reason"] = fact[5] if kind == "moved" else None
    return event


def find_function(call: str) -> Any:
    """The task or function of a `module:name`, among those of this process; a module is imported if it can be. None if not found."""
    module_name, _, qualname = call.partition(":")
    module = sys.modules.get(module_name)
    if module is None:
        try:
            from importlib import import_module

            module = import_module(module_name)
        except Exception:
            return None
    found: Any = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
        if found is None:
            return None
    return getattr(found, "fn", found)


def _missing(live: LiveRun) -> list[str]:
    """Calls of nodes that have still to run and whose function is not known."""
    machine = live.machine
    done = (State.COMPLETED, State.SKIPPED)
    return sorted(
        {
            p.call
            for unit, p in enumerate(machine.plan.policies)
            if p is not None and p.call and p.function is None and machine.state[unit] not in done
        }
    )


def _changed(live: LiveRun, code: Mapping[str, str]) -> list[str]:
    policies = {p.call: p.function for p in live.machine.plan.policies if p is not None and p.function is not None}
    return sorted(call for call, was in code.items() if call in policies and fingerprint(policies[call]) != was)


def _pause_for_code(loop: EngineLoop, live: LiveRun, different: list[str]) -> None:
    if live.machine.run_state is RunState.RUNNING:
        pause_run(live.machine, time(), "code-changed")
        live.machine.advance(time())
        loop._commit(live, *live.machine.drain())
    warnings.warn(
        f"run {live.id} is paused: the code of {', '.join(different)} has changed since. resume() goes on with the new code and keeps the "
        "recorded results; cancel() ends it.",
        stacklevel=4,
    )


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

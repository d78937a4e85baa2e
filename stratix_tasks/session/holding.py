"""Holding: what this process has of a run is one `LiveRun`, made at its start or read from the journals."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Plan
from stratix_tasks.core.recovery import Cut, fold
from stratix_tasks.core.results import Stored
from stratix_tasks.engine.binding import Binding
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.reading import Source
from stratix_tasks.session.collector import collector_paused
from stratix_tasks.session.following import Follower, settle
from stratix_tasks.session.loading import recorded
from stratix_tasks.store import ids
from stratix_tasks.store.reader import RunRecord, payload_reader
from stratix_tasks.store.summaries import TEXT, look, summarise

if TYPE_CHECKING:
    from stratix_tasks.session.engine import Engine


class Held:
    """The runs that someone in this process holds. Whoever holds one sees it as it was read last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: WeakValueDictionary[str, LiveRun] = WeakValueDictionary()

    def get(self, run_id: str) -> LiveRun | None:
        return self._known.get(run_id)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._known

    def add(self, live: LiveRun) -> None:
        """A run that begins here."""
        self._known[live.id] = live

    def take(self, live: LiveRun) -> LiveRun:
        """In the engine's thread: a run as it was read again; returns the one that is held, which is that now.

        One that this engine runs is not touched.
        """
        held = self._known.get(live.id)
        if held is None or held.broken is not None:
            self._known[live.id] = live
            return live
        if live.id not in self._engine.loop.lives:
            held.become(live)
        return held


def load(engine: Engine, run_id: str, cut: Cut | None) -> tuple[LiveRun, dict[str, Any]]:
    """See `Engine.load`."""
    with collector_paused():
        ids.key(run_id)  # refuses what is no id
        row = engine.store.catalog.run(run_id)
        known = recorded(engine, run_id, notes=True, cut=cut)
        about, record = known.about, known.record
        live = new_live(engine, run_id, known.plan, known.inputs, record)
        last = fold(live.machine, record.facts)
        live.seq, live.started_at, live.priority = len(record.facts), record.facts[0][1], about["priority"]
        live.ended_at, live.forked_from = last, about.get("forked_from")
        for kind, rows in record.notes:
            live.notes.take(kind, rows)
        owner = row.owner if row is not None else about["engine"]  # it may not be in the catalog yet
        if owner != engine.id:
            epoch = row.epoch if row is not None else record.epoch
            live.follower = Follower(engine, owner, epoch, record.ends.get(owner, (1, 0)))
        settle(live)
        return engine.loop.call(engine.held.take, live).result(), about


def new_live(
    engine: Engine,
    run_id: str,
    plan: Plan,
    inputs: dict[str, Any],
    record: RunRecord,
    looks: dict[str, str] | None = None,
) -> LiveRun:
    """A run before its facts: its places are those of this engine, its results are read where the record says they are.

    `looks` are the texts of its inputs, where they were made before: it is the caller's thread that asks the values.
    """
    loop, spec = engine.loop, plan.spec
    machine = Machine(plan, loop.places.lanes(spec.pools, spec.flow, spec.concurrency), run_id)
    binding = Binding(machine, inputs, _source(engine, record), summarise, loop.memory)
    live = LiveRun(loop, run_id, ids.key(run_id), machine, binding, copy_context(), record.epoch, record.payloads)
    live.looks = looks if looks is not None else {name: input_text(value) for name, value in inputs.items()}
    live.listeners.append(engine.subscribers.publish)
    return live


def input_text(value: Any, summary: dict[str, Any] | None = None) -> str:
    """What views show of an input; the summary has it, where there is one."""
    return repr(value[:TEXT]) if type(value) is str else summary["text"] if summary is not None else look(value)


def _source(engine: Engine, record: RunRecord) -> Source:
    """How a recorded result is read back."""
    read, decode = payload_reader(record.payloads), engine.store.objects.decode

    def source(stored: Stored) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        frame = read(stored.unit, stored.attempt) if stored.codec.endswith("+frame") else None
        return decode, (stored.codec, stored.payload, frame)

    return source

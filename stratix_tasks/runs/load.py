"""Loading: a run as one `LiveRun`, read from the journals; what begins here is made the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any

from stratix_tasks.core.apply import fold
from stratix_tasks.core.decide.core import Core, no_claims
from stratix_tasks.core.recovery import Cut
from stratix_tasks.core.results import Stored
from stratix_tasks.core.state import State
from stratix_tasks.engine.binding import Binding
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.reading import Source
from stratix_tasks.executors.child import START
from stratix_tasks.runs.follow import Follower, settle
from stratix_tasks.runs.gc_pause import collector_paused
from stratix_tasks.runs.recorded import recorded
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.spec.regions import pools_of
from stratix_tasks.store import ids
from stratix_tasks.store.previews import preview
from stratix_tasks.store.reader import RunRecord, payload_reader
from stratix_tasks.store.summaries import TEXT, look, summarise, type_name


def load(engine: Workshop, run_id: str, cut: Cut | None) -> tuple[LiveRun, dict[str, Any]]:
    """See `Engine.load`."""
    with collector_paused():
        ids.key(run_id)  # refuses what is no id
        row = engine.store.catalog.run(run_id)
        known = recorded(engine, run_id, notes=True, cut=cut)
        about, record = known.about, known.record
        state = fold(State(known.block), record.facts)
        live = new_live(engine, run_id, state, known.functions, known.inputs, record, priority=about["priority"])
        live.seq = len(record.facts)
        live.begin(record.facts[0][1])
        live.ended_at, live.forked_from = state.at, about.get("forked_from")
        for kind, rows in record.notes:
            live.notes.take(kind, rows)
        owner = row.owner if row is not None else about["engine"]  # it may not be in the catalog yet
        if owner != engine.id:
            epoch = row.epoch if row is not None else record.epoch
            live.follower = Follower(engine, owner, epoch, record.ends.get(owner, (1, 0)))
        settle(live)
        return engine.loop.call(engine.held.take, live).result(), about


def new_live(
    engine: Workshop,
    run_id: str,
    state: State,
    functions: Mapping[str, Any],
    inputs: dict[str, Any],
    record: RunRecord,
    looks: dict[str, dict[str, Any]] | None = None,
    *,
    priority: int = 0,
    owned: bool = False,
) -> LiveRun:
    """A run as its facts tell it; results are read where the record says they are. It is looked at until it is
    owned here; `owned`: it begins here.

    `looks` is what is shown of its inputs, where that was made before: it is the caller's thread that asks the values.
    """
    loop, spec = engine.loop, state.root.spec
    claims = loop.places.claims(pools_of(spec), spec.flow, spec.concurrency)
    core = Core(state, claims if owned else no_claims, seed=run_id, priority=priority)
    binding = Binding(core, functions, inputs, _source(engine, record), summarise, loop.memory, loop.objects, run_id)
    context = copy_context()
    context.run(START.set, engine.child)
    live = LiveRun(loop, run_id, ids.key(run_id), core, binding, context, record.epoch, record.payloads)
    live.priority = priority
    live.claims = None if owned else claims
    live.looks = looks if looks is not None else {name: input_look(value) for name, value in inputs.items()}
    return live


def input_look(value: Any, summary: dict[str, Any] | None = None) -> dict[str, Any]:
    """What views show of an input: the summary that was made with it, where there is one."""
    if type(value) is str:
        return {"type": "str", "text": repr(value[:TEXT])}
    if summary is not None:
        return summary
    made = summarise(value) or {"type": type_name(value), "text": look(value)}
    return {**made, "preview": preview(value)}


def _source(engine: Workshop, record: RunRecord) -> Source:
    """How a recorded result is read back."""
    read, decode = payload_reader(record.payloads), engine.store.objects.decode

    def source(stored: Stored) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        frame = read(stored.unit, stored.attempt) if stored.codec.endswith("+frame") else None
        return decode, (stored.codec, stored.payload, frame)

    return source

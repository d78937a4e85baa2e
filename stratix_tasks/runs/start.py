"""Starting: from a flow and its inputs to a run that is recorded and begins."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from typing import Any

import orjson

from stratix_tasks.core.apply import fold
from stratix_tasks.core.block import Block
from stratix_tasks.core.facts import CREATED
from stratix_tasks.core.fingerprint import fingerprint
from stratix_tasks.core.layout import Layouts
from stratix_tasks.core.state import State
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import FlowError, InputError
from stratix_tasks.runners.native import Clock
from stratix_tasks.runs.gc_pause import collector_paused
from stratix_tasks.runs.handle import Handle
from stratix_tasks.runs.load import input_text, new_live
from stratix_tasks.runs.reconcile import never_was
from stratix_tasks.runs.reused import Reused
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.spec.check import check
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.inputs import check_about, check_inputs, named_inputs
from stratix_tasks.spec.text import document
from stratix_tasks.store import ids
from stratix_tasks.store.reader import RunRecord

LAYOUTS = Layouts()
"""Blocks of the documents that were started last: the same document is laid out once."""


def start(
    engine: Workshop,
    flow: Any,
    inputs: Mapping[str, Any],
    *,
    key: str | None = None,
    priority: int = 0,
    tags: tuple[str, ...] = (),
    begun: list[Handle] | None = None,
) -> LiveRun:
    """See `Engine.start`. The run is put into `begun` before it begins: an interrupt may come before it is returned."""
    with collector_paused():
        given = named_inputs(inputs)
        static = {name: given.pop(name) for name in tuple(given) if name in flow.static}
        traced = flow.trace(static)
        graph = Graph(traced.spec)
        problems = [*traced.problems, *check(graph, engine.pools, traced.functions)]
        if problems:
            raise FlowError(f"flow '{traced.spec.flow}' can't start:", problems=problems)
        made = check_inputs(traced.spec, given, flow.hints)
        check_about(key, priority, tags)
        tags = (*traced.spec.tags, *tags)
        return launch(engine, graph, traced.functions, made, key=key, priority=priority, tags=tags, begun=begun)


def launch(
    engine: Workshop,
    graph: Graph,
    functions: Mapping[str, Any],
    inputs: dict[str, Any],
    *,
    key: str | None,
    priority: int,
    tags: tuple[str, ...],
    forked_from: dict[str, Any] | None = None,
    reused: Reused | None = None,
    begun: list[Handle] | None = None,
) -> LiveRun:
    """Enter a run of a checked graph in the catalog, record it, and let it begin. The same key is the same run."""
    loop, store = engine.loop, engine.store
    run_id, now = ids.new_id(), Clock.time()
    encoded = {name: store.objects.encode_apart(value) for name, value in inputs.items()}
    stored = {name: [one.codec, one.payload] for name, one in encoded.items()}
    looks = {name: input_text(inputs[name], one.summary) for name, one in encoded.items()}
    same = sha256(orjson.dumps(stored)).hexdigest()[:16] if key is not None else ""
    name = graph.spec.flow
    enter = partial(store.catalog.add_run, id=run_id, flow=name, key=key, inputs=same, owner=engine.id, created=now)
    if key is None:
        engine.chores.put(enter)
    elif (taken := enter()) is not None and not (never_was(engine, taken[0]) and enter() is None):
        return _same_run(engine, taken, key, same)
    body = orjson.dumps(document(graph.spec, store.objects.keep_value))
    block = LAYOUTS.get(body, graph, functions)
    about = {
        **_about(engine, block, body, functions),
        "id": run_id,
        "inputs": stored,
        "inputs_hash": same,
        "key": key,
        "priority": priority,
        "tags": tags,
        **({"forked_from": forked_from} if forked_from else {}),
    }
    record = reused.record() if reused is not None else RunRecord([], {}, 1, [])
    state = fold(State(block), reused.facts if reused is not None else ())
    live = new_live(engine, run_id, state, functions, inputs, record, looks, priority=priority, owned=True)
    engine.held.add(live)
    live.started_at, live.forked_from = now, forked_from
    begin = (CREATED, now, about)
    if begun is not None:
        begun.append(Handle(engine, live))
    loop.call(loop.create, live, begin, reused.batches() if reused is not None else ()).result()
    return live


def _about(engine: Workshop, block: Block, body: bytes, functions: Mapping[str, Any]) -> dict[str, Any]:
    """What the first fact says of the flow, and of where it is run."""
    return {
        "flow": block.spec.flow,
        "version": sha256(body).hexdigest()[:12],
        "spec": orjson.Fragment(body),
        "nodes": block.outline.told(),
        "engine": engine.id,
        "host": engine.opened.host,
        "pid": engine.pid,
        "code": {call: fingerprint(function) for call, function in functions.items()},
    }


def _same_run(engine: Workshop, taken: tuple[str, str], key: str, same: str) -> LiveRun:
    run_id, inputs = taken
    if inputs != same:
        raise InputError(
            f"key '{key}' belongs to run {run_id}, which was started with other inputs; take another key for these",
            code="key-taken",
        )
    return engine.find(run_id)

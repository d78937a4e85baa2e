"""Starting: from a flow and its inputs to a run that is recorded and begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from types import FunctionType
from typing import Any
from weakref import ref

import orjson

from stratix_tasks.core.apply import fold
from stratix_tasks.core.block import Block
from stratix_tasks.core.facts import CREATED
from stratix_tasks.core.fingerprint import fingerprint
from stratix_tasks.core.layout import Layouts, lay_out, shape
from stratix_tasks.core.state import State
from stratix_tasks.dsl.trace import Traced
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.resolving import fresh
from stratix_tasks.errors import FlowError, InputError
from stratix_tasks.executors.registry import HERE
from stratix_tasks.executors.runners import KNOWN_RUNNERS
from stratix_tasks.runners.native import Clock
from stratix_tasks.runs.gc_pause import collector_paused
from stratix_tasks.runs.handle import Handle
from stratix_tasks.runs.load import input_look, new_live
from stratix_tasks.runs.reconcile import never_was
from stratix_tasks.runs.reused import Reused
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.spec.canonical import digest
from stratix_tasks.spec.check import check
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.inputs import check_about, check_inputs, named_inputs
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.problems import errors
from stratix_tasks.spec.text import WIDE, document
from stratix_tasks.spec.unicode import is_unicode
from stratix_tasks.spec.until import named
from stratix_tasks.store import ids
from stratix_tasks.store.objects import OfDocument
from stratix_tasks.store.reader import RunRecord

LAYOUTS = Layouts()
"""Blocks of the documents that were started last: the same document is checked and laid out once."""


def start(
    engine: Workshop,
    flow: Any,
    inputs: Mapping[str, Any],
    *,
    key: str | None = None,
    priority: int = 0,
    tags: tuple[str, ...] = (),
    until: str | Sequence[str] | None = None,
    begun: list[Handle] | None = None,
) -> LiveRun:
    """See `Engine.start`. The run is put into `begun` before it begins: an interrupt may come before it is returned."""
    with collector_paused():
        given = named_inputs(inputs)
        static = {name: given.pop(name) for name in tuple(given) if name in flow.static}
        token = HERE.set(engine.executors)
        try:
            traced = flow.trace(static)
        finally:
            HERE.reset(token)
        body = traced.body = traced.body or _plain_text(traced.spec)
        to = () if until is None else named(Graph(traced.spec), until)
        block = LAYOUTS.get(_key(engine, traced, body, to), partial(_laid_out, engine, traced, to))
        made = check_inputs(traced.spec, given, flow.hints)
        made.update({name: fresh(value) for name, value in made.items() if name not in given})
        check_about(key, priority, tags)
        about: dict[str, Any] = {"key": key, "priority": priority, "tags": (*traced.spec.tags, *tags), "begun": begun}
        static = flow.static_values(static)
        return launch(engine, block, traced.functions, made, body=body, static=static, **about)


def _laid_out(engine: Workshop, traced: Traced, until: tuple[str, ...]) -> Block:
    """FlowError with all that is wrong with a flow."""
    graph = Graph(traced.spec)
    problems = errors([*traced.problems, *check(graph, engine.executors.entries, engine.pools, traced.functions)])
    if problems:
        raise FlowError(f"flow '{traced.spec.flow}' can't start:", problems=problems)
    return lay_out(graph, traced.functions, engine.executors.entries, KNOWN_RUNNERS, until)


class _HoldsObject(Exception):
    """Something stands in a document that is no plain data."""


def _refuse(value: Any) -> Any:
    raise _HoldsObject


def _plain_text(spec: FlowSpec) -> bytes | None:
    """The document, where no object of the user's stands in it, and nothing that can't be recorded."""
    try:
        return orjson.dumps(document(spec, _refuse))
    except (_HoldsObject, TypeError):
        return None


def _key(engine: Workshop, traced: Traced, body: bytes | None, until: tuple[str, ...]) -> Any:
    """What decides how a flow is laid out, and whether anything is wrong with it; None where that is not kept.

    Functions stand in it by themselves, for their annotations are checked, but nothing is kept alive by it.
    """
    if body is None or traced.problems:
        return None
    try:
        functions = [(call, ref(task.fn), shape(task)) for call, task in traced.functions.items()]
        hash(key := (body, until, tuple(engine.pools), engine.executors.mark, *functions))
    except TypeError:  # a callable of the user's that can't stand in a key
        return None
    return key


def launch(
    engine: Workshop,
    block: Block,
    functions: Mapping[str, Any],
    inputs: dict[str, Any],
    *,
    body: bytes | None = None,
    key: str | None,
    priority: int,
    tags: tuple[str, ...],
    forked_from: dict[str, Any] | None = None,
    reused: Reused | None = None,
    begun: list[Handle] | None = None,
    static: Mapping[str, Any] = {},
) -> LiveRun:
    """Enter a run in the catalog, record it, and let it begin. The same key is the same run.

    What can't be recorded is refused before it is entered; StoreError `store-gone` where nothing can be. `body` is the document, if
    that was written already. `static` are inputs that count for what the key means alone.
    """
    loop, store = engine.loop, engine.store
    engine.opened.journal.check_there()
    run_id, now = ids.new_id(), Clock.time()
    encoded = {name: store.objects.encode_apart(value, f"input '{name}'") for name, value in inputs.items()}
    stored = {name: [one.codec, one.payload] for name, one in encoded.items()}
    looks = {name: input_look(inputs[name], one.summary) for name, one in encoded.items()}
    if body is None:
        body = _body(block.spec, OfDocument(store.objects).keep)
    means = {**inputs, **static, **({UNTIL: block.until} if block.until else {})}
    same = _meaning(means, stored) if key is not None else ""
    name = block.spec.flow
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
    enter = partial(store.catalog.add_run, id=run_id, flow=name, key=key, inputs=same, owner=engine.id, created=now)
    if key is None:
        engine.chores.put(enter, tells=True)
    elif (taken := enter()) is not None and not (never_was(engine, taken[0]) and enter() is None):
        return _same_run(engine, taken, key, same)
    state = fold(State(block), reused.facts if reused is not None else ())
    live = new_live(engine, run_id, state, functions, inputs, record, looks, priority=priority, owned=True)
    engine.held.add(live)
    live.begin(now)
    live.forked_from = forked_from
    begin = (CREATED, now, about)
    if begun is not None:
        begun.append(Handle(engine, live))
    loop.call(loop.create, live, begin, reused.batches() if reused is not None else ()).result()
    return live


def _body(spec: FlowSpec, keep: Callable[[Any], Any]) -> bytes:
    """The document as it is recorded. FlowError `not-storable` names what JSON does not hold; StoreError for an argument."""
    data = document(spec, keep)
    try:
        return orjson.dumps(data)
    except TypeError as error:
        where = next(_odd(data, ""), "a part of it")
        message = f"flow '{spec.flow}' can't start: {where} can't be recorded ({error})"
        raise FlowError(message, code="not-storable") from None


def _odd(data: Any, path: str) -> Iterator[str]:
    """The places in a document of what JSON does not hold: texts that are no Unicode, numbers that are too wide."""
    if isinstance(data, str):
        if not is_unicode(data):
            yield f"{path.strip('.')} {data!r}"
    elif isinstance(data, dict):
        for name, part in data.items():
            yield from _odd(name, f"{path} (a name)")
            yield from _odd(part, f"{path}.{name}")
    elif isinstance(data, list | tuple):
        for part in data:
            yield from _odd(part, path)
    elif isinstance(data, int) and not -WIDE <= data < WIDE:
        yield f"{path.strip('.')} {data!r}"


UNTIL = "(until)"
"""Among what a key stands for where the run goes: no input can be called so."""


def _meaning(inputs: Mapping[str, Any], stored: Mapping[str, Any]) -> str:
    """What a key stands for: inputs that mean the same in any order of sets and dicts; functions by their code."""
    told = {}
    for name, value in inputs.items():
        try:
            told[name] = fingerprint(value) if isinstance(value, FunctionType) else digest(value)
        except Exception:  # asked for what it is made of, an object may raise anything
            told[name] = stored.get(name, type(value).__qualname__)
    return sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _about(engine: Workshop, block: Block, body: bytes, functions: Mapping[str, Any]) -> dict[str, Any]:
    """What the first fact says of the flow, and of where it is run."""
    scopes = block.outline.scopes()
    return {
        **({"scopes": scopes} if scopes else {}),
        **({"until": block.until} if block.until else {}),
        "flow": block.spec.flow,
        "version": sha256(body).hexdigest()[:12],
        "spec": orjson.Fragment(body),
        "nodes": block.outline.told,
        "engine": engine.id,
        "host": engine.opened.host,
        "pid": engine.pid,
        "code": {call: fingerprint(function) for call, function in functions.items()},
    }


def _same_run(engine: Workshop, taken: tuple[str, str], key: str, same: str) -> LiveRun:
    run_id, inputs = taken
    if inputs != same:
        raise InputError(
            f"key '{key}' belongs to run {run_id}, which was started with other inputs, or until other nodes; take another key for these",
            code="key-taken",
        )
    return engine.find(run_id)

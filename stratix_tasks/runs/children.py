"""Children: runs that a node of another run starts and waits for (`flow.run`).

A child is known by its key, which tells of the node that started it and of the attempt. So an attempt that is made again, since
its kernel has died, finds its run, whatever became of that meanwhile; a retry goes on with the one before, and begins another
only where that has ended badly.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from stratix_tasks.core.state import State
from stratix_tasks.core.states import RunState
from stratix_tasks.dsl.flow import KNOWN_FLOWS, flow_named
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import FlowError, StratixError
from stratix_tasks.runners.body import Body
from stratix_tasks.runs.handle import Handle
from stratix_tasks.runs.kinship import depth, key_of_child
from stratix_tasks.runs.recover import go_on
from stratix_tasks.runs.start import start
from stratix_tasks.runs.wait import wait_async
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.spec.problems import did_you_mean

BAD = (RunState.FAILED, RunState.CANCELLED)


class Child:
    """A run that was started for a node; it may be run by another engine."""

    def __init__(self, engine: Workshop, live: LiveRun) -> None:
        self._handle = Handle(engine, live)
        self.id = live.id

    async def value(self) -> Any:
        return await wait_async(self._handle)

    def cancel(self) -> None:
        if not self._handle._live.core.is_over:
            self._handle._ask("cancel", None)


def start_child(engine: Workshop, name: str, inputs: Mapping[str, Any], body: Body, deepest: int) -> Child:
    """The run that a body waits for: the one that it began before, else a new one. Not for the engine's thread.

    FlowError `unknown-flow`, `too-deep`; what `Engine.start` raises.
    """
    flow = flow_named(name)
    if flow is None:
        hint = did_you_mean(name, [one.name for one in KNOWN_FLOWS.values()])
        raise FlowError(
            f"there is no flow '{name}' in this process. {hint} Run the cell (or import the module) "
            "that defines it, or load its document",
            code="unknown-flow",
        )
    deep = depth(engine.store.catalog, body.run_id) + 1
    if deep > deepest:
        raise FlowError(
            f"run {body.run_id} is {deep - 1} runs deep, and max_depth is {deepest}: does '{name}' run itself without an end?",
            code="too-deep",
        )
    key = partial(key_of_child, body, deep)
    for number in range(body.heard - 1, 0, -1):
        if (begun := engine.store.catalog.keyed(flow.name, key(number))) is not None:
            live = engine.find(begun)
            if _comes_to_no_value(live.core.state):
                break  # the attempt that waited for it has ended with it
            return Child(engine, _going_on(engine, live))
    given = _by_name(engine, inputs, body)
    return Child(engine, _going_on(engine, start(engine, flow, given, key=key(body.heard))))


def _comes_to_no_value(s: State) -> bool:
    """Whether a run has ended badly, or is about to."""
    return (s.run_target if s.run is RunState.ENDING else s.run) in BAD


def _by_name(engine: Workshop, inputs: Mapping[str, Any], body: Body) -> Mapping[str, Any]:
    """Secrets that a body passes on go by their names; StratixError `secret-in-result` where one stands in a value."""
    masks = body.masks
    if not masks:
        return inputs
    made = {name: masks.named(value) for name, value in inputs.items()}
    for value in made.values():
        engine.store.objects.encode(value, check=masks.check)
    return made


def _going_on(engine: Workshop, live: LiveRun) -> LiveRun:
    """One that an engine which died has left is gone on with here."""
    if live.core.is_over or live.id in engine.lives or engine.runs_elsewhere(live.id):
        return live
    try:
        return go_on(engine, live.id, "reuse")
    except StratixError:
        found = engine.find(live.id)
        if found.core.is_over or live.id in engine.lives or engine.runs_elsewhere(live.id):
            return found  # another one was faster, or it has just ended
        raise

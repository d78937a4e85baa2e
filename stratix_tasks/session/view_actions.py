"""From a view to another run: starting, forking, going on with a run whose kernel died, and looking at the one before; and to the
flow, where a result is pinned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from stratix_tasks.core.node import TASK
from stratix_tasks.core.targets import find
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.look.outline import function_of
from stratix_tasks.look.output import output
from stratix_tasks.runs import request_data
from stratix_tasks.runs.fork import again, fork
from stratix_tasks.runs.handle import Handle
from stratix_tasks.runs.recover import go_on
from stratix_tasks.runs.request_data import named
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.session.display import run_source
from stratix_tasks.spec.portable import plain_data
from stratix_tasks.spec.text import dump
from stratix_tasks.spec.types import hints_of
from stratix_tasks.view.source import Source


class Shown(Protocol):
    """A flow that is edited, and shown."""

    @property
    def _last_run(self) -> Handle | None: ...
    def apply(self, *edits: Any) -> Any: ...
    def _source(self) -> Source: ...


@dataclass(frozen=True, slots=True)
class Leads:
    """Answers `start`, `again`, `fork`, `recover`, `open` and `pin` of a view by what it shows then.

    It waits for the engine, so never call it in the engine's thread. `start` takes the node that the run goes until, or None, and the
    inputs; it is None for the view of a run, and `flow` for that of one that was started elsewhere.
    """

    engine: Callable[[], Workshop]
    start: Callable[..., Handle] | None = None
    flow: Shown | None = None

    def __call__(self, verb: str, target: str | None, args: dict[str, Any], shown: str | None) -> Source:
        if verb == "pin":
            return self._pinned(named(target, "pin"), args.get("run", shown))
        return run_source(self._run(verb, target, args, args.get("run", shown)))

    def _run(self, verb: str, target: str | None, args: dict[str, Any], run_id: str | None) -> Handle:
        if verb == "start":
            if self.start is None:
                raise StratixError("this view can't start its flow; call it in a cell", code="not-available")
            return self.start(args.get("until"), **request_data.filled_in(args))
        if run_id is None:
            raise InputError("this view shows no run; start one first", code="not-running")
        engine = self.engine()
        if verb == "again":
            given, unsaid = request_data.filled_in(args), args.get("unsaid", ())
            return Handle(engine, again(engine, engine.find(run_id).id, given, args.get("until"), unsaid))
        if verb == "fork":
            node = None if target is None else named(target, "fork from")
            return Handle(engine, fork(engine, engine.find(run_id).id, node, {}))
        if verb == "recover":
            return Handle(engine, go_on(engine, run_id, args.get("changed", "ask")))
        return Handle(engine, engine.find(run_id))

    def _pinned(self, node: str, run_id: str | None) -> Source:
        """The flow, in which the result of a node of the run stands in the place of that."""
        if self.flow is None:
            message = "this view knows no flow to pin it to: look at the run from its flow, or write .options(pin=…)"
            raise StratixError(message, code="not-available")
        last = self.flow._last_run if run_id is None else None
        if run_id is None and last is None:
            raise InputError("run the flow once: then there are results to pin", code="not-running")
        live = last._live if last is not None else self.engine().find(str(run_id))
        self.flow.apply({"edit": "pin", "node": node, "value": as_pin(live, node)})
        return self.flow._source()


_MOST = 32 * 1024
"""Bytes of a result, as JSON, that goes into a document."""


def as_pin(live: LiveRun, node: str) -> Any:
    """The result of a node as a document says it. InputError `not-portable`, `too-large`."""
    value, unit = output(live, node), find(live.core.state, node)
    assert isinstance(unit, int)
    one = live.core.state.node(unit)
    hints = (
        hints_of(function_of(live.functions, one.policy.call))
        if one.kind is TASK and one.policy.call in live.functions
        else {}
    )
    told = f"the result of '{node}' can't be pinned from here: "
    try:
        data = _said(value, hints.get("return", Any))
        size = len(orjson.dumps(data))
    except (ValueError, TypeError):
        why = f"it is a {type(value).__name__}, which a document has no text for. In the flow: .options(pin=…)"
        raise InputError(told + why, code="not-portable") from None
    if size > _MOST:
        why = f"as JSON it has {size:,} bytes, and a document takes {_MOST:,}. In the flow: .options(pin=…)"
        raise InputError(told + why, code="too-large")
    return data


def _said(value: Any, kind: Any) -> Any:
    try:
        return dump(value)
    except ValueError:
        return dump(plain_data(value, kind))

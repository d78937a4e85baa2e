"""From a view to another run: starting, forking, going on with a run whose kernel died, and looking at the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.runs import request_data
from stratix_tasks.runs.fork import again, fork
from stratix_tasks.runs.handle import Handle
from stratix_tasks.runs.recover import go_on
from stratix_tasks.runs.request_data import named
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.session.display import run_source
from stratix_tasks.view.source import Source


@dataclass(frozen=True, slots=True)
class Leads:
    """Answers `start`, `again`, `fork`, `recover` and `open` of a view by what it shows then.

    It waits for the engine, so never call it in the engine's thread. `start` is None for the view of a run.
    """

    engine: Callable[[], Workshop]
    start: Callable[..., Handle] | None = None

    def __call__(self, verb: str, target: str | None, args: dict[str, Any], shown: str | None) -> Source:
        return run_source(self._run(verb, target, args, args.get("run", shown)))

    def _run(self, verb: str, target: str | None, args: dict[str, Any], run_id: str | None) -> Handle:
        if verb == "start":
            if self.start is None:
                raise StratixError("this view can't start its flow; call it in a cell", code="not-available")
            return self.start(**request_data.filled_in(args))
        if run_id is None:
            raise InputError("this view shows no run; start one first", code="not-running")
        engine = self.engine()
        if verb == "again":
            return Handle(engine, again(engine, engine.find(run_id).id, request_data.filled_in(args)))
        if verb == "fork":
            node = None if target is None else named(target, "fork from")
            return Handle(engine, fork(engine, engine.find(run_id).id, node, {}))
        if verb == "recover":
            return Handle(engine, go_on(engine, run_id, args.get("changed", "ask")))
        return Handle(engine, engine.find(run_id))

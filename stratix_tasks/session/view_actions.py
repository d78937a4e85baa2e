"""From a view to another run: starting, forking, going on with a run whose kernel died, and looking at the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stratix_tasks.core.states import RUN_TERMINAL
from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.runs import recover as takeover
from stratix_tasks.runs.functions import missing
from stratix_tasks.session.default import default_engine
from stratix_tasks.session.run import Run
from stratix_tasks.view.source import Source

if TYPE_CHECKING:
    from stratix_tasks.session.engine import Engine


@dataclass(frozen=True, slots=True)
class Leads:
    """Answers `start`, `fork`, `recover` and `open` of a view by what it shows then.

    It waits for the engine, so never call it in the engine's thread. `start` is None for the view of a run.
    """

    engine: Callable[[], Engine] = default_engine
    start: Callable[[], Run] | None = None

    def __call__(self, verb: str, target: str | None, args: dict[str, Any], shown: str | None) -> Source:
        from stratix_tasks.session.display import run_source

        return run_source(self._run(verb, target, args, args.get("run", shown)))

    def _run(self, verb: str, target: str | None, args: dict[str, Any], run_id: str | None) -> Run:
        if verb == "start":
            if self.start is None:
                raise StratixError("this view can't start its flow; call it in a cell", code="not-available")
            return self.start()
        if run_id is None:
            raise InputError("this view shows no run; start one first", code="not-running")
        if verb == "fork":
            return self.engine().run(run_id).fork(target)
        if verb == "recover":
            return go_on(self.engine(), run_id, args.get("changed", "ask"))
        return self.engine().run(run_id)


def go_on(engine: Engine, run_id: str, changed: str) -> Run:
    """What `recover()` does, for one run. InputError `missing-function` names those that are not defined here."""
    if changed not in takeover.CHOICES:
        raise InputError(f"changed is one of {', '.join(takeover.CHOICES)}, not {changed!r}", code="bad-option")
    here = engine.loop.lives.get(run_id)
    if here is not None:
        undecided = here.machine.run_reason == "code-changed" and changed != "ask"
        return takeover.decide(engine, here, changed) if undecided else Run(engine, here)
    live, _ = engine.load(run_id)
    if live.machine.run_state in RUN_TERMINAL:
        return Run(engine, live)
    if unknown := missing(live.machine):
        raise InputError(
            f"run {run_id} needs {', '.join(unknown)}, not defined here: run the cells (or import the modules) that "
            "define them, then go on",
            code="missing-function",
        )
    run = takeover.take_over(engine, run_id, changed)
    if run is None:
        raise StratixError(f"there is nothing left to go on with in run {run_id}", code="not-running")
    return run

"""Handle: one run as it is now, wherever it is run, and how it is asked and looked at."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from stratix_tasks.engine.live import LiveRun
from stratix_tasks.runs import request_data
from stratix_tasks.runs.ask import ask, send
from stratix_tasks.runs.fitting import gives_at, hints_at, hints_of_inputs
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.spec.given import Gives
from stratix_tasks.store.catalog import RunRow


class Handle:
    """A run of an engine's store. `Run` adds the words of users."""

    def __init__(self, engine: Workshop, known: LiveRun | RunRow) -> None:
        """Of a run that has ended its row is enough: it is read when it is asked for what does not stand there."""
        self._engine, self._known = engine, known

    @property
    def _live(self) -> LiveRun:
        if isinstance(self._known, RunRow):
            self._known, _ = self._engine.load(self._known.id)
        return self._known

    @_live.setter
    def _live(self, live: LiveRun) -> None:
        self._known = live

    @property
    def id(self) -> str:
        return self._known.id

    @property
    def flow(self) -> str:
        """The name of its flow."""
        return self._known.flow if isinstance(self._known, RunRow) else self._known.core.state.root.spec.flow

    @property
    def status(self) -> str:
        """pending, running, pausing, paused, ending, completed, failed, cancelled; interrupted when its owner died or was closed."""
        if isinstance(self._known, RunRow) and self._engine.store.catalog.run(self.id) == self._known:
            return self._known.state
        self._refresh()
        core = self._live.core
        if self.runs_here or core.is_over:
            return core.state.run.label
        elsewhere = not self._engine.closed and self._engine.runs_elsewhere(self.id)
        return core.state.run.label if elsewhere else "interrupted"

    @property
    def runs_here(self) -> bool:
        """Whether its engine runs it: it goes on in this process."""
        return self.id in self._engine.lives

    @property
    def went_on_here(self) -> bool:
        """Whether its engine runs it, or has run it to its end."""
        self._refresh()
        return not self._live.elsewhere

    def hints(self, target: str | None = None) -> dict[str, Any]:
        """The annotations of its inputs by name, or of what a node or item is given; none where its function is not known here."""
        found = self._look(hints_of_inputs) if target is None else self._look(hints_at, target)
        return dict(found)

    def gives(self, target: str) -> Gives:
        """What a node, item or round gives, as far as its function is known here."""
        found: Gives = self._look(gives_at, target)
        return found

    def _refresh(self) -> None:
        """A run of another engine is read on in the store; one that was recovered here is the one that goes on."""
        live = self._engine.lives.get(self.id) or self._engine.held.get(self.id) or self._live
        self._live = live
        if live.follower is not None and not (self._engine.closed and live.core.is_over):
            live.follower.catch_up(live)
        elif live.fenced:
            self._live, _ = self._engine.load(self.id)

    def _ask(self, verb: str, target: str | None, args: dict[str, Any] | None = None) -> None:
        """A request; it is recorded when this returns."""
        named = None if target is None else request_data.named(target, verb)
        ask(self._engine, self._live, verb, named, args or {})

    def _request(self, verb: str, target: str | None, args: dict[str, Any]) -> Future[Any]:
        """A request of a view, from the engine's thread: it must not wait."""
        hints = hints_at(self._live, target) if verb == "set" and target is not None else {}
        asked = request_data.of_view(self._engine.store.objects, verb, target, args, hints)
        return send(self._engine, self._live, verb, target, asked)

    def _look(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function with the run as it is now, in the engine's thread."""
        self._refresh()
        return self._live.engine.look(function, self._live, *args)

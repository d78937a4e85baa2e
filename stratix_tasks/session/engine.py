"""`Engine`: what users call. It opens a store and runs flows in it; what it does is in the files that it names."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Literal

from stratix_tasks.core.recovery import Cut
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError
from stratix_tasks.executors.plugins import Plugin, plugged
from stratix_tasks.executors.registry import Registry
from stratix_tasks.executors.runners import named_runners
from stratix_tasks.runners.body import Body
from stratix_tasks.runs.children import Child, start_child
from stratix_tasks.runs.load import load
from stratix_tasks.runs.recover import recover
from stratix_tasks.runs.start import start
from stratix_tasks.runs.vault import Given
from stratix_tasks.runs.workshop import Durability, Workshop
from stratix_tasks.session.run import Run
from stratix_tasks.store.catalog import RunRow
from stratix_tasks.store.store import folder

CONCURRENCY = 32


class Engine(Workshop):
    """Runs flows in this process, recorded in a store.

    `store`: a folder (default: `STRATIX_STORE`, else `.stratix`). `concurrency`: bodies at a time, over all runs.
    `pools`: names to numbers of places. `durability`: "process" survives the death of the process and loses at most a
    second to a power cut, "power" syncs before anything is done. `executors`: those of another engine; without it the engine
    has a registry of its own, in which `engine.executors.register(name, executor)` puts more than come with the package and
    with plugins. `secrets`: a mapping of names to texts, or a file (.toml, .env); then the environment counts
    (`STRATIX_SECRET_<name>`), and where nothing is given, last, `secrets.toml` or `.env` beside the store.

    Nothing is opened until the first start.
    """

    def __init__(
        self,
        store: str | os.PathLike[str] | None = None,
        *,
        concurrency: int = CONCURRENCY,
        pools: Mapping[str, int] | None = None,
        strategy: Literal["priority"] = "priority",
        durability: Durability = "process",
        executors: Registry | None = None,
        secrets: Given = None,
    ) -> None:
        _check_settings(concurrency, pools or {}, strategy, durability)
        known = Registry() if executors is None else executors
        super().__init__(
            None if store is None else str(folder(store)), pools or {}, concurrency, durability, known, secrets
        )

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------ runs

    def start(
        self,
        flow: Any,
        inputs: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        priority: int = 0,
        tags: tuple[str, ...] = (),
        until: str | Sequence[str] | None = None,
    ) -> Run:
        """Start a flow; returns at once. The same `key` is the same run. `until`: a node, or several; they and what they need is
        run, the rest is skipped, and the run gives the value of that node, of several a dict by name.

        FlowError with all problems; InputError; StoreError.
        """
        given = {} if inputs is None else inputs
        return Run(self, start(self, flow, given, key=key, priority=priority, tags=tags, until=until), flow)

    def run(self, run_id: str) -> Run:
        """A run by its id, live or from the store. InputError for an id that the store does not have."""
        return Run(self, self.find(run_id))

    def runs(self, limit: int | None = None) -> list[Run]:
        """Every run of the store, the newest first; with `limit` the newest of them.

        One that was lost ahead of its first fact was never seen: it is left out.
        """
        if limit is not None:
            _check_count("limit", limit)
        self.chores.settle()
        for run_id in tuple(self.loop.lives):
            self.store.catalog.restored(run_id)
        found = (self._listed(row) for row in self.store.catalog.runs(limit))
        return [run for run in found if run is not None]

    def _listed(self, row: RunRow) -> Run | None:
        """A run by its row; what has become of one that has not ended is read, unless it was never seen."""
        if row.ended is not None and row.id not in self.held:
            return Run(self, row)
        try:
            return self.run(row.id)
        except InputError as error:
            if error.code != "unknown-run":
                raise
        return None

    def status(self, run_id: str) -> str:
        """The state of a run."""
        return self.run(run_id).status

    def pause(self, run_id: str) -> None:
        """Pause a run."""
        self.run(run_id).pause()

    def resume(self, run_id: str) -> None:
        """Resume a run."""
        self.run(run_id).resume()

    def cancel(self, run_id: str) -> None:
        """Cancel a run."""
        self.run(run_id).cancel()

    def load(self, run_id: str, cut: Cut | None = None) -> tuple[LiveRun, dict[str, Any]]:
        return load(self, run_id, cut)

    def child(self, name: str, inputs: Mapping[str, Any], body: Body, deepest: int) -> Child:
        return start_child(self, name, inputs, body, deepest)

    # ------------------------------------------------------------------ what there is

    @staticmethod
    def runners() -> tuple[str, ...]:
        """The names of the runners that nodes can ask for, those of plugins behind the others. They are the process's. ExecutorError as
        `plugins`."""
        plugged()
        return named_runners()

    @staticmethod
    def plugins() -> list[Plugin]:
        """What is installed beside the package: of each plugin its `name`, its `package`, what it `brings`, and why it is `left_out`,
        empty where it is not. ExecutorError `missing-plugin`, `cyclic-plugins` names those that can't be put in order.
        """
        return plugged(look_again=True).plugins

    # ------------------------------------------------------------------ recovery and events

    def recover(self, changed: Literal["ask", "reuse", "rerun", "fork"] = "ask") -> list[Run]:
        """Go on with the runs that engines which died have left; they are returned.

        A run whose code changed since is left paused (`changed="ask"`), reason `code-changed`. Runs whose functions are
        not defined here stay interrupted, with a warning that names them.
        """
        return [Run(self, live) for live in recover(self, changed)]

    def on(self, event: str, callback: Callable[[dict[str, Any]], object]) -> Callable[[], None]:
        """Call back for `run.…` and `task.…` events (in the engine's thread: be brief). Returns what ends it."""
        return self.subscribers.on(event, callback)

    def events(self) -> AsyncIterator[dict[str, Any]]:
        """Every event from now on, as they are recorded: `async for event in engine.events()`."""
        return self.subscribers.stream()


def _check_settings(concurrency: Any, pools: Any, strategy: Any, durability: Any) -> None:
    if not isinstance(pools, Mapping):
        raise InputError(f"pools= is a mapping of names to whole numbers, not {pools!r}", code="bad-option")
    for name, value in {
        "concurrency": concurrency,
        **{f"pools['{pool}']": size for pool, size in pools.items()},
    }.items():
        _check_count(name, value)
    if strategy != "priority":
        later = strategy in ("critical-path", "fifo")
        why = "is not available in this version" if later else "is unknown"
        raise InputError(
            f"strategy {strategy!r} {why}; there is 'priority'", code="not-available" if later else "bad-option"
        )
    if durability not in ("process", "power"):
        raise InputError(f"durability is 'process' or 'power', not {durability!r}", code="bad-option")


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be a whole number of 1 or more, not {value!r}", code="bad-option")

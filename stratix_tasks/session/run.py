"""`Run`: a handle on one run: its state, its result, and what can be asked of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Generator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Any, Literal

from stratix_tasks.core.machine import MISSING
from stratix_tasks.core.states import RUN_TERMINAL, State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.engine import outcome
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.session import asking

if TYPE_CHECKING:
    import pandas

    from stratix_tasks.session.engine import Engine

TICK = 0.1
"""Seconds between wake-ups of a waiting cell, so that an interrupt is delivered at once."""


class Run:
    """One run of a flow. Methods return when the request is recorded; TransitionError when it is not legal now."""

    def __init__(self, engine: Engine, live: LiveRun, flow: Any = None) -> None:
        self._engine, self._live, self._flow = engine, live, flow

    # ------------------------------------------------------------------ what it is

    @property
    def id(self) -> str:
        return self._live.id

    @property
    def flow(self) -> str:
        """The name of its flow."""
        return self._live.machine.plan.spec.flow

    @property
    def inputs(self) -> dict[str, Any]:
        return dict(self._live.binding.inputs)

    @property
    def status(self) -> str:
        """pending, running, pausing, paused, ending, completed, failed, cancelled; interrupted when its owner died."""
        self._refresh()
        machine = self._live.machine
        if not self._here and machine.run_state not in RUN_TERMINAL and not self._engine.runs_elsewhere(self.id):
            return "interrupted"
        return machine.run_state.label

    @property
    def reason(self) -> str | None:
        """Why it is in its state: `user`, `disk`, `timeout`, `code-changed`, …"""
        self._refresh()
        return self._live.machine.run_reason

    @property
    def error(self) -> StratixError | None:
        """Why there is no result; None while it runs, and when it completed."""
        self._refresh()
        error = self._live.error
        return error if isinstance(error, StratixError) else None

    @property
    def runs_here(self) -> bool:
        """Whether it goes on in this process."""
        return self._here

    @property
    def _here(self) -> bool:
        """Whether this engine runs it."""
        return self.id in self._engine.loop.lives

    def _refresh(self) -> None:
        """A run of another engine is read on in the store; one that was recovered here is the one that goes on."""
        here = self._engine.loop.lives.get(self.id)
        self._live = live = here or self._engine._known.get(self.id, self._live)
        if live.follower is not None:
            live.follower.catch_up(live)
        elif live.fenced:
            self._live, _ = self._engine.load(self.id)

    # ------------------------------------------------------------------ waiting

    def wait(self, timeout: float | None = None) -> str:
        """Block until it has ended, nobody runs it any more, or `timeout` seconds; returns the status."""
        limit = None if timeout is None else monotonic() + timeout
        self._tell_of_loss()
        self._refresh()
        if self._engine.loop.is_here and not self._over:
            raise StratixError(
                f"waiting for run {self.id} in the engine's own thread would have no end: a callback or an inline body can't "
                "wait for it. Use another thread, or engine.on('run.completed', …)",
                code="would-block",
            )
        while not self._over and not self._left:
            left = TICK if limit is None else min(TICK, limit - monotonic())
            if left <= 0:
                break
            pump()
            try:
                self._live.ended.result(left)
            except FutureTimeout:
                self._follow()
        self._tell_of_loss()
        return self.status

    def result(self, timeout: float | None = None) -> Any:
        """Its value, when it has ended.

        TaskFailed, RunCancelled; TimeoutError after `timeout` seconds (the run goes on); StratixError `interrupted` when
        nobody runs it.
        """
        try:
            self.wait(timeout)
        except KeyboardInterrupt as stop:
            stop.add_note(
                f"Only the waiting was interrupted: run {self.id} goes on. run.cancel() ends it, run.pause() pauses it."
            )
            raise
        self._refuse_left()
        if not self._over:
            raise TimeoutError(f"run {self.id} is {self.status} after {timeout:g} s; it goes on")
        return self._outcome()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._wait_async().__await__()

    async def _wait_async(self) -> Any:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._live.ended.add_done_callback(lambda _: _wake(loop, done))
        try:
            while not self._live.ended.done() and not self._left:
                pump()
                await asyncio.wait((done,), timeout=TICK)
                self._follow()
            self._tell_of_loss()
        except asyncio.CancelledError:
            print(
                f"Only the waiting was interrupted: run {self.id} goes on. run.cancel() ends it, run.pause() pauses it.",
                file=sys.stderr,
            )
            raise
        self._refuse_left()
        return self._outcome()

    @property
    def _over(self) -> bool:
        """Whether there is nothing to wait for. In the engine's thread a callback sees it before those who wait do."""
        live = self._live
        return live.ended.done() or (self._engine.loop.is_here and live.machine.run_state in RUN_TERMINAL)

    @property
    def _left(self) -> bool:
        """Whether its owner died and nobody has taken it over, as of the last look."""
        follower = self._live.follower
        return follower is not None and follower.interrupted

    def _refuse_left(self) -> None:
        if self._left and not self._live.ended.done():
            raise StratixError(
                f"run {self.id} is interrupted: the kernel that ran it has ended, so waiting would have no end. recover() goes on "
                "with it",
                code="interrupted",
            )

    def _follow(self) -> None:
        """While waiting; a run that was lost to another engine is waited for no longer."""
        live = self._live
        if live.broken is None and live.follower is not None:
            live.follower.catch_up(live)

    def _tell_of_loss(self) -> None:
        """Who waits is told that the engine was closed, and once that the run was lost to another: it is looked at there then."""
        lost = self._live.broken
        if lost is None or lost.code not in ("fenced", "closed"):
            return
        if lost.code == "fenced":
            self._live, _ = self._engine.load(self.id)
        raise lost

    def _outcome(self) -> Any:
        if self._live.error is not None:
            raise self._live.error
        live = self._live
        return live.result if live.result is not MISSING else live.engine.call(outcome.read, live).result()

    # ------------------------------------------------------------------ requests

    def pause(self, target: str | None = None, *, drain: bool = False) -> None:
        """Pause the run, a node (`"train"`) or an item (`"train[3]"`).

        Nothing new starts. Bodies park at their next checkpoint or finish, those in worker processes are suspended where
        they are; with `drain` all are left to finish.
        """
        self._ask("pause", target, {"drain": True} if drain else None)

    def resume(self, target: str | None = None) -> None:
        """Go on with the run, or with what was paused by itself."""
        self._ask("resume", target)

    def cancel(self, target: str | None = None) -> None:
        """End the run, a node or an item: what has not started is cancelled, bodies are asked to stop."""
        self._ask("cancel", target)

    def retry(self, target: str | None = None) -> None:
        """Try again: all that failed or was cancelled, or one node or item, with what depends on it."""
        self._ask("retry", target)

    def skip(self, target: str, *, value: Any = MISSING) -> None:
        """Skip a node or item; with `value`, that stands for its result."""
        self._ask("skip", target, asking.skipping(self._engine.store.objects, value))

    def set(
        self, target: str, *, args: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None
    ) -> None:
        """Change arguments and options (`retry`, `timeout`, `grace`, `priority`) of what has not started yet.

        Pause the run or the node first, so that it does not start meanwhile. Of a map that is expanded: item by item.
        """
        self._ask("set", target, asking.setting(self._engine.store.objects, args or {}, options or {}, target))

    def breakpoint(self, target: str, *, on: bool = True) -> None:
        """Pause a node each time it is about to start; `resume(target)` lets it go on. `on=False` takes it away."""
        self._ask("breakpoint", target, {"on": on})

    def rollback(self, to: str | None = None, *, at: int | None = None) -> None:
        """Set back what came after: `to` a completed node, or `at` a fact (`seq` of `events()`). The run is then paused.

        What depends on the node is pending again; its history is kept, and running bodies of it are stopped.
        """
        if (to is None) == (at is None):
            raise InputError("roll back to a node (to=…) or to a fact (at=seq), one of them", code="bad-option")
        from stratix_tasks.session.rolling import back_to

        self._ask("rollback", None, {"to": to} if to is not None else back_to(self._engine, self.id, at))

    def fork(self, from_: str | None = None, *, inputs: Mapping[str, Any] | None = None) -> Run:
        """Start a new run that takes over the results of this one, and runs `from_` and what depends on it again.

        Without `from_` every result is taken over whose function is what it was. InputError when a new input feeds a node
        whose result is taken over.
        """
        from stratix_tasks.session.forking import fork

        return fork(self._engine, self.id, from_, dict(inputs or {}))

    def _ask(self, verb: str, target: str | None, args: dict[str, Any] | None = None) -> None:
        if target is not None and not isinstance(target, str):
            raise InputError(
                f'name a node ("train") or an item ("train[3]") to {verb}, not {target!r}', code="unknown-node"
            )
        from stratix_tasks.session.sending import ask

        ask(self._engine, self._live, verb, target, args or {})

    def _request(self, verb: str, target: str | None, args: dict[str, Any]) -> Future[Any]:
        """A request of a view, from the engine's thread: it must not wait."""
        from stratix_tasks.session.sending import send

        asked = asking.of_view(self._engine.store.objects, verb, target, args)
        return send(self._engine, self._live, verb, target, asked)

    # ------------------------------------------------------------------ looking closer

    def output(self, target: str) -> Any:
        """The result of a node or item. StratixError `no-output` when it has none."""
        self._refresh()
        live = self._live

        def read() -> Any:
            unit = unit_of(live.machine, target)
            if live.machine.state[unit] != State.COMPLETED:
                state = State(live.machine.state[unit]).label
                raise StratixError(f"'{target}' has no output: it is {state}", code="no-output")
            return live.binding.value(unit)

        return self._engine.loop.call(read).result()

    def logs(self, target: str | None = None) -> list[str]:
        """What the bodies of a node, an item or the whole run printed and logged, in order."""
        self._refresh()
        live = self._live

        def read() -> list[str]:
            self._engine.loop.flush_notes(live)
            machine = live.machine
            if target is None:
                units = list(live.notes.logs)
            else:
                unit = unit_of(machine, target)
                units = [unit, *machine.members(unit)]
            rows = sorted((row for unit in units for row in live.notes.logs.get(unit, ())), key=lambda row: row[0])
            lines = [text for _, _, _, text in rows]
            dropped = sum(live.notes.dropped.get(machine.node_of[unit], 0) for unit in {*units[:1]})
            return [*lines, f"… {dropped:,} more lines were not kept"] if dropped else lines

        return self._engine.loop.call(read).result()  # type: ignore[no-any-return]

    def progress(self) -> list[dict[str, Any]]:
        """One dict a node: name, kind, parent, state, attempt, done, total, failed, progress, text, started, ended, error."""
        self._refresh()
        return self._engine.loop.call(_progress, self._live).result()  # type: ignore[no-any-return]

    def why(self, target: str) -> str:
        """In one sentence why a node or item is in its state, and what it waits for."""
        from stratix_tasks.core.why import why

        interrupted = self.status == "interrupted"
        live = self._live

        def say() -> str:
            return why(live.machine, unit_of(live.machine, target), time(), interrupted=interrupted)

        return self._engine.loop.call(say).result()  # type: ignore[no-any-return]

    def tasks(self) -> pandas.DataFrame:
        """The run's nodes and items, from the store: `history().tasks(run=id)`."""
        from stratix_tasks.store.analytics import History

        return History(self._engine.store).tasks(run=self.id)

    def events(self) -> pandas.DataFrame:
        """Everything that happened in the run, in order."""
        from stratix_tasks.store.analytics import History

        return History(self._engine.store).transitions(run=self.id)

    def to_svg(self, path: str | os.PathLike[str] | None = None, *, theme: Literal["light", "dark"] = "light") -> str:
        """The graph with its states as SVG; written to `path` too, if given."""
        from stratix_tasks.session.display import picture, run_source

        return _written(picture(run_source(self), theme=theme), path)

    def to_png(self, path: str | os.PathLike[str] | None = None, *, theme: Literal["light", "dark"] = "light") -> bytes:
        """The graph with its states as PNG; written to `path` too, if given."""
        from stratix_tasks.formats.png import to_png

        data = to_png(self.to_svg(theme=theme))
        if path is not None:
            Path(path).write_bytes(data)
        return data

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The graph with its states as one HTML page that opens offline; written to `path` too, if given."""
        from stratix_tasks.session.display import page, run_source

        return _written(page(run_source(self)), path)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        from stratix_tasks.session.display import bundle, run_source, run_text
        from stratix_tasks.session.leading import Leads

        self._refresh()
        return bundle(run_source(self), run_text(self), Leads(lambda: self._engine), **options)

    def __repr__(self) -> str:
        return f"<run {self.id} of {self.flow}: {self.status}>"


def _written(text: str, path: str | os.PathLike[str] | None) -> str:
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


def pump() -> None:
    """Let a notebook's front end be heard while a cell waits, where its kernel needs help with that."""
    compat = sys.modules.get("stratix_tasks.view._kernel_compat")
    if compat is not None:
        compat.pump()


def _wake(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # the loop of someone who waits no more may be closed
        loop.call_soon_threadsafe(_set, future)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _progress(live: LiveRun) -> list[dict[str, Any]]:
    machine, rows = live.machine, []
    live.engine.flush_notes(live)
    for unit, name in enumerate(machine.plan.names):
        kind = machine.plan.kinds[unit]
        group = machine.groups.get(unit)
        fraction, text = live.notes.progress.get(unit, (None, ""))
        error = machine.error.get(unit)
        rows.append(
            {
                "name": name,
                "kind": kind.label,
                "parent": machine.plan.parents[unit],
                "state": State(machine.state[unit]).label,
                "attempt": machine.attempt[unit],
                "done": group.done if group is not None else 0,
                "total": group.count if group is not None else 0,
                "failed": group.failed if group is not None else 0,
                "progress": fraction,
                "text": text,
                "started": machine.started[unit] or None,
                "ended": machine.ended[unit] or None,
                "error": f"{error.get('type')}: {error.get('message')}" if error else None,
            }
        )
    return rows

"""A live run: its machine, values, bodies, logs and watchers. It is what runners see as their host."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import Context
from typing import TYPE_CHECKING, Any

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.ports import Place
from stratix_tasks.core.states import RunState
from stratix_tasks.core.targets import label
from stratix_tasks.engine.binding import Binding
from stratix_tasks.engine.breaking import break_off
from stratix_tasks.engine.notes import LOG_CAP, Notes, writable
from stratix_tasks.errors import StratixError
from stratix_tasks.runners.attempt import Attempt, Where

if TYPE_CHECKING:
    from stratix_tasks.engine.engine import EngineLoop


class LiveRun:
    """One run in this engine. The machine and what hangs on it belong to the engine's thread."""

    def __init__(
        self,
        engine: EngineLoop,
        run_id: str,
        key: bytes,
        machine: Machine,
        binding: Binding,
        context: Context,
        epoch: int,
        places: dict[tuple[int, int], Place],
    ) -> None:
        self.engine, self.id, self.key = engine, run_id, key
        self.machine, self.binding, self.context = machine, binding, context
        self.epoch, self.seq = epoch, 0
        self.places = places
        """Where the payload frame of a unit and attempt is."""
        self.priority = 0
        self.forked_from: dict[str, Any] | None = None
        self.objects = engine.objects
        self.events: list[tuple[Any, ...]] = []
        self.bodies: dict[int, Attempt] = {}
        self.exceptions: dict[int, BaseException] = {}
        self.notes = Notes()
        self.pending_notes: deque[tuple[Attempt, str, tuple[Any, ...]]] = deque()
        self.watchers: list[Callable[[LiveRun, set[int]], None]] = []
        self.listeners: list[Callable[[LiveRun, int, Any], None]] = []
        self.timer: Any = None
        self.timer_at = 0.0
        self.unwritten: list[tuple[Any, ...]] = []
        self.commands: list[tuple[int, int, int]] = []
        self.unstored: list[tuple[Attempt, Any, float | None]] = []
        self.ended: Future[RunState] = Future()
        self.result: Any = None
        self.error: BaseException | None = None
        self.broken: StratixError | None = None
        """Why this engine let go of a run that has not ended."""
        self.started_at = self.ended_at = 0.0
        self.follower: Any = None
        """What keeps it up with the journal of the engine that runs it, where that is another one."""

    @property
    def elsewhere(self) -> bool:
        """Whether this engine does not run it, so that nothing is recorded of it here."""
        return self.follower is not None or self.broken is not None

    @property
    def fenced(self) -> bool:
        """Whether this engine lost it to another one."""
        return self.broken is not None and self.broken.code == "fenced"

    def let_go(self) -> None:
        """Forget what was on its way: answers, notes, deadlines."""
        self.events.clear()
        self.pending_notes.clear()
        self.unstored.clear()
        self.unwritten, self.commands = [], []
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def become(self, other: LiveRun) -> None:
        """Be the run as it was read again from the store, for all who hold this one."""
        was_over, over = self.ended.done(), other.ended.done()
        for name in ("machine", "binding", "context", "epoch", "seq", "places", "priority", "notes", "exceptions"):
            setattr(self, name, getattr(other, name))
        for name in ("result", "error", "started_at", "ended_at", "follower"):
            setattr(self, name, getattr(other, name))
        self.let_go()
        if was_over or over:
            waiting, self.ended = self.ended, other.ended
            if over and not was_over:
                waiting.set_result(other.ended.result())
        for watcher in tuple(self.watchers):
            watcher(self, set(range(len(self.machine.plan.names))))

    def wrote(self, places: Sequence[Place]) -> None:
        """The machine's payload frames are in the journal."""
        frames, self.machine.frames = self.machine.frames, []
        self.places.update(((unit, attempt), place) for (unit, attempt, _), place in zip(frames, places, strict=True))

    def keep(self) -> None:
        """Results that are recorded may leave the memory."""
        recorded, self.machine.recorded = self.machine.recorded, []
        self.binding.keep(recorded)

    def show(self, changed: set[int]) -> None:
        """Who only looks on can't harm a run: a watcher that fails is left out from then on."""
        for watcher in tuple(self.watchers):
            try:
                watcher(self, changed)
            except Exception as error:
                self.watchers.remove(watcher)
                text = f"a view of run {self.id} failed and is left out: {type(error).__name__}: {error}"
                warnings.warn(text, stacklevel=2)

    # ------------------------------------------------------------------ as the host of attempts; any thread

    def answer(self, event: tuple[Any, ...]) -> None:
        self._hand_in(self.engine.post, event)

    def hand_over(self, event: tuple[Any, ...]) -> None:
        self._hand_in(self.engine.hand_over, event)

    def _hand_in(self, take: Callable[[LiveRun, tuple[Any, ...]], None], event: tuple[Any, ...]) -> None:
        """An exception here may be one that was raised in the body's thread from outside: then it works the second time. An
        answer that comes twice counts once.
        """
        try:
            take(self, event)
        except BaseException:
            try:
                self.engine.post(self, event)
            except Exception as error:
                self.engine.call(break_off, self, error)

    def note(self, attempt: Attempt, kind: str, row: tuple[Any, ...]) -> None:
        """Take a log row, metric, progress or artifact; beyond the cap of its node it is counted, not kept."""
        if self.elsewhere:
            return
        if kind == "dropped":  # a worker process has counted what was too much
            self.notes.drop(self.machine.node_of[attempt.unit], row[0])
            return
        if kind != "progress":
            node = self.machine.node_of[attempt.unit]
            count = self.notes.count.get(node, 0)
            if count >= LOG_CAP:
                self.notes.drop(node)
                return
            self.notes.count[node] = count + 1
        self.pending_notes.append((attempt, kind, writable(row)))
        self.engine.noted(self)

    def take_notes(self) -> tuple[dict[str, list[Any]], set[int]]:
        """What was said since the last call, as rows of the journal by their kind, and the nodes that said it.

        Progress is of the moment: it is not recorded.
        """
        changed = set()
        rows: dict[str, list[Any]] = {"logs": [], "metrics": [], "artifacts": []}
        for _ in range(len(self.pending_notes)):
            attempt, kind, row = self.pending_notes.popleft()
            unit, number = attempt.unit, attempt.number
            changed.add(self.machine.node_of[unit])
            if kind == "progress":
                self.notes.progress[unit] = (row[1], row[2])
            elif kind == "log":
                rows["logs"].append((row[0], unit, number, row[1], row[2]))
            elif kind == "metric":
                rows["metrics"].append((row[0], unit, number, row[1], row[2]))
            else:
                at, name, encoded, kind_of = row
                rows["artifacts"].append((at, unit, number, name, encoded.codec, encoded.payload, kind_of))
        return {kind: batch for kind, batch in rows.items() if batch}, changed

    def place(self, unit: int) -> Where:
        machine, node = self.machine, self.machine.node_of[unit]
        name, generation = machine.plan.names[node], machine.generation.get(unit, 0)
        if node == unit:
            return Where(name, generation=generation)
        group, each = machine.group_of(unit), machine.plan.specs[node].each
        index, mapped = group.index(unit), () if each is None else tuple(each.over)
        return Where(name, index, group.key(index), generation, mapped, machine.room(unit))

    def name(self, unit: int) -> str:
        return label(self.machine, unit)

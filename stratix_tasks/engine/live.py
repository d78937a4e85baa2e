"""A live run: its core, values, bodies, logs and watchers. It is what runners see as their host."""

from __future__ import annotations

import warnings
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextvars import Context
from typing import Any, Protocol

from stratix_tasks.core.agenda.books import Claims
from stratix_tasks.core.decide import attempts
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.node import Policy
from stratix_tasks.core.ports import Journal, Objects, Place, Runner
from stratix_tasks.core.states import TERMINAL, RunState
from stratix_tasks.core.targets import label
from stratix_tasks.engine.binding import Binding
from stratix_tasks.engine.notes import Note, Notes, writable
from stratix_tasks.engine.places import Places
from stratix_tasks.engine.prepare import Job, Outcome
from stratix_tasks.engine.reading import Reader
from stratix_tasks.errors import StratixError, in_words
from stratix_tasks.runners.attempt import Attempt, Where
from stratix_tasks.runners.ends import gap
from stratix_tasks.runners.secrets import Masks


class Shell(Protocol):
    """The engine that runs live runs, as these see it, and those who act for it: `EngineLoop`."""

    journal: Journal
    objects: Objects
    secrets: Callable[[str], str]
    clock: Callable[[], float]
    loop: AbstractEventLoop
    lives: dict[str, LiveRun]
    places: Places
    on_revived: list[Callable[[LiveRun], None]]
    listeners: list[Callable[[LiveRun, int, list[Any]], None]]

    @property
    def runners(self) -> Mapping[str, Runner]: ...
    @property
    def prepare(self) -> Preparing: ...
    @property
    def staging(self) -> Waiting: ...
    @property
    def is_here(self) -> bool: ...
    def look(self, function: Callable[..., Any], *args: Any) -> Any: ...
    def later(self, seconds: float, callback: Callable[[], object]) -> None: ...
    def call(self, function: Callable[..., Any], *args: Any) -> Future[Any]: ...
    def post(self, live: LiveRun, event: tuple[Any, ...]) -> None: ...
    def hand_over(self, live: LiveRun, event: tuple[Any, ...]) -> None: ...
    def noted(self, live: LiveRun) -> None: ...
    def flush_notes(self, live: LiveRun) -> None: ...
    def lost(self, live: LiveRun) -> bool: ...
    def commit(self, live: LiveRun, facts: list[Any], commands: list[tuple[int, int, int]]) -> None: ...
    def tell(self, live: LiveRun, facts: list[Any]) -> None: ...
    def arm(self, live: LiveRun) -> None: ...
    def adopt(self, live: LiveRun) -> None: ...
    def retire(self, live: LiveRun) -> None: ...
    def end(self, live: LiveRun) -> None: ...
    def break_off(self, live: LiveRun, error: Exception) -> StratixError: ...
    def feed_starved(self) -> None: ...


class Preparing(Protocol):
    """What does work that must not be done on the engine's loop: `Threads`."""

    def hand(self, what: str, work: Callable[[Reader], Any], then: Callable[[Outcome], None]) -> Job: ...
    def drop(self, job: Job) -> None: ...


class Waiting(Protocol):
    """Where attempts wait for their arguments: `Staging`."""

    def begin(self, live: LiveRun, unit: int, number: int, policy: Policy) -> None: ...
    def holder(self, live: LiveRun, attempt: Attempt) -> Any: ...
    def drop(self, live: LiveRun) -> None: ...


class LiveRun:
    """One run in this engine. The core and what hangs on it belong to the engine's thread."""

    def __init__(
        self,
        engine: Shell,
        run_id: str,
        key: bytes,
        core: Core,
        binding: Binding,
        context: Context,
        epoch: int,
        places: dict[tuple[int, int], Place],
    ) -> None:
        self.engine, self.id, self.key = engine, run_id, key
        self.claims: Claims | None = None
        """What its bodies take, until it is owned here: who only looks at a run takes no places for it."""
        self.core, self.binding, self.context = core, binding, context
        self.epoch, self.seq = epoch, 0
        self.places = places
        """Where the payload frame of a unit and attempt is."""
        self.priority = 0
        self.forked_from: dict[str, Any] | None = None
        self.looks: dict[str, dict[str, Any]] = {}
        """What views show of its inputs, as summaries: made once, not in the engine's thread."""
        self.objects = engine.objects
        self.masks = Masks()
        self.events: list[tuple[Any, ...]] = []
        self.bodies: dict[int, Attempt] = {}
        self.jobs: set[Job] = set()
        """What is being prepared for it."""
        self.exceptions: dict[int, BaseException] = {}
        self.notes = Notes()
        self.pending_notes: deque[Note] = deque()
        self.watchers: list[Callable[[LiveRun, set[int]], None]] = []
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
    def functions(self) -> Mapping[str, Any]:
        """The functions that are known here, by call."""
        return {call: function.call for call, function in self.binding.functions.items()}

    @property
    def elsewhere(self) -> bool:
        """Whether this engine does not run it, so that nothing is recorded of it here."""
        return self.follower is not None or self.broken is not None

    @property
    def fenced(self) -> bool:
        """Whether this engine lost it to another one."""
        return self.broken is not None and self.broken.code == "fenced"

    def begin(self, at: float) -> None:
        """Its first fact is of then, in Unix seconds."""
        self.started_at = at
        self.binding.begin(at)

    def own(self) -> None:
        """This engine is going to decide what becomes of the run."""
        if self.claims is not None:
            self.core.own(self.claims, priority=self.priority)
            self.claims = None

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
        for name in (
            "core",
            "claims",
            "binding",
            "context",
            "epoch",
            "seq",
            "places",
            "priority",
            "notes",
            "exceptions",
        ):
            setattr(self, name, getattr(other, name))
        for name in ("result", "error", "started_at", "ended_at", "follower", "looks"):
            setattr(self, name, getattr(other, name))
        self.let_go()
        if was_over or over:
            waiting, self.ended = self.ended, other.ended
            if over and not was_over:
                waiting.set_result(other.ended.result())
        for watcher in tuple(self.watchers):
            watcher(self, set(range(len(self.core.state.root.outline.names))))

    def wrote(self, places: Sequence[Place]) -> None:
        """The core's payload frames are in the journal."""
        frames, self.core.frames = self.core.frames, []
        self.places.update(((unit, attempt), place) for (unit, attempt, _), place in zip(frames, places, strict=True))

    def keep(self) -> None:
        """Results that are recorded may leave the memory."""
        recorded, self.core.recorded = self.core.recorded, []
        self.binding.keep(recorded)

    def show(self, changed: set[int]) -> None:
        """Who only looks on can't harm a run: a watcher that fails is left out from then on."""
        for watcher in tuple(self.watchers):
            try:
                watcher(self, changed)
            except Exception as error:
                self.watchers.remove(watcher)
                text = f"a view of run {self.id} failed and is left out: {in_words(error)}"
                warnings.warn(text, stacklevel=2)

    # ------------------------------------------------------------------ as the host of attempts; any thread

    def answer(self, event: tuple[Any, ...], *, free: bool = False) -> None:
        """An exception here may be one that was raised in the body's thread from outside: then it works the second time. An
        answer that comes twice counts once.
        """
        try:
            if free:
                self.engine.hand_over(self, event)
            else:
                self.engine.post(self, event)
        except BaseException:
            try:
                self.engine.post(self, event)
            except Exception as error:
                self.engine.call(self.engine.break_off, self, error)

    def secret(self, name: str) -> str:
        """The value of a secret for a body, masked from now on in what bodies of this run say."""
        value = self.engine.secrets(name)
        self.masks.learn(name, value)
        return value

    def note(self, attempt: Attempt, kind: str, row: tuple[Any, ...]) -> None:
        """Take a log row, metric, progress or artifact; of too many of a node, the two ends are kept."""
        if self.elsewhere:
            return
        if self.masks:
            row = self.masks.data(row)
        note = (attempt, kind, writable(row))
        if kind == "gap":  # what comes from a worker process has been shortened already
            note = (attempt, "log", gap(*row))
        elif kind != "progress" and not self.notes.comes(self.core.state.shown(attempt.unit), note):
            return
        self.pending_notes.append(note)
        self.engine.noted(self)

    def take_notes(self) -> tuple[dict[str, list[Any]], set[int]]:
        """What was said since the last call, as rows of the journal by their kind, and the nodes that said it.

        Progress is of the moment: it is not recorded.
        """
        s, changed = self.core.state, set()
        for node in tuple(self.notes.long):
            if self.core.is_over or s.status[node] in TERMINAL:
                self.pending_notes += self.notes.rest(node)
        rows: dict[str, list[Any]] = {"logs": [], "metrics": [], "artifacts": []}
        for _ in range(len(self.pending_notes)):
            attempt, kind, row = self.pending_notes.popleft()
            unit, number = attempt.unit, attempt.number
            changed.add(self.core.state.shown(unit))
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
        s = self.core.state
        generation, node = s.generation.get(unit, 0), s.map_of(unit)
        orphans = len(s.orphaned.get(unit, ()))
        if node < 0:
            return Where(label(s, unit), generation=generation, orphans=orphans)
        index, each = s.index(unit), s.node(node).spec.each
        mapped, room = tuple(each.over), attempts.room(self.core, unit)
        return Where(label(s, node), index, s.key(node, index), generation, mapped, room, orphans)

    def name(self, unit: int) -> str:
        return label(self.core.state, unit)

"""The shell: one loop, and turns (`turns.py` says whose): drain the inbox, let the core decide, write the journal, perform.

It runs no user code but inline bodies, so that neither a busy cell nor a blocking body can keep a click waiting.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from stratix_tasks.core.answers import Answer
from stratix_tasks.core.decide import turn
from stratix_tasks.core.facts import Fact
from stratix_tasks.core.ports import Journal, Objects, Runner
from stratix_tasks.engine import breaking, outcome, room
from stratix_tasks.engine.breaking import or_break_off, or_refuse
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.memory import Memory
from stratix_tasks.engine.performing import Runners, perform
from stratix_tasks.engine.places import Places
from stratix_tasks.engine.prepare import Threads
from stratix_tasks.engine.staging import Staging
from stratix_tasks.engine.taking import take
from stratix_tasks.engine.thread import EngineThread
from stratix_tasks.errors import StoreError, StratixError
from stratix_tasks.executors.runners import brought
from stratix_tasks.runners.attempt import UNSTORED
from stratix_tasks.runners.capture import CAPTURE
from stratix_tasks.runners.coroutine import AsyncRunner, InlineRunner
from stratix_tasks.runners.native import Clock
from stratix_tasks.runners.secrets import no_secrets
from stratix_tasks.runners.thread import ThreadRunner

Payload = tuple[int, int, bytes]
TURN = 0.005
"""Seconds after which a turn gives the loop back."""
SWITCH = 0.0001
"""The interpreter's switch interval while a run lives: with the usual 5 ms a busy cell holds each hand-over up that long."""
NOTES_EVERY = 0.05
"""Seconds between writing out logs, metrics and progress."""
CONFIRMED = 0.1
"""Seconds for which the engine trusts that its runs are still its own. A process that was stopped or asleep for longer
asks before it shows or performs what it has recorded: another engine may have been given its runs meanwhile, and has cut that off.
This clock decides nothing about who is dead."""
LONGEST = 30.0
"""Seconds after which the time is looked at again: the loop's own clock stands still while the computer sleeps."""


class EngineLoop(EngineThread):
    """Runs live runs. All methods but those named as for any thread belong to the thread that has the turn.

    `secrets` gives the value of a secret by its name.

    `clock` gives Unix time, steadily (`Clock`). With a `loop` of yours there is no thread: you drive it, and all methods belong to your
    thread. `runners` stand in for the usual ones, by name; `prepare` for the threads that prepare what must not be done on
    the loop.
    """

    def __init__(
        self,
        journal: Journal,
        objects: Objects,
        *,
        concurrency: int,
        pools: dict[str, int],
        clock: Callable[[], float] = Clock.time,
        loop: asyncio.AbstractEventLoop | None = None,
        runners: Mapping[str, Runner] | None = None,
        prepare: Any = None,
        secrets: Callable[[str], str] = no_secrets,
    ) -> None:
        super().__init__(loop)
        self.journal, self.objects, self.clock, self.secrets = journal, objects, clock, secrets
        self.places = Places(concurrency, pools)
        self.memory = Memory()
        self.lives: dict[str, LiveRun] = {}
        self.on_ended: list[Callable[[LiveRun], None]] = []
        self.listeners: list[Callable[[LiveRun, int, list[Fact]], None]] = []
        """Told of the facts of every run once they are written, with the number of the first."""
        self.confirm: Callable[[], None] = self._alone
        self.confirmed = Clock.monotonic()
        self.on_revived: list[Callable[[LiveRun], None]] = []
        """Told before the facts are written by which an ended run goes on: who looks for runs to recover must know."""
        self._inbox: deque[tuple[LiveRun, tuple[Any, ...]]] = deque()
        self._woken = False
        self._noted: set[LiveRun] = set()
        self._interval = sys.getswitchinterval()
        self.runners = Runners(
            {
                "thread": ThreadRunner(self._later),
                "async": AsyncRunner(self._later),
                "child": AsyncRunner(self._later),
                "inline": InlineRunner(self.loop),
                **(runners or {}),
            },
            lambda name: brought(name)(self._later),
        )
        self.runners.later["process"] = self._process_runner
        self.prepare = prepare if prepare is not None else Threads(self.loop)
        self.staging = Staging(self)
        self.begin(self._turn)

    def _process_runner(self) -> Runner:
        from stratix_tasks.runners.process import ProcessRunner

        return ProcessRunner(self.objects)

    break_off = staticmethod(breaking.break_off)

    def _later(self, seconds: float, look: Callable[[], None]) -> None:
        """The timer of runners that look after their bodies."""

        def looked() -> None:
            look()
            if self._inbox:  # who handed this in may have been struck down before he woke this thread
                self._turn()

        self.loop.call_later(seconds, looked)

    # ------------------------------------------------------------------ any thread

    def post(self, live: LiveRun, event: tuple[Any, ...]) -> None:
        """An answer for a run's core."""
        self._inbox.append((live, event))
        if not self._woken:
            self._woken = True
            self.loop.call_soon_threadsafe(self._turn)

    def hand_over(self, live: LiveRun, event: tuple[Any, ...]) -> None:
        """The same, from a thread of a runner that is free: it does the turn itself, if nobody else is at it."""
        self._inbox.append((live, event))
        if self._woken:
            return
        self._woken, done = True, False
        try:
            done = self._turns is not None and not self._closing and self._turns.lend(self._turn)
        finally:
            if not done:
                self.loop.call_soon_threadsafe(self._turn)

    def noted(self, live: LiveRun) -> None:
        """A body said something; it is written out within `NOTES_EVERY`."""
        if live not in self._noted:
            self._noted.add(live)
            self.loop.call_soon_threadsafe(self.loop.call_later, NOTES_EVERY, self.flush_notes, live)

    def ask(
        self, live: LiveRun, verb: str, target: str | None, args: dict[str, Any] | None = None, by: str = ""
    ) -> Future[Any]:
        """A request; the future is done once its facts are journaled, or has the TransitionError."""
        return self.call(take, self, live, verb, target, args or {}, by)

    def close(self) -> None:
        """Stop the loop after what is in it; who waits for a run or shows it is told. Bodies are left to their daemon threads."""
        self.stop()
        for live in tuple(self.lives.values()):
            self.retire(live)
            breaking.closed(live)
            self._tell_of_close(live)
        self.call_back_all()
        for runner in (self.prepare, *self.runners.values()):
            try:
                runner.close()
            except Exception as error:  # one of a plugin: the others, and the store, are closed all the same
                warnings.warn(f"{type(runner).__name__} was not closed: {type(error).__name__}: {error}", stacklevel=4)

    def _tell_of_close(self, live: LiveRun) -> None:
        for watcher in tuple(live.watchers):
            with suppress(Exception):  # at the end of a process there may be nobody who could be shown anything
                watcher(live, set())

    # ------------------------------------------------------------------ whose run it is

    def _alone(self) -> None:
        """Without a catalog nobody can take a run away."""
        self.confirmed = Clock.monotonic()

    def lost(self, live: LiveRun) -> bool:
        """Whether another engine has the run now."""
        if Clock.monotonic() - self.confirmed > CONFIRMED:
            self.confirm()
        return live.follower is not None or live.broken is not None  # `elsewhere`, which is asked with each turn

    def fence(self, live: LiveRun, error: StratixError) -> None:
        """Another engine has the run: bodies are asked to stop, what they answer is ignored, nothing more is recorded."""
        live.let_go()
        breaking.let_go(live, error)

    # ------------------------------------------------------------------ turns

    def _turn(self) -> None:
        begun = self.loop.time()
        inbox = self._inbox
        crowded = len(self.lives) > 1  # also where the last but one ends in this turn
        while inbox:
            touched: list[LiveRun] = []
            while inbox:
                live, event = inbox.popleft()
                if live.broken is not None:
                    breaking.left(live, event)
                    continue
                if not live.events:
                    touched.append(live)
                live.events.append(event)
            for live in touched:
                self._step(live)
                crowded |= live.id not in self.lives  # a body that outlived its run gave its place back
            if self.loop.time() - begun > TURN:
                break
        self._woken = False
        if inbox:  # there are more than fit in, or some came at this moment
            self._woken = True
            self.loop.call_soon(self._turn)
        if crowded:
            self.feed_starved()

    @or_break_off
    def _step(self, live: LiveRun) -> None:
        events, live.events = live.events, []
        if live.follower is not None:
            return
        bodies = live.bodies
        for at, event in enumerate(events):
            kind = event[0]
            if kind in _OVER:
                body = bodies.get(event[1])
                if body is not None and body.number == event[2]:
                    del bodies[event[1]]
                if kind == _FAIL and event[5] is not None:
                    live.exceptions[event[1]] = event[5]
            elif kind == UNSTORED:
                events[at] = room.unstored(self, live, *event[1:])
        facts, commands = turn.handle(live.core, events, self.clock())
        self.commit(live, facts, commands)
        if live.notes.long:
            self.noted(live)

    def commit(self, live: LiveRun, facts: list[Any], commands: list[tuple[int, int, int]]) -> None:
        """Journal first, then perform, unless another engine has the run by then: it cut off what was written too late."""
        if live.unwritten:
            live.unwritten += facts
            live.commands += commands
            return
        if facts:
            frames = live.core.frames
            try:
                places = self.journal.commit(live.key, live.seq, live.epoch, facts, frames)
            except StoreError:
                live.unwritten, live.commands = facts, commands
                room.stall(self, live)
                return
            if frames:
                live.wrote(places)
            live.seq += len(facts)
        if self.lost(live):
            return
        if facts and (self.listeners or live.watchers):
            self.tell(live, facts)
        if commands:
            perform(self, live, commands)
        if live.core.recorded:
            live.keep()
        if live.core.has_deadlines:
            self.arm(live)

    def tell(self, live: LiveRun, facts: list[Any]) -> None:
        for listener in self.listeners:
            listener(live, live.seq - len(facts), facts)
        if live.watchers:
            live.show(outcome.changed_nodes(live.core, facts))

    def arm(self, live: LiveRun) -> None:
        due = live.core.agenda.next_due()
        if due is None or (live.timer is not None and live.timer_at <= due):
            return
        if live.timer is not None:
            live.timer.cancel()
        live.timer_at = due
        live.timer = self.loop.call_later(min(max(due - self.clock(), 0.0), LONGEST), self._tick, live)

    @or_break_off
    def _tick(self, live: LiveRun) -> None:
        live.timer = None
        if self.lost(live):
            return
        facts, commands = turn.handle(live.core, (), self.clock())
        self.commit(live, facts, commands)
        self.arm(live)
        self.feed_starved()

    def feed_starved(self) -> None:
        """Slots that one run gave back may be what another waits for, and what that has no use for a third one; the most urgent run
        is asked first."""
        while starved := [live for live in self.lives.values() if live.core.agenda.awake and live.core.agenda.going]:
            for live in sorted(starved, key=lambda live: -live.priority):
                self._feed(live)

    @or_break_off
    def _feed(self, live: LiveRun) -> None:
        turn.advance(live.core, self.clock())
        self.commit(live, *live.core.drain())

    # ------------------------------------------------------------------ the life of a run

    def create(self, live: LiveRun, created: Fact, more: Iterable[tuple[list[Fact], list[Payload]]] = ()) -> None:
        """Record a new run, with what it takes over from another; it begins in the next turn.

        StoreError when it can't be recorded: then there is no run.
        """
        self.journal.commit(live.key, 0, live.epoch, [created])
        live.seq = 1
        for facts, payloads in more:
            self.journal.commit(live.key, live.seq, live.epoch, facts, payloads)
            live.seq += len(facts)
        self.adopt(live)
        self.loop.call_soon(self._begin, live)

    @or_break_off
    def _begin(self, live: LiveRun) -> None:
        now = self.clock()
        turn.start(live.core, now)
        turn.advance(live.core, now)
        self.commit(live, *live.core.drain())

    @or_refuse
    def resume(self, live: LiveRun) -> None:
        """Go on with a run that was claimed: its core holds the facts of the claim."""
        if not live.core.is_over:
            self.adopt(live)
        self.commit(live, *live.core.drain())

    def adopt(self, live: LiveRun) -> None:
        if live.id not in self.lives:
            self.lives[live.id] = live
            Clock.begin()
            CAPTURE.acquire()
            if len(self.lives) == 1:
                self._interval = sys.getswitchinterval()
                sys.setswitchinterval(SWITCH)

    def retire(self, live: LiveRun) -> None:
        if self.lives.pop(live.id, None) is not None:
            CAPTURE.release()
            Clock.end()
            if not self.lives and abs(sys.getswitchinterval() - SWITCH) < 1e-9:
                sys.setswitchinterval(self._interval)

    def end(self, live: LiveRun) -> None:
        """The run has ended: settle its result, let waiters go on."""
        self.flush_notes(live)
        live.ended_at = live.core.state.at  # as it is recorded, and as whoever reads it back has it
        if live.timer is not None:
            live.timer.cancel()
            live.timer = None
        live.result, live.error = outcome.settle(live)
        self.staging.drop(live)
        self.retire(live)
        try:
            for callback in self.on_ended:
                callback(live)
        finally:
            self.loop.call_soon(self._let_waiters_go, live)

    @staticmethod
    def _let_waiters_go(live: LiveRun) -> None:
        """After those who are called back: what they ask may let the run go on, and then it has not ended for who waits."""
        if live.core.is_over and not live.ended.done():
            live.ended.set_result(live.core.state.run)

    # ------------------------------------------------------------------ notes

    def flush_notes(self, live: LiveRun) -> None:
        """Write out what bodies said, then show it: what was seen survives `kill -9`. Without room it is dropped and counted."""
        self._noted.discard(live)
        if live.elsewhere:
            live.pending_notes.clear()
            return
        rows, changed = live.take_notes()
        for kind, batch in rows.items():
            if self.journal.note(live.key, live.epoch, kind, batch):
                live.notes.take(kind, batch)
                continue
            for row in batch:
                live.notes.drop(live.core.state.shown(row[1]))
        if changed and live.watchers:
            live.show(changed)


_FAIL = int(Answer.FAIL)
_OVER = frozenset(int(kind) for kind in (Answer.OK, Answer.FAIL, Answer.STOPPED, Answer.LOST))
"""Answers after which there is no body any more."""

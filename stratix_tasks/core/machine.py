"""The machine: events in, facts and commands out. It decides; the shell journals the facts, then performs the commands.

Theory of operation. A run is a set of units: nodes, the items of mapped nodes, and groups (mapped nodes and sub-flows),
each in one state of `states.NODE` or `states.GROUP`. `left[u]` counts what a unit still waits for; when it reaches 0
the unit is ready (or asks for its condition, or for its expansion) and goes to its lane, from where `dispatch` starts
it while slots are free. A unit that ends is spread to those that need it. Nothing here is scanned per event but the
neighbours of what changed.

Events are tuples `(kind, unit, attempt, at, …)`; facts are those of `facts.py`; commands are tuples `(kind, unit,
attempt)`. Time comes in with the events; deadlines are kept as data (`timers`). Results are opaque: the machine only
holds them.

The class is built in layers, each of which uses only those below: `units` (the data), `moves` (a transition and what
follows from it), `waiting` (nodes without a body), `attempts` (bodies that end other than well), `spawning` (bodies
that add items to their own node), and here what comes in and what is started.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.facts import COMPLETED, STARTED, Fact
from stratix_tasks.core.lanes import Lane
from stratix_tasks.core.moves import COMPLETED_STATE, PENDING, READY, RUNNING
from stratix_tasks.core.plan import Kind
from stratix_tasks.core.spawning import Spawning
from stratix_tasks.core.states import LIVE, OK_AFTER_STOP, Event, RunEvent, RunState, State
from stratix_tasks.core.timers import Timer


class Machine(Spawning):
    """One run: events in, facts and commands out."""

    # ------------------------------------------------------------------ the way in

    def handle(self, events: Sequence[tuple[Any, ...]], at: float) -> tuple[list[Fact], list[tuple[int, int, int]]]:
        """Take answers, fire what is due, start what can be started.

        Returns the facts to journal, then the commands to perform.
        """
        timers = self.timers
        if timers.deadline:
            for timer, unit in timers.pop_due(at):
                self._fire(timer, unit, at)
        state, attempt = self.state, self.attempt
        for event in events:
            if event[0] == 0:  # Answer.OK, by far the most frequent
                unit = event[1]
                if state[unit] == RUNNING and attempt[unit] == event[2]:
                    self._complete(event)
                else:
                    self._odd_answer(event)
            else:
                self._answer(event)
        self.advance(at)
        return self.drain()

    def advance(self, at: float) -> None:
        """Start what can be started, and end or settle the run."""
        if self.run_state is RunState.RUNNING:
            self._dispatch(at)
        if not self.todo or self.run_state in (RunState.PAUSING, RunState.ENDING):
            self._settle(at)

    def drain(self) -> tuple[list[Fact], list[tuple[int, int, int]]]:
        facts, commands = self.facts, self.commands
        self.facts, self.commands = [], []
        return facts, commands

    def start(self, at: float) -> None:
        """pending → running: everything without needs becomes ready."""
        self.run_move(RunEvent.START, at)
        for unit, left in enumerate(self.left):
            if not left:
                self.judge(unit, at)

    # ------------------------------------------------------------------ answers

    def _complete(self, event: tuple[Any, ...]) -> None:
        _, unit, attempt, at, value, codec, payload, summary, cpu, frame = event
        self.state[unit] = COMPLETED_STATE
        self.values[unit] = value
        self.ended[unit] = at
        if self.reason:
            self.reason.pop(unit, None)
        if summary is not None:
            self.summary[unit] = summary
        if codec != "json":
            self.recorded.append((unit, attempt, codec, payload))
            if frame is not None:
                self.frames.append((unit, attempt, frame))
        self.facts.append((COMPLETED, at, unit, attempt, codec, payload, summary, cpu))
        self._let_go(unit)
        self.timers.drop_unit(unit)
        self._spread_completed(unit, at)

    def _odd_answer(self, event: tuple[Any, ...]) -> None:
        """An OK that does not meet a running unit: suspended, being stopped, or from an attempt that is no longer the live one."""
        unit, attempt = event[1], event[2]
        if self.attempt[unit] != attempt or self.state[unit] not in LIVE:
            self._late(unit, attempt)
        elif self.state[unit] == State.STOPPING and self.target[unit][0] not in OK_AFTER_STOP:
            self._stopped(unit, event[3])
        else:
            self.target.pop(unit, None)
            if self.state[unit] == State.SUSPENDED:
                self.live += 1
            self._complete(event)

    def _answer(self, event: tuple[Any, ...]) -> None:
        kind, unit, attempt, at = event[:4]
        if kind == Answer.VERDICT:
            return self._verdict(unit, attempt, at, event[4])
        if kind == Answer.EXPANDED:
            return self._expanded(event)
        if kind == Answer.SPAWN:
            return self._spawned(event)
        if self.attempt[unit] != attempt or self.state[unit] not in LIVE:
            return self._late(unit, attempt) if kind != Answer.SUSPENDED else None
        if kind == Answer.SUSPENDED:
            wanted = unit in self.holds or self.run_state in (RunState.PAUSING, RunState.PAUSED)
            if self.state[unit] == RUNNING and wanted:  # else it was released while the answer was on its way
                self.live -= 1
                self.move(unit, Event.SUSPEND, at)
        elif self.state[unit] == State.STOPPING:
            self._stopped(unit, at)
        elif kind == Answer.WAIT:
            self._wait(unit, at, event[4])
        elif kind == Answer.LOST:
            self._lost(unit, at, event[4])
        else:
            if self.state[unit] == State.SUSPENDED:
                self.live += 1
            self._failed(
                unit, at, event[4] if kind == Answer.FAIL else {"type": "Cancelled", "message": "the body ended itself"}
            )

    def _is_asked(self, unit: int, generation: int) -> bool:
        """Whether an answer about a condition or an expansion still counts: what it was asked for is still the case."""
        return self.state[unit] == PENDING and self.generation.get(unit, 0) == generation and not self.left[unit]

    def _verdict(self, unit: int, generation: int, at: float, verdict: Any) -> None:
        if not self._is_asked(unit, generation):
            return
        if verdict is True:
            self._enable(unit, at)
        elif verdict is False:
            self.move(unit, Event.WHEN_FALSE, at, "when")
        else:
            self._refuse(unit, at, verdict)

    def _expanded(self, event: tuple[Any, ...]) -> None:
        _, unit, generation, at, count, keys, codec, payload = event
        if not self._is_asked(unit, generation):
            return None
        if isinstance(count, dict):
            return self._refuse(unit, at, count)
        if self.plan.kinds[unit] is Kind.FLOW:
            members: Sequence[int] = self.plan.members.get(unit, ())
        else:
            members = self.add_items(unit, count)
        self.open_group(unit, members, keys, at, codec, payload)
        group = self.groups[unit]
        group.recount(self.state)  # members may have ended by request before their group opened
        if group.ended == group.count:
            return self._gather(unit, at)
        if self.plan.kinds[unit] is Kind.FLOW:
            for member in members:
                self.left[member] -= 1
                if not self.left[member]:
                    self.judge(member, at)
        else:
            self._queue_items(unit, members, at)

    # ------------------------------------------------------------------ starting

    def _dispatch(self, at: float) -> None:
        if len(self._lanes) == 1:
            self._start_from(self._lanes[0], at)
            return
        while True:
            best, head = None, 0
            for lane in self._lanes:
                priority = lane.head()
                if priority is not None and (best is None or priority > head) and lane.blocked() is None:
                    best, head = lane, priority
            if best is None:
                return
            self._lanes.remove(best)
            self._lanes.append(best)
            self._start_from(best, at, 1)

    def _start_from(self, lane: Lane, at: float, most: int = 1 << 30) -> None:
        state, attempt, facts, commands = self.state, self.attempt, self.facts, self.commands
        slots = lane.slots
        while most and lane.head() is not None:
            for slot in slots:
                if slot.free <= 0:
                    return
            unit = lane.pop()
            if state[unit] != READY:
                continue
            if unit in self.abandoned:
                self._parked[unit] = lane
                continue
            for slot in slots:
                slot.free -= 1
            most -= 1
            state[unit] = RUNNING
            number = attempt[unit] = attempt[unit] + 1
            self.started[unit] = at
            self.live += 1
            if self.reason:
                self.reason.pop(unit, None)
            policy = self.policy(unit)
            if (self.timers.deadline or policy.timed) and not policy.waits:
                self._arm_attempt(unit, at)
            facts.append((STARTED, at, unit, number, self.queued[unit], policy.runner))
            commands.append((0, unit, number))

    def _arm_attempt(self, unit: int, at: float) -> None:
        limit = self.policy(unit).timeout.attempt
        self.timers.drop(Timer.QUEUED, unit)
        if limit is not None:
            self.timers.arm(Timer.ATTEMPT, unit, at, limit)

    # ------------------------------------------------------------------ the end

    def _settle(self, at: float) -> None:
        if self.run_state is RunState.ENDING:
            if not self.todo:
                self.run_move(RunEvent.ALL_ENDED, at, self.run_reason)
                self._ended()
        elif not self.todo and self.run_state in (RunState.RUNNING, RunState.PAUSING):
            self.run_move(RunEvent.SOME_BAD if self.bad else RunEvent.ALL_OK, at)
            self._ended()
        elif self.run_state is RunState.PAUSING and not self.live:
            self.run_move(RunEvent.DRAINED, at, self.run_reason)

    def _ended(self) -> None:
        self.commands.append((Do.ENDED, int(self.run_state), 0))

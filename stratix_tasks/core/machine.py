"""The machine: events in, facts and commands out. It decides; the shell journals the facts, then performs the commands.

Theory of operation. A run is a set of units: nodes, the items of mapped nodes, and groups (mapped nodes and sub-flows),
each in one state of `states.NODE` or `states.GROUP`. `left[u]` counts what a unit still waits for; when it reaches 0
the unit is ready (or asks for its condition, or for its expansion) and goes to its lane, from where `dispatch` starts
it while slots are free. A unit that ends is spread to those that need it. Nothing here is scanned per event but the
neighbours of what changed.

Events are tuples `(kind, unit, attempt, at, …)`; facts are those of `facts.py`; commands are tuples `(kind, unit,
attempt)`. Time comes in with the events; deadlines are kept as data (`timers`). Results are opaque: the machine only
holds them.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.facts import COMPLETED, EXPANDED, MOVED, STARTED, Fact
from stratix_tasks.core.facts import RUN as RUN_FACT
from stratix_tasks.core.lanes import Lane
from stratix_tasks.core.plan import Kind, Plan, Policy
from stratix_tasks.core.retry import AFTER_LOSS, pause_before, retries
from stratix_tasks.core.states import (
    BAD,
    GROUP,
    LIVE,
    NODE,
    OK_AFTER_STOP,
    RUN,
    TERMINAL,
    Event,
    RunEvent,
    RunState,
    State,
)
from stratix_tasks.core.timers import Timer, Timers


class Group:
    """The live side of a mapped node or sub-flow: its units and how many of them are in which kind of state."""

    __slots__ = ("count", "done", "ended", "failed", "first", "keys", "lane", "members", "skipped", "target")

    def __init__(self, members: Sequence[int], keys: list[str] | None, lane: Lane | None) -> None:
        self.members, self.keys, self.lane = members, keys, lane
        self.count = len(members)
        self.first = members.start if isinstance(members, range) else members[0] if members else 0
        self.done = self.failed = self.skipped = self.ended = 0
        self.target: State | None = None

    def recount(self, state: bytearray) -> None:
        """Count afresh what its units came to."""
        states = [state[unit] for unit in self.members]
        self.done, self.skipped = states.count(State.COMPLETED), states.count(State.SKIPPED)
        self.failed = sum(s in BAD for s in states)
        self.ended = self.done + self.skipped + self.failed


PENDING, READY, RUNNING, COMPLETED_STATE = State.PENDING, State.READY, State.RUNNING, State.COMPLETED
ATTEMPT_ONLY = frozenset((Timer.ATTEMPT,))
MISSING = object()
"""The value of a unit that has none in memory."""


class Machine:
    """One run's live state. Only the engine's thread touches it; viewers read it there too."""

    def __init__(self, plan: Plan, slots: Callable[[Policy | None, int | None], Lane], seed: str = "") -> None:
        count = len(plan.names)
        self.plan = plan
        self.run_state = RunState.PENDING
        self.run_target: RunState | None = None
        self.run_reason: str | None = None
        self.run_error: dict[str, Any] | None = None
        self.state = bytearray(count)
        self.attempt = array("H", bytes(2 * count))
        self.left = array("i", map(len, plan.needs))
        self.node_of = array("i", range(count))
        self.values: list[Any] = [MISSING] * count
        self.queued = array("d", bytes(8 * count))
        self.started = array("d", bytes(8 * count))
        self.ended = array("d", bytes(8 * count))
        self.generation: dict[int, int] = {}
        self.reason: dict[int, str] = {}
        self.error: dict[int, dict[str, Any]] = {}
        self.failures: dict[int, list[tuple[int, dict[str, Any]]]] = {}
        """(attempt, error) of every attempt that failed."""
        self.summary: dict[int, dict[str, Any]] = {}
        self.groups: dict[int, Group] = {}
        self.target: dict[int, tuple[State, str, dict[str, Any] | None]] = {}
        self.due: dict[int, float] = {}
        self.spent: dict[int, int] = {}
        """Attempts that do not count against the budget of retries."""
        self.lost: dict[int, int] = {}
        """How often the place where a unit's body ran has gone."""
        self.holds: dict[int, float] = {}
        self.breaks: set[int] = set()
        """Nodes with a breakpoint: they are held when they are about to become ready."""
        self.passing: set[int] = set()
        """Nodes that a person let go on from their breakpoint."""
        self.sets: dict[int, dict[str, Any]] = {}
        """Arguments that a person gave in place of the flow's, by unit."""
        self.own: dict[int, Policy] = {}
        """Policies of units that a person changed the options of; that of a mapped node is its items' too."""
        self.heard: set[Any] = set()
        """Names of the requests that were taken, of those that have one."""
        self.recoveries = 0
        """Owners that died with live bodies, since a person last resumed the run."""
        self.orphaned: dict[int, list[int]] = {}
        """Attempts by unit whose body died with its owner."""
        self.retired: list[Group] = []
        """Groups of items that a rollback took out of the run; those that still have a body end as cancelled."""
        self.abandoned: dict[int, int] = {}
        self._fenced: set[tuple[int, int]] = set()
        """(unit, attempt) of the abandoned bodies: each gives its place back once, however often it answers."""
        self.timers = Timers()
        self.todo = count
        self.bad = 0
        self.live = 0
        self.dropped_answers = 0
        self.facts: list[Fact] = []
        self.commands: list[tuple[int, int, int]] = []
        self.frames: list[tuple[int, int, bytes]] = []
        """Payload frames `(unit, attempt, bytes)` to write ahead of the facts; the shell takes them."""
        self.recorded: list[tuple[int, int, str, list[Any]]] = []
        """`(unit, attempt, codec, payload)` of results that don't stand in their fact itself; the shell takes them."""
        self.plain = bytearray(plan.plain)
        self._slots = slots
        self._random = Random(seed)
        self._lanes: list[Lane] = []
        self._lane_of: list[Lane | None] = [None] * count
        self._parked: dict[int, Lane] = {}
        self._over: deque[int] = deque()
        for members in plan.members.values():
            for unit in members:
                self.left[unit] += 1

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
        if self.plan.spec.timeout is not None:
            self.timers.arm(Timer.RUN, 0, at, self.plan.spec.timeout)
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
        if self.attempt[unit] != attempt or self.state[unit] not in LIVE:
            return self._late(unit, attempt) if kind != Answer.SUSPENDED else None
        if kind == Answer.SUSPENDED:
            wanted = unit in self.holds or self.run_state in (RunState.PAUSING, RunState.PAUSED)
            if self.state[unit] == RUNNING and wanted:  # else it was released while the answer was on its way
                self.live -= 1
                self.timers.freeze(at, unit, ATTEMPT_ONLY)
                self.move(unit, Event.SUSPEND, at)
        elif self.state[unit] == State.STOPPING:
            self._stopped(unit, at)
        elif kind == Answer.LOST:
            self._lost(unit, at, event[4])
        else:
            if self.state[unit] == State.SUSPENDED:
                self.live += 1
            self._failed(
                unit, at, event[4] if kind == Answer.FAIL else {"type": "Cancelled", "message": "the body ended itself"}
            )

    def _failed(self, unit: int, at: float, error: dict[str, Any]) -> None:
        policy = self.policy(unit)
        self.error[unit] = error
        if retries(policy.retry, self.attempt[unit] - self.spent.get(unit, 0), error) and not error.get("final"):
            self._retry_later(unit, Event.FAIL_RETRY, at, error, self._pause_before(unit))
        else:
            self._let_go(unit)
            self.move(unit, Event.FAIL, at, None, {"error": error})

    def _lost(self, unit: int, at: float, error: dict[str, Any]) -> None:
        """The place where a body ran has gone: it is tried again by a budget of its own."""
        losses = self.lost[unit] = self.lost.get(unit, 0) + 1
        self.error[unit] = error
        suspended = self.state[unit] == State.SUSPENDED
        self.live += suspended
        if losses > self.policy(unit).max_lost:
            self._let_go(unit)
            self.move(unit, Event.LOST, at, "lost", {"error": error})
            return
        self.spent[unit] = self.spent.get(unit, 0) + 1
        pause = pause_before(AFTER_LOSS, losses, self._random)
        if not suspended:
            return self._retry_later(unit, Event.LOST_RETRY, at, error, pause, "lost")
        self.due[unit] = at + pause
        self._let_go(unit)
        self.move(unit, Event.LOST_RETRY, at, "lost", {"error": error, "due": at + pause})

    def _pause_before(self, unit: int) -> float:
        tried = self.attempt[unit] - self.spent.get(unit, 0)
        return pause_before(self.policy(unit).retry, tried, self._random)

    def _retry_later(
        self, unit: int, event: Event, at: float, error: dict[str, Any], pause: float, reason: str | None = None
    ) -> None:
        due = self.due[unit] = at + pause
        self._let_go(unit)
        if unit in self.holds:
            self.move(unit, event, at, reason, {"error": error, "due": due})
            self.hold_if_asked(unit, at)
            return
        self.timers.arm(Timer.DUE, unit, at, due - at)
        self.move(unit, event, at, reason, {"error": error, "due": due})

    def _stopped(self, unit: int, at: float, *, abandoned: bool = False) -> None:
        """A stop took effect: the body ended, or its grace is over."""
        target, reason, detail = self.target.pop(unit)
        if abandoned:
            self.abandoned[unit] = self.abandoned.get(unit, 0) + 1
            self._fenced.add((unit, self.attempt[unit]))
            self.live -= 1
            self.timers.drop_unit(unit)
            detail = {**(detail or {}), "abandoned": True}
        else:
            self._let_go(unit)
        if target is State.RETRYING:
            detail = self.back_off(unit, at, reason, detail)
        self.move(unit, Event.STOPPED, at, reason, detail, target)
        self.hold_if_asked(unit, at)
        if target is PENDING:
            self.judge(unit, at)

    def hold_if_asked(self, unit: int, at: float) -> None:
        """A unit that was paused while it had a body, or ended, is held instead of going on; its time stands still."""
        if unit in self.holds and self.state[unit] in (PENDING, State.RETRYING):
            self.timers.freeze(at, unit)
            self.timers.drop(Timer.DUE, unit)
            self.move(unit, Event.HOLD, at, "user")

    def back_off(self, unit: int, at: float, reason: str, detail: dict[str, Any] | None) -> dict[str, Any]:
        """A body that was stopped is tried again: when, and the detail that tells it."""
        error = (detail or {}).get("error", {"type": "Stopped", "message": reason})
        self.due[unit] = at + self._pause_before(unit)
        self.timers.arm(Timer.DUE, unit, at, self.due[unit] - at)
        return {**(detail or {}), "error": error, "due": self.due[unit]}

    def _late(self, unit: int, attempt: int) -> None:
        """The answer of an attempt that is not the live one: dropped, counted; an abandoned body gives its slot back."""
        self.dropped_answers += 1
        if (unit, attempt) in self._fenced:
            self._fenced.discard((unit, attempt))
            self.abandoned[unit] -= 1
            lane = self.lane(unit)
            lane.give()
            if not self.abandoned[unit]:
                del self.abandoned[unit]
                if unit in self._parked and self.state[unit] == READY:
                    self._parked.pop(unit).push(unit, self.policy(unit).priority)

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

    def _refuse(self, unit: int, at: float, error: dict[str, Any]) -> None:
        self.error[unit] = error
        self.move(unit, Event.ERROR, at, None, {"error": error})

    # ------------------------------------------------------------------ readiness

    def judge(self, unit: int, at: float) -> None:
        """Look at what a pending unit needs and move it if that is decided."""
        if self.state[unit] != PENDING or self.run_state in (RunState.PENDING, RunState.ENDING):
            return
        bad = skipped = waiting = False
        states, soft = self.state, self.plan.firsts.get(unit, ())
        parent = self.parent(unit)
        if parent >= 0:
            above = states[parent]
            waiting, bad = above not in (State.OPEN, State.CLOSED), above in BAD
            skipped = above in (State.SKIPPED, COMPLETED_STATE)  # completed: it was given a value before it opened
        for need in self.plan.needs[unit]:
            state = states[need]
            if state == COMPLETED_STATE:
                continue
            if state == State.SKIPPED:
                skipped |= need not in soft
            elif state in BAD:
                bad = True
            else:
                waiting = True
        if bad:
            self.move(unit, Event.DEPS_BAD, at, "upstream")
        elif skipped or (not waiting and soft and not any(states[need] == COMPLETED_STATE for need in soft)):
            self.move(unit, Event.DEPS_SKIPPED, at, "upstream")
        elif not waiting:
            self._ask(unit, at)

    def _ask(self, unit: int, at: float) -> None:
        """All needs are there: ask for the condition, if there is one."""
        if self.plan.specs[unit].when is not None:
            self.commands.append((Do.EVALUATE, unit, self.generation.get(unit, 0)))
        else:
            self._enable(unit, at)

    def _enable(self, unit: int, at: float) -> None:
        if unit in self.breaks and unit not in self.passing:
            self.holds.setdefault(unit, at)
            self.move(unit, Event.HOLD, at, "breakpoint")
            return
        if self.plan.kinds[unit] is Kind.TASK:
            self.queue(unit, at)
        elif self.run_state is RunState.RUNNING:
            self.commands.append((Do.EXPAND, unit, self.generation.get(unit, 0)))
        else:
            return  # paused: it is looked at again at the resume, so that what it maps over can be set before
        self.passing.discard(unit)

    def queue(self, unit: int, at: float) -> None:
        """pending or retrying → ready. Not a fact: STARTED tells when it was; a reader derives it."""
        self.state[unit] = READY
        self.queued[unit] = at
        policy = self.policy(unit)
        if policy.timed:
            self._arm_queue_timers(unit, policy, at)
        self.lane(unit).push(unit, policy.priority)

    def _arm_queue_timers(self, unit: int, policy: Policy, at: float) -> None:
        if policy.timeout.queued is not None:
            self.timers.arm(Timer.QUEUED, unit, at, policy.timeout.queued)
        if policy.timeout.total is not None and not self.timers.armed(Timer.TOTAL, unit):
            self.timers.arm(Timer.TOTAL, unit, at, policy.timeout.total)

    def _spread_completed(self, unit: int, at: float) -> None:
        self.todo -= 1
        node = self.node_of[unit]
        if node != unit:
            return self._item_ended(node, unit, at, "done")
        left, state, plain = self.left, self.state, self.plain
        for out in self.plan.outs[unit]:
            left[out] -= 1
            if not left[out] and state[out] == PENDING:
                if plain[out]:
                    self.queue(out, at)
                else:
                    self.judge(out, at)
        if self.plan.parents[unit] >= 0:
            self._item_ended(self.plan.parents[unit], unit, at, "done")

    def _spread_other(self, unit: int, at: float) -> None:
        """A unit ended as failed, upstream_failed, cancelled or skipped."""
        self.todo -= 1
        state = self.state[unit]
        node = self.node_of[unit]
        field = "skipped" if state == State.SKIPPED else "failed"
        if node != unit:
            return self._item_ended(node, unit, at, field)
        if state in BAD:
            self.bad += 1
            if state == State.FAILED and self.plan.spec.on_failure == "stop":
                self._stop_run(unit, at)
        for member in self.plan.members.get(unit, ()):
            self.judge(member, at)
        for out in self.plan.outs[unit]:
            if state == State.SKIPPED and unit in self.plan.firsts.get(out, ()):
                self.left[out] -= 1
            self.judge(out, at)
        if self.plan.parents[unit] >= 0:
            self._item_ended(self.plan.parents[unit], unit, at, field)

    def _stop_run(self, unit: int, at: float) -> None:
        """A sub-flow that fails stops nothing: the member that failed has, and one that was cancelled does not."""
        if self.plan.kinds[unit] is not Kind.FLOW and self.run_state is not RunState.ENDING:
            self.end(RunState.FAILED, "failure", at)

    # ------------------------------------------------------------------ groups

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

    def add_items(self, unit: int, count: int) -> range:
        """New units at the end of all arrays, pending, one an element."""
        first = len(self.state)
        self.state.extend(bytes(count))
        self.attempt.extend(array("H", bytes(2 * count)))
        self.node_of.extend(array("i", [unit]) * count)
        self.values.extend([MISSING] * count)
        for times in (self.queued, self.started, self.ended):
            times.extend(array("d", bytes(8 * count)))
        self.todo += count
        return range(first, first + count)

    def open_group(
        self, unit: int, members: Sequence[int], keys: list[str] | None, at: float, codec: str, payload: Any
    ) -> None:
        """pending → open, and closed at once: nothing can be spawned into it."""
        each = self.plan.specs[unit].each
        lane = self._new_lane(self.policy(unit), each.max) if each is not None else None
        self.groups[unit] = Group(members, keys, lane)
        self.state[unit] = State.CLOSED
        self.started[unit] = at
        self.facts.append((EXPANDED, at, unit, self.groups[unit].first, len(members), keys, codec, payload))

    def _queue_items(self, unit: int, members: Sequence[int], at: float) -> None:
        policy, lane = self.policy(unit), self.lane(members[0])
        first, last = members[0], members[-1] + 1
        self.state[first:last] = bytes([READY]) * len(members)
        self.queued[first:last] = array("d", [at]) * len(members)
        if policy.timed:
            for item in members:
                self._arm_queue_timers(item, policy, at)
        lane.extend(members, policy.priority)

    def _item_ended(self, unit: int, member: int, at: float, field: str) -> None:
        group = self.groups.get(unit)
        if group is None or member < group.first:  # of a group that is not open, or that a rollback took out
            return
        setattr(group, field, getattr(group, field) + 1)
        group.ended += 1
        if group.ended == group.count and self.state[unit] == State.CLOSED:
            self._gather(unit, at)

    def _gather(self, unit: int, at: float) -> None:
        """The last item ended: the group ends by what its items came to."""
        group = self.groups[unit]
        if group.target is not None and group.target is not COMPLETED_STATE:
            self.move(unit, Event.STOPPED, at, "user", None, group.target)
        elif group.failed:
            self.move(unit, Event.GATHERED_BAD, at, "items")
        else:
            self.move(unit, Event.GATHERED, at)

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
            if self.timers.deadline or policy.timed:
                self._arm_attempt(unit, at)
            facts.append((STARTED, at, unit, number, self.queued[unit], policy.runner))
            commands.append((0, unit, number))

    def _arm_attempt(self, unit: int, at: float) -> None:
        limit = self.policy(unit).timeout.attempt
        self.timers.drop(Timer.QUEUED, unit)
        if limit is not None:
            self.timers.arm(Timer.ATTEMPT, unit, at, limit)

    def resume_body(self, unit: int, at: float) -> None:
        """suspended → running, same attempt; its time-out counts on."""
        self.live += 1
        self.move(unit, Event.RELEASE, at)
        self.timers.thaw(at, unit, ATTEMPT_ONLY)
        self.commands.append((Do.RELEASE, unit, self.attempt[unit]))

    # ------------------------------------------------------------------ moving

    def move(
        self,
        unit: int,
        event: Event,
        at: float,
        reason: str | None = None,
        detail: dict[str, Any] | None = None,
        target: State | None = None,
    ) -> None:
        """One transition by the table, recorded as a fact; an end is spread.

        KeyError for a pair that the table does not name.
        """
        table = GROUP if self.is_group(unit) else NODE
        named = table[State(self.state[unit])][event]
        to = target if target is not None else named
        assert to is not None
        was, self.state[unit] = self.state[unit], to
        if reason is None:
            self.reason.pop(unit, None)
        else:
            self.reason[unit] = reason
        self.facts.append((MOVED, at, unit, int(event), int(to), reason, self.attempt[unit], detail))
        if detail is not None and "error" in detail and to is not State.STOPPING:
            self.failures.setdefault(unit, []).append((self.attempt[unit], detail["error"]))
        if to == was:
            return
        if to in TERMINAL:
            self.ended[unit] = at
            self.passing.discard(unit)
            self.timers.drop_unit(unit)
            self._over.append(unit)
            if len(self._over) == 1:
                self._spread(at)
        elif to is READY:
            self.queue(unit, at)

    def _spread(self, at: float) -> None:
        """Work off the units that ended; spreading one may end more (no recursion: a chain may be long)."""
        over = self._over
        while over:
            if self.state[over[0]] == COMPLETED_STATE:
                self._spread_completed(over[0], at)
            else:
                self._spread_other(over[0], at)
            over.popleft()

    def stop(self, unit: int, target: State, reason: str, at: float, detail: dict[str, Any] | None = None) -> None:
        """A live body → stopping(target): it is asked to end, and has its grace to do so."""
        if self.state[unit] == State.SUSPENDED:
            self.live += 1
        self.target[unit] = (target, reason, detail)
        self.move(unit, Event.STOP, at, reason, {"target": int(target), **(detail or {})})
        self.timers.drop(Timer.ATTEMPT, unit)
        self.timers.arm(Timer.GRACE, unit, at, self.policy(unit).grace)
        self.commands.append((Do.STOP, unit, self.attempt[unit]))

    def _let_go(self, unit: int) -> None:
        """The body is gone: its slot is free again."""
        self.live -= 1
        for slot in self.lane(unit).slots:
            slot.free += 1
        if self.timers.deadline:
            self.timers.drop(Timer.ATTEMPT, unit)
            self.timers.drop(Timer.GRACE, unit)

    def _fire(self, timer: Timer, unit: int, at: float) -> None:
        if timer is Timer.RUN:
            self.end(RunState.FAILED, "timeout", at)
        elif timer is Timer.DUE and self.state[unit] == State.RETRYING:
            self.due.pop(unit, None)
            self.move(unit, Event.DUE, at)
        elif timer is Timer.ATTEMPT and self.state[unit] == RUNNING:
            self._time_out(unit, "attempt", at)
        elif timer is Timer.GRACE and self.state[unit] == State.STOPPING:
            if self.policy(unit).killable:
                self.commands.append((Do.KILL, unit, self.attempt[unit]))
            else:
                self._stopped(unit, at, abandoned=True)
        elif timer is Timer.QUEUED and self.state[unit] == READY:
            self._expire(unit, Event.QUEUED_TOO_LONG, "queued", at)
        elif timer is Timer.TOTAL:
            if self.state[unit] in (RUNNING, State.SUSPENDED):
                self._time_out(unit, "total", at)
            elif self.state[unit] in (READY, State.RETRYING):
                self._expire(unit, Event.TOTAL_TIMEOUT, "total", at)

    def _time_out(self, unit: int, which: str, at: float) -> None:
        error = self._timeout_error(unit, which)
        self.error[unit] = error
        policy = self.policy(unit)
        again = which == "attempt" and retries(policy.retry, self.attempt[unit] - self.spent.get(unit, 0), error)
        self.stop(unit, State.RETRYING if again else State.FAILED, "timeout", at, {"error": error})

    def _expire(self, unit: int, event: Event, which: str, at: float) -> None:
        self.error[unit] = self._timeout_error(unit, which)
        self.move(unit, event, at, "timeout", {"error": self.error[unit]})

    def _timeout_error(self, unit: int, which: str) -> dict[str, Any]:
        limit = getattr(self.policy(unit).timeout, which)
        message = f"timed out: its {which} limit of {limit:g} s is over"
        return {
            "type": "TimeoutError",
            "message": message,
            "code": "timeout",
            "bases": ["TimeoutError", "OSError", "Exception"],
        }

    # ------------------------------------------------------------------ the run

    def run_move(
        self, event: RunEvent, at: float, reason: str | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        to = RUN[self.run_state][event]
        if to is None:
            assert self.run_target is not None
            to = self.run_target
        self.run_state, self.run_reason = to, reason
        self.facts.append((RUN_FACT, at, int(to), reason, detail))

    def end(self, target: RunState, reason: str, at: float) -> None:
        """running, pausing, paused → ending(target): what has no body is cancelled, bodies are asked to stop."""
        if self.run_state is RunState.ENDING and self.run_target is target:
            return
        self.run_target = target
        self.run_move(RunEvent.END, at, reason, {"target": int(target)})
        self.timers.drop(Timer.RUN, 0)
        for unit in range(len(self.state)):
            state = State(self.state[unit])
            if state in (RUNNING, State.SUSPENDED):
                self.stop(unit, State.CANCELLED, reason, at)
            elif state is State.STOPPING:
                self.target[unit] = (State.CANCELLED, reason, None)
            elif state in (State.OPEN, State.CLOSED):
                self.groups[unit].target = State.CANCELLED
            elif state not in TERMINAL:
                self.move(unit, Event.CANCEL, at, reason)

    def _settle(self, at: float) -> None:
        if self.run_state is RunState.ENDING:
            if not self.todo:
                self.run_move(RunEvent.ALL_ENDED, at, self.run_reason)
                self._ended(at)
        elif not self.todo and self.run_state in (RunState.RUNNING, RunState.PAUSING):
            self.run_move(RunEvent.SOME_BAD if self.bad else RunEvent.ALL_OK, at)
            self._ended(at)
        elif self.run_state is RunState.PAUSING and not self.live:
            self.run_move(RunEvent.DRAINED, at, self.run_reason)

    def _ended(self, at: float) -> None:
        self.timers.drop(Timer.RUN, 0)
        self.commands.append((Do.ENDED, int(self.run_state), 0))

    # ------------------------------------------------------------------ again

    def again(self, unit: int) -> None:
        """An ended unit is about to count as not ended: take it out of the counts, of its group's too."""
        state = State(self.state[unit])
        self.todo += 1
        node, parent = self.node_of[unit], self.parent(unit)
        if node == unit and state in BAD:
            self.bad -= 1
        if parent >= 0 and parent in self.groups:
            group = self.groups[parent]
            field = "done" if state is COMPLETED_STATE else "skipped" if state is State.SKIPPED else "failed"
            setattr(group, field, getattr(group, field) - 1)
            group.ended -= 1
        if node == unit and state is State.SKIPPED:
            for out in self.plan.outs[unit]:
                self.left[out] += unit in self.plan.firsts.get(out, ())
        self.spent[unit] = self.attempt[unit]
        for told in (self.error, self.due, self.lost):
            told.pop(unit, None)

    def ask_anew(self, unit: int) -> None:
        """Another generation: answers about a condition or an expansion that are still to come are for the one before."""
        self.generation[unit] = self.generation.get(unit, 0) + 1

    def forget(self, unit: int) -> None:
        """A rollback: what came of a node is not so any more; its items are retired. It has another generation."""
        self.ask_anew(unit)
        self.holds.pop(unit, None)
        self.passing.discard(unit)
        self.values[unit] = MISSING
        self.spent[unit] = self.attempt[unit]
        for told in (self.summary, self.error, self.due, self.lost):
            told.pop(unit, None)
        group = self.groups.pop(unit, None)
        if group is not None and self.plan.kinds[unit] is Kind.MAP:
            self.retired.append(group)
            for item in group.members:
                self.values[item] = MISSING
                self.holds.pop(item, None)

    def recount(self, unit: int) -> None:
        """What a node waits for, counted afresh; also for those that need it."""
        for node in (unit, *self.plan.outs[unit]) if self.node_of[unit] == unit else ():
            soft, parent = self.plan.firsts.get(node, ()), self.plan.parents[node]
            done = (COMPLETED_STATE, State.SKIPPED)
            waits = sum(
                self.state[n] not in done if n in soft else self.state[n] != COMPLETED_STATE
                for n in self.plan.needs[node]
            )
            self.left[node] = waits + (parent >= 0 and self.state[parent] not in (State.OPEN, State.CLOSED))

    def wake(self, unit: int, at: float) -> None:
        """Look at a pending unit afresh; an item of a mapped node is ready as soon as it is pending."""
        if self.state[unit] == PENDING and self.node_of[unit] != unit:
            self.queue(unit, at)
        else:
            self.judge(unit, at)

    def gather_if_over(self, unit: int, at: float) -> None:
        """A group that was reopened with nothing left to do ends again."""
        group = self.groups.get(unit)
        if group is not None and self.state[unit] == State.CLOSED and group.ended == group.count:
            self._gather(unit, at)

    # ------------------------------------------------------------------ looking up

    def policy(self, unit: int) -> Policy:
        node = self.node_of[unit]
        if self.own and (own := self.own.get(unit) or self.own.get(node)) is not None:
            return own
        policy = self.plan.policies[node]
        assert policy is not None
        return policy

    def parent(self, unit: int) -> int:
        """The group that a unit belongs to, or -1."""
        node = self.node_of[unit]
        return node if node != unit else self.plan.parents[unit]

    def is_group(self, unit: int) -> bool:
        return self.node_of[unit] == unit and self.plan.kinds[unit] is not Kind.TASK

    def group_of(self, item: int) -> Group:
        """The group of an item, also of one that a rollback took out."""
        group = self.groups.get(self.node_of[item])
        if group is not None and item >= group.first:
            return group
        return next(old for old in self.retired if old.first <= item < old.first + old.count)

    def members(self, unit: int) -> Sequence[int]:
        group = self.groups.get(unit)
        return group.members if group is not None else self.plan.members.get(unit, ())

    def lane(self, unit: int) -> Lane:
        if self.node_of[unit] != unit:
            lane = self.group_of(unit).lane
            assert lane is not None
            return lane
        lane = self._lane_of[unit]
        if lane is None:
            lane = self._lane_of[unit] = self._new_lane(self.policy(unit), None)
        return lane

    def _new_lane(self, policy: Policy, most: int | None) -> Lane:
        lane = self._slots(policy, most)
        if lane not in self._lanes:
            self._lanes.append(lane)
        return lane

"""Moves: one transition by the tables, and all that follows from it at once.

A unit that ends is spread to those that need it and to its group; a pending unit whose needs are decided is ready, asks
for its condition or for its expansion, or ends with them. Nothing is scanned but the neighbours of what changed.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from stratix_tasks.core.answers import Do
from stratix_tasks.core.facts import EXPANDED, MOVED
from stratix_tasks.core.facts import RUN as RUN_FACT
from stratix_tasks.core.plan import Kind, Policy
from stratix_tasks.core.states import BAD, GROUP, NODE, RUN, RUN_TERMINAL, TERMINAL, Event, RunEvent, RunState, State
from stratix_tasks.core.timers import WHOLE, Timer
from stratix_tasks.core.units import Group, Units

STILL = (State.HELD, State.SUSPENDED)
"""States of a unit that is paused by itself."""
PENDING, READY, RUNNING, COMPLETED_STATE = State.PENDING, State.READY, State.RUNNING, State.COMPLETED


class Moves(Units):
    """A run whose units and state move."""

    # ------------------------------------------------------------------ transitions

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
        self.keep_time(unit, was, to, at)
        if to in TERMINAL:
            self.ended[unit] = at
            self.passing.discard(unit)
            self._over.append(unit)
            if len(self._over) == 1:
                self._spread(at)
        elif to is READY:
            self.queue(unit, at)

    def is_still(self, unit: int) -> bool:
        return self.state[unit] in STILL

    def keep_time(self, unit: int, was: int, to: int, at: float) -> None:
        """A unit's limits count from its first place in a queue to its end, but while it or its run is paused."""
        timers = self.timers
        if was == State.WAITING:
            del self.waits[unit]
            timers.drop(Timer.WAIT, unit)
        if to in TERMINAL:
            timers.drop_unit(unit)
        elif to in STILL:
            timers.freeze(at, unit)
            timers.drop(Timer.DUE, unit)
        elif was in STILL and not timers.paused:
            timers.thaw(at, unit)

    def _spread(self, at: float) -> None:
        """Work off the units that ended; spreading one may end more (no recursion: a chain may be long)."""
        over = self._over
        while over:
            if self.state[over[0]] == COMPLETED_STATE:
                self._spread_completed(over[0], at)
            else:
                self._spread_other(over[0], at)
            over.popleft()

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
        if state == State.FAILED and self.plan.spec.on_failure == "stop":
            self._stop_run(unit, at)
        if node != unit:
            return self._item_ended(node, unit, at, field)
        if state in BAD:
            self.bad += 1
        for member in self.plan.members.get(unit, ()):
            self.judge(member, at)
        for out in self.plan.outs[unit]:
            if state == State.SKIPPED and unit in self.plan.firsts.get(out, ()):
                self.left[out] -= 1
            self.judge(out, at)
        if self.plan.parents[unit] >= 0:
            self._item_ended(self.plan.parents[unit], unit, at, field)

    def _stop_run(self, unit: int, at: float) -> None:
        """What failed ends the run at once. A group that fails with its items does not: the one that failed has."""
        if self.reason.get(unit) != "items" and self.run_state is not RunState.ENDING:
            self.end(RunState.FAILED, "failure", at)

    def stop(self, unit: int, target: State, reason: str, at: float, detail: dict[str, Any] | None = None) -> None:
        """A live body → stopping(target): it is asked to end, and has its grace to do so."""
        if self.state[unit] == State.SUSPENDED:
            self.live += 1
        self.target[unit] = (target, reason, detail)
        self.move(unit, Event.STOP, at, reason, {"target": int(target), **(detail or {})})
        self.timers.drop(Timer.ATTEMPT, unit)
        self.timers.arm(Timer.GRACE, unit, at, self.policy(unit).grace)
        self.commands.append((Do.STOP, unit, self.attempt[unit]))

    def hold_if_asked(self, unit: int, at: float) -> None:
        """A unit that was paused while it had a body, or ended, is held instead of going on."""
        if unit in self.holds and self.state[unit] in (PENDING, State.RETRYING):
            self.move(unit, Event.HOLD, at, "user")

    def _let_go(self, unit: int) -> None:
        """The body is gone: its slot is free again."""
        self.live -= 1
        for slot in self.lane(unit).slots:
            slot.free += 1
        if self.timers.deadline or self.timers.frozen:
            self.timers.drop(Timer.ATTEMPT, unit)
            self.timers.drop(Timer.GRACE, unit)

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

    def wake(self, unit: int, at: float) -> None:
        """Look at a pending unit afresh; an item of a mapped node is ready as soon as it is pending."""
        if self.state[unit] == PENDING and self.node_of[unit] != unit:
            self.queue(unit, at)
        else:
            self.judge(unit, at)

    def _ask(self, unit: int, at: float) -> None:
        """All needs are there: ask for the condition, if there is one."""
        if self.plan.specs[unit].when is not None:
            self.commands.append((Do.EVALUATE, unit, self.generation.get(unit, 0)))
        else:
            self._enable(unit, at)

    def _enable(self, unit: int, at: float) -> None:
        if unit in self.breaks and unit not in self.passing:
            self.holds.setdefault(unit, at)
            return self.move(unit, Event.HOLD, at, "breakpoint")
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

    def _refuse(self, unit: int, at: float, error: dict[str, Any]) -> None:
        self.error[unit] = error
        self.move(unit, Event.ERROR, at, None, {"error": error})

    # ------------------------------------------------------------------ groups

    def open_group(
        self, unit: int, members: Sequence[int], keys: list[str] | None, at: float, codec: str, payload: Any
    ) -> None:
        """pending → open, and closed at once: what it maps over is known; only its own items can still add to it."""
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
        """The last item ended: the group ends as it was asked to, else by what its items came to."""
        group = self.groups[unit]
        if group.target not in (None, COMPLETED_STATE) and not self._is_at_fault(group):
            self.move(unit, Event.STOPPED, at, "user", None, group.target)
        elif group.failed:
            self.move(unit, Event.GATHERED_BAD, at, "items")
        else:
            self.move(unit, Event.GATHERED, at)

    def _is_at_fault(self, group: Group) -> bool:
        """Whether an item of it failed in a run that ends as failed: it has failed then, rather than been cancelled."""
        return self.run_target is RunState.FAILED and any(self.state[unit] == State.FAILED for unit in group.members)

    def gather_if_over(self, unit: int, at: float) -> None:
        """A group that was reopened with nothing left to do ends again."""
        group = self.groups.get(unit)
        if group is not None and self.state[unit] == State.CLOSED and group.ended == group.count:
            self._gather(unit, at)

    # ------------------------------------------------------------------ the run

    def run_move(
        self, event: RunEvent, at: float, reason: str | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        to = RUN[self.run_state][event]
        if to is None:
            assert self.run_target is not None
            to = self.run_target
        self.enter(to, at, reason)
        self.facts.append((RUN_FACT, at, int(to), reason, detail))

    def enter(self, state: RunState, at: float, reason: str | None) -> None:
        """The run is in a state from now on; its limits count while it goes on, and stand still while it is paused.

        One that goes on after its end has its whole time again.
        """
        was, self.run_state, self.run_reason = self.run_state, state, reason
        if state in (RunState.ENDING, *RUN_TERMINAL):
            self.timers.drop(Timer.RUN, WHOLE)
        elif was in (RunState.PENDING, *RUN_TERMINAL) and self.plan.spec.timeout is not None:
            self.timers.arm(Timer.RUN, WHOLE, at, self.plan.spec.timeout)
        if state in (RunState.PAUSING, RunState.PAUSED):
            self.timers.pause(at)
        else:
            self.timers.resume(at, self.is_still)
        for unit in self.waits:
            self.keep_waiting(unit, at)

    def keep_waiting(self, unit: int, at: float) -> None:
        """A wait is over by the clock on the wall, but nothing happens by itself in a run that is paused."""
        due = self.waits[unit]["due"]
        if due is not None and self.run_state is RunState.RUNNING:
            self.timers.arm(Timer.WAIT, unit, at, due - at)
        else:
            self.timers.drop(Timer.WAIT, unit)

    def end(self, target: RunState, reason: str, at: float) -> None:
        """running, pausing, paused → ending(target): what has no body is cancelled, bodies are asked to stop."""
        if self.run_state is RunState.ENDING and self.run_target is target:
            return
        self.run_target = target
        self.run_move(RunEvent.END, at, reason, {"target": int(target)})
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

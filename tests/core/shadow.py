"""A run as its facts alone tell it: each move is checked against the tables and the promises."""

from __future__ import annotations

from typing import Any

from invariants import (
    a_breakpoint_holds,
    a_spawned_item_has_a_live_parent,
    an_item_is_spawned_once,
    attempts_never_exceed_the_budget,
    ends_change_only_by_a_request,
    generations_rise_at_rollbacks,
    need,
    no_attempt_is_given_up_early,
    no_node_starts_ahead_of_what_it_needs,
    nothing_starts_while_paused,
)
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Kind, Plan

from stratix_tasks.core.facts import CLAIMED, COMPLETED, EXPANDED, GIVEN, MOVED, REQUESTED, SPAWNED, STARTED
from stratix_tasks.core.facts import RUN as RUN_FACT
from stratix_tasks.core.states import GROUP, NODE, RUN, RUN_TERMINAL, TERMINAL, Event, RunState, State


class Shadow:
    """States as the facts alone tell them, each move checked against the tables and the promises."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.state = [State.PENDING] * len(plan.names)
        self.node_of = list(range(len(plan.names)))
        self.run = RunState.PENDING
        self.tries: dict[int, int] = {}
        """Attempts since the unit was last set back by a request."""
        self.passed: set[int] = set()
        """Units that were let go, or tried again, since they were last set back."""
        self.breaks: set[int] = set()
        self.generations: dict[int, int] = {}
        self.spawned: dict[int, dict[tuple[int, Any], int]] = {}
        """By expanded map: who spawned an item, and under which name."""
        self.firsts: dict[int, int] = {}
        self.counts: dict[int, int] = {}

    def copy(self) -> Shadow:
        made = Shadow(self.plan)
        made.state, made.node_of, made.run = self.state.copy(), self.node_of.copy(), self.run
        made.tries, made.passed, made.breaks = self.tries.copy(), self.passed.copy(), self.breaks.copy()
        made.generations = self.generations.copy()
        made.firsts, made.counts = self.firsts.copy(), self.counts.copy()
        made.spawned = {group: told.copy() for group, told in self.spawned.items()}
        return made

    def take(self, facts: list[Any], machine: Machine, *, asked: bool) -> None:
        for fact in facts:
            if fact[0] == RUN_FACT:
                self._run(RunState(fact[2]), asked=asked)
            elif fact[0] == STARTED:
                self._started(fact[2], machine)
            elif fact[0] == COMPLETED:
                self._moved(fact[2], Event.OK, State.COMPLETED, None, asked=asked)
            elif fact[0] == MOVED:
                self._moved(fact[2], Event(fact[3]), State(fact[4]), fact[7], asked=asked)
                if fact[3] == Event.FAIL:
                    error = (fact[7] or {}).get("error", {})
                    no_attempt_is_given_up_early(self, fact[2], machine.policy(fact[2]).retry.max, error)
            elif fact[0] == EXPANDED:
                self._expanded(fact)
            elif fact[0] == SPAWNED:
                self._spawned(fact)
            elif fact[0] == REQUESTED and fact[2] == "breakpoint":
                unit = self.plan.unit(fact[3])
                assert unit is not None
                (self.breaks.add if fact[4].get("on", True) else self.breaks.discard)(unit)
            else:
                assert fact[0] in (REQUESTED, GIVEN, CLAIMED)
        generations_rise_at_rollbacks(self, machine)
        told = [state if state is not State.READY else State.PENDING for state in self.state]
        real = [State(s) if s != State.READY else State.PENDING for s in machine.state]
        need(
            told == real and self.run is machine.run_state,
            f"the facts tell {told} {self.run}, the machine says {real} {machine.run_state}",
        )

    def name(self, unit: int) -> str:
        node = self.node_of[unit]
        return self.plan.names[node] + (f"[unit {unit}]" if node != unit else "")

    def _is_group(self, unit: int) -> bool:
        return self.node_of[unit] == unit and self.plan.kinds[unit] is not Kind.TASK

    def _run(self, to: RunState, *, asked: bool) -> None:
        legal = {t if t is not None else to for t in RUN[self.run].values()}
        need(to in legal, f"the run went from {self.run.label} to {to.label}")
        need(asked or self.run not in RUN_TERMINAL, "an ended run went on unasked")
        self.run = to

    def _started(self, unit: int, machine: Machine) -> None:
        name, was = self.name(unit), self.state[unit]
        nothing_starts_while_paused(self, unit)
        need(was in (State.PENDING, State.READY, State.RETRYING), f"'{name}' started from {was.label}")
        no_node_starts_ahead_of_what_it_needs(self, unit)
        a_breakpoint_holds(self, unit)
        self.tries[unit] = self.tries.get(unit, 0) + 1
        attempts_never_exceed_the_budget(self, unit, machine.policy(unit).retry.max)
        self.state[unit] = State.RUNNING

    def _moved(self, unit: int, event: Event, to: State, detail: Any, *, asked: bool) -> None:
        was, name = self.state[unit], self.name(unit)
        table = GROUP if self._is_group(unit) else NODE
        starts = [was, State.READY] if was is State.PENDING else [was]  # becoming ready is not a fact
        legal = [table[s][event] for s in starts if s in table and event in table[s]]
        need(bool(legal), f"'{name}' had {event.label} while it was {was.label}")
        held_retry = event is Event.RELEASE and to is State.RETRYING
        need(
            None in legal or to in legal or held_retry, f"'{name}' went from {was.label} to {to.label} by {event.label}"
        )
        ends_change_only_by_a_request(self, unit, event, asked=asked)
        self._count(unit, event, was, to, detail)
        self.state[unit] = to

    def _count(self, unit: int, event: Event, was: State, to: State, detail: Any) -> None:
        if event is Event.LOST_RETRY or (event is Event.ORPHANED and to is State.PENDING):
            self.tries[unit] = self.tries.get(unit, 1) - 1
        stopped_back = event is Event.STOPPED and to is State.PENDING
        if event is Event.ROLLBACK or stopped_back or (event in (Event.RETRY, Event.REOPEN) and was in TERMINAL):
            self.tries[unit] = 0
            self.passed.discard(unit)
        back = event is Event.ROLLBACK or (event is Event.STOP and detail["target"] == State.PENDING)
        if back or (event is Event.SET and to is State.PENDING):
            self.generations[unit] = self.generations.get(unit, 0) + 1
        if event is Event.RELEASE or to is State.RETRYING or event is Event.ORPHANED:
            self.passed.add(unit)

    def _expanded(self, fact: Any) -> None:
        _, _, unit, first, count, _keys, _codec, _payload = fact
        need(self.state[unit] is State.PENDING, f"'{self.name(unit)}' was expanded as {self.state[unit].label}")
        self.state[unit] = State.CLOSED
        if self.plan.kinds[unit] is Kind.MAP:
            need(not count or first == len(self.state), "items are not one range")
            self.state += [State.PENDING] * count
            self.node_of += [unit] * count
            self.firsts[unit], self.counts[unit], self.spawned[unit] = first, count, {}

    def _spawned(self, fact: Any) -> None:
        _, _, unit, group, index, _key, parent, name, _args = fact
        told, planned = self.spawned[group], self.counts[group]
        an_item_is_spawned_once(self, group, told.keys(), (parent, name))
        need(unit == len(self.state) and index == planned + len(told), f"{fact} is not the next item")
        units = [*range(self.firsts[group], self.firsts[group] + planned), *told.values()]
        a_spawned_item_has_a_live_parent(self, group, units[parent])
        told[parent, name] = unit
        self.state.append(State.PENDING)
        self.node_of.append(group)

"""The data of a live run: its units in flat arrays, their groups, and what must be looked up or counted in them.

A unit is a node, an item of a mapped node, or a group (a mapped node or sub-flow). Nothing here decides anything.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from stratix_tasks.core.facts import Fact
from stratix_tasks.core.lanes import Lane
from stratix_tasks.core.plan import Kind, Plan, Policy
from stratix_tasks.core.results import Data
from stratix_tasks.core.states import BAD, RunState, State
from stratix_tasks.core.timers import Timers
from stratix_tasks.core.waits import Wait

MISSING = object()
"""The value of a unit that has none in memory."""
Name = int | str
"""What tells the items apart that one item spawned: a key that its body gave, or a number."""


class Group:
    """The live side of a mapped node or sub-flow: its units and how many of them are in which kind of state.

    `members` rise. Of a mapped node they are one range, the `planned` items; once one was spawned, a list with those that
    were spawned behind them. `keys` are in the same order.
    """

    __slots__ = ("_taken", "children", "count", "done", "ended", "failed", "first", "keys", "lane", "members", "planned",
                 "skipped", "target")  # fmt: skip

    def __init__(self, members: Sequence[int], keys: list[str] | None, lane: Lane | None) -> None:
        self.members, self.keys, self.lane = members, keys, lane
        self.count = self.planned = len(members)
        self.first = members.start if isinstance(members, range) else members[0] if members else 0
        self.done = self.failed = self.skipped = self.ended = 0
        self.target: State | None = None
        self.children: dict[int, dict[Name, int]] = {}
        """What each item spawned, by the item's index: names to units."""
        self._taken: set[str] = set()

    def index(self, unit: int) -> int:
        """The place of one of its units among them."""
        at = unit - self.first
        return at if at < self.planned else bisect_left(self.members, unit)

    def has(self, unit: int) -> bool:
        at = bisect_left(self.members, unit)
        return at < self.count and self.members[at] == unit

    def key(self, index: int) -> str | None:
        """The key of an item; None where they have none."""
        return None if self.keys is None else self.keys[index]

    def add(self, unit: int, parent: int, name: Name) -> None:
        """One more item, that the one with the index `parent` spawned: its key is `<that one's key>/<name>`.

        A key that another item has already gets a mark behind it.
        """
        if self.count == self.planned:
            self.members, self.keys = [*self.members], None if self.keys is None else [*self.keys]
            self._taken = set(self.keys or ())
        assert isinstance(self.members, list)
        self.members.append(unit)
        self.count += 1
        self.children.setdefault(parent, {})[name] = unit
        if self.keys is not None:
            key = f"{self.keys[parent]}/{name}"
            while key in self._taken:
                key += "'"
            self.keys.append(key)
            self._taken.add(key)

    def recount(self, state: bytearray) -> None:
        """Count afresh what its units came to."""
        states = [state[unit] for unit in self.members]
        self.done, self.skipped = states.count(State.COMPLETED), states.count(State.SKIPPED)
        self.failed = sum(s in BAD for s in states)
        self.ended = self.done + self.skipped + self.failed


class Units:
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
        self.waits: dict[int, Wait] = {}
        """What each waiting unit waits for."""
        self.signals: dict[str, list[Data]] = {}
        """The values that were sent, by the name of the signal, in order."""
        self.taken: dict[int, int] = {}
        """How many of its signal's values a unit has had: it waits for the next one."""
        self.holds: dict[int, float] = {}
        self.breaks: set[int] = set()
        """Nodes with a breakpoint: they are held when they are about to become ready."""
        self.passing: set[int] = set()
        """Nodes that a person let go on from their breakpoint."""
        self.sets: dict[int, dict[str, Any]] = {}
        """Arguments that a person gave in place of the flow's, by unit."""
        self.spawned: dict[int, dict[str, Data]] = {}
        """What each spawned item is mapped to, by argument."""
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

    def units_in(self, state: State) -> list[int]:
        """The units in a state, found by a C-speed scan of the state bytes."""
        units, start = [], self.state.find(state)
        while start >= 0:
            units.append(start)
            start = self.state.find(state, start + 1)
        return units

    def group_of(self, item: int) -> Group:
        """The group of an item, also of one that a rollback took out."""
        group = self.groups.get(self.node_of[item])
        if group is not None and item >= group.first:
            return group
        return next(old for old in reversed(self.retired) if old.has(item))

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

    # ------------------------------------------------------------------ counting

    def again(self, unit: int) -> None:
        """An ended unit is about to count as not ended: take it out of the counts, of its group's too."""
        state = State(self.state[unit])
        self.todo += 1
        node, parent = self.node_of[unit], self.parent(unit)
        if node == unit and state in BAD:
            self.bad -= 1
        if parent >= 0 and parent in self.groups:
            group = self.groups[parent]
            field = "done" if state is State.COMPLETED else "skipped" if state is State.SKIPPED else "failed"
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
                self.spawned.pop(item, None)

    def recount(self, unit: int) -> None:
        """What a node waits for, counted afresh; also for those that need it."""
        for node in (unit, *self.plan.outs[unit]) if self.node_of[unit] == unit else ():
            soft, parent = self.plan.firsts.get(node, ()), self.plan.parents[node]
            done = (State.COMPLETED, State.SKIPPED)
            waits = sum(
                self.state[n] not in done if n in soft else self.state[n] != State.COMPLETED
                for n in self.plan.needs[node]
            )
            self.left[node] = waits + (parent >= 0 and self.state[parent] not in (State.OPEN, State.CLOSED))

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

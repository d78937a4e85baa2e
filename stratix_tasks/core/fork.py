"""Fork: which results of a run another one takes over, and the facts that say so at its beginning.

A result is taken over when it is not to be made again and everything that it was made from is taken over too. A sub-flow
that is taken over in part begins open.
"""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.facts import EXPANDED, GIVEN, MOVED, SPAWNED, Fact
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Kind
from stratix_tasks.core.results import Stored
from stratix_tasks.core.states import Event, State
from stratix_tasks.core.units import Group

REASON = "forked"
Place = tuple[int, int, int]
"""A unit of the new run, and the unit and attempt of the old one whose payload frame holds its result."""


def taken_over(old: Machine, again: set[int]) -> tuple[set[int], set[int]]:
    """The nodes whose results stay when `again` run again; and the sub-flows that begin open."""
    plan = old.plan
    keep = {
        unit
        for unit in range(len(plan.names))
        if unit not in again and old.state[unit] in (State.COMPLETED, State.SKIPPED)
    }
    open_ = {unit for unit in range(len(plan.names)) if plan.kinds[unit] is Kind.FLOW and unit in old.groups} - again
    changed = True
    while changed:
        partial = {unit for unit in keep & open_ if any(m not in keep for m in plan.members.get(unit, ()))}
        wrong = {unit for unit in keep - partial if not _grounded(old, unit, keep, open_)}
        shut = {unit for unit in open_ if not _grounded(old, unit, keep, open_)}
        changed = bool(partial or wrong or shut)
        keep -= partial | wrong
        open_ -= shut
    return keep, open_ - keep


def _grounded(old: Machine, unit: int, keep: set[int], open_: set[int]) -> bool:
    parent = old.plan.parents[unit]
    return all(need in keep for need in old.plan.needs[unit]) and (parent < 0 or parent in keep or parent in open_)


def facts(old: Machine, keep: set[int], open_: set[int], at: float) -> tuple[list[Fact], list[Place]]:
    """What the new run records first, and where the payload frames of it come from. `old` holds results as recorded."""
    made = _Facts(old, at)
    for unit in range(len(old.plan.names)):
        if unit in keep or unit in open_:
            made.take(unit, ended=unit in keep)
    return made.facts, made.places


class _Facts:
    def __init__(self, old: Machine, at: float) -> None:
        self.old, self.at = old, at
        self.facts: list[Fact] = []
        self.places: list[Place] = []
        self.next = len(old.plan.names)

    def take(self, unit: int, *, ended: bool) -> None:
        group = self.old.groups.get(unit)
        if group is None:
            return self._result(unit, unit)
        items = self.old.plan.kinds[unit] is Kind.MAP
        first = self.next if items else group.first
        keys = group.keys and group.keys[: group.planned]
        self.facts.append((EXPANDED, self.at, unit, first, group.planned, keys, "", None))
        if items:
            self.next += group.count
            self._spawned(unit, group, first)
            for index, item in enumerate(group.members):
                self._result(item, first + index)
        if ended:
            self._moved(unit, Event.GATHERED, State.COMPLETED)

    def _spawned(self, unit: int, group: Group, first: int) -> None:
        """The items that others spawned, in order; what spawned them comes along."""
        by = {item: (parent, name) for parent, told in group.children.items() for name, item in told.items()}
        for index in range(group.planned, group.count):
            item = group.members[index]
            about = (group.key(index), *by[item], self.old.spawned[item])
            self.facts.append((SPAWNED, self.at, first + index, unit, index, *about))

    def _result(self, was: int, unit: int) -> None:
        if self.old.state[was] == State.SKIPPED:
            return self._moved(unit, Event.SKIP, State.SKIPPED)
        value = self.old.values[was]
        stored = value if type(value) is Stored else Stored("json", value, was, 0)
        if stored.codec.endswith("+frame"):
            self.places.append((unit, stored.unit, stored.attempt))
        self.facts.append((GIVEN, self.at, unit, stored.codec, stored.payload, self.old.summary.get(was)))
        group = self.old.is_group(was)
        self._moved(unit, Event.GIVE if group else Event.CACHE_HIT, State.COMPLETED)

    def _moved(self, unit: int, event: Event, state: State) -> None:
        detail: dict[str, Any] | None = None
        self.facts.append((MOVED, self.at, unit, int(event), int(state), REASON, 0, detail))

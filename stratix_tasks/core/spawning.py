"""Spawning: an item of a mapped node adds another one to it, while it runs.

A spawned item is known by the item that spawned it and a name: a body that says the same again, since it is retried or
its owner has died, adds nothing. What it is mapped to stands in its fact, so that every owner has it.
"""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.attempts import Attempts
from stratix_tasks.core.facts import SPAWNED
from stratix_tasks.core.results import Data
from stratix_tasks.core.states import LIVE, OK_AFTER_STOP, Event, RunState, State
from stratix_tasks.core.units import Name

MOST = 100_000
"""Items that may be spawned into a node: a flow that has no end comes to one here."""


class Spawning(Attempts):
    """A run whose fan-outs grow."""

    def _spawned(self, event: tuple[Any, ...]) -> None:
        """A body has spawned an item. One whose own result would not count any more is not heard."""
        _, unit, attempt, at, name, args = event
        node, state = self.node_of[unit], self.state[unit]
        group = self.groups.get(node)
        heard = self.attempt[unit] == attempt and state in LIVE and group is not None and unit >= group.first
        if not heard or (state == State.STOPPING and self.target[unit][0] not in OK_AFTER_STOP):
            self.dropped_answers += 1
            return
        assert group is not None
        parent = group.index(unit)
        if name not in group.children.get(parent, ()):
            self._begin(node, self.spawn(node, parent, name, args, at), at)

    def spawn(self, node: int, parent: int, name: Name, args: dict[str, Data], at: float) -> int:
        """Another item of a mapped node, pending; returns its unit. `parent` is the index of the item that spawned it."""
        group = self.groups[node]
        (item,) = self.add_items(node, 1)
        self.spawned[item] = args
        group.add(item, parent, name)
        index = group.count - 1
        self.facts.append((SPAWNED, at, item, node, index, group.key(index), parent, name, args))
        return item

    def _begin(self, node: int, item: int, at: float) -> None:
        """What was asked of the node is asked of the items to come, too: where it is ending, they end at once."""
        target = self.groups[node].target
        if target is not None:
            reason = self.run_reason if self.run_state is RunState.ENDING else "user"
            self.move(item, Event.SKIP if target is State.SKIPPED else Event.CANCEL, at, reason)
        elif node in self.holds:
            self.holds[item] = at
            self.move(item, Event.HOLD, at, "user")
        else:
            self.queue(item, at)

    def room(self, unit: int) -> int:
        """How many items the body of this one may spawn, with those that it has spawned before."""
        group = self.group_of(unit)
        return MOST - (group.count - group.planned) + len(group.children.get(group.index(unit), ()))

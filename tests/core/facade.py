"""One run seen from outside: states, requests and facts by name, so that tests say little of the core's insides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stratix_tasks.core.allowed import state_of
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.layout import lay_out
from stratix_tasks.core.limits import Slots
from stratix_tasks.core.ports import RUNNERS
from stratix_tasks.core.scope import state_of_scope
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import RunState, State
from stratix_tasks.core.targets import Scope, find, label, unit_of
from stratix_tasks.core.why import why
from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec

MISSING: Any = object()
"""In place of a value that is not given."""


def data(value: Any) -> dict[str, Any]:
    """A value as requests carry it."""
    return {"codec": "json", "payload": value, "summary": None}


def block_of(flow: FlowSpec | Block) -> Block:
    return flow if isinstance(flow, Block) else lay_out(Graph(flow), {}, EXECUTORS, RUNNERS)


class Places:
    """What a body takes: a place of the engine's, and of a fan-out with at most so many one of these; a wait takes none. Each
    pool has one place."""

    def __init__(self, size: int) -> None:
        self.slots = Slots("engine", size)

        self.pools: dict[str, Slots] = {}

    def __call__(self, policy: Any, most: int | None) -> tuple[Slots, ...]:
        pools = tuple(self.pools.setdefault(name, Slots(name, 1)) for name in policy.pool)
        mine = () if policy.bodiless else pools if policy.whole else (self.slots, *pools)
        return mine if most is None else (*mine, Slots("max", most))


def shown(core: Core, u: int) -> State:
    """What a unit is called: also ready, which is no fact."""
    state = state_of(core.state, u)
    return State.READY if state in (State.PENDING, State.RETRYING) and core.agenda.is_ready(u) else state


class Facade:
    """Looks at `core`, and asks of it; units are named as requests name them."""

    core: Core
    now: float

    @property
    def s(self) -> Recorded:
        return self.core.state

    @property
    def run(self) -> RunState:
        return self.core.state.run

    @property
    def run_reason(self) -> str | None:
        return self.core.state.run_reason

    @property
    def names(self) -> Sequence[str]:
        """The nodes that are there from the beginning."""
        return self.s.root.outline.names

    def unit(self, name: str) -> int:
        return unit_of(self.s, name)

    def label(self, u: int) -> str:
        return label(self.s, u)

    def units(self) -> list[int]:
        """All but those that a rollback took out."""
        return [u for u in range(len(self.s.status)) if not self.s.gone(u)]

    def state(self, name: str) -> State:
        """Of a node, an item or a scope."""
        found = find(self.s, name)
        return state_of_scope(self.s, found) if isinstance(found, Scope) else shown(self.core, self.unit(name))

    def states(self) -> dict[str, str]:
        return {"run": self.run.label, **{self.label(u): shown(self.core, u).label for u in self.units()}}

    def ended_at(self, name: str) -> float:
        return self.s.ended[self.unit(name)]

    def attempt(self, name: str) -> int:
        return self.s.attempt[self.unit(name)]

    def tries(self, name: str) -> int:
        """Attempts that count against the budget of retries."""
        return self.s.tries(self.unit(name))

    def attempts(self) -> dict[str, int]:
        """Of the nodes that are there from the beginning."""
        return {name: self.s.attempt[u] for u, name in enumerate(self.names)}

    def generation(self, name: str) -> int:
        return self.s.generation.get(self.unit(name), 0)

    def value(self, name: str) -> Any:
        return self.s.values[self.unit(name)]

    def error(self, name: str) -> dict[str, Any]:
        return self.s.error[self.unit(name)]

    def reason(self, name: str) -> str | None:
        """Why it is as it is; of what is held, why that is."""
        u = self.unit(name)
        return self.s.held(u) or self.s.why_ended(u)

    def count(self, name: str) -> int:
        """Items, scopes or rounds."""
        return self.s.count(self.unit(name))

    def policy(self, name: str) -> Any:
        return self.s.policy(self.unit(name))

    def wait(self, name: str) -> dict[str, Any] | None:
        """What it waits for."""
        return self.s.waits.get(self.unit(name))

    def why(self, name: str) -> str:
        return why(self.core, name, self.now)

"""The core of one run of one owner: a State, its Agenda, and what was told since the last turn."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from stratix_tasks.core.agenda import Agenda
from stratix_tasks.core.agenda.books import Claims
from stratix_tasks.core.allowed import state_of
from stratix_tasks.core.apply import apply
from stratix_tasks.core.facts import MOVED, RUN, Fact
from stratix_tasks.core.node import Policy
from stratix_tasks.core.state import State
from stratix_tasks.core.states import GROUP, NODE, RUN_TERMINAL, TERMINAL, Event, RunEvent, RunState, S
from stratix_tasks.core.states import RUN as RUN_TABLE

Detail = dict[str, Any]
Command = tuple[int, int, int]
Args = dict[str, Any]
"""Arguments of a request."""
Act = Callable[[], None]
"""What a request that may be asked does."""


def nothing() -> None:
    """The effect of a request holds already."""


def no_claims(_policy: Policy, _most: int | None) -> tuple[()]:
    """For who only looks on: nothing takes a place."""
    return ()


class Core:
    """`cache` holds live results by unit, beside what is recorded of them; whoever needs the memory may empty it."""

    __slots__ = ("agenda", "cache", "commands", "dropped_answers", "facts", "frames", "random", "recorded", "state")

    def __init__(self, state: State, claims: Claims = no_claims, *, seed: str = "", priority: int = 0) -> None:
        self.state, self.agenda = state, Agenda(state, claims, priority=priority)
        self.random = Random(seed)
        self.facts: list[Fact] = []
        self.commands: list[Command] = []
        self.cache: dict[int, Any] = {}
        self.frames: list[tuple[int, int, bytes]] = []
        """Payload frames `(unit, attempt, bytes)` to write ahead of the facts; the shell takes them."""
        self.recorded: list[tuple[int, int, str, list[Any]]] = []
        """`(unit, attempt, codec, payload)` of results that don't stand in their fact itself; the shell takes them."""
        self.dropped_answers = 0

    def own(self, claims: Claims, *, priority: int = 0) -> None:
        """From looking on to owning: what follows from the state is worked out with places that count."""
        self.agenda = Agenda(self.state, claims, priority=priority)

    def tell(self, *fact: Any) -> None:
        """A fact: it is applied, and will be recorded."""
        apply(self.state, fact)
        self.facts.append(fact)

    def command(self, what: int, u: int, number: int) -> None:
        self.commands.append((what, u, number))

    def drain(self) -> tuple[list[Fact], list[Command]]:
        """What was told and decided since the last time."""
        facts, commands = self.facts, self.commands
        self.facts, self.commands = [], []
        return facts, commands

    # ------------------------------------------------------------------ transitions, by the tables

    def move(
        self,
        u: int,
        event: Event,
        at: float,
        reason: str | None = None,
        detail: Detail | None = None,
        target: S | None = None,
    ) -> S:
        """One transition by the table; KeyError for a pair that it does not name. Returns the new state."""
        s = self.state
        named = (GROUP if s.is_group(u) else NODE)[S(s.status[u])][event]
        to = named if target is None else target
        assert to is not None
        self.tell(MOVED, at, u, int(event), int(to), reason, s.attempt[u], detail)
        return to

    def move_run(self, event: RunEvent, at: float, reason: str | None = None, detail: Detail | None = None) -> None:
        s = self.state
        to = RUN_TABLE[s.run][event]
        if to is None:
            assert s.run_target is not None
            to = s.run_target
        self.tell(RUN, at, int(to), reason, detail)
        self.agenda.run_moved(at)

    def seen(self, u: int) -> S:
        """What a unit is called: also READY and HELD, which are never recorded."""
        state = state_of(self.state, u)
        return S.READY if state in (S.PENDING, S.RETRYING) and self.agenda.is_ready(u) else state

    @property
    def has_deadlines(self) -> bool:
        return bool(self.state.limits.deadline or self.agenda.local.deadline)

    @property
    def is_over(self) -> bool:
        return self.state.run in RUN_TERMINAL

    @property
    def is_paused(self) -> bool:
        return self.state.run in (RunState.PAUSING, RunState.PAUSED)


__all__ = ["TERMINAL", "Act", "Args", "Command", "Core", "Detail", "no_claims", "nothing"]

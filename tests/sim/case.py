"""One run of a simulated world: what was told of it, and whether that keeps the promises."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import orjson
from promises import Broken
from scenes import FUNCTIONS, flow
from shadow import Shadow

from stratix_tasks.core.apply import fold
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.facts import COMPLETED, CREATED, REQUESTED, STARTED, STARTED_MANY
from stratix_tasks.core.layout import lay_out
from stratix_tasks.core.ports import RUNNERS
from stratix_tasks.core.state import State
from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.spec.graph import Graph
from stratix_tasks.store import ids


class Case:
    """One run: what was told of it, and whether it keeps its promises."""

    def __init__(self, random: Random, number: int) -> None:
        self.number = number
        self.id = ids.text(number.to_bytes(10, "big"))
        self.spec = flow(random)
        self.block = lay_out(Graph(self.spec), FUNCTIONS, EXECUTORS, RUNNERS)
        self.shadow = Shadow(self.block)
        self.seen: list[tuple[Any, ...]] = []
        self.starts: set[tuple[int, int]] = set()
        self.latest: dict[int, int] = {}
        self.begun: set[tuple[int, int]] = set()
        self.lost = False
        """Whether its owner died before anything of it was recorded."""

    def folded(self, facts: Sequence[Any]) -> State:
        return fold(State(self.block), facts)

    def take(self, seq: int, facts: Sequence[Any], core: Core) -> None:
        """Facts that are recorded: they follow on those before, and are legal."""
        if seq != len(self.seen):
            raise Broken(f"facts from {seq} were told after {len(self.seen)}")
        asked = any(fact[0] == REQUESTED for fact in facts)
        told = [tuple(fact) for fact in orjson.loads(orjson.dumps(facts))]
        self.seen += told
        for fact in told:
            if fact[0] in (STARTED, STARTED_MANY):
                first, stop, number = fact[2:5] if fact[0] == STARTED_MANY else (fact[2], fact[2] + 1, fact[3])
                self.starts.update((unit, number) for unit in range(first, stop))
                self.latest.update(dict.fromkeys(range(first, stop), number))
            elif fact[0] == COMPLETED and fact[3] != self.latest[fact[2]]:
                raise Broken(
                    f"attempt {fact[3]} of unit {fact[2]} completed it while {self.latest[fact[2]]} was the live one"
                )
        self.shadow.take([fact for fact in told if fact[0] != CREATED], core, asked=asked)

    def found(self, facts: Sequence[Any], core: Core) -> None:
        """What a new owner reads: all that anyone could have seen, and perhaps a last turn that nobody saw."""
        if list(facts[: len(self.seen)]) != self.seen:
            raise Broken(f"what was told of run {self.number} is not what is recorded")
        rest = facts[len(self.seen) :]
        if rest:
            self.take(len(self.seen), rest, core)

    def is_lost(self) -> None:
        if self.seen:
            raise Broken(f"run {self.number} was told of, and is not recorded")
        self.lost = True


def short(fact: Sequence[Any]) -> list[Any]:
    """A fact for the story: without tracebacks and long payloads."""
    return [{**part, "error": _shown(part["error"])} if _has_error(part) else part for part in fact]


def _has_error(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("error"), dict)


def _shown(error: dict[str, Any]) -> str:
    return f"{error.get('type')}: {error.get('message')}"

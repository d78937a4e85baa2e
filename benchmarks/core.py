"""CPU time per task in the core alone: no engine, no journal, each command answered at once.

Method: medians over `TIMES` runs; `baseline` is a bare asyncio.TaskGroup with one task a node, in the same process, which
tells how fast the machine is now.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from statistics import median
from time import process_time
from typing import Any

from benchmarks.overhead import CHAIN_NEEDS, FAN_NEEDS, LAYERED_NEEDS, baseline
from benchmarks.rows import Row
from stratix_tasks.core.agenda import Agenda
from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.apply import fold
from stratix_tasks.core.block import Block
from stratix_tasks.core.blocks import join_blocks
from stratix_tasks.core.decide import turn
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.limits import Slots
from stratix_tasks.core.node import Kind, Node, Policy
from stratix_tasks.core.state import State
from stratix_tasks.core.states import RunState

TIMES = 7
PLACES = 100
ITEMS = 100_000
SCOPES, STEPS = 20_000, 3
START, EXPAND, OK, EXPANDED = int(Do.START), int(Do.EXPAND), int(Answer.OK), int(Answer.EXPANDED)


def _flow(*needs: list[int]) -> dict[str, Block]:
    return {"m": Block("m", [Node(f"n{i}", tuple(these)) for i, these in enumerate(needs)])}


def _mapped() -> dict[str, Block]:
    inner = Block("c", [Node(f"n{i}", (i - 1,) if i else ()) for i in range(STEPS)])
    return {"m": Block("m", [Node("e", kind=Kind.EACH, inner="c")]), "c": inner}


Case = tuple[str, dict[str, Block], int, int, float]
CASES: list[Case] = [
    ("fan-out 100,000", {"m": Block("m", [Node("f", kind=Kind.MAP)])}, ITEMS, ITEMS, 0.8),
    ("chain 1,000", _flow(*CHAIN_NEEDS), 0, len(CHAIN_NEEDS), 2.5),
    ("layered 50×40", _flow(*LAYERED_NEEDS), 0, len(LAYERED_NEEDS), 1.8),
    ("mapped flow 3×20,000", _mapped(), SCOPES, SCOPES * STEPS, 1.5),
]
"""Name, blocks, items or scopes of what is mapped, tasks, and at most so many µs a task."""
FOLD = REBUILD = 0.6


class Claims:
    """A place of one limit for every body."""

    def __init__(self) -> None:
        self._claim = (Slots("engine", PLACES),)

    def __call__(self, _policy: Policy, _most: int | None) -> tuple[Slots, ...]:
        return self._claim


def play(core: Core, items: int) -> list[Any]:
    """The whole run; returns its facts."""
    turn.start(core, 1.0)
    turn.advance(core, 1.0)
    facts, commands = core.drain()
    told = [*facts]
    while commands:
        events: list[Any] = []
        for kind, u, number in commands:
            if kind == START:
                events.append((OK, u, number, 1.0, None, "json", None, None, None, None))
            elif kind == EXPAND:
                events.append((EXPANDED, u, number, 1.0, items, None))
        facts, commands = turn.handle(core, events, 1.0)
        told += facts
    assert core.state.run is RunState.COMPLETED
    return told


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = process_time()
    made = work()
    return process_time() - begun, made


def measure(blocks: dict[str, Block], items: int) -> tuple[float, float, float]:
    """Medians of seconds: to play it, to fold its facts, to work out what follows from them."""
    root = join_blocks(blocks, "m")
    played, folded, rebuilt = [], [], []
    for _ in range(TIMES):
        gc.collect()
        gc.disable()
        seconds, facts = timed(lambda: play(Core(State(root), Claims()), items))
        played.append(seconds)
        seconds, state = timed(lambda told=facts: fold(State(root), told))  # type: ignore[misc]
        folded.append(seconds)
        rebuilt.append(timed(lambda read=state: Agenda(read, Claims()))[0])  # type: ignore[misc]
        gc.enable()
    return median(played), median(folded), median(rebuilt)


def run() -> Iterator[Row]:
    """µs a task."""
    bare = median(timed(baseline(FAN_NEEDS))[0] for _ in range(TIMES)) / len(FAN_NEEDS) * 1e6
    for name, blocks, items, tasks, bar in CASES:
        played, folded, rebuilt = (seconds / tasks * 1e6 for seconds in measure(blocks, items))
        yield Row(f"core, {name}", "µs/task", played, bare, played, "at most", bar)
        yield Row("  fold", "µs/task", folded, bare, folded, "at most", FOLD)
        yield Row("  rebuild", "µs/task", rebuilt, bare, rebuilt, "at most", REBUILD)

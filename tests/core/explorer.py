"""Every interleaving of a small run, breadth first; each state is checked against invariants.py, whichever way leads to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from liveness import ends_when_cancelled, ends_when_let_go, settles_when_paused
from small_runs import Act, Small

from stratix_tasks.core.block import Block
from stratix_tasks.spec.model import FlowSpec


@dataclass
class Covered:
    """What an exploration went through; `broken` are its first failures: what, and the way there."""

    states: int = 0
    transitions: int = 0
    refused: int = 0
    whole: bool = True
    """Whether everything within the budgets was seen."""
    broken: list[tuple[str, list[Act]]] = field(default_factory=list)


LIVENESS: tuple[Callable[[Small], None], ...] = (
    ends_when_let_go,
    ends_when_cancelled,
    settles_when_paused,
)


def explore(
    flow: FlowSpec | Block,
    *,
    requests: int = 2,
    deaths: int = 1,
    losses: int = 0,
    places: int = 2,
    most: int = 1 << 60,
    spawns: int = 0,
    forks: int = 0,
    stop_at: int = 1,
) -> Covered:
    """Breadth first, up to `most` transitions; ends early at the `stop_at`-th failure."""
    covered = Covered()
    first = Small(flow, requests, deaths, losses, places, spawns, forks=forks)
    try:
        first.start()
    except Exception as error:  # a mutant may break anything
        covered.broken.append((f"{type(error).__name__}: {error}", []))
        return covered
    seen, front = {first.key()}, deque([first])
    while front:
        here = front.popleft()
        for act in here.acts():
            if covered.transitions >= most:
                covered.whole, covered.states = False, len(seen)
                return covered
            there = here.copy()
            try:
                taken = there.do(act)
                covered.transitions += 1
                if not taken:
                    covered.refused += 1
                    continue
                there.fold_is_the_run()
                key = there.key()
                if key not in seen:
                    seen.add(key)
                    for promise in LIVENESS:
                        promise(there)
                    front.append(there)
            except Exception as error:
                covered.broken.append((f"{type(error).__name__}: {error}", there.told_path()))
                if len(covered.broken) >= stop_at:
                    covered.states = len(seen)
                    return covered
    covered.states = len(seen)
    return covered

"""Random programs under random histories: the State is the fold of its facts, and what is derived follows from it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from driver import Body, World
from histories import drive, play
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from naive import Naive, Untold
from programs import program
from rules import BY_STEPS, finished_as
from test_machine import is_over

from stratix_tasks.core.facts import KIND_NAMES
from stratix_tasks.core.node import EARLY, FLOW, LOOP
from stratix_tasks.core.states import State

SEEDS = int(os.environ.get("STRATIX_HISTORIES", "300"))
"""How many histories are played: a few hundred in the suite, 100,000 in the deep form."""
FIRST = int(os.environ.get("STRATIX_SEED", "0"))
ERROR = {"type": "ExprError", "message": "no", "bases": []}


@pytest.mark.timeout(max(300, SEEDS))
def test_random_histories_keep_every_promise(record_property: Callable[[str, object], None]) -> None:
    """Whatever bodies, people, clocks and deaths do: state = fold(facts), a rebuilt core decides nothing, and it ends."""
    facts: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for seed in range(FIRST, FIRST + SEEDS):
        try:
            history = play(seed)
        except Exception as error:
            error.add_note(f"history {seed}")
            raise
        facts.update(KIND_NAMES[fact[0]] for fact in history.facts)
        asked.update(history.counts)
    record_property("histories", SEEDS)
    for name, count in facts.items():
        record_property(name, count)
    for name, count in asked.items():
        record_property(f"asked: {name}", count)
    assert set(KIND_NAMES) - {"created"} <= set(facts)


@given(st.randoms(use_true_random=False, note_method_calls=False), st.integers(1, 12))
@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
def test_short_histories_keep_every_promise(random: Random, steps: int) -> None:
    """The same with histories that are made smaller when one fails."""
    drive(random, steps)


def pick(seed: int, kept: list[Any], name: str) -> Any:
    return kept[Random(f"{seed} {name}").randrange(len(kept))]


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_what_nobody_touches_ends_as_the_naive_model_says(first: int) -> None:
    """Of random programs with mapped flows, loops, recursion, joins with losers and phases: every node, and the run."""
    for seed in range(first, first + 50):
        ends_as_told(seed)


def ends_as_told(seed: int) -> None:
    root = program(Random(seed), timed=False)
    ways = ["ok", "ok", "ok", "flaky", "fail", "final"]
    verdicts: Any = [True, False, False, "bad"]

    def outcome(name: str, tried: int) -> str:
        way = pick(seed, ways, name)
        return str(way) if way != "flaky" else "fail" if tried == 1 else "ok"

    def verdict(name: str) -> Any:
        said = pick(seed, verdicts, name)
        return ERROR if said == "bad" else said

    def items(name: str) -> Any:
        return pick(seed, [0, 1, 2, 3, "no list"], name)

    def left_out(name: str, index: int) -> bool:
        return bool(pick(seed, [False, True], f"{name} where") and pick(seed, [False, True], f"{name} {index}"))

    world = World(
        root, lambda name, tried: Body(pick(seed, [0.5, 1.0, 2.0], name), outcome(name, tried)), verdict=verdict, items=items,
        left_out=left_out,
        concurrency=pick(seed, [1, 2, 8], "places"),
    )  # fmt: skip
    is_over(world.start().settle())
    seen = world.states()

    def early(name: str) -> Any:
        if name not in seen:
            return None
        s, u = world.s, world.unit(name)
        scopes = s.scopes(u) if s.kind(u) in (FLOW, LOOP) and u in s.kids else ()
        by_itself = any(finished_as(s, s.stretches[i].block, a) for i, a, _ in scopes)
        return State(s.status[u]) if s.why_ended(u) in BY_STEPS and not by_itself else None

    naive = Naive(root, outcome, verdict, items, lambda name: seen.get(name, "nowhere"), early=early, left_out=left_out)
    try:
        told = naive.ends()
    except Untold:
        return
    loose = [name for name in seen if name != "run" and world.s.node(world.unit(name)).gather in EARLY]
    for name, end in told.items():
        if not any(name.startswith((f"{one}[", f"{one}.")) for one in loose):
            assert seen[name] == end, (seed, name, seen[name], end)
    assert seen["run"] == naive.run(), seed

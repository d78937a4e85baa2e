"""Random programs under random histories: the State is the fold of its facts, and what is derived follows from it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from histories import drive, play
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stratix_tasks.core.facts import KIND_NAMES

SEEDS = int(os.environ.get("STRATIX_HISTORIES", "300"))
"""How many histories are played: a few hundred in the suite, 100,000 in the deep form."""
FIRST = int(os.environ.get("STRATIX_SEED", "0"))


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

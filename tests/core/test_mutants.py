"""The tests above the tables are worth something: faults put into tables, sets and rules on purpose are found."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from mutants import Mutant, added, caught_by, changed, dropped, equivalent, of_joins, of_rules, of_sets, sample

SEED = int(os.environ.get("STRATIX_SEED", "7"))
DEEP = bool(os.environ.get("STRATIX_DEEP"))
"""The form of `make chaos`: every mutant instead of a sample."""


@pytest.mark.skipif(not DEEP, reason="takes many minutes: STRATIX_DEEP=1")
@pytest.mark.timeout(3600)
def test_every_mutant_is_caught_but_those_that_change_nothing(record_property: Callable[[str, object], None]) -> None:
    """All mutants of all kinds; what survives is known, with its reason, to make no difference."""
    mutants = [*dropped(), *changed(SEED), *added(SEED, 15), *of_sets(), *of_rules(), *of_joins()]
    left = [mutant for mutant in mutants if caught_by(mutant) is None]
    record_property("mutants", len(mutants))
    record_property("caught", len(mutants) - len(left))
    record_property("that change nothing", sum(equivalent(mutant) is not None for mutant in left))
    assert [mutant.name for mutant in left if equivalent(mutant) is None] == []


@pytest.mark.parametrize("mutant", sample(12, 7), ids=lambda mutant: mutant.name)
def test_a_sample_of_mutants_is_caught(mutant: Mutant) -> None:
    """A fault in a table, a set or a rule breaks a promise somewhere in a small run, or a test of a single request."""
    assert caught_by(mutant) is not None


def test_without_a_fault_nothing_is_caught() -> None:
    """The judges find nothing in the machine as it is."""
    assert caught_by(Mutant("none", ())) is None

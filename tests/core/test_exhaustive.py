"""Small runs, explored exhaustively: every order of outcomes, requests, deadlines and deaths keeps the promises."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from explorer import explore
from small_flows import BLOCKS, FLOWS, PLACES

DEEP = bool(os.environ.get("STRATIX_DEEP"))
"""The form of `make chaos`: two requests and a death in every run, to the last order."""
MOST = 300_000 if DEEP else 700
FORKED = 300
"""Transitions with forks in the suite."""
TWO = ("one", "chain")
"""Graphs that see two requests and a death in the suite, too."""
SPAWNING = ("map", "map with retry", "node after map", "map that stops", "map in sub-flow", "map that streams")
"""Graphs whose items spawn others."""
LOSING = ("one", "frail", "timed", "map", "sub-flow")
"""Graphs that see a lost body in the suite, too."""


def report(record: Callable[[str, object], None], name: str, most: int, **budgets: int) -> None:
    covered = explore({**FLOWS, **BLOCKS}[name], places=PLACES.get(name, 2), most=most, **budgets)
    record("states", covered.states)
    record("transitions", covered.transitions)
    assert not covered.broken, covered.broken
    assert covered.states > (30 if budgets["requests"] else 5)
    assert covered.refused > 0 or not budgets["requests"]


@pytest.mark.parametrize("name", [*FLOWS, *BLOCKS])
def test_every_order_with_one_request_and_one_death(name: str, record_property: Callable[[str, object], None]) -> None:
    """Wherever one request and one death of the owner fall, each state keeps every promise, and its run can end."""
    report(record_property, name, MOST, requests=1, deaths=1)


@pytest.mark.parametrize("name", FLOWS if DEEP else LOSING)
def test_every_order_with_one_request_and_one_loss(name: str, record_property: Callable[[str, object], None]) -> None:
    """The same where the process of a body goes, whatever the body is doing then; in the deep form the owner dies, too."""
    report(record_property, name, MOST, requests=1, deaths=1 if DEEP else 0, losses=1)


@pytest.mark.parametrize("name", SPAWNING)
def test_every_order_with_a_spawn(name: str, record_property: Callable[[str, object], None]) -> None:
    """The same where an item spawns another one, and says so again, at any moment of any body, also of one being stopped."""
    report(record_property, name, MOST, requests=1, deaths=1, losses=1, spawns=2 if DEEP else 1)


@pytest.mark.parametrize("name", [*FLOWS, *BLOCKS])
def test_every_order_with_a_fork(name: str, record_property: Callable[[str, object], None]) -> None:
    """Wherever a run is forked, from any of its nodes: the fork takes over what it may, and keeps every promise from there on."""
    report(record_property, name, MOST if DEEP else FORKED, requests=1 if DEEP else 0, deaths=0, forks=1)


@pytest.mark.parametrize("name", FLOWS if DEEP else TWO)
def test_every_order_with_two_requests(name: str, record_property: Callable[[str, object], None]) -> None:
    """The same for every pair of requests, one after the other at any two moments."""
    report(record_property, name, 300_000 if DEEP else 2_000, requests=2, deaths=1)

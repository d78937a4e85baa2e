"""Small runs, explored exhaustively: every order of outcomes, requests, deadlines and deaths keeps the promises."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from explorer import explore
from small_flows import FLOWS, PLACES

DEEP = bool(os.environ.get("STRATIX_DEEP"))
"""The form of `make chaos`: two requests and a death in every run, to the last order."""
TWO = ("one", "chain")
"""Graphs that see two requests and a death in the suite, too."""


def report(name: str, requests: int, deaths: int, most: int, record: Callable[[str, object], None]) -> None:
    covered = explore(FLOWS[name], requests=requests, deaths=deaths, places=PLACES.get(name, 2), most=most)
    record("states", covered.states)
    record("transitions", covered.transitions)
    assert not covered.broken, covered.broken
    assert covered.states > 30
    assert covered.refused > 0


@pytest.mark.parametrize("name", FLOWS)
def test_every_order_with_one_request_and_one_death(name: str, record_property: Callable[[str, object], None]) -> None:
    """Wherever one request and one death of the owner fall, each state keeps every promise, and its run can end."""
    report(name, 1, 1, 200_000 if DEEP else 6_000, record_property)


@pytest.mark.parametrize("name", FLOWS if DEEP else TWO)
def test_every_order_with_two_requests(name: str, record_property: Callable[[str, object], None]) -> None:
    """The same for every pair of requests, one after the other at any two moments."""
    report(name, 2, 1 if DEEP or name in TWO else 0, 300_000, record_property)

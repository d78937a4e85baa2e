"""What the engine's tests share: what bodies did and wait for begins anew with each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gated import broken, gates
from small_bodies import Calls


@pytest.fixture(autouse=True)
def calls() -> Iterator[type[Calls]]:
    Calls.made, Calls.active, Calls.most = [], 0, 0
    yield Calls


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    gates.__init__()  # type: ignore[misc]
    broken.clear()
    yield
    for event in gates.open.values():
        event.set()

"""What the engine's tests share: what bodies did and wait for begins anew with each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gated import broken, gates
from other_kernel import Owner
from small_bodies import Calls

from stratix_tasks import Engine, configure, default_engine


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


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Callable[..., Owner]]:
    made: list[Owner] = []

    def make(flow: str, key: str = "") -> Owner:
        made.append(Owner(tmp_path / "store", flow, key))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.fixture
def default(tmp_path: Path) -> Iterator[Engine]:
    """The default engine, on a store of its own."""
    configure(store=tmp_path / "store")
    yield default_engine()
    default_engine().close()
    configure(store=None)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "store") as engine:
        yield engine

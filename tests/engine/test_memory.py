"""Results in memory: the same object while there is room, read back from the store beyond the budget."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks import Engine, each, flow, task
from stratix_tasks.core.block import Block
from stratix_tasks.core.blocks import join_blocks
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.node import Node
from stratix_tasks.core.results import Stored
from stratix_tasks.core.state import State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.engine.memory import Memory, Shelf

LONG = 30.0
SIZE = 4_000
MADE: dict[str, int] = {}
"""id of the object that a body returned, by what it returned."""


@task
def text(x: int) -> str:
    made = f"{x:06d}" * (SIZE // 6)
    MADE[made[:6]] = id(made)
    return made


@task
def same(part: str) -> bool:
    """Whether it is the very object that the upstream returned."""
    return id(part) == MADE[part[:6]]


@task
def length(part: str) -> int:
    return len(part)


@task
def total(parts: list[str]) -> int:
    return sum(map(len, parts))


@flow
def identities(n: int = 50) -> Any:
    return same.map(each(text.map(each(numbers(n)))))


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@flow
def measured(n: int = 50) -> Any:
    parts = text.map(each(numbers(n)))
    return [length.map(each(parts)), total(parts), total.options(name="again")(parts)]


@flow
def texts(n: int = 50) -> Any:
    return text.map(each(numbers(n)))


@pytest.fixture
def small(engine: Engine) -> Engine:
    """An engine that keeps 10 of the texts in memory."""
    engine.loop.memory.small.budget = 10 * SIZE
    return engine


def in_memory(run: Any, node: str) -> int:
    """How many items of a node have their value in memory."""
    core = run._live.core
    return sum(item in core.cache for item in core.state.members(unit_of(core.state, node)))


def test_bodies_get_the_object_itself_while_there_is_room(engine: Engine) -> None:
    """What the upstream returned is what the downstream gets."""
    assert all(engine.start(identities).result(LONG))


def test_results_over_the_budget_are_read_back(small: Engine) -> None:
    """One by one by a mapped node, as a list by others, more than once; the values are right, the memory is bounded."""
    run = small.start(measured)
    size = SIZE // 6 * 6
    assert run.result(LONG) == [[size] * 50, 50 * size, 50 * size]
    assert in_memory(run, "text") <= 10
    assert small.loop.memory.small.bytes <= 10 * SIZE
    assert run.output("text[7]").startswith("000007000007")


def test_a_result_that_is_not_in_memory_is_read_when_asked_for(small: Engine) -> None:
    """The run ends without it; each call reads it."""
    run = small.start(texts)
    first = run.result(LONG)
    assert [part[:6] for part in first] == [f"{x:06d}" for x in range(50)]
    assert in_memory(run, "text") <= 10
    assert run.result() == first


def test_a_run_from_the_store_is_bounded_too(small: Engine) -> None:
    """What is read back counts as what was made here."""
    run = small.start(texts)
    run.result(LONG)
    with Engine(small.store.path) as other:
        other.loop.memory.small.budget = 10 * SIZE
        again = other.run(run.id)
        assert in_memory(again, "text") == 0
        assert again.result() == run.result()
        assert in_memory(again, "text") <= 10


def test_results_go_with_their_run(engine: Engine) -> None:
    """What is in memory of a run that nobody holds any more is freed, without waiting for Python's collector."""
    gc.disable()
    try:
        run = engine.start(texts)
        run.result(LONG)
        gone = [weakref.ref(part) for part in (run._live.binding.shelf, run._live.core.agenda)]
        del run
        for _ in range(2):  # what threads had in hand last is theirs until they take the next
            engine.start(texts, {"n": 1}).result(LONG)
            engine.chores.settle()
        assert [part() for part in gone] == [None, None]
    finally:
        gc.enable()


class Made:
    """A result that is recorded as a pickle of some size."""

    def __init__(self, size: int) -> None:
        self.data = bytes(range(256)) * (size // 256)


@task
def dear() -> Any:
    return Made(3 << 20)


@task
def use(made: Any, x: int) -> int:
    return id(made)


@flow
def broadcast() -> Any:
    return use.map(dear(), each(numbers(40)))


def test_a_dear_result_stays_while_it_is_needed(small: Engine) -> None:
    """It is bigger than the budget, but forty bodies need it: they get the one object, and then it goes."""
    small.loop.memory.dear.budget = 1 << 20
    run = small.start(broadcast)
    assert len(set(run.result(LONG))) == 1
    core = run._live.core
    small.start(texts, {"n": 1}).result(LONG)
    assert unit_of(core.state, "dear") not in core.cache


@task(retry={"max": 0})
def once(part: str, marker: str) -> int:
    if part.startswith("000003") and not Path(marker).exists():
        raise OSError("not yet")
    return len(part)


@flow
def retried(marker: str) -> Any:
    return once.map(each(text.map(each(numbers(30)))), marker)


def test_items_are_retried_with_values_read_back(small: Engine, tmp_path: Path) -> None:
    """What a group had resolved is let go with it, and resolved again for a retry."""
    marker = tmp_path / "marker"
    run = small.start(retried, {"marker": str(marker)})
    assert run.wait(LONG) == "failed"
    marker.touch()
    run.retry()
    assert run.result(LONG) == [SIZE // 6 * 6] * 30


@pytest.mark.parametrize(
    "make",
    [
        lambda: "ü" * 20_000,
        lambda: bytes(range(256)) * 100,
        lambda: {"a": (1, 2.5), "b": ["x" * 9_000]},
        lambda: Made(9_000).data,
    ],
)
def test_what_is_read_back_is_equal(make: Callable[[], Any], small: Engine) -> None:
    """Text, bytes, plain data: equal in value and type."""

    @task(name="given")
    def given() -> Any:
        return make()

    @flow
    def one() -> Any:
        return [given(), text(1), text(2), text(3), text(4), text(5)]

    small.loop.memory.small.budget = 1
    first = small.start(one).result(LONG)[0]
    assert (first, type(first)) == (make(), type(make()))


def test_a_value_that_was_replaced_is_left_alone() -> None:
    """A unit that was set back and given another value keeps that one."""
    root = join_blocks({"main": Block("main", [Node("a"), Node("b")])}, "main")
    core, memory = Core(State(root)), Memory(10)
    core.cache |= {0: object(), 1: object()}
    shelf = Shelf(core, memory)
    shelf.put(0, Stored("json+frame", [8], 0, 1))
    core.cache[0] = given = object()
    shelf.put(1, Stored("json+frame", [8], 1, 1))
    shelf.trim()
    assert core.cache[0] is given
    assert memory.small.bytes == 8

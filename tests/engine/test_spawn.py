"""Items that add items to their own map, while it runs."""

from __future__ import annotations

from typing import Any

import pytest
from gated import LONG, collect, gates, until

from stratix_tasks import Engine, current, each, flow, history, product, task
from stratix_tasks.core import spawning
from stratix_tasks.errors import TaskFailed


def body(n: int, plus: int = 0) -> int:
    for smaller in range(n):
        current().spawn(smaller)
    return n + plus


async def async_body(n: int, plus: int = 0) -> int:
    return body(n, plus)


TREES: dict[str, Any] = {
    "thread": task(body),
    "async": task(async_body),
    "inline": task(runner="inline")(body),
    "process": task(runner="process")(body),
}


@task
def gated(n: int) -> int:
    for smaller in range(n):
        current().spawn(smaller, key=f"s{smaller}")
    gates.wait(n)
    return n


@task
def fails_at_first(n: int) -> int:
    for smaller in range(n):
        current().spawn(smaller)
    if n == 2 and current().attempt == 1:
        raise OSError("not the first time")
    return n


@task
def endless(n: int) -> int:
    current().spawn(n + 1)
    return n


@task
def pairs(x: int, lr: float) -> float:
    if x == 1:
        current().spawn(x=x + 1, lr=lr * 2)
    return x * lr


@task
def spawns(**how: Any) -> None:
    current().spawn(*how.get("args", ()), **{name: value for name, value in how.items() if name != "args"})


@pytest.mark.parametrize("runner", TREES)
def test_a_map_grows_while_it_runs(engine: Engine, runner: str) -> None:
    """Its results are those of all items, the spawned ones behind the others; broadcast arguments are as for all."""

    @flow
    def tree() -> Any:
        return collect(TREES[runner].map(each([3]), plus=10))

    run = engine.start(tree)
    value = run.result(LONG)
    assert (value[0], sorted(value)) == (13, [10, 10, 10, 10, 11, 11, 12, 13])
    told = run.tasks()
    items = told[told["item"].notna()].sort_values("item")
    assert list(items["item"]) == list(range(8))
    assert set(items["state"]) == {"completed"}


@pytest.mark.parametrize("x", [1, 5])
def test_an_attempt_that_is_tried_again_spawns_nothing_twice(engine: Engine, x: int) -> None:
    """What it says again is the same item."""

    @flow
    def again() -> Any:
        return fails_at_first.options(retry={"max": 2, "delay": 0, "jitter": "none"}).map(each([2, x]))

    value = engine.start(again).result(LONG)
    assert len(value) == 2**2 + 2**x


def test_keys_say_where_an_item_comes_from(engine: Engine) -> None:
    """`<parent>/<key>`; they are names for looking and asking, here and in the history, and a fork takes the items over."""

    @flow
    def keyed() -> Any:
        return collect(gated.options(key="n{n}").map(each([1])))

    gates.let(0), gates.let(1)
    run = engine.start(keyed)
    assert run.result(LONG) == [1, 0]
    assert run.output("gated['n1/s0']") == 0
    assert list(history(engine.store.path).tasks(run=run.id)["key"].dropna()) == ["n1", "n1/s0"]
    fork = run.fork(from_="collect")
    assert fork.result(LONG) == [1, 0]
    assert fork.output("gated['n1/s0']") == 0
    assert set(fork.tasks().set_index("key")["attempts"].loc[["n1", "n1/s0"]]) == {0}


def test_several_mapped_arguments_are_given_by_name(engine: Engine) -> None:
    """Also those that are crossed: a spawned item is one pair more."""

    @flow
    def crossed() -> Any:
        return pairs.map(*product([1, 5], [1.0]))

    assert engine.start(crossed).result(LONG) == [1.0, 5.0, 4.0]


def test_another_engine_goes_on_with_what_was_spawned(engine: Engine, tmp_path: Any) -> None:
    """Each item is there once, and has its value, though the body that spawned it runs again."""

    @flow
    def left() -> Any:
        return gated.map(each([2]))

    run = engine.start(left)
    gates.arrive(2), gates.arrive(1), gates.arrive(0)
    until(run, lambda: run.progress()[0]["total"] == 4)
    engine.close()
    for number in range(3):
        gates.let(number)
    with Engine(tmp_path / "store") as other:
        (again,) = other.recover()
        assert sorted(again.result(LONG)) == [0, 0, 1, 2]


def test_items_of_a_paused_map_wait(engine: Engine) -> None:
    """What is spawned into a node that is paused is paused, and let go with it."""

    @task
    def pausing(n: int) -> int:
        gates.wait("before")
        for smaller in range(n):
            current().spawn(smaller)
        return n

    @flow
    def paused() -> Any:
        return pausing.map(each([1]))

    run = engine.start(paused)
    gates.arrive("before")
    run.pause("pausing")
    gates.let("before")
    until(run, lambda: (run.progress()[0]["total"], run.progress()[0]["done"]) == (2, 1))
    assert list(run.tasks()["state"])[-1] == "held"
    run.resume("pausing")
    assert run.result(LONG) == [1, 0]


def test_a_map_without_an_end_fails(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The body that spawns one too many is told so."""
    monkeypatch.setattr(spawning, "MOST", 20)

    @flow
    def runaway() -> Any:
        return endless.map(each([0]))

    run = engine.start(runaway)
    with pytest.raises(TaskFailed, match="20 are the most"):
        run.result(LONG)
    assert run.error.code == "too-many-items"
    assert run.progress()[0]["total"] == 21


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({}, "given as spawn"),
        ({"args": (1,), "a": 2}, "given as spawn"),
        ({"b": 2}, "given as spawn"),
        ({"args": (1,), "key": 1.5}, "the key of a spawned item"),
        ({"args": (1,), "key": "\ud800"}, "the key of a spawned item"),
    ],
)
def test_an_odd_spawn_is_refused(engine: Engine, how: dict[str, Any], told: str) -> None:
    """The error says how an item is given."""

    @task
    def odd(a: int) -> None:
        spawns.fn(**how)

    @flow
    def wrong() -> Any:
        return odd.map(each([1]))

    run = engine.start(wrong)
    with pytest.raises(TaskFailed, match=told):
        run.result(LONG)
    assert run.error.code == "bad-spawn"


def test_only_items_spawn(engine: Engine) -> None:
    """A node that is not mapped has no items: the error says where a spawn belongs. Outside a run it does nothing."""

    @flow
    def alone() -> Any:
        return TREES["thread"](2)

    run = engine.start(alone)
    with pytest.raises(TaskFailed, match=r"body\.map"):
        run.result(LONG)
    assert run.error.code == "not-mapped"
    assert body(3) == 3

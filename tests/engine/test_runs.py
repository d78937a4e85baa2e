"""What a run does with a flow: order, values, fan-out and branches."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from small_bodies import LONG, Calls, add, double, negate, pair, spread, states, total

from stratix_tasks import (
    Engine,
    FlowError,
    Static,
    TaskFailed,
    each,
    first_of,
    flow,
    otherwise,
    product,
    task,
    when,
)

# ---------------------------------------------------------------------- shapes


def test_a_chain_passes_values_on(engine: Engine) -> None:
    """Each task gets what the one before returned, in threads, on the bodies' loop and inline alike."""

    @flow
    def chain(x: int = 1) -> int:
        return add(negate(double(add(x))), 10)

    run = engine.start(chain)
    assert run.result(LONG) == 6
    assert states(run) == {"add": "completed", "double": "completed", "negate": "completed", "add_2": "completed"}


def test_a_fan_out_keeps_the_order_of_its_items(engine: Engine) -> None:
    """A map over a list that is known only at run time yields the results in item order."""

    @flow
    def fan(n: int = 50) -> list[int]:
        return double.map(each(spread(n)))

    assert engine.start(fan).result(LONG) == [2 * x for x in range(50)]


def test_several_each_zip_and_product_crosses(engine: Engine) -> None:
    """Two marks zip; `product` crosses, the last varying fastest; the rest is broadcast."""

    @flow
    def both() -> Any:
        return add.map(each([1, 2]), each([10, 20])), add.map(*product([1, 2], [10, 20])), add.map(each([1, 2]), b=5)

    assert engine.start(both).result(LONG) == ([11, 22], [11, 21, 12, 22], [6, 7])


def test_zipped_sources_of_different_lengths_fail_the_map(engine: Engine) -> None:
    """The map fails before any item starts, and says both lengths; of lists that stand in the flow it is told before that starts."""

    @flow
    def uneven(n: int = 3) -> Any:
        return add.map(each([1, 2]), each(spread(n)))

    with pytest.raises(TaskFailed, match=r"2.*3"):
        engine.start(uneven).result(LONG)

    @flow
    def uneven_literals() -> Any:
        return add.map(each([1, 2]), each([1, 2, 3]))

    with pytest.raises(FlowError, match=r"2.*3"):
        engine.start(uneven_literals)


def test_an_empty_map_completes_with_nothing(engine: Engine) -> None:
    """`[]` in, `[]` out."""

    @flow
    def empty() -> int:
        return total(double.map(each(spread(0))))

    assert engine.start(empty).result(LONG) == 0


def test_items_have_keys(engine: Engine) -> None:
    """`key=` names items, in outputs and in requests."""

    @flow
    def keyed() -> Any:
        return add.options(key="k{a}").map(each([3, 5]))

    run = engine.start(keyed)
    run.result(LONG)
    assert run.output("add['k5']") == 6
    assert run.output("add[0]") == 4
    assert list(run.tasks()["key"].dropna()) == ["k3", "k5"]


def test_a_tuple_is_unpacked_by_its_annotation(engine: Engine) -> None:
    """`a, b = task()` gives two references."""

    @flow
    def unpacks(x: int = 3) -> int:
        low, high = pair(x)
        return add(low, high)

    assert engine.start(unpacks).result(LONG) == 7


def test_a_flow_in_a_flow_is_a_group(engine: Engine) -> None:
    """Its nodes run in place, named after the group; its value goes on."""

    @flow
    def inner(x: int) -> int:
        return add(double(x))

    @flow
    def outer(x: int = 2) -> int:
        return add(inner(x), inner(10))

    run = engine.start(outer)
    assert run.result(LONG) == 26
    assert run.output("inner.double") == 4
    assert run.output("inner_2.double") == 20


@pytest.mark.parametrize(("x", "taken"), [(1, "add"), (-1, "double")])
def test_branches_skip_what_is_not_taken(engine: Engine, x: int, taken: str) -> None:
    """`when`/`otherwise` run one side, the other is skipped, and `first_of` is the one that ran."""

    @flow
    def branches(x: int) -> int:
        with when(add(x, 0) > 0):
            a = add.options(name="plus")(x)
        with otherwise():
            b = double(x)
        return add.options(name="last")(first_of(a, b), 100)

    run = engine.start(branches, {"x": x})
    assert run.result(LONG) == (102 if x > 0 else 98)
    assert {state for name, state in states(run).items() if name in ("plus", "double")} == {"completed", "skipped"}


def test_order_without_data(engine: Engine) -> None:
    """`after` makes a node wait for another without taking its value."""

    @task
    def mark(name: str) -> None:
        Calls.made.append(name)

    @flow
    def ordered() -> Any:
        first = mark.options(name="first")("first")
        return mark.options(name="second", after=[first])("second")

    engine.start(ordered).result(LONG)
    assert Calls.made == ["first", "second"]


def test_static_inputs_shape_the_graph(engine: Engine) -> None:
    """A `Static` input is a plain value while the flow is traced: loops and ifs over it are Python's."""

    @flow
    def shaped(x: int = 0, times: Static[int] = 2) -> Any:
        for _ in range(times):
            x = add(x)
        return x

    assert engine.start(shaped, {"times": 4}).result(LONG) == 4
    assert len(engine.start(shaped).progress()) == 2


def test_references_are_found_in_containers(engine: Engine) -> None:
    """Lists, tuples and dicts may hold references."""

    @task
    def collect(parts: dict[str, Any]) -> Any:
        return parts

    @flow
    def holds() -> Any:
        a = add(1)
        return collect({"a": a, "more": [double(a), (a, 7)]})

    assert engine.start(holds).result(LONG) == {"a": 2, "more": [4, (2, 7)]}


def test_10000_nodes_run(engine: Engine) -> None:
    """A wide graph ends, each node once."""

    @flow
    def wide() -> int:
        return total(double.map(each(spread(10_000))))

    assert engine.start(wide).result(LONG) == 2 * sum(range(10_000))


def test_async_flow_is_awaited(engine: Engine) -> None:
    """`await run` gives the value, from a loop of the caller's."""

    @flow
    async def composed(x: int = 4) -> int:
        return add(await double(x))

    async def caller() -> Any:
        return await engine.start(composed)

    assert asyncio.run(caller()) == 9

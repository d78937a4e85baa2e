"""What a run does with a flow: order, values, fan-out, branches, failures, limits."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from stratix_tasks import (
    Engine,
    FlowError,
    InputError,
    Static,
    StratixError,
    TaskFailed,
    each,
    first_of,
    flow,
    otherwise,
    product,
    task,
    when,
)

LONG = 30.0
"""Seconds after which a test that waits gives up."""


@task
def add(a: int, b: int = 1) -> int:
    return a + b


@task
async def double(x: int) -> int:
    return 2 * x


@task(runner="inline")
def negate(x: int) -> int:
    return -x


@task
def total(parts: list[int]) -> int:
    return sum(parts)


@task
def spread(n: int) -> list[int]:
    return list(range(n))


@task
def pair(x: int) -> tuple[int, int]:
    return x, x + 1


class Calls:
    """What bodies did, in the order in which they did it; cleared before each test."""

    made: list[Any] = []
    active = 0
    most = 0
    lock = threading.Lock()


@pytest.fixture(autouse=True)
def calls() -> Iterator[type[Calls]]:
    Calls.made, Calls.active, Calls.most = [], 0, 0
    yield Calls


def states(run: Any) -> dict[str, str]:
    return {row["name"]: row["state"] for row in run.progress()}


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
    """The map fails before any item starts, and says both lengths."""

    @flow
    def uneven() -> Any:
        return add.map(each([1, 2]), each([1, 2, 3]))

    with pytest.raises(TaskFailed, match=r"2.*3"):
        engine.start(uneven).result(LONG)


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


# ---------------------------------------------------------------------- failure


def test_a_body_that_raises_fails_the_run(engine: Engine) -> None:
    """TaskFailed names node and attempt, holds the body's own error and its traceback; what needs it is upstream_failed."""

    @task
    def divide(a: int, b: int) -> Any:
        return a / b

    @flow
    def broken() -> float:
        return add(divide.options(name="ratio")(1, 0))

    run = engine.start(broken)
    with pytest.raises(TaskFailed) as caught:
        run.result(LONG)
    error = caught.value
    assert (error.node, error.attempt, error.error_type, error.run) == ("ratio", 1, "ZeroDivisionError", run.id)
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert "return a / b" in error.traceback
    assert states(run) == {"ratio": "failed", "add": "upstream_failed"}
    assert (run.status, run.error) == ("failed", error)


def test_other_branches_run_to_the_end(engine: Engine) -> None:
    """By default a failure does not stop what does not need it; `on_failure="stop"` does."""
    release = threading.Event()

    @task
    def boom() -> int:
        raise ValueError("no")

    @task
    def patient() -> int:
        release.wait(LONG)
        return 1

    def body() -> Any:
        return boom(), add(patient())

    run = engine.start(flow(name="finishes")(body))
    while states(run)["boom"] != "failed":
        run.wait(0.01)
    release.set()
    run.wait(LONG)
    assert states(run)["add"] == "completed"
    release.clear()
    stopped = engine.start(flow(name="stops", on_failure="stop")(body))
    while states(stopped)["boom"] != "failed":
        stopped.wait(0.01)
    release.set()
    stopped.wait(LONG)
    assert (stopped.status, states(stopped)["add"]) == ("failed", "cancelled")


def test_retry_tries_again_with_backoff(engine: Engine) -> None:
    """`retry=2` is three attempts; each wait is within the backoff; the attempts are on record."""

    @task(retry={"max": 2, "delay": 0.01, "jitter": "none"})
    def flaky() -> int:
        Calls.made.append(time.monotonic())
        if len(Calls.made) < 3:
            raise OSError("not yet")
        return len(Calls.made)

    @flow
    def tries() -> int:
        return flaky()

    run = engine.start(tries)
    assert run.result(LONG) == 3
    assert [b - a >= w for a, b, w in zip(Calls.made, Calls.made[1:], (0.01, 0.02), strict=False)] == [True, True]
    attempts = engine_history(engine).attempts(run.id)
    assert list(attempts["state"]) == ["failed", "failed", "completed"]


def test_retry_only_on_named_errors(engine: Engine) -> None:
    """An error of another class is not tried again."""

    @task(retry={"max": 5, "on": [OSError]})
    def wrong() -> int:
        Calls.made.append(1)
        raise KeyError("k")

    @flow
    def once() -> int:
        return wrong()

    with pytest.raises(TaskFailed):
        engine.start(once).result(LONG)
    assert len(Calls.made) == 1


def test_a_result_that_cannot_be_stored_fails_its_node(engine: Engine) -> None:
    """Code `not-storable`, naming the type and what to return instead; nothing else is lost."""

    @task
    def opens() -> Any:
        return threading.Lock()

    @flow
    def unstorable() -> Any:
        return add(1), opens()

    run = engine.start(unstorable)
    with pytest.raises(TaskFailed, match="lock") as caught:
        run.result(LONG)
    assert caught.value.code == "not-storable"
    assert run.output("add") == 2


def test_a_body_that_exits_only_fails_its_node(engine: Engine) -> None:
    """`sys.exit` in a body does not end the kernel."""

    @task
    def leaves() -> None:
        raise SystemExit(3)

    @flow
    def exits() -> None:
        return leaves()

    with pytest.raises(TaskFailed, match="SystemExit"):
        engine.start(exits).result(LONG)


# ---------------------------------------------------------------------- time-outs and limits


def test_attempt_timeout_stops_the_body_and_is_tried_again(engine: Engine) -> None:
    """Each attempt has its own limit; a body that stops at a checkpoint is free at once."""

    @task(timeout=0.05, retry={"max": 1, "delay": 0.01})
    async def slow() -> int:
        Calls.made.append(1)
        await asyncio.sleep(LONG if len(Calls.made) == 1 else 0)
        return len(Calls.made)

    @flow
    def timed() -> int:
        return slow()

    assert engine.start(timed).result(LONG) == 2


def test_total_timeout_ends_all_attempts(engine: Engine) -> None:
    """`total` counts over attempts; the error names the limit."""

    @task(timeout={"total": 0.1}, retry={"max": 99, "delay": 0.02, "jitter": "none", "backoff": 1})
    def fails() -> None:
        raise OSError("again")

    @flow
    def limited() -> None:
        return fails()

    with pytest.raises(TaskFailed, match=r"total limit of 0\.1 s"):
        engine.start(limited).result(LONG)


def test_queued_timeout_ends_what_waits_for_a_slot(tmp_path: Any) -> None:
    """A node that gets no slot in time fails; the one that has it completes."""
    release = threading.Event()

    @task
    def holds() -> int:
        release.wait(LONG)
        return 1

    @task(timeout={"queued": 0.05})
    def waits() -> int:
        return 2

    @flow
    def crowded() -> Any:
        return holds(), waits()

    with Engine(tmp_path / "store", concurrency=1) as engine:
        run = engine.start(crowded)
        while states(run)["waits"] != "failed":
            run.wait(0.01)
        release.set()
        with pytest.raises(TaskFailed, match="queued limit"):
            run.result(LONG)
        assert states(run)["holds"] == "completed"


def test_flow_timeout_fails_the_run(engine: Engine) -> None:
    """The run fails with reason `timeout`; bodies are asked to stop."""

    @task
    async def forever() -> None:
        await asyncio.sleep(LONG)

    @flow(timeout=0.1)
    def limited() -> None:
        return forever()

    run = engine.start(limited)
    assert run.wait(LONG) == "failed"
    assert run.reason == "timeout"


@task
async def busy(x: int) -> int:
    with Calls.lock:
        Calls.active += 1
        Calls.most = max(Calls.most, Calls.active)
    await asyncio.sleep(0.01)
    with Calls.lock:
        Calls.active -= 1
    return x


@pytest.mark.parametrize("limit", ["engine", "flow", "pool", "map"])
def test_no_more_bodies_than_each_limit_allows(tmp_path: Any, limit: str) -> None:
    """Engine concurrency, the flow's, a pool and a map's `max` each hold; all items complete."""
    limited = busy.options(**{"pool": {"pool": "api"}, "map": {"max": 3}}.get(limit, {}))

    def body() -> Any:
        return limited.map(each(list(range(20))))

    options: dict[str, Any] = {"flow": {"concurrency": 3}, "pool": {"pools": {"api": 3}}}.get(limit, {})
    with Engine(tmp_path / "store", concurrency=3 if limit == "engine" else 32) as engine:
        assert engine.start(flow(name="limited", **options)(body)).result(LONG) == list(range(20))
    assert Calls.most == 3


def test_pools_of_the_engine_are_shared_by_runs(tmp_path: Any) -> None:
    """Two runs together never take more places of an engine's pool than it has."""
    limited = busy.options(pool="db")

    @flow
    def shares() -> Any:
        return limited.map(each(list(range(10))))

    with Engine(tmp_path / "store", pools={"db": 2}) as engine:
        runs = [engine.start(shares) for _ in range(3)]
        assert [run.result(LONG) for run in runs] == [list(range(10))] * 3
    assert Calls.most == 2


def test_priority_decides_who_starts_first(tmp_path: Any) -> None:
    """With one slot, what is more urgent starts before what is ready longer."""

    @task
    def mark(name: str, before: Any = None) -> str:
        Calls.made.append(name)
        return name

    @flow
    def urgent() -> Any:
        begin = mark.options(name="begin")("begin")
        low = [mark.options(name=f"low{n}")(f"low{n}", begin) for n in range(3)]
        return low, mark.options(name="high", priority=5)("high", begin)

    with Engine(tmp_path / "store", concurrency=1) as engine:
        engine.start(urgent).result(LONG)
    assert Calls.made == ["begin", "high", "low0", "low1", "low2"]


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"y": 1}, "unknown input 'y'"),
        ({"x": "many"}, "'x' must be int"),
        ({}, "missing input 'x'"),
        ({"x": 1, "nmae": "n"}, "Did you mean 'name'"),
    ],
)
def test_wrong_inputs_are_refused_before_anything_runs(engine: Engine, inputs: dict[str, Any], said: str) -> None:
    """InputError that names the input, what is allowed and what was meant; there is no run."""

    @flow
    def wants(x: int, name: str = "n") -> int:
        return add(x)

    with pytest.raises(InputError, match=said):
        engine.start(wants, inputs)
    assert engine.runs() == []


def test_a_broken_flow_is_refused_with_all_its_problems(engine: Engine) -> None:
    """FlowError holds every problem, not the first alone; there is no run."""

    @flow
    def broken(x: int = 1) -> Any:
        return add.options(pool="nowhere")(x), double.options(pool="neither")(x)

    with pytest.raises(FlowError) as caught:
        engine.start(broken)
    assert len(caught.value.problems) == 2
    assert engine.runs() == []


def test_a_flow_called_in_a_body_is_refused(engine: Engine) -> None:
    """The error says to compose in the flow."""

    @flow
    def inner() -> int:
        return add(1)

    @task
    def calls_flow() -> int:
        return inner()

    @flow
    def outer() -> int:
        return calls_flow()

    with pytest.raises(TaskFailed, match="Compose in the flow"):
        engine.start(outer).result(LONG)


# ---------------------------------------------------------------------- handles


def test_the_same_key_is_the_same_run(engine: Engine) -> None:
    """A second start with the same key gives the first run; with other inputs it is refused."""

    @flow
    def keyed(x: int = 1) -> int:
        return add(x)

    run = engine.start(keyed, key="2026-01-01")
    assert engine.start(keyed, key="2026-01-01").id == run.id
    assert engine.start(keyed, key="2026-01-02").id != run.id
    with pytest.raises(InputError, match="other inputs"):
        engine.start(keyed, {"x": 2}, key="2026-01-01")


def test_result_waits_no_longer_than_asked(engine: Engine) -> None:
    """TimeoutError after `timeout`; the run goes on."""
    release = threading.Event()

    @task
    def waits() -> int:
        release.wait(LONG)
        return 5

    @flow
    def patient() -> int:
        return waits()

    run = engine.start(patient)
    with pytest.raises(TimeoutError, match="it goes on"):
        run.result(0.05)
    release.set()
    assert run.result(LONG) == 5


def test_output_of_what_has_none_says_so(engine: Engine) -> None:
    """StratixError with the state; an unknown node with the nearest name."""

    @flow
    def one() -> int:
        return add(1)

    run = engine.start(one)
    run.result(LONG)
    assert run.output("add") == 2
    with pytest.raises(StratixError, match="Did you mean 'add'"):
        run.output("ad")


def test_runs_are_found_by_id(engine: Engine) -> None:
    """`engine.run(id)`; an unknown id is an InputError; `runs()` has the newest first."""

    @flow
    def one() -> int:
        return add(1)

    first, second = engine.start(one), engine.start(one)
    assert [run.id for run in engine.runs()] == [second.id, first.id]
    assert engine.run(first.id).result(LONG) == 2
    with pytest.raises(InputError):
        engine.run("0000000000000000")


def test_events_are_told_in_order(engine: Engine) -> None:
    """`on` calls back for what was asked for; the returned function ends it."""
    heard: list[dict[str, Any]] = []
    stop = engine.on("task.completed", heard.append)

    @flow
    def two() -> int:
        return add(add(1))

    engine.start(two).result(LONG)
    assert [event["node"] for event in heard] == ["add", "add_2"]
    stop()
    engine.start(two).result(LONG)
    assert len(heard) == 2
    with pytest.raises(InputError, match="no event"):
        engine.on("task.exploded", heard.append)


def test_a_callback_may_ask_the_run(engine: Engine) -> None:
    """What it asks comes after what it was told of is done; who waits for the run does so until it has really ended."""
    fails, told = [True, True], []

    @task
    def fragile() -> int:
        if fails:
            fails.pop()
            raise ValueError("not yet")
        return 7

    @flow(name="one")
    def one() -> Any:
        return fragile()

    engine.on("task.failed", lambda event: engine.run(event["run"]).retry())
    engine.on("run.completed", lambda event: told.append(engine.run(event["run"]).result()))
    run = engine.start(one)
    assert run.result(LONG) == 7
    assert told == [7]
    assert run.tasks()["attempts"].iloc[0] == 3


def test_the_engines_thread_does_not_wait_for_itself(engine: Engine) -> None:
    """A callback or an inline body that waits for a run which goes on gets an error that says so."""
    found: list[Any] = []

    def waits(event: dict[str, Any]) -> None:
        with pytest.raises(StratixError) as caught:
            engine.run(event["run"]).result()
        found.append(caught.value.code)

    engine.on("task.started", waits)

    @flow(name="one")
    def one() -> Any:
        return add(1)

    assert engine.start(one).result(LONG) == 2
    assert found == ["would-block"]


def engine_history(engine: Engine) -> Any:
    from stratix_tasks import history

    return history(engine.store.path)

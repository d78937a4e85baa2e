"""What a person changes of a run: arguments, breakpoints, rollback and fork, through the engine and the store."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Any

import pytest

from stratix_tasks import Engine, InputError, TransitionError, current, each, flow, repeat, task

BODIES: deque[str] = deque()
"""A line a body that ran, in order; each test empties it. No list: what that holds would count as part of the code."""
OPEN = threading.Event()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    BODIES.clear()
    OPEN.set()


def begun(engine: Engine, *breakpoints: str) -> Any:
    """A run of `sums` with breakpoints that are there before the nodes can be reached."""
    OPEN.clear()
    run = engine.start(sums)
    for node in breakpoints:
        run.breakpoint(node)
    OPEN.set()
    return run


def ran(text: str) -> None:
    BODIES.append(text)


@task
def load(n: int) -> list[int]:
    ran("load")
    OPEN.wait(10)
    return list(range(n))


@task
def scale(x: int, by: int = 10) -> int:
    ran(f"scale {x}")
    return x * by


@task
def total(parts: list[int], extra: int = 0) -> int:
    ran("total")
    return sum(parts) + extra


@task
def report(value: int) -> str:
    ran(f"report {value}")
    return f"{value}!"


@flow
def sums(n: int = 3, extra: int = 0) -> str:
    return report(total(scale.map(each(load(n))), extra))


def test_set_changes_an_argument_of_what_has_not_started(engine: Engine) -> None:
    """An argument that was set stands for the flow's, and the change is on record."""
    run = begun(engine, "report")
    until(run, "report", "held")
    run.set("report", args={"value": 7})
    run.resume("report")
    assert run.result(10) == "7!"
    asked = run._engine.store
    from stratix_tasks.store.analytics import History

    events = History(asked).events(run.id)
    assert list(events.loc[events["kind"] == "requested", "event"]) == ["breakpoint", "set", "resume"]


def test_set_of_one_item(engine: Engine) -> None:
    """Of an expanded map arguments are set per item; the map itself is refused with that hint."""
    started = threading.Event()

    go = threading.Event()

    @task
    def slow(x: int, by: int = 10) -> int:
        started.set()
        go.wait(10)
        return x * by

    @flow(concurrency=1)
    def items() -> int:
        return total(slow.map(each(load(3))))

    run = engine.start(items)
    assert started.wait(10)
    run.pause()
    run.set("slow[1]", args={"by": 1000})
    with pytest.raises(TransitionError, match="set per item"):
        run.set("slow", args={"by": 1})
    go.set()
    run.resume()
    assert run.result(10) == 0 + 1000 + 20


def test_set_of_a_map_that_is_not_expanded(engine: Engine) -> None:
    """Before it is expanded a map takes another list, or another broadcast argument."""
    run = begun(engine, "scale")
    until(run, "scale", "held")
    run.set("scale", args={"x": [5, 6], "by": 2})
    run.resume("scale")
    assert run.result(10) == "22!"


def test_set_refuses_what_is_not_there(engine: Engine) -> None:
    """An unknown argument or option is an InputError that names what there is; nothing is recorded."""
    run = begun(engine, "report")
    until(run, "report", "held")
    with pytest.raises(InputError, match=r"has no argument 'valu'.*value"):
        run.set("report", args={"valu": 1})
    with pytest.raises(InputError, match="nothing to set"):
        run.set("report")
    with pytest.raises(InputError, match="retr"):
        run.set("report", options={"retr": 1})
    run.resume("report")
    run.result(10)
    with pytest.raises(TransitionError, match="can't set 'report': it is completed"):
        run.set("report", args={"value": 1})


def test_set_of_options(engine: Engine) -> None:
    """A retry that was set gives a node the attempts that its definition did not."""
    tries: list[int] = []

    @task
    def flaky() -> int:
        tries.append(current().attempt)
        if len(tries) < 3:
            raise ValueError("not yet")
        return 1

    @flow
    def one() -> int:
        return flaky()

    run = engine.start(one)
    run.wait(10)
    assert run.status == "failed"
    run.set("flaky", options={"retry": {"max": 2, "delay": 0}})
    run.retry()
    assert run.result(10) == 1
    assert tries == [1, 2, 3]


def test_options_of_a_map_are_its_items_too(engine: Engine) -> None:
    """Set before the map is expanded they hold for every item; set of one item they hold for that one alone."""
    tries: list[int] = []

    @task
    def flaky(x: int) -> int:
        tries.append(x)
        if tries.count(x) < 2:
            raise ValueError("not yet")
        return x

    @flow
    def items() -> int:
        return total(flaky.map(each(load(3))))

    OPEN.clear()
    run = engine.start(items)
    run.pause("flaky")
    run.set("flaky", options={"retry": {"max": 1, "delay": 0}})
    run.resume("flaky")
    OPEN.set()
    assert run.result(10) == 3
    assert sorted(tries) == [0, 0, 1, 1, 2, 2]


def test_a_priority_that_was_set_counts_for_what_waits_already(engine: Engine) -> None:
    """A node that is ready, or was when it was paused, starts when its new priority says so."""

    @task
    def goes(name: str) -> None:
        ran(name)
        OPEN.wait(10)

    @flow(concurrency=1)
    def queue() -> None:
        for name, priority in (("first", 100), ("a", 10), ("b", 9), ("c", 8), ("d", 7)):
            goes.options(name=name, priority=priority)(name)

    OPEN.clear()
    run = engine.start(queue)
    until(run, "first", "running")
    run.set("a", options={"priority": 1})
    run.set("d", options={"priority": 20})
    run.pause("b")
    run.set("b", options={"priority": 0})
    run.resume("b")
    OPEN.set()
    assert run.wait(10) == "completed"
    assert list(BODIES) == ["first", "d", "c", "a", "b"]


def test_options_of_a_flow_are_set_before_it_begins(engine: Engine) -> None:
    """Of a flow as a whole, of each item of a mapped one, of each round, its priority always; how long it may wait for its places
    where it takes some."""

    @task
    def fails(name: str) -> None:
        ran(name)
        raise OSError(name)

    @flow
    def one(name: str) -> None:
        fails(name)

    @flow(name="flows_that_are_set")
    def flows_that_are_set() -> None:
        ready = load(1)
        one.options(after=[ready])("flow")
        one.options(name="mapped", retry={"max": 5, "delay": 0}, after=[ready]).map(each(["x", "y"]))
        repeat(one.options(name="rounds", timeout="1h", after=[ready]), name="round", max=3)
        one.options(name="plain", after=[ready]).map(each(["z"]))

    OPEN.clear()
    run = engine.start(flows_that_are_set)
    until(run, "load", "running")
    run.set("one", options={"retry": {"max": 1, "delay": 0}, "priority": 3, "timeout": "1h"})
    run.set("mapped", options={"retry": {"max": 2, "delay": 0}})
    run.set("rounds", options={"retry": {"max": 3, "delay": 0}, "timeout": "2h"})
    run.set("plain", options={"priority": 3})
    for name, options in {"one": {"timeout": {"queued": 9}}, "plain": {"retry": 1}, "mapped": {"grace": 1}}.items():
        with pytest.raises(InputError, match=f"'{name}'"):
            run.set(name, options=options)
    OPEN.set()
    assert run.wait(10) == "failed"
    assert Counter(BODIES) == {"load": 1, "flow": 2, "x": 3, "y": 3, "round": 4, "z": 1}


def test_what_was_set_outlives_its_kernel(tmp_path: Any) -> None:
    """Another engine that goes on uses the arguments that were set, and keeps the breakpoint."""
    with Engine(tmp_path / "store") as first:
        run = begun(first, "total", "report")
        until(run, "total", "held")
        run.set("total", args={"extra": 100})
        run_id = run.id
    with Engine(tmp_path / "store") as second:
        (again,) = second.recover()
        assert again.id == run_id
        again.resume("total")
        until(again, "report", "held")
        assert again.output("total") == 130
        again.breakpoint("report", on=False)
        again.resume("report")
        assert again.result(10) == "130!"


def test_a_breakpoint_stops_each_time_until_it_is_taken_away(engine: Engine) -> None:
    """A node with a breakpoint is held whenever it is about to start; after a rollback too."""
    run = begun(engine, "total")
    until(run, "total", "held")
    assert "breakpoint" in run.why("total")
    run.resume("total")
    assert run.result(10) == "30!"
    run.rollback("scale")
    run.resume()
    until(run, "total", "held")
    run.breakpoint("total", on=False)
    run.resume("total")
    assert run.result(10) == "30!"
    assert BODIES.count("total") == 2


def test_rollback_runs_again_what_comes_after_a_node(engine: Engine) -> None:
    """After a rollback the run is paused; its descendants run again, what came before does not."""
    run = engine.start(sums)
    assert run.result(10) == "30!"
    run.rollback("scale")
    assert run.status == "paused"
    assert [row["state"] for row in run.progress()] == ["completed", "completed", "pending", "pending"] or run.status
    run.set("total", args={"extra": 5})
    run.resume()
    assert run.result(10) == "35!"
    assert BODIES.count("load") == 1
    assert BODIES.count("total") == 2


def test_rollback_of_a_map_makes_new_items(engine: Engine) -> None:
    """A map that is rolled back is expanded anew; the history shows its present items once."""
    run = engine.start(sums)
    run.result(10)
    run.rollback("load")
    run.resume()
    assert run.result(10) == "30!"
    assert sorted(line for line in BODIES if line.startswith("scale")) == sorted(["scale 0", "scale 1", "scale 2"] * 2)
    tasks = run.tasks()
    items = tasks[tasks["node"].eq("scale") & tasks["item"].notna()]
    assert list(items["item"]) == [0, 1, 2]
    assert set(items["state"]) == {"completed"}


def test_rollback_to_a_fact(engine: Engine) -> None:
    """`rollback(at=seq)` sets back what came to something after that fact."""
    run = engine.start(sums)
    run.result(10)
    events = run.events()
    seq = int(events.loc[events["node"].eq("total") & events["to_state"].eq("completed"), "seq"].iloc[0])
    run.rollback(at=seq)
    run.resume()
    assert run.result(10) == "30!"
    assert BODIES.count("total") == 1
    assert BODIES.count("report 30") == 2
    with pytest.raises(InputError, match="the run has facts 1 to"):
        run.rollback(at=10_000)


def test_rollback_stops_what_runs(engine: Engine) -> None:
    """Bodies of what is rolled back are stopped; the run is pausing until they ended, then paused."""
    started, go = threading.Event(), threading.Event()

    @task
    def first() -> int:
        return 1

    @task
    def long(x: int) -> int:
        started.set()
        while not go.wait(0.01):
            current().checkpoint()
        return x

    @flow
    def two() -> int:
        return long(first())

    run = engine.start(two)
    assert started.wait(10)
    keys = run.id
    run.rollback("first")
    until_run(run, "paused")
    go.set()
    run.resume()
    assert run.result(10) == 1
    assert run.id == keys


def test_a_rollback_gives_another_idempotency_key(engine: Engine) -> None:
    """The key of a call is the same over attempts, another after a rollback."""
    keys: list[str] = []

    @task(retry={"max": 1, "delay": 0})
    def send(x: int) -> int:
        keys.append(current().idempotency_key)
        if current().attempt == 1:
            raise OSError
        return x

    @task
    def one() -> int:
        return 1

    @flow
    def sending() -> int:
        return send(one())

    run = engine.start(sending)
    run.result(10)
    run.rollback("one")
    run.resume()
    run.result(10)
    assert keys[0] == keys[1]
    assert keys[2] != keys[0]


def test_fork_takes_results_over(engine: Engine) -> None:
    """A fork from a node runs it and what depends on it; the rest is taken over, and the old run stays as it was."""
    run = engine.start(sums)
    run.result(10)
    BODIES.clear()
    other = run.fork("total", inputs={"extra": 1000})
    assert other.result(10) == "1030!"
    assert list(BODIES) == ["total", "report 1030"]
    assert other.id != run.id
    assert run.result() == "30!"
    assert other.output("scale[2]") == 20


def test_fork_refuses_an_input_that_feeds_what_is_taken_over(engine: Engine) -> None:
    """A new input of a node whose result is taken over is an InputError that names both."""
    run = engine.start(sums)
    run.result(10)
    with pytest.raises(InputError, match="input 'n' feeds node 'load'"):
        run.fork("total", inputs={"n": 9})
    with pytest.raises(InputError, match="unknown input 'm'"):
        run.fork("total", inputs={"m": 9})
    with pytest.raises(InputError, match=r"has no node 'totl'.*total"):
        run.fork("totl")


def test_fork_without_a_node_keeps_what_has_not_changed(engine: Engine) -> None:
    """`fork()` takes over every result whose function is the same, so that nothing runs when all are."""
    run = engine.start(sums)
    run.result(10)
    BODIES.clear()
    assert run.fork().result(10) == "30!"
    assert list(BODIES) == []


def test_a_fork_outlives_its_kernel(tmp_path: Any) -> None:
    """What a fork took over is in its own journal: large and small results, also after the kernel died."""
    with Engine(tmp_path / "store") as first:
        run = first.start(blobs)
        run.result(10)
        fork = run.fork("size")
        fork.result(10)
        fork_id = fork.id
    with Engine(tmp_path / "store") as second:
        again = second.run(fork_id)
        assert again.output("blob[1]") == b"1" * 20_000
        assert again.output("big") == b"b" * 100_000
        assert again.result() == 140_000


def test_fork_of_a_failed_run_goes_on_from_what_completed(engine: Engine) -> None:
    """What failed, and what was never reached, runs in the fork."""
    broken = [True]

    @task
    def half(x: int) -> int:
        ran("half")
        if broken[0]:
            raise ValueError("broken")
        return x // 2

    @flow
    def halves(n: int = 4) -> int:
        return half(total(load(n)))

    run = engine.start(halves)
    run.wait(10)
    broken[0] = False
    BODIES.clear()
    assert run.fork("half").result(10) == 3
    assert list(BODIES) == ["half"]


def test_fork_in_a_sub_flow(engine: Engine) -> None:
    """A fork from a node in a sub-flow opens that again and keeps what came before it in there."""

    @flow
    def inner(n: int) -> int:
        return total(scale.map(each(load(n))))

    @flow
    def outer(n: int = 3) -> str:
        return report(inner(n))

    run = engine.start(outer)
    assert run.result(10) == "30!"
    BODIES.clear()
    assert run.fork("inner.total").result(10) == "30!"
    assert list(BODIES) == ["total", "report 30"]
    run.rollback("inner.scale")
    BODIES.clear()
    run.resume()
    assert run.result(10) == "30!"
    assert list(BODIES) == ["total", "report 30"]


@task
def blob(k: int) -> bytes:
    return str(k).encode() * 20_000


@task
def big() -> bytes:
    return b"b" * 100_000


@task
def size(parts: list[bytes], one: bytes) -> int:
    return sum(map(len, parts)) + len(one)


@flow
def blobs() -> int:
    return size(blob.map(each([0, 1])), big())


def until(run: Any, node: str, state: str) -> None:
    """Wait until a node is in a state."""
    wait_for(lambda: next(row for row in run.progress() if row["name"] == node)["state"] == state, f"{node} {state}")


def until_run(run: Any, state: str) -> None:
    wait_for(lambda: run.status == state, f"the run {state}")


def wait_for(holds: Any, what: str) -> None:
    tick = threading.Event()
    for _ in range(2000):
        if holds():
            return
        tick.wait(0.005)
    raise AssertionError(f"never: {what}")

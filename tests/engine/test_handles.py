"""What is refused at a start, and what a handle on a run tells."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from small_bodies import LONG, add, double

from stratix_tasks import (
    Engine,
    FlowError,
    InputError,
    StratixError,
    TaskFailed,
    flow,
    task,
)

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
    with pytest.raises(InputError, match="a function is called back"):
        engine.on("task.completed", heard)  # type: ignore[arg-type]


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

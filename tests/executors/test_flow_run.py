"""`flow.run`: a flow by its name, as a run of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from stratix_tasks import Engine, Flow, current, each, flow, task, uses
from stratix_tasks.core.states import RunState
from stratix_tasks.executors.child import START
from stratix_tasks.executors.flow import FlowConfig, Run

LONG = 60


@task
def doubled(x: int) -> int:
    return 2 * x


@task
def fails(x: int) -> int:
    raise LookupError("no luck")


@task
def less(x: int) -> int:
    return x - 1


@task
def waits(name: str) -> str:
    GATES[name].arrived.set()
    while not GATES[name].open.wait(0.005):
        current().checkpoint()
    return name


class Gate:
    def __init__(self) -> None:
        self.arrived, self.open = threading.Event(), threading.Event()


GATES: dict[str, Gate] = {}


@flow
def double(x: int) -> Any:
    return doubled(x)


@flow
def unlucky(x: int) -> Any:
    return fails(x)


@flow
def gated_child(name: str) -> Any:
    return waits(name)


def test_a_flow_is_a_run_of_its_own(engine: Engine) -> None:
    """Its value is the node's, and the node's log names it."""

    @flow
    def calls(x: int) -> Any:
        return doubled(uses("flow.run").options(name="inner")("double", args={"x": x}))

    run = engine.start(calls, {"x": 4})
    assert run.result(LONG) == 16
    inner, outer = engine.runs()
    assert (outer.id, inner.flow, inner.status) == (run.id, "double", "completed")
    assert inner.inputs == {"x": 4}
    assert run.logs("inner") == [f"run {inner.id} of flow 'double'"]


def test_children_take_no_place_while_they_are_waited_for(tmp_path: Path) -> None:
    """So that runs in runs end where one body runs at a time."""

    @flow
    def many(xs: list[int]) -> Any:
        return uses("flow.run").map("double", args=each([{"x": 1}, {"x": 2}, {"x": 3}]))

    with Engine(tmp_path / "store", concurrency=1) as engine:
        assert engine.start(many, {"xs": []}).result(LONG) == [2, 4, 6]


def test_a_flow_may_run_itself(engine: Engine) -> None:
    """Down to where a condition ends it, or to the deepest level."""
    from stratix_tasks import first_of, otherwise, when

    @flow
    def down(x: int) -> Any:
        with when(x > 0):
            inner = uses("flow.run").options(name="inner")("down", args={"x": less(x)}, max_depth=3)
        with otherwise():
            end = doubled(21)
        return first_of(inner, end)

    assert engine.start(down, {"x": 3}).result(LONG) == 42
    assert [run.inputs["x"] for run in reversed(engine.runs())] == [3, 2, 1, 0]
    run = engine.start(down, {"x": 5})
    assert run.wait(LONG) == "failed"
    assert "max_depth is 3" in str(run.error)


def test_a_failure_and_a_retry_begin_anew(engine: Engine) -> None:
    """The child's error is the node's; each attempt has a child of its own."""

    @flow
    def calls() -> Any:
        return uses("flow.run").options(retry={"max": 1, "delay": "1ms"})("unlucky", args={"x": 1})

    run = engine.start(calls)
    assert run.wait(LONG) == "failed"
    assert "no luck" in str(run.error)
    assert [one.flow for one in engine.runs()] == ["unlucky", "unlucky", "calls"]


def test_an_unknown_flow_is_told(engine: Engine) -> None:
    """With what may be meant."""

    @flow
    def calls() -> Any:
        return uses("flow.run")("duoble")

    run = engine.start(calls)
    assert run.wait(LONG) == "failed"
    assert "Did you mean 'double'" in str(run.error)


def test_a_cancel_of_the_node_ends_its_run(engine: Engine) -> None:
    """And waits until that has heard of it."""
    GATES["a"] = Gate()

    @flow
    def calls() -> Any:
        return uses("flow.run").options(name="inner")("gated_child", args={"name": "a"})

    run = engine.start(calls)
    assert GATES["a"].arrived.wait(LONG)
    run.cancel("inner")
    assert run.wait(LONG) in ("cancelled", "failed")
    inner = engine.runs()[0]
    assert (inner.flow, inner.wait(LONG)) == ("gated_child", "cancelled")


@task
def stubborn(name: str) -> str:
    """The first body does not hear that it is to stop."""
    gate = GATES[name]
    if gate.arrived.is_set():
        return "the second"
    gate.arrived.set()
    gate.open.wait(LONG)
    return "the first"


@flow
def stubborn_child(name: str) -> Any:
    return stubborn.options(grace="1h")(name)


def test_a_retry_waits_for_no_run_that_is_being_cancelled(engine: Engine) -> None:
    """It begins another one, though a body of the first still runs."""
    GATES["c"] = Gate()

    @flow
    def calls_a_stubborn_one() -> Any:
        return uses("flow.run").options(name="inner")("stubborn_child", args={"name": "c"})

    run = engine.start(calls_a_stubborn_one)
    assert GATES["c"].arrived.wait(LONG)
    (first,) = [one for one in engine.runs() if one.flow == "stubborn_child"]
    run.cancel("inner")
    run.wait(LONG)
    assert first.status == "ending"
    run.retry("inner")
    assert run.result(LONG) == "the second"
    GATES["c"].open.set()
    assert first.wait(LONG) == "cancelled"


def test_a_cancel_while_the_run_is_being_started_ends_it() -> None:
    """It goes on before the node has been told of it: nobody else would end it."""
    started, go = threading.Event(), threading.Event()
    ended: list[str] = []

    class Begun:
        id = "r1"

        async def value(self) -> Any:
            raise AssertionError("the node was cancelled before")

        def cancel(self) -> None:
            ended.append(self.id)

    def start(*_: Any) -> Begun:
        started.set()
        assert go.wait(LONG)
        return Begun()

    async def play() -> None:
        START.set(start)
        config = FlowConfig(flow="gated_child")
        node = asyncio.ensure_future(Run().execute(cast(Any, None), config))
        await asyncio.to_thread(started.wait, LONG)
        node.cancel()
        asyncio.get_running_loop().call_soon(go.set)
        with pytest.raises(asyncio.CancelledError):
            await node

    asyncio.run(play())
    assert ended == ["r1"]


def killed(store: Path) -> Any:
    """The flows of a kernel that was killed while a child of its run waited."""
    there = [str(Path(__file__).parent), *sys.path]
    owner = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "family.py"), str(store)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(there)},
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"begun\n"
    owner.kill()
    owner.communicate()
    sys.modules.pop("family", None)  # each store has its own
    os.environ["FAMILY_STORE"] = str(store)
    try:
        import family
    finally:
        del os.environ["FAMILY_STORE"]
    assert store == family.STORE
    return family


def test_a_child_is_found_again_after_a_crash(tmp_path: Path) -> None:
    """The run that was killed goes on with the child that it had: what was done there is not done again."""
    store = tmp_path / "store"
    _family = killed(store)
    store.with_suffix(".gate").touch()
    with Engine(store) as engine:
        (outer,) = [run for run in engine.recover() if run.flow == "parent"]
        assert outer.result(LONG) == 20
        assert sorted(run.flow for run in engine.runs()) == ["child", "parent"]
        assert all(run._live.core.state.run is RunState.COMPLETED for run in engine.runs())
    assert store.with_suffix(".bodies").read_text().splitlines() == ["before", "waits", "waits"]


def test_a_child_whose_run_was_cancelled_while_nobody_ran_it_ends_with_that(tmp_path: Path) -> None:
    """As it does while both go on: nobody waits for it any more. Who recovers finds it."""
    store = tmp_path / "store"
    _family = killed(store)
    with Engine(store) as engine:
        (outer,) = [run for run in engine.runs() if run.flow == "parent"]
        outer.cancel()
        assert outer.wait(LONG) == "cancelled"
        assert engine.recover() == []
        (inner,) = [run for run in engine.runs() if run.flow == "child"]
        assert inner.wait(LONG) == "cancelled"


def test_a_child_that_is_cancelled_fails_its_node_whoever_lives(engine: Engine, tmp_path: Path) -> None:
    """The node of a run that goes on, and of one that nobody ran then, alike: a retry of it begins another child."""
    GATES["b"] = Gate()

    @flow
    def calls_one_that_is_cancelled() -> Any:
        return uses("flow.run").options(name="inner")("gated_child", args={"name": "b"})

    live = engine.start(calls_one_that_is_cancelled)
    assert GATES["b"].arrived.wait(LONG)
    (inner,) = [run for run in engine.runs() if run.flow == "gated_child"]
    inner.cancel()
    assert live.wait(LONG) == "failed"

    store = tmp_path / "dead"
    _family = killed(store)
    with Engine(store) as other:
        (inner,) = [run for run in other.runs() if run.flow == "child"]
        inner.cancel()
        assert inner.wait(LONG) == "cancelled"
        (outer,) = other.recover()
        assert outer.wait(LONG) == "failed"
        assert outer.error.code == live.error.code  # type: ignore[union-attr]
        assert [run.flow for run in other.runs()] == ["child", "parent"]
        store.with_suffix(".gate").touch()
        outer.retry()
        assert outer.result(LONG) == 20


def test_a_document_says_the_same(engine: Engine) -> None:
    """By name, with inputs by reference."""
    text = """
stratix: 1
flow: calls
inputs:
  x: {type: int}
tasks:
  inner: {uses: flow.run, with: {flow: double, args: {x: "${{ inputs.x }}"}}}
output: "${{ tasks.inner.output }}"
"""
    assert engine.start(Flow.from_yaml(text), {"x": 8}).result(LONG) == 16


@pytest.mark.parametrize(
    "arguments", [{}, {"flow": ""}, {"flow": "double", "max_depth": 0}, {"flow": "double", "input": {}}]
)
def test_wrong_arguments_are_told_before_anything_starts(arguments: dict[str, Any]) -> None:
    """As those of all executors."""
    text = f"stratix: 1\nflow: f\ntasks:\n  a: {{uses: flow.run, with: {arguments!r}}}\n"
    from stratix_tasks.formats.yaml import read

    assert {problem.code for problem in read(text)[1]} <= {"bad-arguments", "bad-value"}
    assert read(text)[1]

"""`on_failure="stop"` of a flow that is called in another one: it ends at a failure, and what lies around it goes on."""

from __future__ import annotations

from typing import Any

import pytest
from driver import SLOW, Body, World, spec
from folds import the_fold_is_the_run
from small_flows import EACH, needs

from stratix_tasks.core.states import RunState, State

FAILS = Body(1, "fail")


def stops(tasks: dict[str, dict[str, Any]], around: dict[str, Any] | None = None, **call: Any) -> Any:
    """A flow that calls one which stops at a failure, beside a slow task."""
    inner = spec(tasks, on_failure="stop")
    return spec({"s": {"flow": "sub", "call": None, **call}, "z": {}, **(around or {})}, flows={"sub": inner})


def bodies(name: str, _tried: int) -> Body:
    return FAILS if name.rpartition(".")[2] == "a" else SLOW


@pytest.mark.parametrize("dies", [False, True], ids=["same owner", "its owner dies"])
def test_a_flow_stops_at_a_failure_and_what_is_beside_it_goes_on(dies: bool) -> None:
    """What runs in it is asked to end at once, what has not begun is cancelled, and it has failed."""
    made = World(stops({"a": {}, "b": {}, "c": needs("b")}), bodies).start().until("s.a", State.FAILED)
    assert (made.state("s.c"), made.run) == (State.CANCELLED, RunState.RUNNING)
    if dies:
        made.die_and_recover()
    made.settle()
    assert (made.state("s"), made.state("s.b"), made.state("z")) == (State.FAILED, State.CANCELLED, State.COMPLETED)
    assert made.run is RunState.FAILED
    the_fold_is_the_run(made.s, made.facts)


def test_it_goes_on_while_something_in_it_may_take_the_failure_up() -> None:
    """A handler of its own; one of the flow around it comes too late for what is in it, and takes up what it has come to."""
    handled = World(stops({"a": {}, "b": {}, "h": {"catch": ("a",)}}), bodies).start().settle()
    assert (handled.state("s"), handled.state("s.b")) == (State.COMPLETED, State.COMPLETED)
    outer = World(stops({"a": {}, "b": {}}, {"h": {"catch": ("s",)}}), bodies).start().settle()
    assert (outer.state("s"), outer.state("s.b"), outer.state("h")) == (
        State.FAILED,
        State.CANCELLED,
        State.COMPLETED,
    )
    assert outer.run is RunState.COMPLETED


def test_a_flow_that_stopped_is_tried_again_as_a_whole() -> None:
    """By its own retry, and by that of a person; what was cancelled then runs again."""
    tried: list[str] = []

    def once(name: str, number: int) -> Body:
        tried.append(name)
        return FAILS if name == "s.a" and tried.count(name) == 1 else Body(9, stops=1)

    again = stops({"a": {}, "b": {}}, retry={"max": 1, "delay": 1, "jitter": "none"})
    made = World(again, once).start().settle()
    assert (made.state("s"), made.state("s.b"), made.run) == (State.COMPLETED, State.COMPLETED, RunState.COMPLETED)
    tried.clear()
    asked = World(stops({"a": {}, "b": {}}), once).start().settle()
    assert asked.run is RunState.FAILED
    asked.request("retry", "s").settle()
    assert (asked.state("s"), asked.state("s.b"), asked.run) == (State.COMPLETED, State.COMPLETED, RunState.COMPLETED)


def test_a_map_in_it_whose_item_failed_has_failed_with_it() -> None:
    """Its other items are not waited for."""
    flow = stops({"m": {"each": EACH}, "b": {}})
    body = {"s.m[1]": FAILS}
    made = World(flow, lambda name, _tried: body.get(name, SLOW)).start()
    made.until("s.m", State.OPEN).until("s.m[1]", State.FAILED)
    made.settle()
    assert [made.state(name) for name in ("s", "s.m", "s.m[0]", "s.b")] == [
        State.FAILED,
        State.FAILED,
        State.CANCELLED,
        State.CANCELLED,
    ]


def test_an_item_of_a_mapped_flow_stops_alone() -> None:
    """The others are scopes of their own."""
    flow = stops({"a": {}, "b": {}}, each=EACH)
    made = World(flow, lambda name, _tried: FAILS if name == "s[1].a" else Body(5, stops=1)).start().settle()
    assert (made.state("s[1].b"), made.state("s[0].b"), made.state("s[2].b"), made.state("s")) == (
        State.CANCELLED,
        State.COMPLETED,
        State.COMPLETED,
        State.FAILED,
    )


def test_what_runs_at_its_end_does_so_all_the_same() -> None:
    """It sees that the flow has failed."""
    made = World(stops({"a": {}, "b": {}, "f": {"always": True}}), bodies).start().settle()
    assert (made.state("s.f"), made.state("s.b"), made.state("s")) == (
        State.COMPLETED,
        State.CANCELLED,
        State.FAILED,
    )

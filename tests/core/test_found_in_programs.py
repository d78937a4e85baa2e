"""What random programs found under random histories: each was wrong once, and its right end is written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from driver import Body, World, spec
from small_flows import waiting
from test_ends import flow

from stratix_tasks.core.block import EACH, LAST, LOOP, MAP, Block, Node, Policy
from stratix_tasks.core.states import RunState, State

SHORT = Policy(grace=2.0)


def at_end(*nodes: Node, inner: dict[str, tuple[Node, ...]] | None = None) -> Block:
    return flow(Node("a"), *nodes, inner=inner)


def test_what_is_asked_of_one_end_leaves_the_others() -> None:
    """A value for an item of a map at the end of a scope: what has run beside it there stays, and its own failures, too."""
    block = at_end(Node("e", phase=LAST, policy=SHORT), Node("m", kind=MAP, phase=LAST, policy=SHORT))
    world = World(block, lambda name, _: Body(1, "final" if name == "m[1]" else "ok")).start().settle()
    assert (world.state("m"), world.run) == (State.FAILED, RunState.FAILED)
    world.request("retry", "m[1]")
    assert [world.attempt(name) for name in ("a", "e", "m[0]")] == [1, 1, 1]
    assert (world.state("e"), world.state("m")) == (State.COMPLETED, State.OPEN)


def test_a_value_for_one_item_at_the_end_leaves_the_failed_ones() -> None:
    """Also where a node beside it was skipped by its condition: nothing follows from it but what needs it."""
    block = at_end(Node("e", when=True, phase=LAST, policy=SHORT), Node("m", kind=MAP, phase=LAST, policy=SHORT))
    world = World(block, lambda *_: Body(1, "final"), verdict=lambda _name: False).start().settle()
    world.request("skip", "m[1]", 7).settle()
    states = [world.state(name) for name in ("e", "m[0]", "m[1]", "m[2]", "m")]
    assert states == [State.SKIPPED, State.FAILED, State.COMPLETED, State.FAILED, State.FAILED]


def test_a_flow_that_maps_itself_ends_at_its_depth() -> None:
    """As one that calls itself does: the innermost one fails, with a reason."""
    rec = (Node("deeper", kind=EACH, inner="rec"),)
    world = World(flow(Node("g", kind=EACH, inner="rec"), inner={"rec": rec}), items=lambda _name: 1).start().settle()
    name = "g" + "[0].deeper" * 32
    assert (world.error(name)["code"], world.run) == ("too-deep", RunState.FAILED)


WAITS: Any = [("sleep", {"duration": 2}), ("approval", {"message": "?"}), ("signal", {"name": "go"})]


@pytest.mark.parametrize(("kind", "args"), WAITS)
def test_what_waits_at_the_end_of_a_cancelled_run_comes_to_its_end(kind: str, args: dict[str, Any]) -> None:
    """By its time, or because somebody answers it: a run that is ending takes no other request."""
    tasks = {"a": {}, "w": {**waiting(kind, **args), "always": True}, "z": {"always": True, "needs": ("w",)}}
    world = World(spec(tasks), lambda name, _: Body(50, stops=1.0) if name == "a" else Body(3)).start()
    world.request("cancel").until("w", State.WAITING).settle()
    assert (world.state("w"), world.state("z"), world.run) == (State.COMPLETED, State.COMPLETED, RunState.CANCELLED)


def test_an_approval_at_the_end_of_a_cancelled_run_times_out() -> None:
    """Its limit counts on there."""
    wait = waiting("approval", timeout={"attempt": 3}, message="?")
    world = World(spec({"a": {}, "w": {**wait, "always": True}}), lambda *_: Body(1, "final")).start()
    world.request("cancel").until("w", State.WAITING)
    begun = world.now
    world.settle()
    assert (world.error("w")["code"], round(world.now - begun), world.run) == ("timeout", 3, RunState.CANCELLED)


def test_a_loop_in_itself_ends_at_its_depth() -> None:
    """Each round opens the flow that it lies in."""
    rec = (Node("again", kind=LOOP, inner="rec", until=False, take_last=True),)
    world = (
        World(flow(Node("g", kind=LOOP, inner="rec", until=False, take_last=True), inner={"rec": rec})).start().settle()
    )
    assert world.error("g" + "[0].again" * 32)["code"] == "too-deep"

"""A retry of what somebody went on without is refused, and names who that was, however far behind; `redo=True` makes that again."""

from __future__ import annotations

from typing import Any

import pytest
from driver import SLOW, Body, World
from test_ends import flow, needs, world

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import ANY, EACH, FLOW, MAP, SETTLED, Node
from stratix_tasks.core.states import RunState, State
from stratix_tasks.errors import TransitionError

MAPPED = Node("m", kind=MAP)
READ: dict[str, tuple[Block, dict[str, Any], str]] = {
    "what it could not run for": (flow(Node("x"), needs("u", 0), needs("s", 0, join=SETTLED)), {"x": "flaky"}, "u"),
    "what could not run for it": (
        flow(Node("x"), needs("u", 0), needs("s", 1, join=SETTLED), Node("z")), {"x": "flaky", "z": "fail"}, "x",
    ),
    "the map that it is an item of": (
        flow(MAPPED, needs("s", 0, join=SETTLED), Node("z")), {"m[0]": "flaky", "z": "fail"}, "m[0]",
    ),
}  # fmt: skip
"""What somebody, `s`, has read: the flow, its bodies, and what is tried again."""


@pytest.mark.parametrize(("block", "bodies", "asked"), READ.values(), ids=READ)
def test_a_retry_names_who_went_on_without_it(block: Block, bodies: dict[str, Any], asked: str) -> None:
    """It has completed: nothing that was made is set back unless somebody says so."""
    made = world(block, bodies).settle()
    with pytest.raises(TransitionError, match="'s' has gone on without it"):
        made.request("retry", asked)
    assert made.state("s") is State.COMPLETED
    made.request("retry", asked, redo=True).settle()
    assert (made.state(asked), made.attempt("s")) == (State.COMPLETED, 2)


@pytest.mark.parametrize(("block", "bodies", "asked"), [*READ.values()][1:], ids=[*READ][1:])
def test_a_value_in_its_place_is_no_other_thing(block: Block, bodies: dict[str, Any], asked: str) -> None:
    """What failed for it runs with that, and who had read how it failed would have read something else."""
    made = world(block, bodies).settle()
    with pytest.raises(TransitionError, match="'s' has gone on without it"):
        made.request("skip", asked, 7)
    assert made.request("skip", asked, 7, redo=True).settle().attempt("s") == 2


def test_a_retry_of_the_run_is_by_the_same_rule() -> None:
    """Who went on without what ended badly is named, and made again where somebody says so."""
    block, bodies, _ = READ["what it could not run for"]
    made = world(block, bodies).settle()
    with pytest.raises(
        TransitionError, match=r"'s' has gone on without what has ended badly; retry\(redo=True\)"
    ) as no:
        made.request("retry")
    assert no.value.redo == "'s' has gone on without what has ended badly. 's' is rolled back, and made again."
    assert made.state("s") is State.COMPLETED
    made.request("retry", redo=True).settle()
    assert (made.state("x"), made.attempt("s"), made.run) == (State.COMPLETED, 2, RunState.COMPLETED)


@pytest.mark.parametrize(("block", "bodies", "asked"), [*READ.values()][1:], ids=[*READ][1:])
def test_a_retry_of_the_run_leaves_what_was_taken_up(block: Block, bodies: dict[str, Any], asked: str) -> None:
    """It did not fail by that, so nobody has to be asked."""
    made = world(block, bodies).settle().request("retry").settle()
    assert (made.attempt(asked), made.attempt("s"), made.attempt("z")) == (1, 1, 2)


@pytest.mark.parametrize("asked", ["x", None])
def test_who_failed_itself_has_made_nothing(asked: str | None) -> None:
    """A handler that failed is tried again with what it catches, and skipped where there is nothing to catch any more."""
    handler = needs("y", 0, ended=(0,), when="failed(x)")
    block = flow(Node("x"), handler)
    made = world(block, {"x": "flaky", "y": "flaky"}, verdict=lambda _name: True).settle()
    assert (made.state("x"), made.state("y")) == (State.FAILED, State.FAILED)
    made.request("retry", asked).settle()
    assert (made.state("x"), made.attempt("x")) == (State.COMPLETED, 2)


@pytest.mark.parametrize("asked", ["x", None])
def test_what_was_made_without_who_failed_itself_stays(asked: str | None) -> None:
    """A handler that failed is tried again, and so is what can not run for it; a join that had gone on with another one is not."""
    handler = needs("y", 0, ended=(0,), when="failed(x)")
    block = flow(
        Node("x"), handler, Node("a"), needs("j", 1, 2, join=ANY, keep_losers=True), needs("k", 1), needs("l", 3)
    )
    made = world(block, {"x": "flaky", "y": "flaky"}, verdict=lambda _name: True).settle()
    assert [made.state(name) for name in "yjk"] == [State.FAILED, State.COMPLETED, State.UPSTREAM_FAILED]
    made.request("retry", asked).settle()
    assert [made.attempt(name) for name in "xajl"] == [2, 1, 1, 1]


@pytest.mark.parametrize("asked", ["x", None])
def test_a_group_that_failed_has_read_what_it_was_given(asked: str | None) -> None:
    """What has completed in it was made from that: it is named, and all of it runs again."""
    group = needs("g", 0, kind=FLOW, inner="g", join=SETTLED)
    block = flow(Node("x"), group, inner={"g": (Node("p"), needs("y", 0))})
    made = world(block, {"x": "flaky", "g.y": "flaky"}).settle()
    with pytest.raises(TransitionError, match="'g' has gone on without"):
        made.request("retry", asked)
    made.request("retry", asked, redo=True).settle()
    assert (made.state("g"), made.attempt("g.p"), made.attempt("g.y")) == (State.COMPLETED, 2, 2)


def test_a_skip_of_an_item_names_who_went_on_without_its_group() -> None:
    """That may fail, and did; without the item it does not."""
    group = Node("g", kind=EACH, inner="g", allow_failure=True)
    block = flow(group, needs("s", 0), Node("z"), inner={"g": (Node("x"),)})
    made = world(block, {"g[0].x": "fail", "z": "fail"}, items=lambda _name: 2).settle()
    assert (made.state("g"), made.state("s")) == (State.FAILED, State.COMPLETED)
    with pytest.raises(TransitionError, match="'s' has gone on without it"):
        made.request("skip", "g[0]")
    made.request("skip", "g[0]", redo=True).settle()
    assert (made.state("g"), made.attempt("s")) == (State.COMPLETED, 2)


INNER = {"g": (Node("x"), needs("s", 0, join=SETTLED), Node("y"))}


def a_group(kind: Any) -> World:
    """`g`, in which `s` has taken up what became of `x`, has failed by `y`."""
    bodies = {f"{name}.{one}": "flaky" for name in ("g", "g[0]") for one in "xy"}
    return world(flow(Node("g", kind=kind, inner="g"), inner=INNER), bodies, items=lambda _name: 1).settle()


@pytest.mark.parametrize(
    ("kind", "scope", "asked"), [(FLOW, "g", "g"), (FLOW, "g", None), (EACH, "g[0]", "g"), (EACH, "g[0]", "g[0]")]
)
def test_a_retry_of_a_group_leaves_what_was_taken_up_in_it(kind: Any, scope: str, asked: str | None) -> None:
    """And who took it up: it goes on with what it failed by, whether it, an item or the run is asked for."""
    made = a_group(kind).request("retry", asked).settle()
    ends = [(made.state(f"{scope}.{name}"), made.attempt(f"{scope}.{name}")) for name in "xsy"]
    assert ends == [(State.FAILED, 1), (State.COMPLETED, 1), (State.COMPLETED, 2)]
    assert made.state("g") is State.COMPLETED


def test_what_was_cancelled_with_what_it_needs_is_tried_again_with_that() -> None:
    """It could not run without; what it does not need stays as it is."""
    block = flow(Node("a"), needs("b", 0), needs("c", 1), Node("d"))
    made = world(block, {"a": Body(5), "d": Body(5)}).request("cancel").settle()
    assert [made.state(name) for name in "abcd"] == [State.CANCELLED] * 4
    made.request("retry", "b").settle()
    assert [made.state(name) for name in "abcd"] == [State.COMPLETED] * 3 + [State.CANCELLED]


def test_a_retry_of_the_run_runs_what_had_lost_where_somebody_needs_that_again() -> None:
    """A person had cancelled who needs it; the join that it had lost goes on as it is."""
    block = flow(Node("x"), needs("y", 0), Node("a"), needs("j", 0, 2, join=ANY), Node("z"))
    made = world(block, {"x": SLOW, "z": "fail"}).request("cancel", "y").until("j", State.COMPLETED)
    made.settle()
    assert (made.reason("x"), made.reason("y"), made.run) == ("lost the join", "user", RunState.FAILED)
    made.request("retry").settle()
    assert [made.state(name) for name in "xyj"] == [State.COMPLETED] * 3
    assert made.attempt("j") == 1


def test_nothing_was_made_from_a_join_that_has_not_begun() -> None:
    """It has fired, and waits for its place: it is raced for again, and who went on without it goes on."""
    block = flow(Node("x"), Node("a"), needs("s", 0, 1, join=ANY), needs("j", 1, 2, join=ANY, keep_losers=True))
    made = world(block, {"x": "flaky", "a": Body(2)}, concurrency=1)
    made.request("pause", "s").until("j", State.COMPLETED)
    assert (made.s.winners[made.unit("s")], made.state("s")) == ((made.unit("x"),), State.HELD)
    made.request("retry", "x")
    assert (made.state("j"), made.attempt("j")) == (State.COMPLETED, 1)


def test_a_group_that_lost_to_a_join_that_has_not_begun_goes_on_with_what_was_made_in_it() -> None:
    """As a node that lost does it is waited for again; nothing that had completed in it is made a second time."""
    inner: Any = {"f": (Node("a"), needs("b", 0))}
    block = flow(Node("x"), Node("f", kind=FLOW, inner="f"), needs("s", 0, 1, join=ANY), Node("z"), inner=inner)
    made = world(block, {"x": "flaky", "f.a": Body(0.5), "f.b": SLOW, "z": SLOW})
    made.request("pause", "s").until("f", State.CANCELLED)
    assert made.s.winners[made.unit("s")] == (made.unit("x"),)
    made.request("retry", "x")
    assert [made.state(one) for one in ("f", "f.a", "s")] == [State.OPEN, State.COMPLETED, State.PENDING]
    made.settle()
    assert (made.attempt("f.a"), made.attempt("f.b"), made.state("s")) == (1, 2, State.COMPLETED)

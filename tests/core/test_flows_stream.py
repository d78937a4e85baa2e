"""Mapped flows that stream, with the right answer written by hand: each item as a whole behind one item of a map."""

from __future__ import annotations

from typing import Any

import pytest
from driver import Body, World
from test_ends import world
from test_streams import until

from stratix_tasks.core import fork
from stratix_tasks.core.apply import fold
from stratix_tasks.core.block import Block, Output
from stratix_tasks.core.blocks import join_blocks
from stratix_tasks.core.ends import told_of
from stratix_tasks.core.node import ALL, EACH, FLOW, LAST, MAP, SETTLED, UNDO, Node, Policy
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import RunState, State
from stratix_tasks.core.streams import source
from stratix_tasks.core.targets import unit_of
from stratix_tasks.errors import TransitionError

CHAIN = (Node("x"), Node("y", (0,)))
DEEP = (Node("x"), Node("g", (0,), FLOW, inner="leaf"), Node("e", phase=LAST, policy=Policy(grace=2.0)))


def of_flows(*more: Node, inner: tuple[Node, ...] = CHAIN, gather: Any = ALL, **blocks: tuple[Node, ...]) -> Block:
    """`b`, a mapped flow, streams from `a`; its value is that of the last node."""
    nodes = (Node("a", kind=MAP), Node("b", (0,), EACH, inner="one", source=0, over="x", gather=gather), *more)
    said = {"one": Block("one", inner, output=Output(frozenset((1,)), just=1)), "leaf": Block("leaf", (Node("z"),))}
    made = {**said, **{name: Block(name, parts) for name, parts in blocks.items()}}
    return join_blocks({**made, "main": Block("main", nodes)}, "main")


def ends(made: World, index: int, *names: str) -> list[str]:
    return [made.state(f"b[{index}].{name}").label for name in names or ("x", "y")]


# ---------------------------------------------------------------------- one by one


def test_an_item_begins_as_soon_as_its_source_has_completed() -> None:
    """Whatever the others there do, and goes its way alone; what needs the list waits for all."""
    made = world(of_flows(Node("z", (1,))), {"a[0]": Body(9), "a[1]": Body(1), "a[2]": Body(4)})
    until(made, "b[1].y", State.COMPLETED)
    assert (made.state("a[0]"), ends(made, 0), made.state("z")) == (
        State.RUNNING,
        ["pending", "pending"],
        State.PENDING,
    )
    assert made.why("b[0].x") == "'b[0].x' waits for 'a[0]'."
    assert made.why("b") == "'b' is under way: 1 of 3 have ended, and 'a' goes on."
    assert made.settle().run is RunState.COMPLETED
    assert [made.attempt(f"b[{i}].y") for i in range(3)] == [1, 1, 1]


def test_groups_in_an_item_wait_with_it() -> None:
    """A sub-flow in there opens when its turn comes; what runs at the item's end runs at its own."""
    made = until(world(of_flows(inner=DEEP), {"a[0]": Body(9)}), "b[1].e", State.COMPLETED)
    assert ends(made, 0, "x", "g", "g.z", "e") == ["pending"] * 4
    made.settle()
    assert (ends(made, 0, "x", "g", "g.z", "e"), made.run) == (["completed"] * 4, RunState.COMPLETED)


def test_an_empty_source_gives_an_empty_list() -> None:
    """Both complete."""
    made = World(of_flows(), items=lambda _name: 0).start().settle()
    assert (made.state("b"), made.count("b"), made.run) == (State.COMPLETED, 0, RunState.COMPLETED)


# ---------------------------------------------------------------------- other ends


def test_a_failed_source_fails_all_of_its_own_item_and_no_other() -> None:
    """As a sub-flow that never opened: what would run at its end does not. The failures of the list are told with it."""
    made = world(of_flows(inner=DEEP), {"a[1]": "fail"}).settle()
    assert ends(made, 1, "x", "g", "g.z", "e") == ["upstream_failed"] * 4
    assert (ends(made, 0, "e"), ends(made, 2, "e"), made.state("b")) == (["completed"], ["completed"], State.FAILED)
    assert made.why("b[1].x") == "'b[1].x' can't run: 'a[1]' did not complete."
    told = told_of(made.s, 1)["items"]
    assert [(one["key"], one["error"]["node"], one["error"]["item"]) for one in told] == [("1", "a", 1)]


def test_a_skipped_source_skips_its_item_as_one() -> None:
    """It is not among the results, and takes nothing back."""
    undo = Node("u", phase=UNDO, undoes=0, policy=Policy(grace=2.0))
    block = of_flows(inner=(*CHAIN, undo))
    made = World(block, left_out=lambda name, index: (name, index) == ("a", 1)).start().settle()
    assert (ends(made, 1), made.core.agenda.tally[1].done, made.run) == (["skipped"] * 2, 2, RunState.COMPLETED)
    assert made.why("b[1].x") == "'b[1].x' was skipped: 'a[1]', which it waited for, was skipped."


def test_a_gather_that_takes_up_failures_takes_up_those_of_the_source() -> None:
    """It went on by running: the run completes."""
    made = world(of_flows(gather=SETTLED), {"a[1]": "fail"}).settle()
    assert (made.state("a"), made.state("b"), made.run) == (State.FAILED, State.COMPLETED, RunState.COMPLETED)


def test_an_item_can_be_skipped_before_its_source_has_ended() -> None:
    """Then it matters no more how that ends."""
    made = until(world(of_flows(), {"a[1]": Body(9)}), "b[0].y", State.COMPLETED)
    made.request("skip", "b[1]").settle()
    assert (ends(made, 1), made.run) == (["skipped"] * 2, RunState.COMPLETED)


def test_a_node_that_is_skipped_opens_nothing_before_its_source_has_ended() -> None:
    """What comes too many to a join in there opens no gate."""
    join = (Node("x"), Node("w"), Node("y", (0, 1), join=SETTLED))
    made = until(world(of_flows(inner=join), {"a[1]": Body(9)}), "b[0].y", State.COMPLETED)
    made.request("skip", "b[1].x").request("skip", "b[1].w")
    assert ends(made, 1, "y") == ["pending"]
    made.settle()
    assert (ends(made, 1, "x", "w", "y"), made.run) == (["skipped", "skipped", "completed"], RunState.COMPLETED)


# ---------------------------------------------------------------------- growing


def test_what_is_spawned_into_the_source_comes_into_the_list() -> None:
    """As an item of its own, with all that lies in it."""
    made = world(of_flows(inner=DEEP), {"a[0]": Body(6, spawns=1), "a[3]": Body(2)}).settle()
    assert (made.count("a"), made.count("b"), made.run) == (4, 4, RunState.COMPLETED)
    assert ends(made, 3, "x", "g.z", "e") == ["completed"] * 3
    assert made.label(source(made.s, made.unit("b[3].x"))) == "a[3]"


# ---------------------------------------------------------------------- again


@pytest.mark.parametrize("asked", ["a[1]", "b[1]", "b[1].x", "b[1].g.z", "a", "b", None])
def test_a_retry_tries_the_source_and_its_item_again_and_no_other(asked: str | None) -> None:
    """Whatever of it is asked for."""
    made = world(of_flows(Node("z", (1,)), inner=DEEP), {"a[1]": "flaky"}).settle()
    assert (made.run, made.state("z")) == (RunState.FAILED, State.UPSTREAM_FAILED)
    made.request("retry", asked).settle()
    assert (ends(made, 1, "x", "g", "g.z", "e"), made.run) == (["completed"] * 4, RunState.COMPLETED)
    assert [made.attempt(f"a[{i}]") for i in range(3)] == [1, 2, 1]
    assert [made.attempt(f"b[{i}].x") for i in range(3)] == [1, 1, 1]


def test_what_was_skipped_with_its_source_goes_with_it_again() -> None:
    """A retry of the source that somebody skipped makes the item."""
    block = of_flows(Node("z", (1,)))
    made = until(world(block, {"a[1]": Body(9), "z": "flaky"}), "b[0].y", State.COMPLETED)
    made.request("skip", "a[1]").settle()
    assert (ends(made, 1), made.run) == (["skipped"] * 2, RunState.FAILED)
    made.request("retry", "a[1]", redo=True).settle()
    assert (ends(made, 1), made.run) == (["completed"] * 2, RunState.COMPLETED)


def test_a_retry_of_what_a_completed_list_has_read_is_refused() -> None:
    """`redo` takes back what was made of the list, and no other item of it."""
    made = world(of_flows(Node("z", (1,)), gather=SETTLED), {"a[1]": "flaky", "z": "flaky"}).settle()
    with pytest.raises(TransitionError, match="'b' has completed"):
        made.request("retry", "a[1]")
    made.request("retry", "a[1]", redo=True).settle()
    assert (ends(made, 1), made.attempt("z"), made.attempt("b[0].x")) == (["completed"] * 2, 2, 1)


def test_a_rollback_of_the_source_takes_the_list_out() -> None:
    """It opens anew with it."""
    made = until(world(of_flows(), {"a[0]": Body(9)}), "b[2].y", State.COMPLETED)
    made.request("rollback", nodes=["a"]).request("resume").settle()
    assert (made.count("b"), ends(made, 2), made.run) == (3, ["completed"] * 2, RunState.COMPLETED)


def test_the_owner_dies_amid_it() -> None:
    """The next one goes on with each item where it was."""
    made = until(world(of_flows(), {"a[0]": Body(9), "b[1].y": Body(9)}), "b[2].y", State.COMPLETED)
    made.die_and_recover().settle()
    assert ([ends(made, i) for i in range(3)], made.run) == ([["completed"] * 2] * 3, RunState.COMPLETED)
    assert [made.attempt(name) for name in ("a[0]", "a[1]", "b[1].x", "b[1].y", "b[2].y")] == [2, 1, 1, 2, 1]


def test_a_pause_of_an_item_holds_it_alone() -> None:
    """Also before what it waits for has come."""
    made = until(world(of_flows(), {"a[0]": Body(2)}), "b", State.OPEN).request("pause", "b[1]").settle()
    assert (ends(made, 1), ends(made, 0)) == (["held"] * 2, ["completed"] * 2)
    assert made.request("resume", "b[1]").settle().run is RunState.COMPLETED


def test_a_fork_takes_both_over() -> None:
    """With what was spawned, and the groups in it; the new run makes neither again."""
    made = world(of_flows(Node("z", (1,)), inner=DEEP), {"a[0]": Body(6, spawns=1)}).settle()
    keep, open_ = fork.taken_over(made.s, fork.again(made.s, {2}))
    told, _ = fork.facts(made.s, keep, open_, made.now)
    s = fold(Recorded(made.root), told)
    assert keep == {0, 1}
    assert [s.status[u] for u in s.members(1)] == [made.s.status[u] for u in made.s.members(1)]
    assert [s.index(source(s, u)) for u in s.members(1)] == [made.s.index(source(made.s, u)) for u in made.s.members(1)]
    assert [s.status[unit_of(s, f"b[{i}].g.z")] for i in range(4)] == [State.COMPLETED] * 4

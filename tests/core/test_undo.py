"""Undo across scopes: what completed in a group is taken back when the flow around it ends badly, the last thing first."""

from __future__ import annotations

from typing import Any

import pytest
from driver import Body, World
from test_ends import flow, world

from stratix_tasks.core.block import Block
from stratix_tasks.core.facts import STARTED
from stratix_tasks.core.node import ANY, EACH, FLOW, LAST, LOOP, MAP, UNDO, Node, Policy
from stratix_tasks.core.states import RunState, State
from stratix_tasks.core.targets import label
from stratix_tasks.errors import TransitionError

SHORT = Policy(grace=2.0)
STEPS = (Node("x"), Node("y", (0,)), Node("ux", (0, 3), phase=UNDO, undoes=0), Node("uy", (1,), phase=UNDO, undoes=1))
"""Two tasks in a row, each of which can be taken back."""


def around(*nodes: Node, **inner: tuple[Node, ...]) -> Block:
    return flow(*nodes, inner={"i": STEPS, **inner})


def undone(made: World) -> list[str]:
    """The undo nodes that ran, in order."""
    started = [label(made.s, fact[2]) for fact in made.facts if fact[0] == STARTED]
    return [name for name in started if "u" in name.rpartition(".")[2]]


def test_what_a_sub_flow_did_is_taken_back_when_the_flow_around_fails() -> None:
    """After what was done behind it, and before what was done ahead of it."""
    block = around(
        Node("a"), Node("g", (0,), FLOW, inner="i"), Node("b", (1,)), Node("z", (2,)),
        Node("ua", (0, 5), phase=UNDO, undoes=0), Node("ub", (2,), phase=UNDO, undoes=2),
    )  # fmt: skip
    made = world(block, {"z": "fail"}).settle()
    assert made.run is RunState.FAILED
    assert undone(made) == ["ub", "undo_g.uy", "undo_g.ux", "ua"]
    assert (made.state("g"), made.state("undo_g")) == (State.COMPLETED, State.COMPLETED)


def test_nothing_is_taken_back_of_what_ends_well() -> None:
    """The node that would is skipped, as is what lies in it."""
    made = world(around(Node("g", (), FLOW, inner="i"))).settle()
    assert made.run is RunState.COMPLETED
    assert (undone(made), made.state("undo_g")) == ([], State.SKIPPED)


def test_what_a_sub_flow_took_back_itself_is_not_taken_back_again() -> None:
    """Neither as it failed, nor of items that did so beside others that completed."""
    alone = around(Node("g", (), FLOW, inner="i"))
    assert undone(world(alone, {"g.y": "fail"}).settle()) == ["g.ux"]
    mapped = around(Node("g", (), EACH, inner="i"))
    made = world(mapped, {"g[1].y": "fail"}).settle()
    back = undone(made)
    assert back[0] == "g[1].ux"
    assert sorted(back[1:]) == ["undo_g[0].ux", "undo_g[0].uy", "undo_g[2].ux", "undo_g[2].uy"]
    assert back.index("undo_g[2].uy") < back.index("undo_g[2].ux")


def test_rounds_are_taken_back_from_the_last_one_on() -> None:
    """Each with what it did last first; that one can't be taken back keeps none before it from being so."""
    block = around(Node("g", (), LOOP, inner="i", rounds=2, until=False, take_last=True), Node("z", (0,)))
    made = world(block, {"z": "fail"}).settle()
    assert undone(made) == ["undo_g[0].uy", "undo_g[0].ux", "undo_g[1].uy", "undo_g[1].ux"]
    made = world(block, {"z": "fail", "undo_g[0].uy": "fail"}).settle()
    assert undone(made) == ["undo_g[0].uy", "undo_g[0].ux", "undo_g[1].uy", "undo_g[1].ux"]
    assert made.state("undo_g") is State.FAILED


def test_what_lies_deeper_is_taken_back_too() -> None:
    """A sub-flow in the items of a mapped flow, which completed, in a flow that did, too."""
    mid = (Node("h", (), FLOW, inner="i"), Node("w", (0,)), Node("uw", (1,), phase=UNDO, undoes=1))
    block = around(Node("g", (), EACH, inner="mid"), Node("z", (0,)), mid=mid)
    made = world(block, {"z": "fail"}).settle()
    back = undone(made)
    assert len(back) == 9
    for i in range(3):
        mine = [name.removeprefix(f"undo_g[{i}].") for name in back if name.startswith(f"undo_g[{i}]")]
        assert mine == ["uw", "undo_h.uy", "undo_h.ux"]


@pytest.mark.parametrize("kind", [FLOW, EACH, LOOP])
def test_a_new_owner_goes_on_with_taking_back(kind: Any) -> None:
    """Each undo once more at most: that of which the body had died with its owner."""
    node = Node("g", (), kind, inner="i", rounds=2, until=False, take_last=True)
    first = {FLOW: "undo_g.uy", EACH: "undo_g[0].uy", LOOP: "undo_g[0].uy"}[kind]
    made = world(around(node, Node("z", (0,))), {"z": "fail", first: Body(20)}).until("undo_g", State.OPEN)
    made.until(first, State.RUNNING)
    made.die_and_recover().settle()
    assert made.run is RunState.FAILED
    assert made.attempt(first) == 2
    assert made.attempt(first.replace("uy", "ux")) == 1


def test_what_was_taken_back_is_done_again_when_the_flow_goes_on() -> None:
    """A retry of what failed rolls the group back; when that fails once more, it is taken back once more."""
    block = around(Node("g", (), FLOW, inner="i"), Node("z", (0,)))
    made = world(block, {"z": "flaky"}).settle()
    assert undone(made) == ["undo_g.uy", "undo_g.ux"]
    made.request("retry", "z").settle()
    assert (made.run, made.attempt("g.x"), made.state("undo_g")) == (RunState.COMPLETED, 2, State.SKIPPED)


def test_a_rollback_does_again_what_was_taken_back() -> None:
    """To after something that was, and to after something that was not."""
    block = around(Node("w"), Node("g", (0,), FLOW, inner="i"), Node("z", (1,)))
    for to, ran in (("w", 1), ("g", 1)):
        made = world(block, {"z": "flaky"}).settle()
        made.request("rollback", to=to).settle().request("resume").settle()
        assert (made.run, made.attempt("w"), made.attempt("g.x")) == (RunState.COMPLETED, ran, 2)
    single = flow(Node("a"), Node("z", (0,)), Node("ua", (0,), phase=UNDO, undoes=0))
    made = world(single, {"z": "flaky"}).settle()
    made.request("rollback", to="a").settle().request("resume").settle()
    assert (made.run, made.attempt("a")) == (RunState.COMPLETED, 2)


def test_a_mapped_flow_of_which_items_were_taken_back_runs_again_as_a_whole() -> None:
    """Nothing in it can be tried again by itself: what stood beside it is not there any more."""
    made = world(around(Node("g", (), EACH, inner="i")), {"g[1].y": "fail"}).settle()
    with pytest.raises(TransitionError, match="'g' did was taken back"):
        made.request("retry", "g[1].y")
    with pytest.raises(TransitionError, match="'g' did was taken back"):
        made.request("retry", "g[1]")
    made.script = lambda _name, _attempt: Body()
    made.request("retry", "g").settle()
    assert (made.run, made.state("undo_g")) == (RunState.COMPLETED, State.SKIPPED)
    assert made.states()["g[0].x"] == "completed"


@pytest.mark.parametrize(("kind", "asked"), [(MAP, "m[1]"), (EACH, "m[1].x"), (EACH, "m[1]")])
def test_what_lies_in_a_group_that_was_made_from_what_was_taken_back_waits_for_all_of_it(kind: Any, asked: str) -> None:
    """By itself it went on with a value that was taken back, and ended before that was there again, or had failed."""
    mapped = Node("m", (1,), kind, inner="one" if kind is EACH else "")
    block = flow(
        Node("a"), Node("b", (0,)), mapped, Node("ua", (0,), phase=UNDO, undoes=0), inner={"one": (Node("x"),)}
    )
    bad = "m[1]" if kind is MAP else "m[1].x"
    made = world(block, {bad: "flaky"}).settle()
    for verb, more in (("retry", {"redo": True}), ("skip", {"redo": True})):
        with pytest.raises(TransitionError, match="'a' did was taken back: 'm' runs again as a whole, behind that"):
            made.request(verb, asked, **more)
    made.script = lambda name, _attempt: Body(1, "final" if name == "a" else "ok")
    made.request("retry", "m")
    assert [made.state(name) for name in ("a", "b", "m")] == [State.RUNNING, State.PENDING, State.PENDING]
    assert [made.settle().state(name) for name in ("a", "b", "m")] == [State.FAILED, *[State.UPSTREAM_FAILED] * 2]


def test_a_loser_that_can_be_taken_back_is_cancelled_all_the_same() -> None:
    """That something may have to be taken back is no reason to go on with it."""
    block = around(Node("a"), Node("b"), Node("ub", (1,), phase=UNDO, undoes=1), Node("j", (0, 1), join=ANY))
    made = world(block, {"b": Body(50, stops=1.0)}).settle()
    assert (made.state("b"), made.run) == (State.CANCELLED, RunState.COMPLETED)


AGAIN = [("retry", FLOW, "undo_g.ux"), ("skip", FLOW, "undo_g.ux"), ("retry", EACH, "undo_g[0].ux"),
         ("skip", EACH, "undo_g[0].ux"), ("retry", LOOP, "undo_g")]  # fmt: skip


@pytest.mark.parametrize(("verb", "kind", "asked"), AGAIN)
def test_what_takes_something_back_is_tried_again_by_itself(verb: str, kind: Any, asked: str) -> None:
    """What it takes back stays as it is: it was done again, to be taken back once more."""
    made = world(around(Node("g", (), kind, inner="i", rounds=2, until=False, take_last=True), Node("z", (0,))))
    undo, done = {FLOW: ("undo_g.ux", "g.x"), EACH: ("undo_g[0].ux", "g[0].x"), LOOP: ("undo_g[0].ux", "g[1].x")}[kind]
    made.script = lambda name, attempt: Body(1, "final" if name == "z" or (name == undo and attempt == 1) else "ok")
    assert made.settle().state(undo) is State.FAILED
    made.request(verb, asked, redo=True).settle()
    assert (made.attempt(done), made.attempt("z"), made.run) == (1, 1, RunState.FAILED)
    assert made.state(undo) is (State.COMPLETED if verb == "retry" else State.SKIPPED)


def test_the_ends_of_a_scope_are_tried_again_by_themselves() -> None:
    """What takes something back, and what runs after that: what was done, and failed, stays as it is."""
    ends = Node("ua", (0,), phase=UNDO, undoes=0), Node("e", phase=LAST)
    made = world(around(Node("a"), Node("z", (0,)), *ends))
    made.script = lambda name, attempt: Body(
        1, "final" if name == "z" or (name in ("ua", "e") and attempt == 1) else "ok"
    )
    made.settle().request("retry", "e").settle()
    assert [made.attempt(name) for name in ("a", "z", "ua", "e")] == [1, 1, 1, 2]
    made.request("retry", "ua").settle()
    assert [made.attempt(name) for name in ("a", "z", "ua", "e")] == [1, 1, 2, 3]
    assert [made.state(name) for name in ("ua", "e")] == [State.COMPLETED] * 2
    assert made.run is RunState.FAILED


def test_a_group_in_which_nothing_was_taken_back_goes_on_where_it_was() -> None:
    """What would have taken something back has opened for it, and found nothing that had been done."""
    steps = (Node("w"), Node("x", (0,)), Node("ux", (1,), phase=UNDO, undoes=1))
    made = world(around(Node("g", (), EACH, inner="k"), k=steps), {"g[0].x": "flaky"}, items=lambda _name: 1)
    made.settle()
    assert (made.state("undo_g"), made.attempt("g[0].w")) == (State.COMPLETED, 1)
    made.request("retry", "g[0]")
    assert made.state("g[0].w") is State.COMPLETED
    assert (made.settle().attempt("g[0].x"), made.attempt("g[0].w")) == (2, 1)

"""Steps, with the right answer written by hand: what they end, how that counts, what a rollback and a retry make of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from driver import SLOW, Body
from small_flows import finishing
from test_ends import flow, needs, world

from stratix_tasks.core.node import ALL, ANY, EACH, FIRST, FLOW, LAST, LOOP, MAP, N_OF, UNDO, Node, Policy
from stratix_tasks.core.ports import Traits
from stratix_tasks.core.states import RunState, S
from stratix_tasks.errors import TransitionError
from stratix_tasks.spec.model import Retry

SHORT = Policy(grace=2.0)
NOW = {"f": Body(0.5)}


def ends(*nodes: Node, inner: Any = None, bodies: Any = None) -> Any:
    return world(flow(*nodes, inner=inner), {**NOW, **(bodies or {})}).settle()


def test_a_scope_that_is_finished_completes_though_something_in_it_failed_before() -> None:
    """What went on is cancelled with the reason, what had failed counts for nothing."""
    made = ends(Node("a"), Node("bad"), finishing(), needs("z", 0), bodies={"a": SLOW, "bad": "fail", "f": Body(2)})
    assert made.states() == {
        "run": "completed",
        "a": "cancelled",
        "bad": "failed",
        "f": "completed",
        "z": "cancelled",
    }
    assert made.s.run_reason == made.s.why_ended(0) == made.s.why_ended(3) == "finished early"


def test_a_scope_that_is_finished_as_failed_tells_the_value_as_its_error() -> None:
    """Nothing else of it has failed."""
    made = ends(Node("a"), finishing(to=S.FAILED), bodies={"a": SLOW})
    assert (made.run, made.s.run_error["code"], made.s.run_error["message"]) == (RunState.FAILED, "finished", "v")


def test_the_end_of_a_finished_scope_runs_and_nothing_is_taken_back() -> None:
    """Where it is finished as failed what was done is taken back; one whose end fails has failed."""
    end = Node("u", phase=UNDO, undoes=0, policy=SHORT), Node("e", phase=LAST, policy=SHORT)
    for to, undone, bodies, run in (
        (S.COMPLETED, "skipped", {}, "completed"),
        (S.FAILED, "completed", {}, "failed"),
        (S.COMPLETED, "skipped", {"e": "fail"}, "failed"),
    ):
        states = ends(
            Node("a"), Node("b"), finishing(to=to), *end, bodies={"a": Body(0.1), "b": SLOW, **bodies}
        ).states()
        assert (states["u"], states["run"]) == (undone, run)
        assert states["e"] == ("failed" if bodies else "completed")


def test_a_round_that_is_finished_is_one_round() -> None:
    """The loop asks and goes on; an item likewise is one of the map's that completed."""
    inner = {"two": (Node("x"), finishing())}
    made = world(flow(Node("l", kind=LOOP, inner="two", rounds=2), inner=inner), {"l[0].f": Body(0.5), "l[0].x": SLOW,
                 "l[1].x": Body(0.1)}, verdict=lambda _name: False).settle()  # fmt: skip
    assert made.states()["l[0].x"] == "cancelled"
    assert made.states()["l[1].x"] == "completed"


def test_a_group_that_is_finished_completes_with_what_is_there() -> None:
    """Its items and scopes that go on are cancelled; what needs it runs."""
    inner = {"one": (Node("x"),)}
    for kind in (MAP, EACH, FLOW, LOOP):
        made = ends(Node("m", kind=kind, inner="one" if kind is not MAP else ""), finishing(node=0), needs("z", 0),
                    inner=inner, bodies=dict.fromkeys(("m[0]", "m[1]", "m[0].x", "m.x"), SLOW))  # fmt: skip
        assert [made.states()[name] for name in ("m", "z", "run")] == ["completed", "completed", "completed"]
        assert made.s.reason[0] == "finished early"


def test_a_value_is_that_of_what_is_finished() -> None:
    """Of a group that is open, of a body that runs, and of what has not begun."""
    inner = {"one": (Node("x"),)}
    step = finishing(node=0, gives=True)
    open_ = ends(Node("m", kind=EACH, inner="one"), step, inner=inner, bodies={"m[0].x": SLOW})
    runs = ends(Node("a"), step, bodies={"a": SLOW})
    waits = ends(needs("a", 2), step, Node("b"), bodies={"b": SLOW})
    assert [made.s.values[0] for made in (open_, runs, waits)] == ["v", "v", "v"]
    assert runs.states()["a"] == waits.states()["a"] == "completed"


def test_what_a_step_finishes_as_failed_is_a_failure_like_others() -> None:
    """Of a group, of a body that runs and of what has not begun."""
    step = finishing(node=0, to=S.FAILED)
    for nodes, bodies in (
        ((Node("a", kind=MAP), step), {"a[0]": SLOW}),
        ((Node("a"), step), {"a": SLOW}),
        ((needs("a", 2), step, Node("b")), {"b": Body(3)}),
    ):
        made = ends(*nodes, bodies=bodies)
        assert (made.states()["a"], made.run) == ("failed", RunState.FAILED)
        assert made.s.error[0]["code"] == "finished"


def test_a_group_that_is_not_open_is_finished_as_failed() -> None:
    """One that waits for what it needs, and one that waits for its next try: nothing in it runs for that."""
    step, inner = finishing(node=0, to=S.FAILED), {"one": (Node("x"),)}
    retry = Policy(retry=Retry(max=1, delay=9, jitter="none"))
    for group, bodies, ran in (
        (Node("g", (2,), FLOW, inner="one"), {"b": Body(3)}, 0),
        (Node("g", (2,), EACH, inner="one"), {"b": Body(3)}, 0),
        (Node("g", kind=FLOW, inner="one", policy=retry), {"g.x": Body(0.1, "fail")}, 1),
    ):
        made = ends(group, step, Node("b"), inner=inner, bodies=bodies)
        assert (made.states()["g"], made.s.error[0]["code"], made.run) == ("failed", "finished", RunState.FAILED)
        assert sum(made.s.attempt[made.unit("b") + 1 :]) == ran


def test_a_group_is_finished_from_inside() -> None:
    """The nearest one of that name around it; one that lies in none has failed."""
    step = {"two": (Node("x"), finishing(around="m"))}
    made = ends(Node("m", kind=EACH, inner="two"), inner=step, bodies={"m[0].f": Body(0.2), "m[1].x": SLOW})
    assert (made.states()["m"], made.states()["m[1].x"], made.run) == ("completed", "cancelled", RunState.COMPLETED)
    lost = ends(finishing(around="m"))
    assert lost.s.error[0]["code"] == "no-group"


def test_what_a_step_cancels_is_to_others_as_if_it_was_skipped() -> None:
    """Its users are skipped, `first_of` goes on, and the run completes."""
    made = ends(Node("a"), finishing(node=0, to=S.CANCELLED), needs("z", 0), needs("o", 0, 4, firsts=((0, 4),)),
                Node("other"), bodies={"a": SLOW, "other": Body(9)})  # fmt: skip
    assert made.states() == {
        "run": "completed",
        "a": "cancelled",
        "f": "completed",
        "z": "skipped",
        "o": "completed",
        "other": "completed",
    }


def test_a_step_leaves_what_has_ended_or_is_being_ended() -> None:
    """A person's word stands."""
    made = ends(Node("a"), finishing(node=0, to=S.CANCELLED), bodies={"a": Body(0.1)})
    assert made.states()["a"] == "completed"
    stopping = world(flow(Node("a"), finishing(node=0)), {"a": Body(50, stops=3.0), "f": Body(1)}).until("a", S.RUNNING)
    stopping.request("cancel", "a").settle()
    assert (stopping.states()["a"], stopping.run) == ("cancelled", RunState.FAILED)


def test_a_rollback_of_a_step_leaves_a_skipped_sub_flow_skipped() -> None:
    """Also what lies in it, which the step had cancelled before it was looked at."""
    inner = {"one": (Node("x"), Node("y"))}
    block = flow(Node("g", kind=FLOW, inner="one", when=True), finishing(), Node("a"), inner=inner)
    made = world(block, {"f": Body(0), "a": SLOW}, verdict=lambda _name: False).settle()
    assert made.states()["g.x"] == "cancelled"
    made.request("rollback", nodes=["f"]).settle().request("resume").settle()
    assert {made.states()[name] for name in ("g", "g.x", "g.y")} == {"skipped"}


def test_a_rollback_behind_a_step_takes_back_what_that_ended() -> None:
    """And what came of it; once more it ends the same."""
    made = ends(Node("b"), Node("a"), needs("f", 0, step=finishing(node=1).step, policy=finishing().policy), needs("z", 1),
                bodies={"a": SLOW, "b": Body(0.1)})  # fmt: skip
    assert made.states()["z"] == "completed"
    made.request("rollback", to="b")
    assert [made.state(name) for name in ("a", "f", "z")] == [S.READY, S.READY, S.PENDING]
    made.request("resume").settle()
    assert made.s.reason[1] == "finished early"


def test_a_retry_of_what_a_step_cancelled_runs_it() -> None:
    """And what was skipped for it; what lies in a scope that was finished is not tried again alone."""
    block = flow(Node("a"), finishing(node=0, to=S.CANCELLED), needs("z", 0), Node("b"))
    made = world(block, {"a": Body(5, stops=0.1), "f": Body(0.5), "b": Body(90)}).until("z", S.SKIPPED)
    made.request("retry", "a").settle()
    assert [made.states()[name] for name in ("a", "z", "run")] == ["completed", "completed", "completed"]
    over = ends(Node("a"), finishing(to=S.FAILED), bodies={"a": SLOW})
    with pytest.raises(TransitionError, match="'f' has finished what it lies in"):
        over.request("retry", "a")
    with pytest.raises(TransitionError, match="'f' has finished it"):
        over.request("retry")


def test_a_skip_of_a_step_ends_nothing() -> None:
    """Nor does one with a value."""
    for value in ({}, {"value": 1}):
        made = world(flow(Node("a"), finishing(node=0)), {"a": Body(3), "f": Body(1)})
        made.request("skip", "f", **value).settle()
        assert made.states()["a"] == "completed"
        assert made.s.reason.get(0) is None


def test_a_scope_that_a_step_finishes_as_failed_is_no_success_of_its_fan_out() -> None:
    """Also where nothing else was left to do in it, so that it has ended before what the step says is told."""
    for gather in (FIRST, ALL, N_OF):
        made = ends(Node("m", kind=EACH, inner="one", gather=gather), inner={"one": (finishing(to=S.FAILED),)})
        assert (made.state("m"), made.run) == (S.FAILED, RunState.FAILED)


def test_a_retry_that_sets_a_step_back_gives_back_what_it_had_ended() -> None:
    """The step had been taken by what ran at the end, which runs again: so does the node that it had cancelled."""
    end = Node("e", (1,), phase=LAST, policy=SHORT)
    made = world(
        flow(Node("a"), finishing(node=0, to=S.CANCELLED), Node("x"), end), {**NOW, "a": SLOW, "x": "flaky"}
    ).settle()
    assert (made.states()["a"], made.states()["x"], made.attempt("e")) == ("cancelled", "failed", 1)
    made.request("retry", "x")
    assert made.states()["a"] == "running"
    made.settle()
    assert (made.states()["a"], made.run, made.attempt("f"), made.attempt("e")) == (
        "cancelled",
        RunState.COMPLETED,
        2,
        2,
    )


def test_what_waits_or_is_about_to_be_tried_again_is_finished_as_failed() -> None:
    """At once: it has no body."""
    waits = Policy(runner="wait", traits=Traits(bodiless=True))
    again = Policy(retry=Retry(max=1, delay=60, jitter="none"))
    for policy, body in ((waits, Body()), (again, Body(0.2, "fail"))):
        made = ends(Node("x", policy=policy), finishing(node=0, to=S.FAILED), bodies={"x": body})
        assert (made.state("x"), made.ended_at("x") < 1000.8) == (S.FAILED, True)


def test_a_retry_of_a_map_whose_bad_items_finished_themselves_is_refused() -> None:
    """What a step said of an item stays so, and who asks hears by which; with other failures the retry goes on with these."""
    inner = {"two": (Node("x"), finishing(to=S.FAILED))}
    made = ends(Node("m", kind=EACH, inner="two"), inner=inner, bodies={"m[0].f": Body(9), "m[1].f": Body(9)})
    with pytest.raises(TransitionError, match=r"'m\[0\].f' has finished what it lies in"):
        made.request("retry", "m")
    plain = {"two": (Node("x"), Node("y", when=True), finishing(to=S.FAILED))}
    other = world(flow(Node("m", kind=EACH, inner="two"), inner=plain), {**NOW, "m[1].x": "flaky"})
    other.settle()
    assert other.state("m") is S.FAILED


def test_what_a_step_ended_that_is_made_from_less_is_set_back_with_it() -> None:
    """The step went on with a failure that is tried again: what it cancelled runs again, too."""
    step = replace(finishing(node=2, to=S.CANCELLED), needs=(0, 1), join=ANY, keep_losers=True)
    bodies = {**NOW, "a": "flaky", "b": Body(60), "m": SLOW}
    made = world(flow(Node("a"), Node("b"), Node("m"), step), bodies).until("m", S.CANCELLED)
    made.request("retry", "a", redo=True)
    assert made.state("m") in (S.READY, S.RUNNING)

"""What the exhaustive exploration and the random runs found: each was wrong once."""

from __future__ import annotations

import pytest
from driver import SLOW, Body, World, spec
from facade import MISSING
from folds import the_fold_is_the_run
from small_flows import EACH, WHEN, needs, with_inner

from stratix_tasks.core.block import Block
from stratix_tasks.core.blocks import join_blocks
from stratix_tasks.core.node import ANY, FIRST, FLOW, Node
from stratix_tasks.core.node import EACH as EACH_SCOPE
from stratix_tasks.core.state import MISSING as NO_VALUE
from stratix_tasks.core.states import RunState, State
from stratix_tasks.errors import InputError
from stratix_tasks.spec.model import FlowSpec, NodeSpec

RETRY = {"max": 1, "delay": 3, "jitter": "none"}


def test_a_node_of_a_sub_flow_that_has_not_opened_can_be_rolled_back() -> None:
    """A rollback of a node whose group is still pending pauses the run; the run then completes."""
    world = World(with_inner({"a": {}})).start().request("rollback", nodes=["g.a"])
    world.request("resume").settle()
    assert set(world.states().values()) == {"completed"}


def test_a_verdict_asked_for_before_a_rollback_does_not_count() -> None:
    """A condition whose answer is on its way when its node is rolled back is asked again once its needs are there."""
    world = World(spec({"a": {}, "b": {"when": WHEN, **needs("a")}})).start().until("a", State.COMPLETED)
    world.request("rollback", nodes=["a"]).settle()
    assert world.state("b") is State.PENDING
    world.request("resume").settle()
    assert set(world.states().values()) == {"completed"}


def test_an_expansion_asked_for_before_a_rollback_does_not_count() -> None:
    """A sub-flow inside of one that is rolled back does not open before that one has opened again."""
    world = World(with_inner({"m": {"each": EACH}})).start().until("g", State.OPEN)
    world.request("rollback", nodes=["g"])
    assert (world.generation("g"), world.generation("g.m")) == (1, 1)
    world.request("resume").settle()
    assert world.run is RunState.COMPLETED


def test_a_set_while_the_expansion_is_on_its_way_asks_again() -> None:
    """Arguments of a map that are changed while it is being expanded count: the answer for the old ones is dropped."""
    counts = iter([2, 5])
    world = World(spec({"m": {"each": EACH}}), items=lambda _name: next(counts)).start()
    world.request("set", "m", args={"x": [1]}).settle()
    assert world.count("m") == 5


def test_the_rollback_of_a_map_does_not_end_it() -> None:
    """A map whose last open item waits for its retry is pending after a rollback, not failed."""
    flow = spec({"m": {"each": EACH, "retry": RETRY}})
    bad = {("m[2]", 1)}
    world = World(flow, lambda name, tried: Body(1, "fail" if (name, tried) in bad else "ok")).start()
    world.until("m", State.OPEN).until("m[2]", State.RETRYING).request("rollback", nodes=["m"])
    assert world.state("m") is not State.FAILED
    bad.clear()
    world.request("resume").settle()
    assert world.run is RunState.COMPLETED


def test_results_of_retired_items_are_let_go_of_by_the_fold() -> None:
    """Items that a rollback took out have no value, in the live run and in one made from its facts."""
    world = World(spec({"m": {"each": EACH}, "z": needs("m")})).start().until("m", State.COMPLETED)
    world.request("rollback", nodes=["m"])
    assert all(value is NO_VALUE for value in world.s.values[2:])
    the_fold_is_the_run(world.s, world.facts)


def test_a_node_paused_while_its_time_out_stops_it_is_held() -> None:
    """A pause that comes while the body is stopped for its time-out holds the node instead of its next attempt."""
    flow = spec({"a": {"timeout": {"attempt": 1}, "retry": RETRY}})
    world = World(flow, lambda _name, tried: SLOW if tried == 1 else Body(0.5)).start().until("a", State.STOPPING)
    world.request("pause", "a").settle()
    assert world.state("a") is State.HELD
    world.request("resume", "a").settle()
    assert (world.state("a"), world.attempt("a")) == (State.COMPLETED, 2)


@pytest.mark.parametrize("target", ["a", None])
def test_a_retry_of_a_paused_node_lands_in_held(target: str | None) -> None:
    """A node that was paused while it ran and then failed is held when it is retried."""
    world = World(spec({"a": {}}), lambda _name, tried: Body(1, "fail" if tried == 1 else "ok")).start()
    world.request("pause", "a").settle().request("retry", target).settle()
    assert world.state("a") is State.HELD
    world.request("resume", "a").settle()
    assert world.run is RunState.COMPLETED


def test_dying_while_a_rollback_stops_a_body_leaves_the_budget() -> None:
    """A rolled back node has its whole budget, and no more, also when the owner dies before its body ended."""
    world = World(spec({"a": {"retry": RETRY}}), lambda _name, _tried: SLOW).start()
    world.request("rollback", nodes=["a"]).die_and_recover()
    the_fold_is_the_run(world.s, world.facts)
    assert (world.attempt("a"), world.tries("a")) == (1, 0)


def test_a_rollback_ends_a_pause_for_good() -> None:
    """A node that was paused while it ran is not held after a rollback, also not under a new owner."""
    world = World(spec({"a": {}}), lambda _name, _tried: SLOW).start().request("pause", "a")
    world.request("rollback", nodes=["a"])
    assert not world.folded().state.marks


def test_the_time_of_a_paused_run_stands_still_after_a_takeover() -> None:
    """A paused run that is taken over does not run into its limit before it is resumed."""
    world = World(spec({"a": {}, "b": needs("a")}, timeout=4)).start().request("pause").settle()
    world.die_and_recover().settle()
    assert world.run is RunState.PAUSED
    world.request("resume").settle()
    assert world.run is RunState.COMPLETED


def test_the_time_of_a_held_node_stands_still() -> None:
    """The total limit of a node that failed while it was paused waits for its release, and counts on from there."""
    flow = spec({"a": {"timeout": {"total": 5}, "retry": {"max": 1, "delay": 0, "jitter": "none"}}})
    world = World(flow, lambda _name, tried: Body(1, "fail") if tried == 1 else SLOW).start()
    world.request("pause", "a").settle()
    assert (world.state("a"), world.now) == (State.HELD, 1001.0)
    world.request("resume", "a").settle()
    assert world.state("a") is State.FAILED
    assert world.error("a")["code"] == "timeout"


def test_a_run_that_has_not_started_can_be_cancelled() -> None:
    """It ends as cancelled, and so do its nodes; a second cancel changes nothing."""
    world = World(spec({"a": {}, "b": needs("a")})).request("cancel").settle()
    assert set(world.states().values()) == {"cancelled"}
    world.request("cancel")
    assert set(world.states().values()) == {"cancelled"}


def test_a_held_map_takes_arguments_and_a_value() -> None:
    """A map that is paused before it is expanded can be set, and given a value."""
    world = World(spec({"m": {"each": EACH}})).start().request("pause", "m").request("set", "m", args={"x": [1]})
    assert world.state("m") is State.HELD
    world.request("skip", "m", 7).settle()
    assert set(world.states().values()) == {"completed"}


def test_a_map_that_failed_upstream_is_retried() -> None:
    """With what it needs: it is expanded once that has completed."""
    world = World(
        spec({"a": {}, "m": {"each": EACH, **needs("a")}}),
        lambda _n, tried: Body(1, "fail" if tried == 1 and _n == "a" else "ok"),
    )
    world.start().settle()
    assert world.state("m") is State.UPSTREAM_FAILED
    world.request("retry", "m").settle()
    assert set(world.states().values()) == {"completed"}


GROUP_ASKS = {
    "skip": (State.SKIPPED, State.UPSTREAM_FAILED),
    "give": (State.COMPLETED,),
    "rollback": (State.PENDING, State.UPSTREAM_FAILED),
}


@pytest.mark.parametrize("verb", GROUP_ASKS)
@pytest.mark.parametrize("state", [State.HELD, State.UPSTREAM_FAILED], ids=lambda state: state.label)
def test_requests_of_a_map_that_never_opened(state: State, verb: str) -> None:
    """A map that is held or failed upstream can be skipped, given a value and rolled back."""
    flow = spec({"a": {}, "m": {"each": EACH, **needs("a")}, "z": {}})
    bad = state is State.UPSTREAM_FAILED
    world = World(flow, lambda name, _tried: SLOW if name == "z" else Body(1, "fail" if bad else "ok")).start()
    if not bad:
        world.request("pause", "m")
    world.until("m", state)
    if verb == "rollback":
        world.request("rollback", nodes=["m"])
    else:
        world.request("skip", "m", 7 if verb == "give" else MISSING)
    assert world.state("m") in GROUP_ASKS[verb]


def test_an_item_can_not_be_rolled_back_by_itself() -> None:
    """A rollback that names an item is an InputError with its map; nothing is recorded."""
    world = World(spec({"m": {"each": EACH}}), lambda _name, _tried: SLOW).start().until("m", State.OPEN)
    facts = len(world.facts)
    with pytest.raises(InputError, match="not to one item: 'm'"):
        world.request("rollback", nodes=["m[0]"])
    assert len(world.facts) == facts


@pytest.mark.parametrize("dies", [False, True], ids=["same owner", "its owner dies"])
def test_a_breakpoint_that_was_passed_holds_again_after_a_cancel(dies: bool) -> None:
    """That a node was let go on from its breakpoint does not outlast its end, in a new owner neither."""
    world = World(spec({"a": {}, "b": {}}), lambda _name, _tried: SLOW, concurrency=1).start()
    held = "a" if world.state("a") is State.READY else "b"
    world.request("breakpoint", held).request("resume", held).request("cancel", held)
    if dies:
        world.die_and_recover()
    world.request("retry", held).until(held, State.HELD)


def test_a_rollback_leaves_a_run_that_stops_at_failures_paused() -> None:
    """A sub-flow that ends again by what its members came to is no new failure; the run waits for its resume."""
    body = {"a": Body(1, "fail"), "b": SLOW, "c": SLOW}
    flow = spec({"s": {"flow": "sub"}}, flows={"sub": spec({name: {} for name in body})}, on_failure="stop")
    world = World(flow, lambda name, _tried: body[name[-1]]).start().settle()
    assert world.run is RunState.FAILED
    world.request("skip", "s.c").request("rollback", to="s.c").settle()
    assert world.run is RunState.PAUSED
    world.request("resume").settle()
    assert world.run is RunState.FAILED


@pytest.mark.parametrize("dies", [False, True], ids=["same owner", "its owner dies"])
def test_the_first_item_that_fails_stops_the_run(dies: bool) -> None:
    """With `on_failure="stop"` nothing waits for the other items; the map has failed, what else ran was cancelled."""
    flow = spec({"m": {"each": EACH}, "z": {}}, on_failure="stop")
    body = {"m[1]": Body(1, "fail"), "m[0]": Body(30, stops=5)}
    world = World(flow, lambda name, _tried: body.get(name, SLOW)).start()
    world.until("m", State.OPEN).until("m[1]", State.FAILED)
    assert world.run is RunState.ENDING
    if dies:
        world.die_and_recover()
    world.settle()
    assert (world.run, world.state("m")) == (RunState.FAILED, State.FAILED)
    assert {world.state("m[0]"), world.state("m[2]"), world.state("z")} == {State.CANCELLED}


def test_what_failed_before_a_run_went_on_does_not_stop_it_again() -> None:
    """`on_failure="stop"`: after a rollback of something else the run goes on to its end, whatever is skipped in it; what fails
    anew stops it."""
    flow = spec({"y": {}, "x": {}, "z": {"when": WHEN, **needs("x")}, "w": {}}, on_failure="stop")
    bodies = {"y": Body(5, "fail"), "w": Body(30), "x": Body(1)}
    made = World(flow, lambda name, _tried: bodies.get(name, SLOW), verdict=lambda name: name != "z").start().settle()
    assert (made.run, made.state("w")) == (RunState.FAILED, State.CANCELLED)
    made.request("rollback", nodes=["x", "w"]).request("resume").until("z", State.SKIPPED)
    assert made.run is RunState.RUNNING
    made.settle()
    assert (made.run, made.state("w"), made.state("y")) == (RunState.FAILED, State.COMPLETED, State.FAILED)


def test_a_member_cancelled_by_hand_does_not_stop_the_run() -> None:
    """`on_failure="stop"` is for failures: a cancel ends its sub-flow badly, the rest of the run goes on."""
    flow = spec({"s": {"flow": "sub"}, "z": {}}, flows={"sub": spec({"a": {}})}, on_failure="stop")
    world = World(flow, lambda _name, _tried: SLOW).start().until("s.a", State.RUNNING)
    world.request("cancel", "s.a").until("s", State.FAILED)
    assert world.state("z") is State.RUNNING
    world.settle()
    assert world.state("z") is State.COMPLETED


def test_a_breakpoint_that_was_passed_holds_again_after_a_rollback() -> None:
    """Also when its node was paused since, and another owner takes the run up."""
    world = World(spec({"a": {}, "b": {}}), lambda _name, _tried: SLOW, concurrency=1).start()
    held = "a" if world.state("a") is State.READY else "b"
    world.request("breakpoint", held).request("resume", held).request("pause", held)
    world.die_and_recover()
    world.request("rollback", nodes=[held]).request("resume")
    the_fold_is_the_run(world.s, world.facts)
    world.until(held, State.HELD)


RETRIED = {"retry": {"max": 2, "delay": 4, "jitter": "none"}, "timeout": {"total": 60}}


def test_a_breakpoint_stops_a_node_that_waits_for_its_next_attempt() -> None:
    """It is held at once; when it is let go on, it waits for what was left of its pause, and runs."""
    world = World(spec({"a": RETRIED}), lambda _name, tried: Body(1, "fail" if tried == 1 else "ok"))
    world.start().until("a", State.RETRYING).request("breakpoint", "a")
    assert world.state("a") is State.HELD
    world.settle()
    assert world.state("a") is State.HELD
    world.request("resume", "a").settle()
    assert world.state("a") is State.COMPLETED


def test_a_condition_is_not_asked_again_for_an_attempt_that_was_due() -> None:
    """Also by a new owner: the node has begun, and what its condition says by now does not skip it."""
    says = [True]
    flow = spec({"a": {"when": WHEN, **RETRIED}, "z": {}})
    world = World(
        flow, lambda name, tried: Body(9) if name == "z" or tried > 1 else Body(1, "fail"), verdict=lambda _: says[-1]
    )
    world.start().until("a", State.RETRYING).request("pause").until("a", State.READY)
    says.append(False)
    world.die_and_recover().request("resume").settle()
    assert world.state("a") is State.COMPLETED


LIMITED = spec({"a": {"grace": 1}}, timeout=60)


def time_to_end(world: World) -> float:
    """Seconds until the limit of the run ends it."""
    begun = world.now
    while world.run is RunState.RUNNING:
        assert world.step()
    assert world.run_reason == "timeout"
    return world.now - begun


def test_the_limit_of_a_run_that_was_cancelled_while_paused_counts_when_it_goes_on() -> None:
    """A run that goes on after its end has its whole time, whatever state it ended from."""
    world = World(LIMITED, lambda _name, _tried: Body(900)).start()
    world.request("pause").request("cancel").settle()
    assert world.run is RunState.CANCELLED
    assert time_to_end(world.request("retry")) == pytest.approx(60)


def test_a_new_owner_counts_from_when_a_run_went_on() -> None:
    """What was used of its time before it ended, and while nobody owned it, does not count."""
    world = World(LIMITED, lambda _name, _tried: Body(900)).start()
    world.now += 50
    world.request("cancel").settle()
    world.now += 500
    world.request("retry")
    assert time_to_end(world.die_and_recover(idle=100)) == pytest.approx(60, abs=0.1)


def test_a_new_owner_leaves_out_the_time_that_a_run_was_paused() -> None:
    """Its limit stood still then."""
    world = World(LIMITED, lambda _name, _tried: Body(900, parks=True)).start()
    world.now += 20
    world.request("pause")
    world.now += 500
    world.request("resume")
    assert time_to_end(world.die_and_recover()) == pytest.approx(40, abs=0.1)


def test_a_new_owner_goes_on_with_the_limit_of_all_attempts() -> None:
    """What an attempt used of it before the owner died is used; while the node was held it stood still."""
    flow = spec({"a": {"timeout": {"total": 60}, "retry": {"max": 3, "delay": 4, "jitter": "none"}, "grace": 1}})
    world = World(flow, lambda _name, tried: Body(10, "fail") if tried == 1 else Body(900)).start()
    world.until("a", State.RETRYING).request("pause", "a")
    world.now += 500
    world.request("resume", "a").die_and_recover().until("a", State.RUNNING)
    begun = world.now
    world.until("a", State.FAILED)
    assert 43 < world.now - begun < 51


def test_a_join_whose_loser_ends_the_run_does_not_open() -> None:
    """What was cancelled elsewhere in a mapped flow may leave a failure that nothing takes up any more, which ends the run as soon as
    anything beside it has ended: here a loser."""
    about = FlowSpec(flow="f", tasks={"g": NodeSpec(call="m:g")}, on_failure="stop")
    inner = (
        Node("f"), Node("c"), Node("h", (0, 1), join=FIRST), Node("a"), Node("d"), Node("b", (4,)),
        Node("u", (3, 5), FLOW, join=ANY, inner="leaf"),
    )  # fmt: skip
    parts = {"i": inner, "leaf": (Node("x"),), "main": (Node("g", (), EACH_SCOPE, inner="i"),)}
    block = join_blocks({name: Block(name, nodes, spec=about) for name, nodes in parts.items()}, "main")
    bodies = {"g[0].f": Body(1, "final"), "g[1].a": Body(5), "g[1].d": Body(50)}
    world = World(block, lambda name, _tried: bodies.get(name, Body(60, stops=9)), items=lambda _name: 2)
    world.start().until("g", State.OPEN).until("g[0].f", State.FAILED).request("cancel", "g[0]")
    assert world.run is RunState.RUNNING
    world.until("g[1].a", State.COMPLETED).settle()
    assert (world.run, world.state("g[1].u")) == (RunState.FAILED, State.CANCELLED)


@pytest.mark.parametrize("held", ["a", "b"])
def test_a_held_node_does_not_stop_the_time_of_its_run(held: str) -> None:
    """Whichever it is: the limit of the run counts on, also after a pause of the run meanwhile."""
    world = World(spec({"a": {"grace": 1}, "b": {"grace": 1}}, timeout=60), lambda _name, _tried: Body(900, parks=True))
    world.start().request("pause", held)
    world.step()
    world.request("pause").request("resume")
    assert time_to_end(world) == pytest.approx(60, abs=0.1)


def test_a_suspended_body_uses_nothing_of_its_limits() -> None:
    """While its node is paused by itself, as while the whole run is."""
    flow = spec({"a": {"timeout": {"total": 60, "attempt": 50}, "grace": 1}, "z": {}})
    world = World(flow, lambda name, _tried: Body(40 if name == "a" else 900, parks=name == "a")).start()
    world.request("pause", "a").until("a", State.SUSPENDED)
    world.now += 500
    world.request("resume", "a").until("a", State.COMPLETED)


def test_a_limit_counts_on_for_a_node_that_was_paused_while_its_run_was() -> None:
    """A body that can not be suspended runs on meanwhile; once both have been resumed its limit ends it."""
    flow = spec({"a": {"timeout": {"total": 60}, "grace": 1}})
    world = World(flow, lambda _name, _tried: Body(900)).start()
    world.request("pause").request("pause", "a").request("resume").request("resume", "a")
    begun = world.now
    world.until("a", State.FAILED)
    assert world.now - begun == pytest.approx(60, abs=0.1)


def test_a_total_limit_that_ends_in_the_grace_of_an_attempt_leaves_no_other_attempt() -> None:
    """The body was being stopped to be tried again; there is no time left for that."""
    flow = spec({"a": {"timeout": {"attempt": 5, "total": 8}, "grace": 5, "retry": {"max": 3, "delay": 0}}})
    world = World(flow, lambda _name, _tried: Body(900, stops=4)).start().settle()
    assert (world.state("a"), world.attempt("a")) == (State.FAILED, 1)
    assert "total limit of 8 s" in world.error("a")["message"]
    the_fold_is_the_run(world.s, world.facts)

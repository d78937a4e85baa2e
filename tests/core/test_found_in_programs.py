"""What random programs found under random histories: each was wrong once, and its right end is written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from driver import BEGIN, Body, World, spec
from folds import folded
from histories import play
from small_flows import STEPS, finishing, waiting
from test_ends import flow

from stratix_tasks.core import fork
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.facts import STARTED
from stratix_tasks.core.joins import scope_ended
from stratix_tasks.core.node import ALL, ANY, EACH, FIRST, FLOW, LAST, LOOP, MAP, N_OF, SETTLED, Node, Policy, Step
from stratix_tasks.core.states import RunState, State
from stratix_tasks.core.targets import label
from stratix_tasks.spec.model import Timeout

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


def test_who_read_what_followed_from_a_node_reads_it_again() -> None:
    """Seed 36840: `c` asks how `b` ended, which failed for `a`; a value for `a` lets `b` run, and `c` waits for that."""
    block = flow(Node("a"), Node("b", (0,)), Node("c", (1,), ended=(1,)))
    world = World(block, lambda name, _: Body(1, "final" if name == "a" else "ok")).start().until("c", State.RUNNING)
    world.request("skip", "a", 7, redo=True).until("c", State.RUNNING)
    assert (world.state("b"), world.attempt("c")) == (State.COMPLETED, 2)
    assert world.settle().run is RunState.COMPLETED


def test_a_join_that_has_more_than_it_needs_waits_for_what_it_asks_about() -> None:
    """Seed 40382: `j` takes one of two, both there, and asks how `c` ended, which is tried again before `j` has begun."""
    block = flow(Node("a"), Node("b"), Node("c"), Node("j", (0, 1, 2), ended=(2,), join=ANY))
    world = World(block, lambda name, _: Body(9 if name == "c" else 1)).start().until("b", State.COMPLETED)
    world.request("pause").request("cancel", "c").settle()
    assert (world.state("j"), world.run) == (State.READY, RunState.PAUSED)
    world.request("retry", "c").request("resume").until("j", State.RUNNING)
    assert world.state("c") is State.COMPLETED


def test_the_ends_of_what_lost_are_not_held_by_the_pause_of_a_group_that_has_ended() -> None:
    """Seed 53613: a paused mapped flow completes with its first scope, and nobody can resume it any more."""
    inner = {"one": (Node("x"), Node("e", phase=LAST, policy=SHORT))}
    block = flow(Node("m", kind=EACH, inner="one", gather=FIRST), inner=inner)
    world = World(block, lambda name, _: Body(1 if name in ("m[0].x", "m[0].e") else 9, stops=1.0)).start()
    world.until("m", State.OPEN).until("m[2].x", State.RUNNING).request("pause", "m").until("m[0].x", State.COMPLETED)
    world.request("resume", "m[0].e").settle()
    assert [world.state(name) for name in ("m", "m[1].x", "m[1].e")] == [
        State.COMPLETED,
        State.CANCELLED,
        State.COMPLETED,
    ]
    assert world.run is RunState.COMPLETED


def test_a_join_that_fires_in_a_run_that_was_stopped_before_does_not_stop_it_again() -> None:
    """Seed 101057: what lost is cancelled, and the node begins once the run goes on, though a failure from before is there."""
    tasks = {"x": {}, "s": {}, "f": {}, "j": {"needs": ("s", "f"), "join": "any", "timeout": {"queued": 5}}}
    bodies = {"x": Body(2, "final"), "s": Body(50)}
    world = World(spec(tasks, on_failure="stop"), lambda name, _: bodies.get(name, Body(1))).start().settle()
    world.request("rollback", nodes=["s", "j"]).settle()
    assert (world.state("j"), world.state("s"), world.run) == (State.READY, State.CANCELLED, RunState.PAUSED)
    world.request("resume").settle()
    assert (world.state("j"), world.state("x"), world.run) == (State.COMPLETED, State.FAILED, RunState.FAILED)


GATHERS: Any = [
    (ALL, 1, None, "completed"),
    (SETTLED, 1, None, "completed"),
    (ANY, 1, None, "completed"),
    (FIRST, 1, None, "completed"),
    (N_OF, 2, None, "failed"),
    (N_OF, 1, 1.0, "completed"),
]


@pytest.mark.parametrize("kind", [MAP, EACH])
@pytest.mark.parametrize(("gather", "of", "share", "end"), GATHERS)
def test_an_item_that_was_refused_is_no_item(kind: Any, gather: Any, of: int, share: float | None, end: str) -> None:
    """Of two items one is left out: it wins for no gather, a share is one of the other, and nothing runs at its end."""
    inner = {"one": (Node("x"), Node("e", phase=LAST, policy=SHORT))}
    node = Node("m", kind=kind, inner="one" if kind is EACH else "", gather=gather, of=of, share=share)
    world = World(flow(node, inner=inner), items=lambda _name: 2, left_out=lambda _name, index: index == 0).start()
    states = world.settle().states()
    first = ("m[0].x", "m[0].e") if kind is EACH else ("m[0]",)
    other = "m[1].x" if kind is EACH else "m[1]"
    assert [states[name] for name in first] == ["skipped"] * len(first)
    assert (states["m"], states[other]) == (end, "cancelled" if end == "failed" else "completed")


@pytest.mark.parametrize("gather", [ANY, FIRST])
def test_a_fan_out_of_which_nothing_is_left_has_too_few(gather: Any) -> None:
    """All items are refused: there is none that could have come."""
    world = (
        World(flow(Node("m", kind=MAP, gather=gather)), items=lambda _name: 2, left_out=lambda *_: True)
        .start()
        .settle()
    )
    assert (world.state("m"), world.reason("m")) == (State.FAILED, "too-few")


def test_a_fork_takes_over_a_group_that_failed_as_failed() -> None:
    """It lies in a mapped flow that settled without it, and yields nothing there."""
    block = flow(
        Node("m", kind=EACH, inner="one", gather=SETTLED), Node("z", (0,)), inner={"one": (Node("i", kind=MAP),)}
    )
    old = World(block, lambda name, _: Body(1, "final" if name == "m[0].i[0]" else "ok")).start().settle()
    keep, open_ = fork.taken_over(old.s, fork.again(old.s, {old.unit("z")}))
    told, _ = fork.facts(old.s, keep, open_, old.now)
    new = folded(block, told)
    states = {label(new, u): State(new.status[u]).label for u in range(len(new.status))}
    assert (states["m"], states["m[0].i"], states["m[0].i[0]"]) == ("completed", "failed", "cancelled")
    assert (states["m[1].i"], states["m[1].i[0]"], states["z"]) == ("completed", "completed", "pending")


def test_what_stands_in_line_in_scopes_is_found_again_when_its_priority_changes() -> None:
    """Seed 2718: a set at a path counts for the nodes of scopes that are there already, which wait for a place."""
    world = World(flow(Node("m", kind=EACH, inner="one"), inner={"one": (Node("x"),)}), concurrency=1).start()
    world.until("m", State.OPEN).request("set", "m.x", options={"priority": 5}).settle()
    assert world.run is RunState.COMPLETED


def test_items_in_line_are_found_again_when_their_priority_changes() -> None:
    """Also those of a map in scopes."""
    world = World(flow(Node("m", kind=EACH, inner="one"), inner={"one": (Node("i", kind=MAP),)}), concurrency=1).start()
    world.until("m", State.OPEN).until("m[0].i", State.OPEN).request("set", "m.i", options={"priority": 5}).settle()
    assert world.run is RunState.COMPLETED


def test_a_fork_keeps_refused_items_out() -> None:
    """They are skipped for the same reason there, so that they yield nothing."""
    block = flow(Node("m", kind=EACH, inner="one"), Node("z", (0,)), inner={"one": (Node("x"),)})
    old = World(block, items=lambda _name: 2, left_out=lambda _name, index: index == 0).start().settle()
    keep, open_ = fork.taken_over(old.s, fork.again(old.s, {old.unit("z")}))
    new = folded(block, fork.facts(old.s, keep, open_, old.now)[0])
    begins = [new.item(0, index) for index in (0, 1)]
    inner = new.stretches[new.home[begins[0]]].block
    assert [scope_ended(new, inner, begin) for begin in begins] == [State.SKIPPED, State.COMPLETED]


def test_a_fork_takes_over_an_empty_fan_out_beside_spawned_items() -> None:
    """Seed 4315: where the one of no items would begin another one's spawned item does."""
    block = flow(Node("n", kind=MAP), Node("m", kind=EACH, inner="one"), Node("z", (0, 1)), inner={"one": (Node("x"),)})
    counts = {"n": 1, "m": 0}
    old = (
        World(block, lambda name, _: Body(2 if name == "z" else 1, spawns=1), items=counts.__getitem__).start().settle()
    )
    keep, open_ = fork.taken_over(old.s, fork.again(old.s, {old.unit("z")}))
    new = folded(block, fork.facts(old.s, keep, open_, old.now)[0])
    assert [State(new.status[u]).label for u in range(3)] == ["completed", "completed", "pending"]
    assert 1 in new.kids
    assert (new.count(0), new.count(1)) == (2, 0)


def test_what_lost_in_a_flow_that_takes_places_as_a_whole_comes_to_its_end() -> None:
    """Also where that has ended, and given its places back, before the last body in there has stopped."""
    inner = {
        "g": (Node("e", kind=EACH, inner="one", gather=FIRST),),
        "one": (Node("x"), Node("end", phase=LAST, policy=SHORT)),
    }
    block = flow(Node("g", kind=FLOW, inner="g", policy=Policy(whole=True, pool=("p",))), inner=inner)
    world = World(
        block, lambda name, _: Body(50, stops=1.0) if name == "g.e[1].x" else Body(1), items=lambda _name: 2
    ).start()
    world.until("g", State.COMPLETED)
    assert world.state("g.e[1].x") is State.STOPPING
    world.settle()
    assert (world.state("g.e[1].end"), world.run) == (State.COMPLETED, RunState.COMPLETED)


def test_a_body_that_two_parts_of_a_rollback_take_out_is_stopped_once() -> None:
    """A group, and what lies in it."""
    inner = {"one": (Node("m", kind=MAP),)}
    world = World(flow(Node("e", kind=EACH, inner="one"), inner=inner), lambda *_: Body(50, parks=True)).start()
    world.until("e", State.OPEN).until("e[0].m", State.OPEN).until("e[0].m[0]", State.RUNNING)
    world.request("pause").until_run(RunState.PAUSED)
    bodies = world.s.status.count(State.SUSPENDED)
    world.request("rollback", nodes=["e[0].m", "e"])
    assert bodies == world.s.status.count(State.STOPPING) == world.core.agenda.live


@pytest.mark.parametrize("redo", [False, True])
def test_a_skip_of_what_has_lost_changes_nothing_that_was_made(redo: bool) -> None:
    """An item whose gather went on without it is skipped, also the body in it that is still being stopped; who read the gather
    has read all that there was."""
    block = flow(
        Node("m", kind=EACH, inner="two", gather=ANY), Node("z", (0,)), inner={"two": (Node("a"), Node("b", (0,)))}
    )
    bodies = {"m[1].a": Body(50, stops=4.0), "z": Body(30)}
    world = World(block, lambda name, _: bodies.get(name, Body())).start().until("z", State.RUNNING)
    world.request("skip", "m[1]", **({"redo": True} if redo else {}))
    assert (world.state("m"), world.attempt("z")) == (State.COMPLETED, 1)
    world.settle()
    assert (world.state("m[1]"), world.state("m"), world.attempt("z")) == (State.SKIPPED, State.COMPLETED, 1)
    assert world.run is RunState.COMPLETED


def test_a_value_for_an_item_that_has_lost_is_read_by_nobody() -> None:
    """The map has completed with what it had."""
    block = flow(Node("m", kind=MAP, gather=ANY), Node("z", (0,)))
    world = World(block, lambda name, _: Body(1 if name == "m[0]" else 50, stops=0.01)).start()
    world.until("m", State.COMPLETED).until("m[1]", State.CANCELLED)
    world.request("skip", "m[1]", value=7)
    assert (world.state("m[1]"), world.state("m"), world.attempt("z")) == (State.COMPLETED, State.COMPLETED, 1)


def test_what_was_cancelled_amid_others_keeps_its_own_reason() -> None:
    """What a later cancel of all around it passed over had ended before, for another reason."""
    block = flow(Node("m", kind=EACH, inner="two", gather=ANY), inner={"two": (Node("a"), Node("b", (0,)))})
    world = World(block, lambda name, _: Body(1 if name.startswith("m[0]") else 50, stops=0.01), concurrency=1)
    world.start().until("m", State.OPEN).request("skip", "m[1]").settle()
    assert (world.s.why_ended(world.unit("m[1].a")), world.s.why_ended(world.unit("m[2].a"))) == (
        "scope",
        "lost the join",
    )


def test_a_fork_makes_a_flow_with_a_limit_of_its_own_again_where_that_has_not_completed() -> None:
    """What had not ended well in it was taken over as cancelled or failed, so that the fork could not but fail."""
    bounded = Node("g", kind=FLOW, inner="two", policy=Policy(concurrency=1))
    block = flow(bounded, Node("b"), inner={"two": (Node("x"), Node("y"))})
    world = World(block, lambda name, _: Body(1, "final" if name == "g.y" else "ok")).start()
    world.until("g.y", State.RUNNING)
    for _ in "while it runs", "when it has failed":
        world.script = lambda *_: Body()
        fork = world.fork(world.unit("b")).start().settle()
        assert (fork.run, fork.state("g.x"), fork.state("g.y")) == (RunState.COMPLETED, *[State.COMPLETED] * 2)
        world.settle()
    assert world.run is RunState.FAILED


def test_a_retry_of_the_run_leaves_what_lost_a_join() -> None:
    """Its items were cancelled, and stayed so: it was opened again, and had failed then, though nothing of it had run."""
    block = flow(Node("m", kind=MAP), Node("a"), Node("j", (0, 1), join=ANY), Node("z", (2,)))
    world = (
        World(block, lambda name, _: Body({"a": 0.5}.get(name, 2), "final" if name == "j" else "ok")).start().settle()
    )
    assert (world.state("m"), world.state("j"), world.run) == (State.CANCELLED, State.FAILED, RunState.FAILED)
    world.script = lambda *_: Body()
    world.request("retry").settle()
    assert (world.state("m"), world.state("j"), world.run) == (State.CANCELLED, State.COMPLETED, RunState.COMPLETED)
    assert [world.attempt(f"m[{i}]") for i in range(3)] == [1, 1, 1]


def test_a_group_that_lost_is_tried_again_with_what_lost_in_it() -> None:
    """That was left: the group was opened again, and had failed then, though nothing of it had run. Here it loses again."""
    block = flow(Node("m", kind=MAP), Node("a"), Node("j", (0, 1), join=ANY))
    world = (
        World(block, lambda name, _: Body({"a": 0.5}.get(name, 2), "final" if name == "j" else "ok")).start().settle()
    )
    assert (world.state("m"), world.state("j")) == (State.CANCELLED, State.FAILED)
    world.request("retry", "m").settle()
    assert (world.state("m"), world.reason("m")) == (State.CANCELLED, "lost the join")


@pytest.mark.parametrize("value", [(), (7,)], ids=["skip", "value"])
def test_what_is_about_to_be_skipped_does_not_lose(value: tuple[int, ...]) -> None:
    """A join that fired meanwhile had made it cancelled, which somebody had asked otherwise."""
    block = flow(Node("b"), Node("a"), Node("j", (0, 1), join=ANY))
    world = World(block, lambda name, _: Body(1.0 if name == "a" else 9, stops=2.0)).start().until("b", State.RUNNING)
    world.request("skip", "b", *value).until("j", State.RUNNING)
    assert world.state("b") is State.STOPPING
    assert world.settle().state("b") is (State.COMPLETED if value else State.SKIPPED)


def test_a_step_that_another_one_ended_has_ended_nothing() -> None:
    """It lies in no group of the name that it says: a rollback asked what it had ended, and broke off."""
    ends = Node("s", (0,), step=Step(around="nowhere"), policy=STEPS)
    block = flow(Node("g", kind=FLOW, inner="one"), inner={"one": (Node("a"), ends, finishing(node=1, gives=True))})
    world = World(block, lambda name, _: Body(9.0 if name == "g.a" else 1.0)).start().settle()
    assert (world.state("g.s"), world.reason("g.s")) == (State.COMPLETED, "finished early")
    world.request("rollback", nodes=["g.a"])
    assert (world.run, world.state("g.s")) == (RunState.PAUSED, State.PENDING)


def test_a_map_that_streams_no_more_waits_for_all_of_its_source() -> None:
    """What it goes over was set after its source had opened: it counted that as there, and a new owner did not."""
    block = flow(Node("m", kind=MAP), Node("n", (0,), MAP, source=0, over="x", when=True))
    world = World(block, verdict=lambda _name: True).start().until("m", State.OPEN)
    world.request("set", "n", args={"x": [1]})
    assert world.core.agenda.left[world.unit("n")] == Core(world.folded().state).agenda.left[world.unit("n")] == 1
    assert world.settle().run is RunState.COMPLETED


@pytest.mark.parametrize("value", [(), (7,)], ids=["skip", "value"])
def test_what_lies_in_a_flow_that_lost_before_it_opened_is_skipped_with_it(value: tuple[int, ...]) -> None:
    """It had failed for what it lies in, and stayed so in a flow that had not failed any more."""
    two: Any = {"two": (Node("a"), Node("b", (0,)))}
    block = flow(Node("s"), Node("g", (0,), FLOW, inner="two"), Node("a"), Node("j", (1, 2), join=ANY), inner=two)
    world = World(block, lambda name, _: Body(9 if name == "s" else 1)).start().until("j", State.RUNNING)
    assert (world.state("g"), world.state("g.a")) == (State.CANCELLED, State.UPSTREAM_FAILED)
    world.request("skip", "g", *value)
    ends = State.COMPLETED if value else State.SKIPPED
    assert [world.state(name) for name in ("g", "g.a", "g.b")] == [ends, State.SKIPPED, State.SKIPPED]


def test_what_a_step_ended_with_its_group_runs_when_that_is_tried_again() -> None:
    """Also after an item of the group was skipped: what lies in it stayed cancelled, and so it had failed at once."""
    inner: Any = {"one": (Node("k", kind=MAP),)}
    block = flow(Node("m", kind=EACH, inner="one"), finishing(node=0, to=State.FAILED), Node("z"), inner=inner)
    bodies = {"f": Body(0.5), "z": Body(1, "final")}
    world = World(block, lambda name, _: bodies.get(name, Body(50, stops=1.0)), items=lambda _name: 2)
    assert world.start().settle().reason("m[0].k[1]") == "finished early"
    world.script = lambda *_: Body()
    world.request("skip", "m[0]").request("retry", "m[0]", redo=True).settle()
    names = ("m[0].k", "m[0].k[0]", "m[0].k[1]")
    assert [world.state(name) for name in names] == [State.COMPLETED] * 3


def test_a_fork_makes_again_what_a_step_ended_that_runs_again() -> None:
    """It was taken over as ended by a step that had not run."""
    step = Node("f", (0,), ended=(0,), step=Step(node=2), policy=STEPS)
    block = flow(Node("a"), step, Node("m", kind=MAP), Node("b"))
    bodies = {"a": Body(1, "final"), "f": Body(), "b": Body(1, "final")}
    world = World(block, lambda name, _: bodies.get(name, Body(50, stops=1.0))).start().settle()
    assert (world.state("m"), world.reason("m")) == (State.COMPLETED, "finished early")
    fork = world.fork(world.unit("b"))
    assert fork.state("m") is State.PENDING
    assert (fork.start().settle().state("m"), fork.reason("m[0]")) == (State.COMPLETED, "finished early")


def test_a_fork_knows_that_a_loop_took_what_it_had_when_its_time_was_over() -> None:
    """What failed at the end of its last round was nobody's failure."""
    end = Node("e", phase=LAST, policy=SHORT)
    loop = Node("l", kind=LOOP, inner="i", within=3.0, take_last=True, until=False)
    block = flow(loop, Node("b"), inner={"i": (Node("x"), end)})
    bodies = {"l[0].x": Body(50, stops=1.0), "l[0].e": Body(1, "final")}
    world = World(block, lambda name, _: bodies.get(name, Body())).start().settle()
    assert (world.state("l"), world.state("l[0].e"), world.run) == (State.COMPLETED, State.FAILED, RunState.COMPLETED)
    fork = world.fork(world.unit("b")).start().settle()
    assert (fork.run, fork.reason("l")) == (RunState.COMPLETED, "within")


@pytest.mark.parametrize("kind", [EACH, FLOW])
def test_a_rollback_of_a_step_takes_what_it_cut_off_that_failed_at_its_end(kind: Any) -> None:
    """It stayed failed, with what was cut off in it, though the step had not run."""
    inner: Any = {"i": (Node("x"), Node("e", phase=LAST, policy=SHORT))}
    block = flow(finishing(), Node("g", kind=kind, inner="i"), inner=inner)
    world = World(
        block, lambda name, _: Body(1, "final") if name.endswith("e") else Body(2 if name == "f" else 50, stops=1.0)
    )
    assert world.start().settle().state("g") is State.FAILED
    world.request("rollback", nodes=["f"])
    assert (world.state("f"), world.state("g")) == (State.READY, State.PENDING)


def test_what_had_lost_is_tried_again_with_what_it_needs_which_had_lost_with_it() -> None:
    """It goes on though its join has fired; a skip of that is one of what runs again, and it follows."""
    block = flow(Node("s"), Node("x", (0,)), Node("y", (1,)), Node("a"), Node("j", (2, 3), join=ANY), Node("w"))
    bodies = {"s": Body(9, stops=1.0), "w": Body(30)}
    world = World(block, lambda name, _: bodies.get(name, Body(1))).start().until("j", State.COMPLETED)
    assert [world.reason(name) for name in ("x", "y")] == ["lost the join"] * 2
    world.request("retry", "y")
    assert [world.state(name) for name in ("s", "x", "y")] == [State.RUNNING, State.PENDING, State.PENDING]
    assert world.request("skip", "x").state("y") is State.SKIPPED


def test_a_rollback_of_a_step_takes_a_group_that_somebody_went_on_with() -> None:
    """What the step had cut off in it stayed cancelled, though it had not run."""
    inner: Any = {"i": (Node("x"), Node("y", (0,)))}
    block = flow(finishing(node=1), Node("g", kind=FLOW, inner="i"), Node("w"), inner=inner)
    world = World(
        block, lambda name, _: Body({"f": 2.0, "w": 1.0}.get(name, 50.0), "final" if name == "w" else "ok", stops=1.0)
    )
    assert world.start().settle().reason("g") == "finished early"
    world.request("retry", "g.y", redo=True)
    assert (world.state("g"), world.reason("g")) == (State.COMPLETED, None)
    world.request("rollback", nodes=["f"])
    assert [world.state(name) for name in ("f", "g", "g.x")] == [State.READY, State.PENDING, State.PENDING]


def test_a_rollback_of_a_step_takes_a_group_that_a_person_cancelled_since() -> None:
    """What the step had cut off in it stayed so, though the step had not run."""
    inner: Any = {"i": (Node("x"), Node("y"))}
    block = flow(finishing(node=1), Node("g", kind=FLOW, inner="i"), Node("w"), inner=inner)
    bodies = {"f": Body(2, stops=1.0), "w": Body(1, "final")}
    world = World(block, lambda name, _: bodies.get(name, Body(50, stops=1.0))).start().settle()
    world.request("retry", "g.y", redo=True).until("g.y", State.RUNNING)
    world.request("cancel", "g").settle()
    assert (world.state("g"), world.reason("g.x")) == (State.CANCELLED, "finished early")
    world.request("rollback", nodes=["f"])
    assert [world.state(name) for name in ("f", "g", "g.x")] == [State.READY, State.PENDING, State.PENDING]


@pytest.mark.parametrize("join", [ANY, FIRST])
def test_a_join_that_is_rolled_back_is_raced_for_again(join: Any) -> None:
    """What had lost it runs again: it stayed cancelled, and a join that takes any end was made from that at once."""
    block = flow(Node("s"), Node("b", (0,)), Node("a"), Node("j", (1, 2), join=join))
    world = World(block, lambda name, tried: Body(9 if (name == "a") == (tried > 1) else 1, stops=1.0)).start().settle()
    assert (world.state("b"), world.s.winners) == (State.CANCELLED, {3: (2,)})
    world.request("rollback", nodes=["a"])
    assert [world.state(name) for name in ("s", "b", "a", "j")] == [
        State.READY,
        State.PENDING,
        State.READY,
        State.PENDING,
    ]
    world.script = lambda name, _: Body(9 if name == "a" else 1, stops=1.0)
    assert world.request("resume").settle().s.winners == {3: (1,)}


def test_a_join_that_is_tried_again_is_made_from_what_came_first() -> None:
    """Not from what it had cancelled itself, in the moment in which that came."""
    block = flow(Node("s"), Node("b", (0,)), Node("a"), Node("j", (1, 2), join=ANY))
    bodies = {"s": Body(9, stops=1.0), "j": Body(1, "final")}
    world = World(block, lambda name, _: bodies.get(name, Body(1))).start().settle()
    assert world.s.ended[world.unit("a")] == world.s.ended[world.unit("b")]
    assert world.request("retry", "j").s.winners == {3: (2,)}


def test_an_item_that_is_skipped_does_not_lose_meanwhile() -> None:
    """Its map failed again while its body was being stopped, and so it was cancelled, which somebody had asked otherwise."""
    block = flow(Node("m", kind=EACH, inner="i", gather=N_OF, of=2), inner={"i": (Node("x"), Node("y", (0,)))})
    bodies = {"m[0].x": Body(50, stops=4.0), "m[1].x": Body(1, "final")}
    world = World(block, lambda name, _: bodies[name], items=lambda _name: 2).start().until("m", State.OPEN)
    world.request("cancel", "m[0].y").until("m", State.FAILED)
    world.request("skip", "m[0]").settle()
    assert (world.state("m[0].x"), world.state("m")) == (State.SKIPPED, State.FAILED)


def test_what_a_step_in_a_group_had_cut_off_goes_again_with_the_group() -> None:
    """It stayed cancelled in the other items, though the step at the end of one was set back."""
    ends = (Node("f", step=Step(around="m"), policy=STEPS),)
    last = Node("l", kind=FLOW, inner="ends", phase=LAST), Node("e", phase=LAST, policy=SHORT)
    inner: Any = {"i": (Node("x"), *last), "ends": ends}
    block = flow(Node("m", kind=EACH, inner="i"), Node("w"), inner=inner)
    bodies = {"m[0].x": Body(1, "final"), "m[0].e": Body(0.5, "final"), "m[1].x": Body(50, stops=1.0), "w": Body(99)}
    world = World(block, lambda name, _: bodies.get(name, Body(1)), items=lambda _name: 2).start()
    assert world.until("m", State.FAILED).reason("m[1].x") == "finished early"
    world.script = lambda name, _: bodies["w"] if name == "w" else Body(1)
    world.request("retry", "m[0]").until("m", State.COMPLETED)
    assert [world.state(name) for name in ("m[0].x", "m[1].x")] == [State.COMPLETED] * 2


def test_what_a_step_cancels_that_may_fail_is_skipped_for_those_that_need_it() -> None:
    """At once: they waited for what else they need, and a new owner did not."""
    loser = Node("b", (1,), allow_failure=True)
    block = flow(finishing(node=2, to=State.CANCELLED), Node("a"), loser, Node("z", (1, 2)))
    world = World(block, lambda name, _: Body(9 if name == "a" else 1)).start().until("b", State.CANCELLED)
    assert (world.state("a"), world.state("z")) == (State.RUNNING, State.SKIPPED)


def test_what_waits_in_a_flow_that_is_open_stands_in_line_by_its_new_priority() -> None:
    """Ahead of what was in line before it. It was found in a line in which it did not belong any more, and never began."""
    inner: Any = {"i": (Node("g", kind=FLOW, inner="two"),), "two": (Node("x"), Node("y"))}
    block = flow(*map(Node, "abc"), Node("m", kind=EACH, inner="i"), inner=inner)
    world = World(block, lambda *_: Body(2), items=lambda _name: 2, concurrency=1).start()
    world.until("m", State.OPEN).until("m[0].g", State.OPEN)
    told = len(world.facts)
    world.request("set", "m.g", options={"priority": 5}).settle()
    begun = [label(world.s, fact[2]) for fact in world.facts[told:] if fact[0] == STARTED]
    assert begun == ["m[0].g.x", "m[0].g.y", "m[1].g.x", "m[1].g.y", "b", "c"]


def test_who_was_finished_before_it_began_took_up_no_failure() -> None:
    """What it needs had failed, and that is the item's failure."""
    inner: Any = {"i": (Node("x"), Node("y", (0,)), finishing(node=1), Node("j", (2,), join=SETTLED))}
    block = flow(Node("m", kind=EACH, inner="i"), inner=inner)
    world = World(block, lambda name, _: Body(3, "final") if name == "m[0].x" else Body(1), items=lambda _name: 2)
    assert world.start().settle().reason("m[0].y") == "finished early"
    assert (world.state("m[0]"), world.state("m[1]"), world.run) == (State.FAILED, State.COMPLETED, RunState.FAILED)


def test_what_is_asked_of_goes_on_where_it_was_though_what_a_reader_had_ended_runs_again() -> None:
    """A join that had gone on without `b` is raced for again, with `b`; the flow that needs `b`, too, was made from `a` alone, and
    opened anew, so that what was to be tried again in it was out of the run."""
    inner: Any = {"i": (Node("x"), Node("y"))}
    g = Node("g", (0, 1), FLOW, inner="i", join=ANY)
    block = flow(Node("a"), Node("b"), g, Node("j", (1, 2), join=ANY), Node("w"), inner=inner)
    bodies = {"b": Body(50, stops=1.0), "g.y": Body(1, "final"), "w": Body(1, "final")}
    world = World(block, lambda name, _: bodies.get(name, Body(1))).start().settle()
    assert (world.s.winners, world.state("b")) == ({2: (0,), 3: (2,)}, State.CANCELLED)
    world.request("retry", "g.y", redo=True)
    names = ("g", "g.x", "g.y", "b", "j")
    states = [State.OPEN, State.COMPLETED, State.RUNNING, State.RUNNING, State.PENDING]
    assert [world.state(name) for name in names] == states
    assert (world.attempt("g.x"), world.attempt("g.y")) == (1, 2)


@pytest.mark.parametrize("limit", ["attempt", "total"])
def test_a_flow_that_goes_on_at_its_end_has_its_whole_time_again(limit: str) -> None:
    """Its time was over while only its end ran, which that does not cut: no limit held any more, but a new owner ended it at once."""
    end = Node("e", phase=LAST, policy=SHORT)
    times = {"attempt": None, "total": None, "queued": None, limit: 3.0}
    limited = Policy(whole=True, timeout=Timeout.model_construct(**times))
    block = flow(Node("g", kind=FLOW, inner="i", policy=limited), inner={"i": (Node("x"), end)})
    bodies = {"g.x": Body(2, "final"), "g.e": Body(20)}
    world = World(block, lambda name, _: bodies[name]).start().until("g.e", State.RUNNING)
    assert world.step()
    assert (world.now, world.state("g")) == (BEGIN + 3, State.OPEN)
    bodies["g.x"] = Body(50, stops=1.0)
    world.request("retry", "g.x", redo=True).until("g.x", State.RUNNING)
    world.die_and_recover(idle=1.0).until("g.x", State.RUNNING)
    begun = world.now
    world.until("g.x", State.STOPPING)
    assert (world.reason("g.x"), world.now - begun) == ("timeout", 3.0)


def test_a_loop_that_rests_asks_again_about_its_end_where_more_than_its_round_is_set_back() -> None:
    """Of units side by side in the run that do not lie in one scope the first one's alone was looked at: the next round came all the
    same."""
    loop = Node("l", kind=LOOP, inner="i", rounds=2, every=9.0)
    block = flow(loop, Node("z"), inner={"i": (Node("x"),)})
    said = [False, True]
    world = World(block, verdict=lambda _name: said.pop(0)).start().until("z", State.COMPLETED)
    while world.unit("l") not in world.s.due:
        world.step()
    world.request("rollback", nodes=["z", "l[0].x"]).request("resume").settle()
    assert (world.state("l"), world.count("l"), said) == (State.COMPLETED, 1, [])


def test_a_fork_takes_over_the_options_that_came_with_the_run_of_a_group() -> None:
    """Nobody asks for them again: it has opened."""
    block = flow(Node("m", kind=MAP, late=True), Node("z", (0,)))
    old = World(block).start().settle()
    keep, open_ = fork.taken_over(old.s, fork.again(old.s, {old.unit("z")}))
    new = folded(block, fork.facts(old.s, keep, open_, old.now)[0])
    assert (State(new.status[0]), new.late) == (State.COMPLETED, {0: {"priority": 1}})


def test_a_limit_that_was_taken_away_meanwhile_is_over_all_the_same() -> None:
    """Of what has begun in a group: the change is for what is to come. The error can't say any more how long it was."""
    timeout = Timeout.model_construct(attempt=5.0, total=None, queued=None)
    inner = {"i": (Node("x", policy=Policy(grace=1.0, timeout=timeout)),)}
    block = flow(Node("m", kind=EACH, inner="i"), inner=inner)
    world = World(block, lambda *_: Body(50, stops=0.5), items=lambda _name: 1).start().until("m", State.OPEN)
    world.until("m[0].x", State.RUNNING).request("set", "m.x", options={"timeout": {"attempt": None}}).settle()
    assert world.error("m[0].x")["message"] == "timed out: its attempt limit is over"


@pytest.mark.parametrize("seed", [5054434, 5166777, 5188659])
def test_a_group_that_is_open_is_not_set_back_by_a_retry_of_what_lies_in_it(seed: int) -> None:
    """Though a reader that it was made from is: what was asked for was out of the run then. As they were found, as histories."""
    play(seed)


def test_a_step_that_cancelled_the_group_around_it_is_rolled_back_with_what_it_cancelled() -> None:
    """As what a step finished early is: it was left cancelled by a step that had not run."""
    inner: Any = {"i": (finishing(to=State.CANCELLED, around="g"), Node("x"))}
    block = flow(Node("g", kind=FLOW, inner="i"), Node("z"), inner=inner)
    bodies = {"g.x": Body(50, stops=1.0), "z": Body(90)}
    world = World(block, lambda name, _: bodies.get(name, Body(1))).start().until("g.x", State.CANCELLED)
    world.request("rollback", nodes=["g.f"])
    assert [world.state(name) for name in ("g", "g.f", "g.x")] == [State.OPEN, State.READY, State.READY]

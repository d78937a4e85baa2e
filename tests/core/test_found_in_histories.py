"""What more random histories found: each was wrong once, and its right end is written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from driver import SLOW, Body
from facade import Places
from folds import folded
from invariants import a_request_of_a_scope_has_its_effect
from small_flows import finishing
from test_ends import flow, needs, world
from test_streams import DONE, SKIPPED, items, reads, until
from views import view

from stratix_tasks.core.block import Block
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.node import EACH, FIRST, FLOW, LAST, LOOP, MAP, SETTLED, Node, Policy
from stratix_tasks.core.state import FINISHED
from stratix_tasks.core.states import RunState, State
from stratix_tasks.core.streams import source
from stratix_tasks.core.targets import scope_of
from stratix_tasks.core.timers import Timer
from stratix_tasks.errors import TransitionError
from stratix_tasks.spec.model import Retry, Timeout


def test_places_are_the_same_for_a_new_owner_though_what_had_a_priority_of_its_own_has_ended() -> None:
    """They are counted in the lanes of all stretches: that for the other priority is there no more."""
    block = flow(Node("g", kind=EACH, inner="i"), inner={"i": (Node("x"),)})
    made = world(block, {"g[1].x": Body(9)}, concurrency=1).until("g", State.OPEN)
    made.request("set", "g[2].x", options={"priority": 1}).until("g[1].x", State.RUNNING)
    assert made.state("g[2].x") is State.COMPLETED
    other = Core(folded(made.root, made.facts), Places(1))
    mine, theirs = view(made.core, made.now), view(other, made.now)
    assert mine["taken"] == theirs["taken"] == 1


def test_a_flow_that_waited_for_its_places_while_paused_gets_them_for_its_end() -> None:
    """Its item is skipped meanwhile: what runs at the end of the flow waits at the same door."""
    leaf = (Node("x"), Node("e", phase=LAST))
    whole = Node("f", kind=FLOW, inner="leaf", policy=Policy(whole=True, pool=("p",)))
    other = Node("o", policy=Policy(pool=("p",)))
    block = flow(other, Node("g", kind=EACH, inner="mid"), inner={"mid": (whole,), "leaf": leaf})
    made = world(block, {"o": Body(5)}, items=lambda _name: 1).until("g", State.OPEN)
    made.request("pause", "g[0]").until("o", State.COMPLETED)
    made.request("skip", "g[0]").settle()
    assert [made.state(name) for name in ("g[0].f.x", "g[0].f.e", "g[0]")] == [
        State.SKIPPED,
        State.COMPLETED,
        State.SKIPPED,
    ]
    assert made.run is RunState.COMPLETED


def test_a_fork_opens_a_skipped_map_for_what_streams_from_it() -> None:
    """The items there wait each for one of it: without these they could be asked nothing."""
    block = flow(Node("a", kind=MAP), reads("b", 0, gather=SETTLED), Node("z", (1,)))
    made = until(world(block, {"a[1]": SLOW, "a[2]": SLOW}), "b[0]", State.COMPLETED).request("skip", "a").settle()
    assert (made.state("a"), items(made, "b")) == (State.SKIPPED, [DONE, SKIPPED, SKIPPED])
    other = made.fork(2)
    assert (other.state("a"), items(other, "b")) == (State.SKIPPED, [DONE, SKIPPED, SKIPPED])
    assert [other.label(source(other.s, u)) for u in other.s.members(1)] == ["a[0]", "a[1]", "a[2]"]
    assert other.start().settle().run is RunState.COMPLETED


def test_what_a_map_streams_from_stays_though_it_lost_to_who_runs_again() -> None:
    """What was asked of lies in that map, which would have no source any more; the join is raced for again with what there is."""
    first = Node("b", (0,), MAP, source=0, over="x", gather=FIRST, keep_rest=True)
    block = flow(Node("a", kind=MAP), first, Node("j", (0, 1), join=FIRST))
    made = world(block, {"a[2]": SLOW, "b[1]": SLOW, "j": "fail"}).settle()
    ends = [State.CANCELLED, State.COMPLETED, State.CANCELLED]
    assert [made.state(name) for name in ("a", "b", "b[1]", "j")] == [*ends, State.FAILED]
    made.request("retry", "b[1]", redo=True)
    assert [made.state(name) for name in ("a", "b", "b[1]", "j")] == [*ends, State.RUNNING]
    assert (made.attempt("a[1]"), made.attempt("j")) == (1, 2)


def test_a_flow_that_is_tried_again_at_once_takes_out_the_round_that_was_asked_of() -> None:
    """A skip of the last round fails the loop, and the flow around it, which begins anew in the same turn."""
    again = Policy(retry=Retry.model_construct(max=1, delay=0.0, jitter="none"))
    inner: Any = {"f": (Node("l", kind=LOOP, inner="r", rounds=1),), "r": (Node("x", when=True),)}
    made = world(flow(Node("f", kind=FLOW, inner="f", policy=again), inner=inner))
    scope, before = scope_of(made.s, made.unit("f.l"), 0), len(made.facts)
    made.request("skip", "f.l[0]")
    a_request_of_a_scope_has_its_effect(made.core, "skip", scope, made.facts[before:])
    assert (made.attempt("f"), made.settle().state("f.l[0].x")) == (2, State.COMPLETED)


def test_a_map_that_goes_on_is_set_back_with_the_step_that_had_cut_it_off() -> None:
    """Somebody tried one of its items again since: the others say no more that the map was cancelled."""
    inner: Any = {"g": (finishing(to=State.CANCELLED, around="g"), Node("m", kind=MAP))}
    made = world(
        flow(Node("g", kind=FLOW, inner="g"), Node("z"), inner=inner), {"z": SLOW, "g.m[0]": SLOW, "g.m[1]": SLOW}
    )
    made.until("g", State.CANCELLED).request("retry", "g.m[0]")
    assert [made.state(name) for name in ("g.m", "g.m[0]", "g.m[1]")] == [State.OPEN, State.RUNNING, State.CANCELLED]
    made.request("rollback", nodes=["g.f"])
    assert (made.state("g.m"), made.generation("g.m")) == (State.PENDING, 1)


def taken_by_an_end(*nodes: Node, inner: dict[str, tuple[Node, ...]] | None = None) -> Block:
    """`f` finishes `g`, which is the first node; what runs at the end has taken the value of that step. The run has failed by `w`."""
    return flow(*nodes, finishing(node=0), Node("e", (1,), phase=LAST), Node("w"), inner=inner)


def test_what_a_step_had_cut_off_runs_again_beside_what_is_tried_again() -> None:
    """The step is set back with the end that had taken its value; the group goes on, with all that it had cut off."""
    block = taken_by_an_end(Node("g", kind=MAP))
    made = world(block, {"g[0]": "fail", "f": Body(5), "g[1]": SLOW, "w": "fail"}).settle()
    assert (made.state("g[1]"), made.reason("g[1]"), made.run) == (State.CANCELLED, FINISHED, RunState.FAILED)
    made.request("retry", "g[0]", redo=True)
    assert [made.state(name) for name in ("g", "g[0]", "g[1]", "g[2]", "e")] == [
        State.OPEN, State.RUNNING, State.RUNNING, State.COMPLETED, State.PENDING,
    ]  # fmt: skip
    assert made.attempt("f") == 2


def test_what_a_step_had_cut_off_runs_again_beside_an_item_that_is_skipped() -> None:
    """In that one nothing does."""
    block = taken_by_an_end(Node("g", kind=EACH, inner="i"), inner={"i": (Node("x"), Node("y"))})
    bodies = {"g[0].x": "fail", "g[0].y": SLOW, "g[1].x": SLOW, "f": Body(5), "w": "fail"}
    made = world(block, bodies, items=lambda _name: 2).settle()
    assert [made.state(name) for name in ("g[0].y", "g[1].x")] == [State.CANCELLED, State.CANCELLED]
    made.request("skip", "g[0]", redo=True)
    assert [made.state(name) for name in ("g", "g[0].x", "g[0].y", "g[1].x", "g[1].y")] == [
        State.OPEN, State.SKIPPED, State.SKIPPED, State.RUNNING, State.COMPLETED,
    ]  # fmt: skip


def test_a_breakpoint_that_came_during_a_pause_holds_who_waits_at_a_door() -> None:
    """As soon as it goes on, as one that is set on a node that waits for its place does: not only when it would begin."""
    whole = Node("f", kind=FLOW, inner="leaf", policy=Policy(whole=True, pool=("p",)))
    block = flow(Node("o", policy=Policy(pool=("p",))), whole, inner={"leaf": (Node("x"),)})
    made = world(block, {"o": Body(5)}).until("f", State.OPEN)
    made.request("pause", "f").request("breakpoint", "f.x", on=True).request("resume", "f")
    assert (made.state("o"), made.state("f.x")) == (State.RUNNING, State.HELD)
    assert made.s.mark(made.unit("f.x")) == "breakpoint"
    made.request("resume", "f.x").settle()
    assert made.run is RunState.COMPLETED


def test_what_failed_for_a_join_that_is_raced_for_again_is_pending_with_it() -> None:
    """A join is set back, and with it what had lost to all; so is another join that had gone on without that, and all behind it."""
    race: dict[str, Any] = {"join": FIRST}
    block = flow(
        Node("a"), Node("l", kind=FLOW, inner="leaf"), needs("j", 0, 1, **race), needs("x", 2), needs("k", 0, 1, **race),
        inner={"leaf": (Node("b"),)},
    )  # fmt: skip
    made = world(block, {"l.b": SLOW, "j": "fail"}).settle()
    assert [made.state(name) for name in "jxl"] == [State.FAILED, State.UPSTREAM_FAILED, State.CANCELLED]
    made.request("rollback", nodes=["k"])
    assert [made.state(name) for name in "jx"] == [State.READY, State.PENDING]


def test_what_a_step_said_of_a_scope_stays_said_though_something_in_it_goes_on() -> None:
    """A rollback in it has opened it again; how it ends is decided, until somebody rolls back to before the step."""
    inner: Any = {
        "i": (Node("h", kind=FLOW, inner="leaf"), finishing(to=State.FAILED)),
        "leaf": (Node("a"), needs("b", 0)),
    }
    made = world(flow(Node("g", kind=EACH, inner="i"), inner=inner), {"g[0].h.b": SLOW, "g[0].f": Body(1)}).settle()
    assert (made.state("g"), made.state("g[0].h")) == (State.FAILED, State.CANCELLED)
    made.request("rollback", to="g[0].h.a")
    assert (made.state("g[0].h"), made.state("g[0].h.b")) == (State.OPEN, State.READY)
    with pytest.raises(TransitionError, match=r"'g\[0\]\.f' has finished what it lies in"):
        made.request("skip", "g[0]")


def test_nothing_holds_what_belongs_to_the_end_of_a_run_nor_its_time() -> None:
    """It was paused when the run was cancelled: it runs, and is tried again, and its time limit counts all the while."""
    end = Policy(timeout=Timeout(total=9), retry=Retry(max=1, delay=2))
    made = world(flow(Node("x"), Node("e", phase=LAST, policy=end)), {"x": Body(99), "e": Body(1, "fail")})
    made.request("pause", "e").request("cancel").until("e", State.RETRYING)
    limits = (made.s.limits.deadline, made.core.agenda.local.deadline)
    assert any((Timer.TOTAL, made.unit("e")) in one for one in limits)
    assert not made.s.limits.frozen

"""How scopes end, with the right answer written by hand: losers, absorbed failures, what runs at the end, loops, rollback."""

from __future__ import annotations

from typing import Any

import pytest
from driver import SLOW, Body, World
from facade import MISSING

from stratix_tasks.core.block import Block, Output
from stratix_tasks.core.blocks import join_blocks
from stratix_tasks.core.ends import first_failed
from stratix_tasks.core.facts import STARTED
from stratix_tasks.core.node import ALL, ANY, EACH, FIRST, FLOW, LAST, LOOP, MAP, N_OF, SETTLED, UNDO, Node, Policy
from stratix_tasks.core.states import RunState, State
from stratix_tasks.errors import TransitionError
from stratix_tasks.spec.model import Retry


def flow(*nodes: Node, inner: dict[str, tuple[Node, ...]] | None = None, output: Output | None = None) -> Block:
    blocks = {name: Block(name, parts) for name, parts in (inner or {}).items()}
    return join_blocks({**blocks, "main": Block("main", nodes, output=output)}, "main")


def world(block: Block, bodies: dict[str, Any] | None = None, **more: Any) -> World:
    """`bodies` by name; one that fails once is `"flaky"`."""
    kept = bodies or {}

    def script(name: str, tried: int) -> Body:
        body = kept.get(name, Body())
        if isinstance(body, Body):
            return body
        return Body(1, "final" if body == "fail" or tried == 1 else "ok")

    return World(block, script, **more).start()


def needs(name: str, *sources: int, **more: Any) -> Node:
    return Node(name, sources, **more)


# ---------------------------------------------------------------------- losers


@pytest.mark.parametrize(
    ("join", "k", "a", "won"),
    [(ANY, 1, "fail", (0,)), (FIRST, 1, "fail", (1,)), (FIRST, 1, Body(1), (0,)), (N_OF, 2, Body(1), (0, 1))],
    ids=["any", "first with a failure", "first", "two of three"],
)
def test_a_join_fires_with_those_that_came_and_cancels_the_rest(
    join: Any, k: int, a: Any, won: tuple[int, ...]
) -> None:
    """Its winners stand in its fact; what nobody else waits for is cancelled, absorbed, and the run completes."""
    block = flow(Node("a"), Node("b"), Node("c"), needs("j", 0, 1, 2, join=join, k=k))
    made = world(block, {"a": a, "b": Body(2), "c": SLOW}).settle()
    assert made.s.winners[3] == won
    assert made.states()["c"] == "cancelled"
    assert (made.state("j"), made.run) == (State.COMPLETED, RunState.COMPLETED)


def test_a_loser_that_another_node_needs_goes_on() -> None:
    """Also one that the output is made from; a loser that is kept goes on, too."""
    block = flow(Node("a"), Node("b"), needs("j", 0, 1, join=ANY), needs("z", 1))
    made = world(block, {"b": Body(5)}).settle()
    assert made.states() == {"run": "completed", "a": "completed", "b": "completed", "j": "completed", "z": "completed"}
    kept = flow(Node("a"), Node("b"), needs("j", 0, 1, join=ANY, keep_losers=True))
    assert world(kept, {"b": Body(5)}).settle().state("b") is State.COMPLETED
    output = flow(Node("a"), Node("b"), needs("j", 0, 1, join=ANY), output=Output(frozenset((1,))))
    assert world(output, {"b": Body(5)}).settle().state("b") is State.COMPLETED


def test_what_a_loser_waited_for_is_cancelled_with_it() -> None:
    """Nothing else wants it."""
    block = flow(Node("a"), Node("b"), needs("c", 1), needs("j", 0, 2, join=ANY))
    made = world(block, {"b": SLOW}).settle()
    assert (made.state("b"), made.state("c"), made.run) == (State.CANCELLED, State.CANCELLED, RunState.COMPLETED)


@pytest.mark.parametrize(("join", "k"), [(FIRST, 1), (N_OF, 2)])
def test_a_join_that_gets_too_few_fails(join: Any, k: int) -> None:
    """As soon as that is certain."""
    made = world(flow(Node("a"), Node("b"), needs("j", 0, 1, join=join, k=k)), {"a": "fail", "b": "fail"}).settle()
    assert (made.state("j"), made.run) == (State.UPSTREAM_FAILED, RunState.FAILED)


def test_a_late_answer_of_a_loser_changes_nothing() -> None:
    """Its body ends well after the join has fired; who read the join reads it as it was."""
    made = world(flow(Node("a"), Node("b"), needs("j", 0, 1, join=ANY)), {"b": Body(1.5, stops=None)})
    made.settle()
    assert (made.s.winners[2], made.run) == ((0,), RunState.COMPLETED)


@pytest.mark.parametrize(
    ("gather", "of", "ends"),
    [
        (ALL, 1, ("failed", "failed")),
        (SETTLED, 1, ("completed", "completed")),
        (FIRST, 1, ("completed", "completed")),
        (ANY, 1, ("completed", "completed")),
        (N_OF, 2, ("completed", "completed")),
        (N_OF, 3, ("failed", "failed")),
    ],
)
@pytest.mark.parametrize("kind", [MAP, EACH])
def test_a_fan_out_ends_as_its_gather_says(kind: Any, gather: Any, of: int, ends: tuple[str, str]) -> None:
    """Of three items one fails: the map and the run."""
    inner = {"one": (Node("x"),)} if kind is EACH else {}
    node = Node("m", kind=kind, inner="one" if kind is EACH else "", gather=gather, of=of)
    bad = "m[1].x" if kind is EACH else "m[1]"
    made = world(flow(node, inner=inner), {bad: "fail"}).settle()
    assert (made.states()["m"], made.run.label) == ends


def test_a_gather_ends_with_as_many_as_it_asks_for() -> None:
    """No sooner and no later; what it has not waited for is cancelled."""
    bodies = {"m[0]": Body(1), "m[1]": Body(2), "m[2]": Body(3), "m[3]": SLOW}
    for said, done in (({"gather": FIRST}, 1), ({"gather": N_OF, "of": 2}, 2), ({"gather": N_OF, "share": 0.6}, 3)):
        made = world(flow(Node("m", kind=MAP, **said)), bodies, items=lambda _name: 4).settle()
        ends = [made.state(name) for name in bodies]
        assert ends == [State.COMPLETED] * done + [State.CANCELLED] * (4 - done)
        assert made.run is RunState.COMPLETED


@pytest.mark.parametrize("kind", [MAP, EACH])
@pytest.mark.parametrize("dies", [False, True], ids=["same owner", "its owner dies"])
def test_a_gather_that_keeps_its_losers_gives_its_value_before_it_ends(kind: Any, dies: bool) -> None:
    """What needs it begins, what asks how it ended waits; a loser that fails, or is cancelled with the rest, changes nothing."""
    x = "" if kind is MAP else ".x"
    inner = {"one": (Node("x"),)} if kind is EACH else {}
    many = Node("m", kind=kind, inner="one" if inner else "", gather=N_OF, of=1, keep_rest=True)
    block = flow(many, needs("z", 0), needs("j", 0, 1, join=N_OF, k=2), Node("asks", (0,), ended=(0,)), inner=inner)
    bodies = {f"m[0]{x}": Body(9), f"m[1]{x}": Body(1), f"m[2]{x}": Body(5, "final")}
    made = world(block, bodies).until("j", State.COMPLETED)
    assert (made.state("m"), made.s.won[0], made.state("asks")) == (State.OPEN, ((1, 2),), State.PENDING)
    if dies:
        made.die_and_recover()
    made.settle()
    assert (made.run, made.s.won[0], made.attempt("z")) == (RunState.COMPLETED, ((1, 2),), 1)
    assert [made.state(name) for name in (f"m[0]{x}", f"m[2]{x}", "asks")] == [
        State.COMPLETED,
        State.FAILED,
        State.COMPLETED,
    ]
    cancelled = world(block, {**bodies, f"m[0]{x}": SLOW}).until("z", State.COMPLETED).request("cancel", "m").settle()
    assert (cancelled.state("m"), cancelled.run) == (State.COMPLETED, RunState.COMPLETED)


def test_a_rollback_into_a_gather_that_keeps_its_losers_gathers_anew() -> None:
    """What had gone on with its value goes on with another one."""
    block = flow(Node("a"), Node("m", (0,), MAP, gather=FIRST, keep_rest=True), needs("z", 1))
    made = world(block, {"m[0]": Body(1), "m[1]": SLOW, "m[2]": SLOW}).until("z", State.COMPLETED)
    made.request("rollback", to="a").settle()
    assert (made.s.won, made.state("z")) == ({}, State.PENDING)
    made.request("resume").settle()
    assert (made.run, made.attempt("z")) == (RunState.COMPLETED, 2)


# ---------------------------------------------------------------------- absorbed


@pytest.mark.parametrize(
    ("second", "run"), [("ok", "completed"), ("fail", "failed")], ids=["taken up", "the one that took it up failed"]
)
@pytest.mark.parametrize("join", [SETTLED, ANY])
def test_a_failure_is_absorbed_by_what_went_on_with_it(join: Any, second: str, run: str) -> None:
    """The run completes, though a node of it failed."""
    block = flow(Node("a"), needs("j", 0, join=join))
    made = world(block, {"a": "fail", "j": Body(1) if second == "ok" else "fail"}).settle()
    assert (made.states()["a"], made.run.label) == ("failed", run)


def test_a_failure_that_one_of_two_consumers_took_up_counts() -> None:
    """Every consumer has to have gone on without it."""
    block = flow(Node("a"), needs("j", 0, join=SETTLED), needs("k", 0))
    assert world(block, {"a": "fail"}).settle().run is RunState.FAILED


def test_first_of_takes_another_one_when_one_failed() -> None:
    """And absorbs that failure."""
    block = flow(Node("a"), Node("b"), needs("c", 0, 1, firsts=((0, 1),)))
    made = world(block, {"a": "fail"}).settle()
    assert (made.state("a"), made.state("c"), made.run) == (State.FAILED, State.COMPLETED, RunState.COMPLETED)


@pytest.mark.parametrize("how", ["skip", "value"])
def test_who_was_skipped_or_given_a_value_absorbs_nothing(how: str) -> None:
    """It did not go on by running."""
    block = flow(Node("a"), needs("j", 0, join=SETTLED))
    made = world(block, {"a": "fail"}).request("skip", "j", 7 if how == "value" else MISSING).settle()
    assert (made.state("a"), made.run) == (State.FAILED, RunState.FAILED)


@pytest.mark.parametrize("ends", ["fail", Body(1)], ids=["who took the other fails itself", "it could not run"])
def test_a_failure_for_which_there_was_another_way_is_not_what_a_run_failed_by(ends: Any) -> None:
    """It comes first in time; what it failed by is told, by `why` as well, and all that failed is tried again all the same."""
    nodes = Node("a"), Node("b"), Node("x"), needs("c", 0, 1, 2, firsts=((0, 1),))
    made = world(flow(*nodes), {"a": "fail", "x": Body(9) if ends == "fail" else "fail", "c": ends}).settle()
    told = "c" if ends == "fail" else "x"
    failed = first_failed(made.s, range(len(nodes)))
    assert (made.run, made.state("a"), made.names[failed]) == (RunState.FAILED, State.FAILED, told)
    if told == "x":
        assert made.why("c") == "'c' can't run: 'x' did not complete."


def test_a_failure_whose_handler_failed_is_what_the_run_failed_by() -> None:
    """What a handler does comes of what it handles."""
    block = flow(Node("a"), needs("h", 0, ended=(0,), join=SETTLED))
    made = world(block, {"a": "fail", "h": "fail"}).settle()
    assert made.names[first_failed(made.s, (0, 1))] == "a"


def test_the_output_is_a_consumer() -> None:
    """Of a node that the output is made from a failure counts; of a first_of in it, only when none is left."""
    hard = flow(Node("a"), needs("j", 0, join=SETTLED), output=Output(frozenset((0,))))
    assert world(hard, {"a": "fail"}).settle().run is RunState.FAILED
    first = flow(Node("a"), Node("b"), output=Output(frozenset(), ((0, 1),)))
    assert world(first, {"a": "fail"}).settle().run is RunState.COMPLETED
    assert world(first, {"a": "fail", "b": "fail"}).settle().run is RunState.FAILED


# ---------------------------------------------------------------------- retry of what somebody has read


def test_a_retry_behind_a_completed_group_names_it_and_rolls_it_back() -> None:
    """Of a failed item that its map went on without; `redo=True` says that what was made from less is made again."""
    block = flow(Node("m", kind=MAP, gather=SETTLED), needs("z", 0))
    made = world(block, {"m[1]": "flaky"}).settle()
    assert made.run is RunState.COMPLETED
    with pytest.raises(TransitionError, match="has completed"):
        made.request("retry", "m[1]", redo=True)
    made = world(
        flow(Node("m", kind=MAP, gather=SETTLED), needs("z", 0), Node("y")), {"m[1]": "flaky", "y": SLOW}
    ).until("z", State.COMPLETED)
    with pytest.raises(TransitionError, match=r"redo=True"):
        made.request("retry", "m[1]")
    made.request("retry", "m[1]", redo=True)
    assert (made.state("m"), made.state("z")) == (State.OPEN, State.PENDING)
    made.settle()
    assert (made.run, made.state("m[1]"), made.attempt("z")) == (RunState.COMPLETED, State.COMPLETED, 2)


# ---------------------------------------------------------------------- rollback


def test_a_rollback_out_of_scopes_climbs() -> None:
    """What was made behind the node, behind its scope and behind the map is set back; the other scopes stay."""
    inner = {"one": (Node("x"), needs("y", 0))}
    made = world(flow(Node("m", kind=EACH, inner="one"), needs("z", 0), inner=inner)).settle()
    made.request("rollback", to="m[1].x")
    assert {name: state for name, state in made.states().items() if state != "completed"} == {
        "run": "paused", "m": "open", "z": "pending", "m[1].y": "ready",
    }  # fmt: skip
    made.request("resume").settle()
    assert (made.run, made.attempt("m[1].y"), made.attempt("m[0].y"), made.attempt("z")) == (
        RunState.COMPLETED,
        2,
        1,
        2,
    )


def loop(**more: Any) -> Block:
    return flow(
        Node("l", kind=LOOP, inner="round", rounds=3, **more),
        needs("z", 0),
        inner={"round": (Node("a"), needs("b", 0))},
    )


def test_a_rollback_into_a_round_takes_the_later_rounds_out() -> None:
    """And the loop goes on from there."""
    made = world(loop(until=False, take_last=True)).settle()
    assert (made.count("l"), made.run) == (3, RunState.COMPLETED)
    made.request("rollback", to="l[0].a")
    assert (made.count("l"), made.state("l"), made.state("z")) == (1, State.OPEN, State.PENDING)
    made.request("resume").settle()
    assert (made.count("l"), made.attempt("l[0].b"), made.attempt("l[0].a")) == (3, 2, 1)


@pytest.mark.parametrize("verb", ["retry", "skip"])
def test_an_older_round_does_not_change_any_more(verb: str) -> None:
    """What another round was made from is refused, with what to do instead."""
    answers = iter([False, True])
    made = world(loop(), {"z": "fail"}, verdict=lambda _name: next(answers)).settle()
    with pytest.raises(TransitionError):
        made.request(verb, "l[0].b")


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ([True], (1, "completed", None)),
        ([False, False, True], (3, "completed", None)),
        ([False, False, False], (3, "failed", "max")),
    ],
)
def test_a_loop_goes_on_until_it_is_told(said: list[bool], ends: tuple[int, str, str | None]) -> None:
    """`until` is asked after each round; when its rounds are used up it fails with that reason."""
    answers = iter(said)
    made = world(loop(), verdict=lambda _name: next(answers)).settle()
    assert (made.count("l"), made.states()["l"], made.reason("l")) == ends


def test_a_loop_whose_condition_cant_be_told_fails_with_that_error() -> None:
    """What it made stays; no further round begins."""
    error = {"type": "TypeError", "message": "no number", "bases": []}
    made = world(loop(), verdict=lambda _name: error).settle()
    assert (made.count("l"), made.state("l"), made.state("l[0].a")) == (1, State.FAILED, State.COMPLETED)
    assert made.error("l")["message"] == "no number"


def test_a_loop_rests_between_its_rounds() -> None:
    """`every` counts from the end of a round; what was missed by a pause is one round."""
    made = world(loop(every=10.0, until=False, take_last=True))
    made.until("l[0].b", State.COMPLETED).step()
    begun = made.now
    made.request("pause")
    made.now += 100
    made.request("resume").step()
    assert made.count("l") == 2
    assert made.now - begun == pytest.approx(100, abs=0.1)
    assert made.settle().run is RunState.COMPLETED


def test_a_round_that_is_done_again_while_its_loop_rests_is_asked_about_again() -> None:
    """The next one begins `every` after it has ended then, if it was not the last."""
    asked: list[str] = []

    def verdict(name: str) -> bool:
        asked.append(name)
        return len(asked) == 3

    made = world(loop(every=50.0, until=True), verdict=verdict)
    made.until("l[0].b", State.COMPLETED).step()
    made.request("rollback", to="l[0].a").request("resume")
    made.until("l[0].b", State.COMPLETED)
    over = made.now
    assert made.settle().run is RunState.COMPLETED
    assert (made.count("l"), len(asked), made.attempt("l[0].b")) == (2, 3, 2)
    assert made.s.started[made.unit("l[1].a")] - over == pytest.approx(50, abs=1)


def test_a_loop_whose_time_is_over_fails_or_takes_what_it_has() -> None:
    """What goes on in its round is cancelled."""
    made = world(loop(within=5.0), {"l[0].a": SLOW}).settle()
    assert (made.state("l"), made.reason("l"), made.state("l[0].a")) == (State.FAILED, "within", State.CANCELLED)
    made = world(loop(within=5.0, take_last=True), {"l[0].a": SLOW}).settle()
    assert (made.state("l"), made.state("z"), made.run) == (State.COMPLETED, State.COMPLETED, RunState.COMPLETED)


def test_a_flow_in_itself_ends_with_its_condition_or_at_its_depth() -> None:
    """It opens level by level; one that never ends fails, telling why."""
    rec = {"rec": (Node("a"), needs("deeper", 0, kind=FLOW, inner="rec", when=True))}
    made = world(
        flow(Node("g", kind=FLOW, inner="rec"), inner=rec), verdict=lambda name: name.count("deeper") < 3
    ).settle()
    assert made.states()["g.deeper.deeper.a"] == "completed"
    assert made.states()["g.deeper.deeper.deeper"] == "skipped"
    deep = world(flow(Node("g", kind=FLOW, inner="rec"), inner=rec), checked=False).settle()
    assert deep.run is RunState.FAILED
    assert "too-deep" in {error.get("code") for error in deep.s.error.values()}


# ---------------------------------------------------------------------- groups after a claim


@pytest.mark.parametrize("kind", [MAP, EACH, LOOP, FLOW])
def test_a_group_reopened_after_a_claim_comes_to_its_end(kind: Any) -> None:
    """A new owner counts it afresh: retried, it completes."""
    inner = {"one": (Node("x"), needs("y", 0))}
    node = Node("g", kind=kind, inner="" if kind is MAP else "one", until=False, take_last=True, rounds=2)
    first = {MAP: "g[1]", EACH: "g[1].y", LOOP: "g[0].y", FLOW: "g.y"}[kind]
    made = world(flow(node, needs("z", 0), Node("w"), inner=inner), {first: "flaky", "w": SLOW}).until(
        "g", State.FAILED
    )
    made.die_and_recover().request("retry", "g").settle()
    assert made.run is RunState.COMPLETED
    assert (made.state("g"), made.attempt("z")) == (State.COMPLETED, 1)


# ---------------------------------------------------------------------- at the end of a scope


def with_end(**last: Any) -> Block:
    undo = Node("undo", phase=UNDO, undoes=0, policy=Policy(grace=2.0))
    return flow(Node("a"), needs("b", 0), undo, Node("last", phase=LAST, **last))


@pytest.mark.parametrize(
    ("b", "verbs", "undone", "run"),
    [
        ("ok", [], "skipped", RunState.COMPLETED),
        ("fail", [], "completed", RunState.FAILED),
        ("slow", ["cancel"], "completed", RunState.CANCELLED),
    ],
    ids=["completed", "failed", "cancelled"],
)
def test_what_runs_at_the_end_runs_however_that_is(b: str, verbs: list[str], undone: str, run: RunState) -> None:
    """First what takes back what was done, where the scope ends badly, then `finally`."""
    made = world(with_end(), {"b": {"fail": "fail", "slow": SLOW}.get(b, Body())}).until("a", State.COMPLETED)
    for verb in verbs:
        made.until("b", State.RUNNING).request(verb)
    made.settle()
    assert (made.states()["undo"], made.states()["last"], made.run) == (undone, "completed", run)
    assert undone == "skipped" or made.ended_at("last") >= made.ended_at("undo") > made.ended_at("b")


def test_a_second_cancel_ends_what_runs_at_the_end() -> None:
    """The first one spares it."""
    made = world(with_end(), {"b": SLOW, "undo": SLOW}).until("b", State.RUNNING).request("cancel")
    made.until("undo", State.RUNNING).request("cancel").settle()
    assert (made.states()["undo"], made.states()["last"], made.run) == ("cancelled", "completed", RunState.CANCELLED)


def test_what_fails_at_the_end_makes_the_run_failed() -> None:
    """Though all else completed."""
    assert world(with_end(), {"last": "fail"}).settle().run is RunState.FAILED


def test_what_ran_at_the_end_runs_again_when_its_scope_goes_on() -> None:
    """What was taken back is done again, and the end comes anew."""
    made = world(with_end(), {"b": "flaky"}).settle()
    assert made.run is RunState.FAILED
    made.request("retry", "b").settle()
    assert (made.run, made.attempt("b"), made.attempt("last")) == (RunState.COMPLETED, 2, 2)
    assert made.state("undo") is State.SKIPPED


def test_a_round_that_is_tried_again_goes_on_with_what_its_loop_was_made_from() -> None:
    """Also where that was taken by what ran at the end of the run, which runs again, as does what ran at the end of the round."""
    inner = {"round": (Node("x"), Node("last", phase=LAST))}
    root = flow(
        Node("n0"), needs("l", 0, kind=LOOP, inner="round", rounds=1), needs("last", 0, phase=LAST), inner=inner
    )
    made = world(root, {"l[0].x": "flaky"}).settle()
    assert (made.run, made.state("l[0].last"), made.state("last")) == (
        RunState.FAILED,
        State.COMPLETED,
        State.COMPLETED,
    )
    made.request("retry", "l[0].x", redo=True).settle()
    assert [made.attempt(name) for name in ("n0", "l[0].x", "l[0].last", "last")] == [1, 2, 2, 2]
    assert made.run is RunState.COMPLETED


def test_a_join_that_took_a_bad_end_waits_anew_when_that_is_retried_before_it_began() -> None:
    """Its condition is asked once more then."""
    asked: list[str] = []
    root = flow(Node("a"), Node("b"), needs("z", 0, 1, join=ANY, when=True))
    made = world(root, {"a": "flaky", "b": SLOW}, verdict=lambda name: asked.append(name) or True)
    made.until("a", State.FAILED).request("retry", "a").settle()
    assert (made.attempt("a"), made.state("z")) == (2, State.COMPLETED)
    assert len(asked) == 2


@pytest.mark.parametrize("verb", ["retry", "give"])
def test_what_ran_at_the_end_leaves_the_item_that_is_asked_for(verb: str) -> None:
    """It had taken the group around the item, which is open again for the item, and not rolled back around it."""
    root = flow(Node("m", kind=MAP, gather=SETTLED), Node("last", (0,), phase=LAST), Node("bad"))
    made = world(root, {"m[1]": "flaky", "bad": "fail", "last": SLOW}).until("last", State.RUNNING)
    asked = {"value": {"value": 5}} if verb == "give" else {}
    made.request("skip" if verb == "give" else "retry", "m[1]", redo=True, **asked).settle()
    assert (made.state("m"), made.state("m[1]"), made.attempt("last")) == (State.COMPLETED, State.COMPLETED, 2)
    assert (made.attempt("m[0]"), made.attempt("m[1]")) == (1, 1 if verb == "give" else 2)


# ---------------------------------------------------------------------- flows as a whole


def test_a_priority_is_that_of_all_in_a_flow_which_say_none() -> None:
    """At any depth; what says one keeps it."""
    inside = (Node("a"), Node("b", policy=Policy(priority=9)))
    outer = (Node("deep", (), FLOW, inner="inside"),)
    urgent = Node("g", (), FLOW, inner="outer", policy=Policy(priority=5))
    w = world(flow(Node("x"), urgent, Node("y"), inner={"inside": inside, "outer": outer}), concurrency=1).settle()
    assert [w.label(fact[2]) for fact in w.facts if fact[0] == STARTED] == ["g.deep.b", "g.deep.a", "x", "y"]


def fails_once(who: str) -> Any:
    return lambda name, tried: Body(1, "fail" if (name, tried) == (who, 1) else "ok")


def test_a_flow_holds_its_place_between_its_bodies() -> None:
    """From the first to the end of it, over its retries of bodies; what lies in it takes no second place."""
    again = Policy(retry=Retry(max=1, delay=9, jitter="none"))
    held = Policy(pool=("one",), whole=True)
    inside = (Node("a", policy=again), Node("b", (0,), policy=Policy(pool=("one",))))
    g, h = (Node(name, (), FLOW, inner="inside", policy=held) for name in "gh")
    w = World(flow(g, h, inner={"inside": inside}), fails_once("g.a")).start().until("g.a", State.RETRYING)
    assert w.state("h.a") is State.READY
    w.until("g.a", State.COMPLETED)
    assert w.state("h.a") is State.READY
    w.settle()
    assert (w.run, w.ended_at("g") <= w.s.started[w.unit("h.a")]) == (RunState.COMPLETED, True)


def test_a_flow_is_tried_again_after_its_delay() -> None:
    """Once it has ended, with what runs at its end; by a person at once."""
    again = Policy(retry=Retry(max=2, delay=50, backoff=1, jitter="none"))
    inside = (Node("a"), Node("last", (), phase=LAST))
    block = flow(Node("g", (), FLOW, inner="inside", policy=again), inner={"inside": inside})
    w = World(block, fails_once("g.a")).start().until("g", State.RETRYING)
    assert (w.state("g.a"), w.generation("g.last"), w.run) == (State.PENDING, 1, RunState.RUNNING)
    since = w.now
    w.request("retry", "g").settle()
    assert (w.run, w.attempt("g.last"), w.now < since + 50) == (RunState.COMPLETED, 2, True)

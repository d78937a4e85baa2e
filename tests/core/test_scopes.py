"""An item of a mapped flow, or a round of a loop, asked of as one: what becomes of its nodes, its group and the run."""

from __future__ import annotations

from typing import Any

import pytest
from driver import Body, World

from stratix_tasks.core import facts as F  # noqa: N812
from stratix_tasks.core.answers import Answer
from stratix_tasks.core.block import Block, Output
from stratix_tasks.core.blocks import join_blocks
from stratix_tasks.core.decide import turn
from stratix_tasks.core.node import EACH, FIRST, FLOW, LAST, LOOP, SETTLED, Node, Policy
from stratix_tasks.core.states import RunState, State
from stratix_tasks.core.targets import Scope, find, scope_label
from stratix_tasks.errors import InputError, TransitionError

CHAIN = (Node("a"), Node("b", (0,)))
JUST_B = Output(frozenset((1,)), just=1)


def flow(node: Node, inner: tuple[Node, ...] = CHAIN, output: Output = JUST_B, **more: Block) -> Block:
    """`node`, whose scopes are of `inner`, and `z` behind it."""
    blocks = {"inner": Block("inner", inner, output=output), **more}
    return join_blocks({**blocks, "main": Block("main", (node, Node("z", (0,))))}, "main")


def mapped(inner: tuple[Node, ...] = CHAIN, output: Output = JUST_B, **more: Any) -> Block:
    return flow(Node("m", kind=EACH, inner="inner", **more), inner, output)


def loop(**more: Any) -> Block:
    return flow(Node("l", kind=LOOP, inner="inner", rounds=3, **more))


def world(block: Block, bodies: dict[str, str | Body] | None = None, **more: Any) -> World:
    """Of three items; `bodies` by name go otherwise than well in a second: `"fail"`, or `"flaky"` at first."""

    def script(name: str, tried: int) -> Body:
        body = (bodies or {}).get(name, "ok")
        return (
            body
            if isinstance(body, Body)
            else Body(1, "ok" if body == "ok" or (body, tried) == ("flaky", 2) else "final")
        )

    return World(block, script, **more).start().until(block.names[0], State.OPEN)


def told_keys(made: World, keys: list[str]) -> None:
    """In place of what the world would say of `m`."""
    made.answers.clear()
    answer = (int(Answer.EXPANDED), 0, made.core.agenda.asked[0], made.now, len(keys), keys, None, [])
    made._turn(*turn.handle(made.core, [answer], made.now))


def comes(made: World, name: str) -> World:
    """Turns until a body runs that lies in what has yet to open."""
    while not any(made.label(u) == name for u in made.units()) or made.state(name) is not State.RUNNING:
        assert made.step(), f"'{name}' never ran: {made.states()}"
    return made


def states(made: World, *names: str) -> list[str]:
    return [made.state(name).label for name in names]


def kinds(made: World, since: int) -> list[str]:
    return [F.KIND_NAMES[fact[0]] for fact in made.facts[since:]]


SLOW = Body(9)


# ---------------------------------------------------------------------- pauses


def test_a_pause_of_an_item_is_one_fact_and_holds_what_lies_in_it() -> None:
    """The other items, and what comes behind the map, are not concerned."""
    made = world(mapped(), {"m[1].a": SLOW}).until("m[1].a", State.RUNNING)
    since = len(made.facts)
    made.request("pause", "m[1]")
    assert kinds(made, since) == ["requested", "held"]
    made.settle()
    assert states(made, "m[0]", "m[1]", "m[1].a", "m[1].b", "m[2]", "z") == [
        "completed", "held", "completed", "held", "completed", "pending",
    ]  # fmt: skip
    made.request("resume", "m[1]").settle()
    assert made.run is RunState.COMPLETED


def test_an_item_goes_on_alone_in_a_map_that_is_paused() -> None:
    """And a sub-flow in an item that is paused, too."""
    inner = (Node("g", kind=FLOW, inner="deep"),)
    blocks = {
        "inner": Block("inner", inner),
        "deep": Block("deep", CHAIN),
        "main": Block("main", (Node("m", kind=EACH, inner="inner"),)),
    }
    made = world(join_blocks(blocks, "main"), {}).request("pause", "m").request("resume", "m[2]").settle()
    assert states(made, "m[0].g.b", "m[1].g.b", "m[2]") == ["held", "held", "completed"]
    made.request("resume", "m").request("pause", "m[0]").request("resume", "m[0].g.b").settle()
    assert states(made, "m[0].g.b", "m") == ["completed", "completed"]


def test_a_pause_of_a_round_is_not_one_of_the_next() -> None:
    """What had begun in it ends; the loop goes on when the round does."""
    made = world(loop(), {"l[0].a": SLOW}, verdict=lambda _name: False).until("l[0].a", State.RUNNING)
    made.request("pause", "l[0]").settle()
    assert states(made, "l[0].b", "l[0]", "l") == ["held", "held", "open"]
    assert not comes(made.request("resume", "l[0]"), "l[1].a").s.marks


# ---------------------------------------------------------------------- cancels


def test_a_cancel_of_an_item_makes_the_map_fail_and_no_other_item() -> None:
    """One fact for all of it that has no body; that one is asked to stop."""
    made = world(mapped(), {"m[1].a": SLOW}).until("m[1].a", State.RUNNING)
    since = len(made.facts)
    made.request("cancel", "m[1]")
    assert kinds(made, since) == ["requested", "swept", "moved"]
    assert made.state("m[1]") is State.STOPPING
    made.settle()
    assert states(made, "m[0]", "m[1]", "m[2]", "m", "z") == [
        "completed", "cancelled", "completed", "failed", "upstream_failed",
    ]  # fmt: skip
    made.request("retry", "m[1]").settle()
    assert (made.run, states(made, "m[1]", "z")) == (RunState.COMPLETED, ["completed", "completed"])


def test_what_belongs_to_the_end_of_an_item_runs_after_its_cancel() -> None:
    """A second cancel ends that."""
    ends = (Node("a"), Node("free", phase=LAST, policy=Policy(grace=1.0)))
    made = world(mapped(ends), {"m[0].a": SLOW, "m[0].free": SLOW}).until("m[0].a", State.RUNNING)
    made.request("cancel", "m[0]").until("m[0].free", State.RUNNING)
    assert made.state("m[0].a") is State.CANCELLED
    made.request("cancel", "m[0]").settle()
    assert states(made, "m[0].free", "m[0]") == ["cancelled", "cancelled"]


def test_a_cancel_of_a_round_is_the_end_of_its_loop() -> None:
    """It fails, as with a node of the round that was cancelled."""
    made = world(loop(), {"l[0].a": SLOW}).until("l[0].a", State.RUNNING).request("cancel", "l[0]").settle()
    assert states(made, "l[0]", "l", "z") == ["cancelled", "failed", "upstream_failed"]


# ---------------------------------------------------------------------- again


def test_a_retry_of_an_item_runs_again_what_is_bad_in_it() -> None:
    """Not what had completed, and not the other item that failed."""
    made = world(mapped(), {"m[0].b": "flaky", "m[1].b": "fail"}).settle()
    made.request("retry", "m[0]").settle()
    assert states(made, "m[0]", "m[1]", "m") == ["completed", "failed", "failed"]
    assert [made.attempt(name) for name in ("m[0].a", "m[0].b", "m[1].b")] == [1, 2, 1]


def test_a_retry_of_a_round_goes_on_with_its_loop() -> None:
    """The next rounds come."""
    made = world(loop(), {"l[1].a": "flaky"}, verdict=lambda name: False).settle()
    assert states(made, "l[0]", "l[1]", "l") == ["completed", "failed", "failed"]
    comes(made.request("retry", "l[1]"), "l[2].a")


def test_a_round_that_another_came_after_is_not_changed() -> None:
    """The reason says what to do: the later one was made from it."""
    made = comes(world(loop(), {"l[1].a": SLOW}, verdict=lambda _name: False), "l[1].a")
    with pytest.raises(TransitionError, match=r"can't skip 'l\[0\]': it is completed"):
        made.request("skip", "l[0]")
    comes(made.request("skip", "l[1]"), "l[2].a")
    with pytest.raises(TransitionError, match="another round of 'l' was made from it: roll back to it"):
        made.request("retry", "l[1]")


def test_an_item_that_somebody_went_on_without_is_not_tried_again_unasked() -> None:
    """The map completed without it; with `redo` what was made from that is rolled back."""
    made = world(mapped(gather=SETTLED), {"m[0].a": "flaky"}).settle()
    assert states(made, "m[0]", "m", "z") == ["failed", "completed", "completed"]
    with pytest.raises(TransitionError, match=r"the run has completed"):
        made.request("retry", "m[0]")
    beside = join_blocks({"inner": Block("inner", CHAIN), "main": Block("main", (
        Node("m", kind=EACH, inner="inner", gather=SETTLED), Node("z", (0,)), Node("long")))}, "main")  # fmt: skip
    made = world(beside, {"m[0].a": "flaky", "long": Body(99)}).until("z", State.COMPLETED)
    with pytest.raises(TransitionError, match=r"and 'm' has completed.*retry\('m\[0\]', redo=True\)"):
        made.request("retry", "m[0]")
    made.request("retry", "m[0]", redo=True).settle()
    assert (states(made, "m[0]", "m", "z"), made.generation("z"), made.run) == (
        ["completed"] * 3,
        1,
        RunState.COMPLETED,
    )


# ---------------------------------------------------------------------- skips


def test_an_item_that_is_skipped_is_not_bad_and_counts_for_nothing() -> None:
    """The map completes without it, also where it had failed already."""
    made = world(mapped(), {"m[0].a": "fail", "m[1].a": SLOW}).until("m[1].a", State.RUNNING)
    made.request("skip", "m[1]").settle()
    assert states(made, "m[1]", "m[1].a", "m[1].b", "m") == ["skipped", "skipped", "skipped", "failed"]
    made.request("skip", "m[0]").settle()
    assert states(made, "m[0]", "m[0].b", "m", "z") == ["skipped", "skipped", "completed", "completed"]
    assert made.reason("m[0].b") == "scope"
    assert made.attempt("m[1].b") == 0


def test_a_failure_that_something_was_going_on_with_is_skipped_with_its_item() -> None:
    """What took it up is skipped, too, so that nobody has gone on without it."""
    inner = (Node("x"), Node("g", (0,), FLOW, join=SETTLED, inner="deep"))
    made = world(
        flow(Node("m", kind=EACH, inner="inner"), inner, Output(), deep=Block("deep", CHAIN)), {"m[0].x": "fail"}
    )
    made.until("m[0].g", State.OPEN).request("skip", "m[0]").settle()
    assert states(made, "m[0].x", "m[0].g", "m[0]", "m") == ["skipped", "skipped", "skipped", "completed"]


def test_a_gather_that_asks_for_one_does_not_take_a_skipped_item_for_it() -> None:
    """It waits for another; when none is left there are too few."""
    made = world(mapped(gather=FIRST), dict.fromkeys(("m[0].a", "m[1].a", "m[2].a"), SLOW)).until(
        "m[2].a", State.RUNNING
    )
    made.request("skip", "m[0]").request("skip", "m[1]").until("m[1]", State.SKIPPED)
    assert made.state("m") is State.OPEN
    made.request("skip", "m[2]").settle()
    assert (made.state("m"), made.reason("m")) == (State.FAILED, "too-few")


def test_after_a_round_that_was_skipped_the_next_one_comes_unasked() -> None:
    """Its end is not asked about, for it has none."""
    asked: list[str] = []
    made = world(loop(), {"l[0].a": SLOW}, verdict=lambda name: asked.append(name) is None).until(
        "l[0].a", State.RUNNING
    )
    made.request("skip", "l[0]").settle()
    assert states(made, "l[0]", "l[1]", "l") == ["skipped", "completed", "completed"]
    assert (made.count("l"), asked) == (2, ["l"])


def test_a_value_stands_for_that_of_an_item_where_one_node_gives_it() -> None:
    """What else is in it is skipped; the item has completed."""
    made = world(mapped(), {"m[0].a": "fail", "m[1].a": SLOW}).until("m[1].a", State.RUNNING)
    made.request("skip", "m[0]", 7).request("skip", "m[1]", 8).settle()
    assert states(made, "m[0].a", "m[0]", "m[1].a", "m[1]", "m", "z") == [
        "skipped", "completed", "skipped", "completed", "completed", "completed",
    ]  # fmt: skip
    assert [made.value(f"m[{i}].b") for i in (0, 1)] == [7, 8]
    since = len(made.facts)
    made.request("skip", "m[1]", 8)
    assert kinds(made, since) == ["requested"]


def test_a_value_that_is_made_of_more_is_not_given() -> None:
    """It names what is the case."""
    made = world(mapped(output=Output(frozenset((0, 1)))), {"m[0].a": SLOW}).until("m[0].a", State.RUNNING)
    with pytest.raises(TransitionError, match="its value is made of more than one node's"):
        made.request("skip", "m[0]", 7)


def test_an_item_that_where_refused_has_no_value_until_it_is_tried() -> None:
    """It counts as skipped; a retry runs it."""
    made = world(mapped(), left_out=lambda _name, index: index != 1)
    assert states(made, "m[0]", "m[1]", "m[2]") == ["skipped", "open", "skipped"]
    assert made.why("m[0]") == "'m[0]' was skipped: `where` is false of it."
    made.request("retry", "m[2]").settle()
    assert states(made, "m[0]", "m[1]", "m[2]", "m") == ["skipped", "completed", "completed", "completed"]
    assert sum(fact[0] == F.SWEPT for fact in made.facts) == 1


# ---------------------------------------------------------------------- rollback


def test_a_rollback_to_a_round_takes_the_later_ones_out() -> None:
    """The loop asks again whether that was its end, when the run goes on."""
    made = world(loop(take_last=True), verdict=lambda _name: False).settle()
    assert states(made, "l", "z") == ["completed", "completed"]
    made.request("rollback", to="l[0]").settle()
    assert (made.run, made.count("l"), states(made, "l", "z")) == (RunState.PAUSED, 1, ["open", "pending"])
    made.request("resume").settle()
    assert (made.run, made.count("l"), made.attempt("l[0].a")) == (RunState.COMPLETED, 3, 1)


def test_a_rollback_to_an_item_sets_back_what_lies_behind_its_map() -> None:
    """The item, and the others, stay as they are."""
    made = world(mapped()).settle().request("rollback", to="m[1]").settle()
    assert states(made, "m[1]", "m", "z") == ["completed", "completed", "ready"]
    assert (made.generation("z"), made.generation("m[1].a")) == (1, 0)


def test_an_item_runs_again_as_one() -> None:
    """With what lies behind its map."""
    made = world(mapped()).settle().request("rollback", nodes=["m[1]"]).request("resume").settle()
    assert [made.attempt(name) for name in ("m[0].a", "m[1].a", "m[1].b", "m[2].a", "z")] == [1, 2, 2, 1, 2]


def test_a_rollback_goes_to_after_an_item_that_has_completed() -> None:
    """To none that goes on."""
    made = world(mapped(), {"m[0].a": SLOW}).until("m[0].a", State.RUNNING)
    with pytest.raises(TransitionError, match=r"can't roll back to 'm\[0\]': it is open and a rollback goes to after"):
        made.request("rollback", to="m[0]")


# ---------------------------------------------------------------------- names, and what is told


def test_a_scope_is_named_by_place_or_key() -> None:
    """And named so in what is told of it."""
    made = World(mapped(), lambda _name, _tried: SLOW).start()
    told_keys(made, ["eu", "us"])
    for name in ("m[1]", "m['us']", "m[us]"):
        found = find(made.s, name)
        assert isinstance(found, Scope)
        assert scope_label(made.s, found) == "m['us']"
    made.request("cancel", "m[us]").settle()
    assert made.why("m[us]") == "'m['us']' was cancelled."


@pytest.mark.parametrize("verb", ["set", "breakpoint", "approve"])
def test_what_is_for_nodes_alone_names_one(verb: str) -> None:
    """A scope has no arguments, and nothing waits in it as one."""
    made = world(mapped(), {"m[0].a": SLOW}).until("m[0].a", State.RUNNING)
    args = {"options": {"priority": 1}} if verb == "set" else {}
    with pytest.raises(
        InputError, match=r"'m\[0\]' is an item of a mapped flow: name a node in it, as in \"m\[0\].a\""
    ):
        made.request(verb, "m[0]", **args)


def test_a_refusal_tells_what_may_be_asked() -> None:
    """Of a scope as of a node, with the story of what is bad in it."""
    made = world(mapped(), {"m[0].a": "fail", "m[1].a": SLOW}).until("m[0].a", State.FAILED)
    with pytest.raises(TransitionError) as told:
        made.request("pause", "m[0]")
    assert "can't pause 'm[0]': it is failed. Allowed now: skip, retry." in str(told.value)
    assert any("'m[0].a': state failed" in line for line in told.value.story)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (None, "'m[1]' is under way: 0 of 2 have ended. 'm[1].a' has been running for 1.0 s, attempt 1."),
        (
            "pause",
            "'m[1]' is under way: 0 of 2 have ended. 'm[1].a' has been running for 1.0 s, attempt 1. It is paused",
        ),
        ("cancel", "'m[1]' was asked to stop, and has when this has ended: 'm[1].a'."),
    ],
)
def test_why_tells_of_a_scope(asked: str | None, wanted: str) -> None:
    """By what goes on in it."""
    made = world(mapped(), {"m[0].a": "fail", "m[1].a": Body(9, stops=5)}).until("m[0].a", State.FAILED)
    if asked:
        made.request(asked, "m[1]")
    assert made.why("m[1]").startswith(wanted)
    assert made.why("m[0]") == "'m[0]' failed. 'm[0].a' failed: ValueError: no."


def test_a_new_owner_finds_what_was_asked_of_scopes() -> None:
    """A pause and a skip hold after a death."""
    made = world(mapped(), dict.fromkeys(("m[0].a", "m[1].a"), SLOW)).until("m[1].a", State.RUNNING)
    made.request("pause", "m[0]").request("skip", "m[1]").die_and_recover().settle()
    assert states(made, "m[0]", "m[1]", "m[2]") == ["held", "skipped", "completed"]
    made.request("resume", "m[0]").settle()
    assert made.run is RunState.COMPLETED

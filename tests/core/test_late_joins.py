"""Joins of as many as the run tells, with the right answer written by hand. The world tells half of what they count."""

from __future__ import annotations

from typing import Any

from driver import Body, World
from test_ends import flow, world

from stratix_tasks.core.answers import Answer
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide import turn
from stratix_tasks.core.facts import RESOLVED
from stratix_tasks.core.node import N_OF, UNTOLD, Node
from stratix_tasks.core.states import RunState, State


def joining(*tells: int, **said: Any) -> Block:
    """`j` waits for some of `a` to `d`; `k`, the last one, may tell how many."""
    needs = (0, 1, 2, 3, *tells)
    nodes = [Node(name) for name in ("a", "b", "c", "d", "k")]
    return flow(*nodes, Node("j", needs, join=N_OF, k=UNTOLD, told=tells, **said), Node("z", (5,)))


def test_it_fires_when_so_many_have_completed() -> None:
    """The run tells it at once; the others have lost."""
    made = world(joining(), {name: Body(when) for name, when in (("a", 1), ("b", 9), ("c", 2), ("d", 9))}).settle()
    assert [made.state(name).label for name in "abcdjz"] == [
        "completed", "cancelled", "completed", "cancelled", "completed", "completed",
    ]  # fmt: skip
    assert made.run is RunState.COMPLETED
    assert made.why("j").endswith("The run told its join n_of 2.")


def test_it_waits_for_who_tells_it_and_does_not_count_that() -> None:
    """However many of the others have completed meanwhile."""
    made = world(joining(4), {"k": Body(5)})
    made.until("d", State.COMPLETED)
    assert (made.state("j"), made.why("j")) == (State.PENDING, "'j' waits for 'k'.")
    assert (made.settle().state("j"), made.run, made.s.winners[made.unit("j")]) == (
        State.COMPLETED, RunState.COMPLETED, (0, 1),
    )  # fmt: skip


def test_who_can_not_tell_it_decides_what_becomes_of_it() -> None:
    """It failed, or was skipped."""
    made = world(joining(4), {"k": "fail"}).settle()
    assert (made.state("j"), made.run) == (State.UPSTREAM_FAILED, RunState.FAILED)
    made = world(joining(4), {"k": Body(9)}).request("skip", "k").settle()
    assert (made.state("j"), made.run) == (State.SKIPPED, RunState.COMPLETED)


def test_what_asks_for_more_than_there_are_fails() -> None:
    """It says so."""
    made = World(joining()).start()
    u = made.unit("j")
    answer = (int(Answer.OPTIONS), u, made.core.agenda.asked[u], made.now, {"join": {"n_of": 5}}, None)
    made._turn(*turn.handle(made.core, [answer], made.now))
    assert (made.state("j"), made.error("j")["code"]) == (State.FAILED, "impossible-join")
    assert made.error("j")["message"] == "'j': the join wants 5 of what it needs, and that is 4"


def test_too_few_that_completed_fail_it_as_soon_as_that_is_known() -> None:
    """The others need not have ended."""
    made = world(joining(), {"a": "fail", "b": "fail", "c": "fail", "d": Body(9)}).until("j", State.UPSTREAM_FAILED)
    assert made.state("d") is State.RUNNING
    assert made.why("j").startswith("'j' can't run: too few of the 4 that it needs completed, 'a', 'b', 'c' did not.")


def test_a_new_owner_goes_on_with_what_was_told() -> None:
    """Nobody is asked again; a rollback of who tells it asks anew."""
    made = world(joining(4), {"a": Body(9), "b": Body(9), "c": Body(9), "d": Body(9)}).until("k", State.COMPLETED)
    made.step()
    made = made.die_and_recover().settle()
    assert (made.state("j"), made.run, _told(made)) == (State.COMPLETED, RunState.COMPLETED, 1)
    made = world(joining(4)).until("j", State.COMPLETED)
    made.request("rollback", nodes=["k"]).request("resume").settle()
    assert (made.state("j"), made.run, _told(made)) == (State.COMPLETED, RunState.COMPLETED, 2)


def _told(made: World) -> int:
    return sum(fact[0] == RESOLVED for fact in made.facts)


def test_a_pause_holds_the_question() -> None:
    """It is asked when the node goes on."""
    made = World(joining()).start()
    assert made.unit("j") in made.core.agenda.asked
    made = World(joining()).request("pause", "j").start()
    assert made.unit("j") not in made.core.agenda.asked
    assert made.settle().state("j") is State.HELD
    assert made.request("resume", "j").settle().run is RunState.COMPLETED


def test_other_options_meanwhile_begin_nothing() -> None:
    """Though nothing that it needs keeps it so far: it is asked again how many it waits for."""
    made = World(joining()).start().request("set", "j", options={"priority": 1})
    assert made.state("j") is State.PENDING
    assert (made.settle().state("j"), made.s.winners[made.unit("j")]) == (State.COMPLETED, (0, 1))

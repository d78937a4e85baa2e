"""Maps that stream, with the right answer written by hand: item by item behind another map, whatever becomes of that."""

from __future__ import annotations

from typing import Any

import pytest
from driver import SLOW, Body, World
from small_flows import finishing
from test_ends import flow, world

from stratix_tasks.core import fork
from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.apply import fold
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide import turn
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.ends import first_failed, told_of
from stratix_tasks.core.facts import EXPANDED, STARTED, STARTED_MANY, SWEPT
from stratix_tasks.core.node import FIRST, LAST, MAP, SETTLED, Node, Policy
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import RunState, S, State
from stratix_tasks.core.streams import source
from stratix_tasks.errors import TransitionError

DONE, SKIPPED, VAIN, FAILED = "completed", "skipped", "upstream_failed", "failed"


def reads(name: str, of: int, *more: int, **said: Any) -> Node:
    """A map that streams from another one."""
    return Node(name, tuple(sorted((of, *more))), MAP, source=of, over="x", **said)


def two(*more: Node, **said: Any) -> Block:
    """`b` streams from `a`."""
    return flow(Node("a", kind=MAP), reads("b", 0, **said), *more)


def items(made: World, name: str) -> list[str]:
    return [made.state(f"{name}[{i}]").label for i in range(made.count(name))]


def until(made: World, name: str, state: State) -> World:
    """Turns until an item, which may come only later, is in a state."""
    while made.states().get(name) != state.label:
        assert made.step(), f"'{name}' never was {state.label}"
    return made


def started(made: World) -> list[str]:
    """Items in the order in which they began."""
    found = []
    for fact in made.facts:
        found += [fact[2]] if fact[0] == STARTED else range(fact[2], fact[3]) if fact[0] == STARTED_MANY else []
    return [made.label(u) for u in found]


# ---------------------------------------------------------------------- one by one


def test_an_item_begins_as_soon_as_its_source_has_completed() -> None:
    """Whatever the others there do; who reads the whole list waits for all."""
    made = world(two(Node("z", (1,))), {"a[0]": Body(9), "a[1]": Body(1), "a[2]": Body(4)})
    until(made, "b[1]", State.COMPLETED)
    assert (made.state("a[0]"), made.state("b[0]"), made.state("z")) == (State.RUNNING, State.PENDING, State.PENDING)
    assert made.why("b[0]") == "'b[0]' waits for 'a[0]'."
    assert made.why("b") == "'b' is under way: 1 of 3 have ended, and 'a' goes on."
    assert started(made.settle()) == ["a[0]", "a[1]", "a[2]", "b[1]", "b[2]", "b[0]", "z"]
    assert made.run is RunState.COMPLETED


def test_maps_stream_in_a_row_and_beside_one_another() -> None:
    """Each item goes its way alone."""
    block = flow(Node("a", kind=MAP), reads("b", 0), reads("c", 1), reads("d", 0))
    made = until(world(block, {"a[0]": Body(9)}), "c[2]", State.COMPLETED)
    assert (made.state("d[2]"), made.state("a[0]")) == (State.COMPLETED, State.RUNNING)
    assert made.settle().run is RunState.COMPLETED


def test_a_map_that_needs_more_opens_when_that_is_there_and_goes_by_the_same_places() -> None:
    """Also where what it streams from has ended meanwhile, badly or well: it is the same at any time."""
    for end in ("ok", "final"):
        block = flow(Node("a", kind=MAP), Node("o"), reads("b", 0, 1))
        made = world(block, {"o": Body(20), "a[1]": Body(1, end)}).settle()
        assert items(made, "b") == [DONE, DONE if end == "ok" else VAIN, DONE]


def test_an_empty_map_streams_nothing() -> None:
    """Both complete."""
    made = World(two(), items=lambda _name: 0).start().settle()
    assert (made.state("b"), made.count("b"), made.run) == (State.COMPLETED, 0, RunState.COMPLETED)


def test_at_most_so_many_run_at_a_time() -> None:
    """`max` of the second map holds for it alone."""
    made = world(two(most=1), {f"b[{i}]": Body(5) for i in range(3)})
    most = 0
    while made.step():
        most = max(most, [made.states().get(f"b[{i}]") for i in range(3)].count("running"))
    assert (most, made.run) == (1, RunState.COMPLETED)


# ---------------------------------------------------------------------- other ends


def test_a_failed_item_fails_its_own_reader_and_no_other() -> None:
    """The reader says by what; the failures of a map are told with those that waited in vain."""
    made = world(two(), {"a[1]": "fail"}).settle()
    assert (items(made, "a"), items(made, "b")) == ([DONE, FAILED, DONE], [DONE, VAIN, DONE])
    assert made.why("b[1]") == "'b[1]' can't run: 'a[1]' did not complete."
    assert made.why("b") == "'b' failed. 'b[1]' can't run: 'a[1]' did not complete."
    told = told_of(made.s, 1)["items"]
    assert [(one["key"], one["error"]["item"], one["error"]["type"]) for one in told] == [("1", 1, "ValueError")]


def test_a_skipped_item_skips_its_reader() -> None:
    """Places stay those of the source: the third is the third."""
    made = World(two(), left_out=lambda name, index: (name, index) == ("a", 1)).start().settle()
    assert (items(made, "b"), made.run) == ([DONE, SKIPPED, DONE], RunState.COMPLETED)
    assert source(made.s, made.unit("b[2]")) == made.unit("a[2]")


def test_a_gather_that_takes_up_failures_takes_up_those_of_the_source() -> None:
    """It went on by running: the run completes."""
    for gather in (SETTLED, FIRST):
        made = world(two(gather=gather), {"a[1]": "fail"}).settle()
        assert (made.state("a"), made.state("b"), made.run) == (State.FAILED, State.COMPLETED, RunState.COMPLETED)


def test_what_is_cancelled_with_its_map_ends_its_readers_by_one_fact() -> None:
    """However many they are."""
    made = until(world(flow(Node("a", kind=MAP, most=1), reads("b", 0))), "b", State.OPEN)
    made.request("cancel", "a").settle()
    assert (items(made, "b"), made.state("b")) == ([VAIN] * 3, State.FAILED)
    swept = [(fact[4], fact[6]) for fact in made.facts if fact[0] == SWEPT]
    assert swept == [(S.CANCELLED, [[3, 5]]), (S.UPSTREAM_FAILED, [[6, 8]]), (S.UPSTREAM_FAILED, [[5, 6]])]


def test_a_map_that_a_step_finishes_skips_the_readers_of_what_it_cancels() -> None:
    """With a value of its own it is mapped over that, from the beginning."""
    slow = {"a[1]": Body(50), "a[2]": Body(50), "f": Body(9)}
    made = world(flow(Node("a", kind=MAP), reads("b", 0), finishing(node=0)), slow).settle()
    assert (items(made, "b"), made.run) == ([DONE, SKIPPED, SKIPPED], RunState.COMPLETED)
    given = flow(Node("a", kind=MAP), reads("b", 0), finishing(node=0, gives=True))
    made = (
        World(given, lambda name, _: slow.get(name, Body()), items=lambda name: 2 if name == "b" else 3)
        .start()
        .settle()
    )
    assert (items(made, "b"), made.run) == ([DONE, DONE], RunState.COMPLETED)


# ---------------------------------------------------------------------- growing


def test_what_is_spawned_into_the_source_comes_into_the_reader() -> None:
    """And what the reader's own bodies spawn stands beside it, and waits for nothing."""
    bodies = {"a[0]": Body(6, spawns=1), "b[1]": Body(3, spawns=1), "a[3]": Body(2)}
    made = world(two(), bodies).settle()
    assert (made.count("a"), made.count("b"), made.run) == (4, 5, RunState.COMPLETED)
    places = [source(made.s, made.unit(f"b[{i}]")) for i in range(5)]
    assert sorted(places) == sorted([-1, *(made.unit(f"a[{i}]") for i in range(4))])


def test_a_reader_waits_for_what_may_still_come() -> None:
    """Its own items are done or skipped, but one of the source runs that may spawn."""
    made = until(world(two(), {"a[0]": Body(6, spawns=1)}), "b[2]", State.COMPLETED)
    made.request("skip", "b[0]")
    assert made.state("b") is State.OPEN
    assert (items(made.settle(), "b"), made.run) == ([SKIPPED, DONE, DONE, DONE], RunState.COMPLETED)


def test_a_reader_that_is_tried_again_catches_up() -> None:
    """What came into the source while it was cancelled."""
    made = until(world(two(), {"a[0]": Body(9, spawns=1)}), "b[2]", State.COMPLETED)
    until(made.request("cancel", "b"), "a[3]", State.COMPLETED)
    assert made.count("b") == 3
    made.request("retry", "b").settle()
    assert (items(made, "b"), made.run) == ([DONE] * 4, RunState.COMPLETED)


# ---------------------------------------------------------------------- again


def flaky(name: str) -> dict[str, Any]:
    return {name: "flaky"}


@pytest.mark.parametrize("asked", ["a[1]", "b[1]", "a", "b", None])
def test_a_retry_of_an_item_tries_its_reader_again_and_no_other(asked: str | None) -> None:
    """Whether the item, its reader, either map or the run is asked for."""
    made = world(two(Node("z", (1,))), flaky("a[1]")).settle()
    assert (made.run, made.state("z")) == (RunState.FAILED, State.UPSTREAM_FAILED)
    made.request("retry", asked).settle()
    assert (items(made, "a"), items(made, "b"), made.run) == ([DONE] * 3, [DONE] * 3, RunState.COMPLETED)
    assert [made.attempt(f"{name}[{i}]") for name in "ab" for i in range(3)] == [1, 2, 1, 1, 1, 1]


def test_a_retry_while_the_reader_goes_on() -> None:
    """It does not have to have ended."""
    made = until(world(two(), {**flaky("a[1]"), "b[0]": Body(30)}), "a", State.FAILED)
    made.request("retry", "a[1]").settle()
    assert (items(made, "b"), made.run, made.attempt("b[0]")) == ([DONE] * 3, RunState.COMPLETED, 1)


def test_a_skip_of_a_failed_item_skips_its_reader() -> None:
    """Which had failed upstream."""
    made = world(two(), {"a[1]": "fail"}).settle().request("skip", "a[1]").settle()
    assert (items(made, "b"), made.run) == ([DONE, SKIPPED, DONE], RunState.COMPLETED)


def test_a_retry_of_what_a_completed_reader_has_read_is_refused() -> None:
    """`redo` takes back what was made of the reader."""
    made = world(two(Node("z", (1,)), gather=SETTLED), {**flaky("a[1]"), **flaky("z")}).settle()
    with pytest.raises(TransitionError, match="'b' has completed"):
        made.request("retry", "a[1]")
    made.request("retry", "a[1]", redo=True).settle()
    assert (items(made, "b"), made.attempt("z"), made.attempt("b[0]")) == ([DONE] * 3, 2, 1)


def test_a_rollback_of_the_source_takes_the_reader_out() -> None:
    """It opens anew with it."""
    made = until(world(two(), {"a[0]": Body(9)}), "b[2]", State.COMPLETED)
    made.request("rollback", nodes=["a"]).request("resume").settle()
    assert (items(made, "b"), made.run) == ([DONE] * 3, RunState.COMPLETED)
    assert sum(fact[0] == EXPANDED and fact[2] == 1 for fact in made.facts) == 2


@pytest.mark.parametrize(("asked", "openings"), [((), 2), (("b",), 2), (("b[1]",), 1)])
def test_a_retry_that_sets_back_what_an_end_has_taken_opens_the_reader_anew(
    asked: tuple[str, ...], openings: int
) -> None:
    """What ran at the end took the source: that is made again, and what streams from it with it; but not where an item of the
    reader is asked for, which goes on with its own."""
    end = Node("e", (0,), phase=LAST, policy=Policy(grace=2.0))
    bodies: dict[str, Any] = {"b[1]": "fail"}
    made = world(flow(Node("a", kind=MAP), reads("b", 0), end), bodies).settle()
    assert (made.run, made.state("e")) == (RunState.FAILED, State.COMPLETED)
    bodies.clear()
    made.request("retry", *asked).settle()
    assert (items(made, "b"), made.run) == ([DONE] * 3, RunState.COMPLETED)
    assert sum(fact[0] == EXPANDED and fact[2] == 0 for fact in made.facts) == openings
    assert made.attempt("e") == 2


def test_the_owner_dies_amid_it() -> None:
    """The next one goes on with each item where it was."""
    made = until(world(two(), {"a[0]": Body(9), "b[1]": Body(9)}), "b[2]", State.COMPLETED)
    made.die_and_recover().settle()
    assert (items(made, "b"), made.run) == ([DONE] * 3, RunState.COMPLETED)
    assert [made.attempt(name) for name in ("a[0]", "a[1]", "b[1]", "b[2]")] == [2, 1, 2, 1]


def test_a_pause_of_either_map_holds_its_items_alone() -> None:
    """What is held in the reader goes on when it is let go."""
    made = until(until(world(two()), "b", State.OPEN).request("pause", "b"), "a", State.COMPLETED)
    assert items(made, "b") == ["held"] * 3
    assert made.request("resume", "b").settle().run is RunState.COMPLETED


def test_what_a_person_gives_is_mapped_over_as_a_whole() -> None:
    """Then it waits for all of the source, which it still needs."""
    made = World(two(), lambda name, _: Body(9 if name == "a[0]" else 1), items=lambda name: 2 if name == "b" else 3)
    until(made.request("set", "b", args={"x": [1, 2]}).start(), "a[1]", State.COMPLETED)
    assert made.state("b") is State.PENDING
    assert (made.settle().count("b"), made.run) == (2, RunState.COMPLETED)


def test_a_value_for_a_source_that_is_open_is_refused_once_something_was_made_of_its_items() -> None:
    """That is rolled back with `redo` alone; what streams from it then goes over the value."""
    bodies = {"a[2]": Body(9), "b[0]": Body(1), "b[1]": Body(8)}
    made = until(world(two(), bodies), "b[0]", State.COMPLETED)
    value = {"codec": "json", "payload": [7], "summary": None}
    with pytest.raises(
        TransitionError, match=r"'b' has gone on without it; skip\('a', redo=True\) rolls back"
    ) as refused:
        made.request("skip", "a", value=value)
    assert refused.value.redo == "'b' has gone on without it. 'b' is rolled back, and made again."
    assert made.state("b[0]") is State.COMPLETED
    made.request("skip", "a", value=value, redo=True).settle()
    assert (made.state("a"), made.attempt("b[0]"), made.run) == (State.COMPLETED, 1, RunState.COMPLETED)


def test_a_reader_that_has_its_value_keeps_it_where_its_source_is_given_one() -> None:
    """The rest of it goes on, and who went on with that value has it still."""
    block = two(Node("c", (1,)), Node("z"), gather=FIRST, keep_rest=True)
    made = until(world(block, {"a[2]": SLOW, "b[1]": Body(9), "z": SLOW}), "c", State.COMPLETED)
    made.request("skip", "a", value={"codec": "json", "payload": [7], "summary": None}).settle()
    assert (made.state("a"), items(made, "b")) == (State.COMPLETED, [DONE, DONE, VAIN])
    assert (made.attempt("b[0]"), made.attempt("c"), made.run) == (1, 1, RunState.COMPLETED)


def test_a_value_for_a_source_of_which_nothing_was_made_is_taken() -> None:
    made = until(world(two(), {"a[0]": SLOW, "a[1]": SLOW, "a[2]": SLOW}), "b", State.OPEN)
    made.request("skip", "a", value={"codec": "json", "payload": [7], "summary": None}).settle()
    assert (made.state("a"), made.run) == (State.COMPLETED, RunState.COMPLETED)


def test_a_fork_takes_both_over() -> None:
    """With what was spawned; the new run makes neither again."""
    made = world(two(Node("z", (1,))), {"a[0]": Body(6, spawns=1)}).settle()
    keep, open_ = fork.taken_over(made.s, fork.again(made.s, {2}))
    other = World(made.root)
    told, _ = fork.facts(made.s, keep, open_, other.now)
    assert keep == {0, 1}
    s = fold(Recorded(made.root), told)
    ends = [(s.index(source(s, u)), s.status[u]) for u in s.members(1)]
    assert ends == [(made.s.index(source(made.s, u)), made.s.status[u]) for u in made.s.members(1)]


# ---------------------------------------------------------------------- many


class Claims:
    def __call__(self, _policy: Policy, _most: int | None) -> tuple[()]:
        return ()


def test_neighbours_that_are_ready_together_start_together() -> None:
    """A thousand items are two facts, and neither map has an object for each."""
    block = two()
    core = Core(Recorded(block), Claims())
    turn.start(core, 1.0)
    turn.advance(core, 1.0)
    facts, commands = core.drain()
    while commands:
        events: list[Any] = []
        for kind, u, number in commands:
            if kind == Do.START:
                events.append((int(Answer.OK), u, number, 1.0, None, "json", None, None, None, None))
            elif kind == Do.EXPAND:
                events.append((int(Answer.EXPANDED), u, number, 1.0, 1_000, None))
        more, commands = turn.handle(core, events, 1.0)
        facts += more
    assert core.state.run is RunState.COMPLETED
    assert [fact[3] - fact[2] for fact in facts if fact[0] == STARTED_MANY] == [1_000, 1_000]


def test_a_scope_has_failed_by_what_failed_in_it_and_not_by_what_waited_in_vain_for_that() -> None:
    """Whichever of the two maps was the first to end, and whatever else failed later."""
    made = world(two(Node("z")), {"a[1]": Body(1, "final"), "z": Body(9, "final")}).settle()
    assert [made.state(name).label for name in ("a", "b", "z")] == ["failed", "failed", "failed"]
    assert first_failed(made.s, range(3)) == 0

"""In what order bodies start, and what a million items cost: fairness, priorities, limits, questions, pauses."""

from __future__ import annotations

from array import array
from typing import Any

import pytest
from driver import Body, World
from folds import folded
from hypothesis import given
from hypothesis import strategies as st
from test_ends import flow, needs, world

from stratix_tasks.core import state as recorded
from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide import requests, turn
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.facts import HELD, KIND_NAMES, RELEASED, STARTED, STARTED_MANY, SWEPT
from stratix_tasks.core.limits import Lane, Slots
from stratix_tasks.core.node import EACH, LOOP, MAP, Node, Policy
from stratix_tasks.core.recovery import claim
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import RunState, State
from stratix_tasks.spec.model import Retry, Timeout


def started(made: World) -> list[str]:
    """Names in the order of their starts."""
    names = []
    for fact in made.facts:
        if fact[0] in (STARTED, STARTED_MANY):
            names += [made.label(u) for u in range(fact[2], fact[3] if fact[0] == STARTED_MANY else fact[2] + 1)]
    return names


@pytest.mark.parametrize("other", [MAP, EACH])
def test_a_large_map_keeps_no_chain_waiting(other: Any) -> None:
    """Beside a map of 4,000 items and another fan-out a chain of four gets its turns: it ends long before they do."""
    chain = [needs(f"c{i}", *([i + 1] if i else [])) for i in range(4)]
    nodes = (Node("big", kind=MAP), Node("other", kind=other, inner="one" if other is EACH else ""), *chain)
    block = flow(*nodes, inner={"one": (Node("x"),)})
    made = (
        World(block, items=lambda name: 4000 if name == "big" else 500, concurrency=8, checked=False).start().settle()
    )
    assert made.run is RunState.COMPLETED
    begun = made.s.started[0]
    assert made.ended_at("c3") - begun < 12
    assert made.ended_at("other") - begun < 150 < made.ended_at("big") - begun


def test_a_map_that_was_cancelled_is_forgotten_at_once() -> None:
    """What stood in line is not gone through item by item: that took a turn of 0.2 s for a million."""
    pops: list[int] = []

    class Counted(Lane):
        __slots__ = ()

        def pop(self, most: int) -> int | range | None:
            pops.append(most)
            return super().pop(most)

    block = flow(Node("big", kind=MAP), Node("other"))
    made = World(block, items=lambda _name: 10_000, concurrency=7, checked=False).start()
    made.until("big", State.OPEN).until("big[9]", State.RUNNING)
    lane = made.core.agenda.lane(made.unit("big[9]"))
    lane.__class__ = Counted
    made.request("cancel", "big").settle()
    assert made.state("big[9999]") is State.CANCELLED
    assert 0 < len(pops) < 10
    assert not lane.has_entries()


def test_two_maps_take_turns() -> None:
    """Neither is done before the other one is under way."""
    made = World(flow(Node("a", kind=MAP), Node("b", kind=MAP)), items=lambda _name: 40, concurrency=4).start().settle()
    order = [name[0] for name in started(made)]
    assert 8 <= order[:20].count("a") <= 12
    assert 32 <= order[:72].count("a") <= 40


def test_the_more_urgent_starts_first() -> None:
    """Also where it becomes ready later, and where its priority is set in the run."""
    block = flow(
        Node("a"), Node("low", kind=MAP), needs("high", 0, policy=Policy(priority=5)), Node("set", policy=Policy())
    )
    made = World(block, items=lambda _name: 6, concurrency=1).start()
    made.request("set", "set", options={"priority": 9}).settle()
    order = started(made)
    assert order.index("set") <= 1
    assert order.index("high") == order.index("a") + 1 or order[order.index("a") + 1] == "set"


@pytest.mark.parametrize("kind", [MAP, EACH])
def test_no_more_than_its_max_run_at_a_time(kind: Any) -> None:
    """Of the bodies of a map, whatever places there are; of a mapped flow the scopes' bodies are not limited by it."""
    node = Node("m", kind=kind, inner="one" if kind is EACH else "", most=2)
    made = World(flow(node, inner={"one": (Node("x"),)}), items=lambda _name: 7, concurrency=8).start()
    most = 0
    while made.step():
        most = max(most, sum(state == State.RUNNING for state in made.s.status))
    assert made.run is RunState.COMPLETED
    assert kind is EACH or most == 2


def test_a_mapped_flow_goes_on_with_scopes_that_have_begun() -> None:
    """Depth first: the second node of the first scope starts before the first node of later scopes."""
    block = flow(Node("m", kind=EACH, inner="two"), inner={"two": (Node("x"), needs("y", 0))})
    made = World(block, items=lambda _name: 4, concurrency=1).start().settle()
    assert started(made) == [f"m[{i}].{name}" for i in range(4) for name in "xy"]


# ---------------------------------------------------------------------- questions


def core_of(block: Block, places: int = 4) -> Core:
    slots = Slots("engine", places)
    core = Core(Recorded(block), lambda _policy, _most: (slots,))
    turn.start(core, 0.0)
    turn.advance(core, 0.0)
    return core


@pytest.mark.parametrize("said", [True, False])
def test_an_answer_to_another_question_is_dropped(said: bool) -> None:
    """A condition that is asked anew has a new number; what comes for the old one changes nothing."""
    core = core_of(flow(Node("a", when=True)))
    ((what, u, number),) = core.drain()[1]
    assert what == Do.EVALUATE
    requests.request(core, "set", "a", 1.0, args={"options": {"priority": 1}})
    ((_, _, again),) = core.drain()[1]
    assert again != number
    assert turn.handle(core, [(int(Answer.VERDICT), u, number, 2.0, said)], 2.0) == ([], [])
    facts, _ = turn.handle(core, [(int(Answer.VERDICT), u, again, 2.0, True)], 2.0)
    assert [KIND_NAMES[fact[0]] for fact in facts] == ["enabled", "started"]


def test_conditions_are_asked_while_the_run_goes_on_alone() -> None:
    """In a paused run nobody is asked; at the resume everybody is, once."""
    core = core_of(flow(Node("a"), needs("b", 0, when=True)))
    requests.request(core, "pause", None, 1.0)
    turn.handle(core, [(0, 0, 1, 2.0, 1, "json", 1, None, None, None)], 2.0)
    assert not any(command[0] == Do.EVALUATE for command in core.drain()[1])
    requests.request(core, "resume", None, 3.0)
    assert [command[0] for command in core.drain()[1]].count(Do.EVALUATE) == 1


# ---------------------------------------------------------------------- many


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_long_span_is_filled_by_pieces(start: int, length: int) -> None:
    """To the number, wherever it begins and ends."""
    numbers, same = (array("d", range(80)) for _ in "ab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorded, "PIECE", 8)
        recorded.fill(numbers, start, start + length, 0.5)
    same[start : start + length] = array("d", [0.5] * length)
    assert numbers == same


MANY = 1_000_000


def test_a_pause_of_a_million_items_is_one_fact() -> None:
    """And so is the resume, and a cancel of all of them; starts of neighbours are one fact, too."""
    core = core_of(flow(Node("m", kind=MAP), Node("z")), places=100)
    ((_, u, number),) = [command for command in core.drain()[1] if command[0] == Do.EXPAND]
    facts, commands = turn.handle(core, [(int(Answer.EXPANDED), u, number, 1.0, MANY, None)], 1.0)
    assert [fact[0] for fact in facts].count(STARTED_MANY) == 1
    assert len(commands) == 99
    for verb, kind in (("pause", HELD), ("resume", RELEASED)):
        requests.request(core, verb, "m", 2.0)
        facts, _ = core.drain()
        assert [fact[0] for fact in facts][1:] == [kind]
    requests.request(core, "cancel", "m", 3.0)
    facts, _ = core.drain()
    assert [fact[0] for fact in facts].count(SWEPT) == 1
    assert len(facts) < 110
    assert core.state.status.count(State.CANCELLED) == MANY - 99


def test_a_member_of_a_paused_group_is_held_and_can_be_let_go_alone() -> None:
    """A resume of one of them lets that one go; the rest stays."""
    made = world(flow(Node("m", kind=MAP), Node("z")), {"z": Body(9)}, concurrency=1, items=lambda _name: 3)
    made.until("m", State.OPEN).request("pause", "m")
    assert [made.states()[f"m[{i}]"] for i in range(3)].count("held") >= 2
    made.request("resume", "m[2]").until("m[2]", State.COMPLETED)
    made.settle()
    assert made.state("m[1]") is State.HELD
    assert made.request("resume", "m").settle().run is RunState.COMPLETED


def test_a_held_unit_whose_needs_went_bad_ends_at_once() -> None:
    """It does not wait for its release."""
    made = world(flow(Node("a"), needs("b", 0)), {"a": "fail"}).request("pause", "b").settle()
    assert (made.state("b"), made.run) == (State.UPSTREAM_FAILED, RunState.FAILED)


# ---------------------------------------------------------------------- rules of the core


DEEP = 500


def test_deep_flows_need_no_deep_stack() -> None:
    """500 levels of flows open, are cancelled, rolled back and taken over: scopes are walked by work lists."""
    inner = {f"g{i}": (Node("g", kind=LOOP, inner=f"g{i + 1}", until=False, take_last=True),) for i in range(DEEP)}
    core = core_of(
        flow(
            Node("g", kind=LOOP, inner="g0", until=False, take_last=True),
            Node("z"),
            inner={**inner, f"g{DEEP}": (Node("x"),)},
        )
    )
    facts, _ = core.drain()
    leaf = len(core.state.status) - 1
    assert core.state.status[leaf] == State.RUNNING
    again = Core(folded(core.state.root, facts), lambda _policy, _most: ())
    claim(again, 1.0, "second", 2, "host", 1)
    requests.request(core, "cancel", "g", 2.0)
    assert core.state.status[leaf] == State.STOPPING
    turn.handle(core, [(int(Answer.STOPPED), leaf, 1, 3.0)], 3.0)
    assert core.state.status[0] == State.CANCELLED
    requests.request(core, "retry", "g", 4.0)
    assert core.state.status[leaf] == State.RUNNING


RETRY = Retry.model_construct(max=1, delay=1.0, backoff=1.0, max_delay=9.0, jitter="none", on=())
QUEUED = Policy(timeout=Timeout.model_construct(attempt=None, total=None, queued=3.0), retry=RETRY)


def test_what_waits_too_long_for_its_place_fails() -> None:
    """At its time, the first attempt as well as the next one; while its node is paused the time stands still."""
    made = world(flow(Node("a"), Node("b", policy=QUEUED)), {"a": Body(50)}, concurrency=1)
    begun = made.now
    made.until("b", State.FAILED)
    assert made.now - begun == pytest.approx(3)
    bodies = {"b": Body(1, "fail"), "a": Body(50), "c": Body(50)}
    made = world(flow(Node("b", policy=QUEUED), Node("a")), bodies, concurrency=1).until("b", State.READY)
    begun = made.now
    made.request("pause", "b")
    made.now += 10
    made.request("resume", "b").until("b", State.FAILED)
    assert made.now - begun == pytest.approx(13)
    assert made.error("b")["code"] == "timeout"

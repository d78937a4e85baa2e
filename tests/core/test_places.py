"""Places that runs share: who waits for one is woken in order."""

from __future__ import annotations

import pytest
from driver import ERROR, Body, World, spec
from small_flows import WHEN

from stratix_tasks.core.decide import turn
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.limits import Lane, Slots
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import RunState, State
from stratix_tasks.spec.values import FirstOf, Ref


class Waiting:
    """Who starts what stands in a lane; it goes on."""

    priority, going = 0, True

    def __init__(self) -> None:
        self.woken: list[Lane] = []

    def wake(self, lane: Lane) -> None:
        self.woken.append(lane)


def test_lanes_of_two_runs_stand_in_the_order_of_their_coming() -> None:
    """Of the same priority, whatever each run has counted by itself."""
    slots, first, second = Slots("engine", 1), Waiting(), Waiting()
    lanes = [Lane(owner, (slots,), 0) for owner in (first, second)]
    for lane in lanes:
        slots.await_free(lane)
    slots.pass_on()
    assert (first.woken, second.woken) == ([lanes[0]], [])
    slots.pass_on()
    assert second.woken == [lanes[1]]


ENDS = {RunState.COMPLETED: ("skip", "x"), RunState.FAILED: ("skip", "x"), RunState.CANCELLED: ("cancel", None)}


@pytest.mark.parametrize("end", ENDS, ids=lambda state: state.label)
def test_a_run_that_has_ended_keeps_no_place_in_line(end: RunState) -> None:
    """It ended while it waited for a place of the engine's, which goes to the one behind it."""
    tasks = {"x": {}} if end is not RunState.FAILED else {"x": {}, "bad": {"when": WHEN}}
    busy = World(spec({"a": {}}), concurrency=1, checked=False).start()
    first = World(spec(tasks), verdict=lambda _name: ERROR, checked=False)
    behind = World(spec({"c": {}}), checked=False)
    for world in (first, behind):
        world.places = busy.places
        world.core = Core(Recorded(world.root), busy.places)
        world.start()
    first.settle().request(*ENDS[end])
    assert (busy.state("a"), first.run, behind.state("c")) == (State.RUNNING, end, State.READY)
    busy.settle()
    behind._turn(*turn.handle(behind.core, (), behind.now))
    assert behind.state("c") is State.RUNNING


def test_a_first_of_among_needs_that_are_needed_anyhow() -> None:
    """The node begins when the last of them has ended, in whatever order they do."""
    needs = {"with": {"x": FirstOf((Ref("tasks", "late"), Ref("tasks", "soon")))}, "needs": ("late",)}
    flow = spec({"soon": {}, "late": {}, "n": needs})
    world = World(flow, lambda name, _n: Body(9 if name == "late" else 1)).start().settle()
    assert world.state("n") is State.COMPLETED


def test_a_retry_that_was_due_stays_so_when_the_clock_is_set_back() -> None:
    """It waits for a place when the time jumps back by an hour, and begins with the next one that is free."""
    retry = {"max": 1, "delay": 1, "jitter": "none"}
    bad = {("again", 1)}
    world = World(
        spec({"again": {"retry": retry, "priority": 1}, "long": {}}),
        lambda name, n: Body(1, "fail" if (name, n) in bad else "ok") if name == "again" else Body(5),
        concurrency=1,
        checked=False,
    )
    world.start().until("again", State.RETRYING).until("long", State.RUNNING)
    while not world.core.agenda.is_ready(world.unit("again")):
        world.step()
    u, now = world.unit("long"), world.now - 3600
    facts, commands = turn.handle(world.core, [(0, u, 1, now, 1, "json", 1, None, None, None)], now)
    assert world.state("again") is State.RUNNING, (facts, commands)

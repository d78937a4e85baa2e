"""What a person changes of a run, in the pure core: set, breakpoints and rollback, also across the death of an owner."""

from __future__ import annotations

from typing import Any

import pytest
from driver import Body, World, chain_of, spec

from stratix_tasks.core.allowed import allowed
from stratix_tasks.core.decide.requests import request
from stratix_tasks.core.states import RunState, State
from stratix_tasks.errors import InputError, TransitionError
from stratix_tasks.spec.model import Each, FlowSpec, NodeSpec
from stratix_tasks.spec.values import Ref

DIES = pytest.mark.parametrize("dies", [False, True], ids=["same owner", "its owner dies"])


def mapped() -> FlowSpec:
    """A map of 3 between two plain nodes."""
    each = Each(over={"x": Ref("tasks", "first")})
    return spec({"first": {}, "m": {"each": each}, "last": {"with": {"parts": Ref("tasks", "m")}}})


def grouped() -> FlowSpec:
    """`a`, a sub-flow of two nodes that needs it, and `z` that needs the sub-flow."""
    inner = FlowSpec(
        flow="sub", tasks={"b": NodeSpec(call="m:b"), "c": NodeSpec(call="m:c", **{"with": {"x": Ref("tasks", "b")}})}
    )
    tasks = {
        "a": NodeSpec(call="m:a"),
        "g": NodeSpec(flow="sub", needs=("a",)),
        "z": NodeSpec(call="m:z", needs=("g",)),
    }
    return FlowSpec(flow="f", tasks=tasks, flows={"sub": inner})


def maybe(world: World, dies: bool) -> World:
    return world.die_and_recover() if dies else world


@DIES
def test_rollback_sets_back_what_depends_on_a_node(dies: bool) -> None:
    """After a rollback the run is paused, its descendants are pending with a new generation, the node itself is kept."""
    world = World(chain_of(3)).start().settle()
    world.request("rollback", to="n2")
    maybe(world, dies)
    assert (world.run, world.run_reason) == (RunState.PAUSED, "rollback")
    assert world.state("n2") is State.COMPLETED
    assert [world.s.generation.get(unit, 0) for unit in range(4)] == [1, 1, 0, 0]
    world.request("resume").settle()
    assert world.run is RunState.COMPLETED
    assert [world.s.attempt[unit] for unit in range(4)] == [2, 2, 1, 1]


@DIES
def test_rollback_of_a_map_retires_its_items(dies: bool) -> None:
    """A map that is rolled back expands anew: old items keep their facts, new ones are made, all count once."""
    world = World(mapped()).start().settle()
    world.request("rollback", to="first")
    world.items = lambda _name: 2
    maybe(world, dies).request("resume").settle()
    assert world.run is RunState.COMPLETED
    assert world.count("m") == 2
    assert len(world.s.status) == 3 + 3 + 2


@DIES
def test_rollback_stops_live_items_of_a_map(dies: bool) -> None:
    """Live items of a map that is rolled back are stopped and end as cancelled; the run is pausing until then."""
    world = World(mapped(), lambda name, _: Body(50 if name.startswith("m") else 1, stops=2.0)).start()
    world.until("m", State.OPEN)
    world.request("rollback", to="first")
    assert world.run is RunState.PAUSING
    assert world.state("m") is State.PENDING
    maybe(world, dies)
    while world.run is RunState.PAUSING:
        assert world.step()
    assert world.run is RunState.PAUSED
    world.request("resume").settle()
    assert world.run is RunState.COMPLETED
    assert set(world.states().values()) == {"completed"}


@DIES
def test_rollback_in_a_sub_flow_opens_it_again(dies: bool) -> None:
    """A rollback to a node of a completed sub-flow opens that and runs what comes after, in it and behind it."""
    world = World(grouped()).start().settle()
    world.request("rollback", to="g.b")
    assert (world.state("g"), world.state("g.b"), world.state("g.c"), world.state("z")) == (
        State.OPEN,
        State.COMPLETED,
        State.READY,
        State.PENDING,
    )
    maybe(world, dies).request("resume").settle()
    assert world.run is RunState.COMPLETED
    attempts = world.attempts()
    assert attempts == {"a": 1, "g": 0, "z": 2, "g.b": 1, "g.c": 2}


def test_rollback_past_a_sub_flow_sets_all_of_it_back() -> None:
    """A sub-flow that depends on the node is rolled back as a whole."""
    world = World(grouped()).start().settle()
    world.request("rollback", to="a").request("resume").settle()
    attempts = world.attempts()
    assert attempts == {"a": 1, "g": 0, "z": 2, "g.b": 2, "g.c": 2}


def test_rollback_to_the_last_node_of_a_sub_flow_completes_it_again() -> None:
    """With nothing to run again in the sub-flow it completes at once, and what needs it runs."""
    world = World(grouped()).start().settle()
    world.request("rollback", to="g.c").request("resume").settle()
    attempts = world.attempts()
    assert (world.run, attempts["z"], attempts["g.c"]) == (RunState.COMPLETED, 2, 1)


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.PAUSED, RunState.FAILED, RunState.CANCELLED])
def test_rollback_from_each_state(state: RunState) -> None:
    """From every state but pending and ending a rollback leads to paused, and the run can go on to its end."""
    world = World(chain_of(3))
    if state is RunState.FAILED:
        world.script = lambda who, tried: Body(1, "final" if who == "n0" and tried == 1 else "ok")
        world.start().settle()
    else:
        world.script = lambda who, _tried: Body(9 if who == "n0" else 1, stops=1)
        world.start().until("n0", State.RUNNING)
        if state is not RunState.RUNNING:
            world.request("pause" if state is RunState.PAUSED else "cancel")
            world.settle()
    world.request("rollback", to="n2")
    while world.run is RunState.PAUSING:
        assert world.step()
    assert world.run is RunState.PAUSED
    world.request("resume").settle()
    assert world.run is (RunState.COMPLETED if state is not RunState.CANCELLED else world.run)


def test_rollback_is_refused_with_a_hint() -> None:
    """To what has not completed, to an item and while the run ends it is refused; nothing is recorded."""
    world = World(mapped(), lambda name, _: Body(5, stops=5)).start().until("m", State.OPEN)
    facts = len(world.facts)
    with pytest.raises(TransitionError, match="can't roll back to 'last': it is pending"):
        world.request("rollback", to="last")
    with pytest.raises(InputError, match="roll back to a node, not to one item: 'm'"):
        world.request("rollback", to="m[1]")
    with pytest.raises(InputError, match=r"no node .lst..*last"):
        world.request("rollback", to="lst")
    assert len(world.facts) == facts
    world.request("cancel")
    with pytest.raises(TransitionError, match="can't roll back the run: it is ending"):
        world.request("rollback", to="first")


def test_a_rollback_gives_back_every_place() -> None:
    """However often a run is rolled back while bodies run, its places are all free in the end."""
    world = World(mapped(), lambda _name, tried: Body(3, stops=1.0), concurrency=2).start()
    for _ in range(3):
        world.until("m", State.OPEN)
        world.request("rollback", to="first").request("resume")
        for _ in range(4):
            world.step()
    world.settle()
    assert world.slots.free == world.slots.size
    assert world.run is RunState.COMPLETED


@DIES
def test_a_breakpoint_holds_a_node_each_time(dies: bool) -> None:
    """A node with a breakpoint is held when all that it needs is there, each time, with that reason."""
    world = World(chain_of(2)).start()
    world.request("breakpoint", "n0", on=True).until("n0", State.HELD)
    maybe(world, dies)
    assert world.reason("n0") == "breakpoint"
    assert world.state("n1") is State.COMPLETED
    world.request("resume", "n0").settle()
    assert world.run is RunState.COMPLETED
    world.request("rollback", to="n1").request("resume").settle()
    assert world.state("n0") is State.HELD
    world.request("breakpoint", "n0", on=False).request("resume", "n0").settle()
    assert world.run is RunState.COMPLETED


def test_a_breakpoint_on_what_is_queued_holds_it() -> None:
    """A node that waits for a place is held at once."""
    world = World(chain_of(1), concurrency=1).start()
    other = "n0" if world.state("n0") is State.READY else "other"
    world.request("breakpoint", other)
    assert world.state(other) is State.HELD
    assert world.reason(other) == "breakpoint"


def test_a_breakpoint_of_a_map_stops_before_it_is_expanded() -> None:
    """A mapped node is held before it has items; an item has no breakpoint of its own."""
    world = World(mapped()).start()
    world.request("breakpoint", "m").until("m", State.HELD)
    assert world.count("m") == 0
    world.request("resume", "m").until("m", State.OPEN)
    with pytest.raises(InputError, match="a breakpoint is for a node"):
        world.request("breakpoint", "m[0]")


@DIES
def test_what_was_set_is_kept(dies: bool) -> None:
    """Arguments and options that were set are there for the next attempt, in a new owner too."""
    world = World(spec({"a": {"with": {"x": 1}}}), lambda _name, tried: Body(1, "final" if tried == 1 else "ok"))
    world.start().settle()
    world.request("set", "a", args={"x": 5}, options={"retry": {"max": 2}, "priority": 9})
    maybe(world, dies)
    assert world.s.sets == {0: {"x": 5}}
    assert (world.policy("a").retry.max, world.policy("a").priority) == (2, 9)
    world.request("retry").settle()
    assert world.run is RunState.COMPLETED


def test_what_can_not_be_tried_again_is_not_set() -> None:
    """A failure that the run has completed with has no next attempt that its inputs could be for; else it may have one."""
    failing = spec({"a": {"allow_failure": True}, "b": {}})
    world = World(failing, lambda name, _tried: Body(1, "final") if name == "a" else Body(9))
    world.start().until("a", State.FAILED)
    assert allowed(world.s, 0)["set"] is None
    world.settle()
    assert world.run is RunState.COMPLETED
    with pytest.raises(TransitionError, match="can't set 'a': it is failed and the run has completed"):
        world.request("set", "a", args={"x": 5})


@DIES
def test_a_limit_of_a_sub_flow_that_says_none_is_set(dies: bool) -> None:
    """It counts from its opening, a pause counts nothing; then what is in it is cancelled, and it has failed, or is tried again."""
    world = World(grouped(), lambda name, _tried: Body(900 if name == "g.c" else 2, stops=1)).start()
    with pytest.raises(InputError, match="waits for no place as a whole"):
        world.request("set", "g", options={"timeout": {"queued": 3}})
    world.request("set", "g", options={"timeout": {"attempt": 20}, "retry": {"max": 1, "delay": 0, "jitter": "none"}})
    world.until("g", State.OPEN)
    begun = world.now
    world.request("pause", "g", drain=True)
    world.now += 100
    maybe(world.request("resume", "g"), dies).until("g", State.FAILED)
    assert world.now - begun >= 140
    assert (world.attempt("g"), world.state("g.c"), world.run) == (2, State.CANCELLED, RunState.FAILED)
    assert world.error("g")["code"] == "timeout"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"args": {"y": 1}}, "'a' has no argument 'y'"),
        ({"options": {"retries": 1}}, "option 'retries' of 'a' can't be changed in a run. Did you mean 'retry'"),
        ({"options": {"priority": "high"}}, "option priority='high' of 'a'"),
    ],
)
def test_what_can_not_be_set_is_named(args: dict[str, Any], said: str) -> None:
    """A wrong argument or option is an InputError; nothing is set or recorded."""
    world = World(spec({"a": {"with": {"x": 1}}})).start().request("pause")
    world.settle()
    world.request("rollback", nodes=["a"])
    facts = len(world.facts)
    with pytest.raises(InputError) as caught:
        world.request("set", "a", **args)
    assert said in str(caught.value)
    assert (len(world.facts), world.s.sets, world.s.own) == (facts, {}, {})


def test_a_request_that_comes_twice_is_taken_once() -> None:
    """Of two requests of one name the second changes and records nothing, in a new owner too."""
    world = World(chain_of(1), lambda _name, _tried: Body(1, "final")).start().settle()
    world.request("retry", "n0", id="r1")
    world.die_and_recover().settle()
    facts = len(world.facts)
    request(world.core, "retry", "n0", world.now, args={"id": "r1"}, by="me")
    assert not world.core.facts
    assert len(world.facts) == facts
    assert world.state("n0") is State.FAILED


def test_a_node_that_kills_its_owner_can_not_do_so_for_ever() -> None:
    """After `max_recoveries` deaths with live bodies the run waits for a person; a resume gives it the budget afresh."""
    world = World(chain_of(1, max_recoveries=2), lambda name, _tried: Body(50)).start()
    for _ in range(2):
        world.die_and_recover()
        assert world.run is RunState.RUNNING
    world.die_and_recover()
    assert (world.run, world.run_reason) == (RunState.PAUSED, "max-recoveries")
    assert not world.bodies
    world.die_and_recover()
    assert world.run is RunState.PAUSED
    world.request("resume")
    assert world.s.recoveries == 0
    world.settle()
    assert world.run is RunState.COMPLETED


@pytest.mark.parametrize("end", [RunState.FAILED, RunState.CANCELLED], ids=lambda state: state.label)
def test_a_retry_leaves_that_budget_as_it_is(end: RunState) -> None:
    """Only who resumes a run that waits for a person has seen why it does."""
    bad = {2: Body(1, "final")} if end is RunState.FAILED else {}
    world = World(chain_of(1), lambda name, tried: bad.get(tried, Body(50, stops=1.0)) if name == "n0" else Body(1))
    world.start().until("n0", State.RUNNING).die_and_recover()
    if end is RunState.CANCELLED:
        world.request("cancel")
    world.until_run(end).request("retry")
    assert (world.run, world.s.recoveries) == (RunState.RUNNING, 1)


def test_dying_without_a_body_takes_nothing_from_that_budget() -> None:
    """An owner that dies while nothing runs is not counted."""
    world = World(chain_of(1, max_recoveries=0), lambda name, _tried: Body(1, "fail")).start()
    world.until("n0", State.RETRYING)
    while State.RUNNING in world.s.status:
        world.step()
    world.die_and_recover()
    assert world.run is RunState.RUNNING


def deep(levels: int) -> Any:
    """Lists in lists."""
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("verb", "target", "args"),
    [
        ("rollback", None, {}),
        ("rollback", None, {"to": 3}),
        ("rollback", None, {"nodes": "n0"}),
        ("rollback", None, {"nodes": [1]}),
        ("skip", "n1", {"value": 5}),
        ("skip", "n1", {"value": {"codec": "json"}}),
        ("set", "n1", {"args": {"x": 5}}),
        ("set", "n1", {"args": []}),
        ("set", "n1", {"options": 3}),
        ("set", "n1", {"options": {"priority": 10**30}}),
        ("set", "n1", {"options": {5: 1}}),
        ("set", "n1", {"options": {"grace": float("nan")}}),
        ("breakpoint", "n1", {"on": "yes"}),
        ("breakpoint", "n1", {"on": object()}),
        ("pause", None, {"drain": "\ud800"}),
        ("pause", None, {"\ud800": True}),
        ("pause", None, {"deep": deep(1000)}),
        ("pause", 3, {}),
        ("pause", None, []),
    ],
)
def test_what_is_no_request_changes_nothing(verb: str, target: Any, args: Any) -> None:
    """Ill-formed arguments, as another program may send them, are an InputError; the run goes on."""
    world = World(chain_of(3)).start()
    with pytest.raises(InputError) as caught:
        request(world.core, verb, target, world.now, args=args)
    assert caught.value.code == "bad-request"
    assert not world.core.facts
    assert world.settle().run is RunState.COMPLETED

"""Random small graphs under random failures and requests, in virtual time: the promises of states.md hold throughout."""

from __future__ import annotations

import os
from typing import Any

import pytest
from driver import Body, World, chain_of, spec
from facade import MISSING
from folds import is_over as is_settled
from folds import the_fold_is_the_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules import absorbed

from stratix_tasks.core.states import BAD, RUN_TERMINAL, TERMINAL, RunState, State
from stratix_tasks.errors import InputError, TransitionError
from stratix_tasks.spec.model import Each, FlowSpec, Retry, Timeout
from stratix_tasks.spec.values import Expr, FirstOf, Ref

EXAMPLES = int(os.environ.get("STRATIX_EXAMPLES", "0"))
"""How many random runs a property sees; 0: a few, always the same."""
QUICK = settings(
    max_examples=EXAMPLES or 150,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

# ---------------------------------------------------------------------- what is drawn

RETRIES = st.none() | st.builds(
    Retry, max=st.integers(0, 2), delay=st.sampled_from([0.0, 2.0]), jitter=st.sampled_from(["none", "full"])
)
LIMITS = st.none() | st.builds(
    Timeout,
    attempt=st.sampled_from([None, None, 1.5]),
    total=st.sampled_from([None, None, 6.0]),
    queued=st.sampled_from([None, None, 3.0]),
)
BODIES = st.builds(
    Body,
    seconds=st.sampled_from([0.0, 0.5, 1.0, 4.0]),
    outcome=st.sampled_from(["ok", "ok", "ok", "fail", "final"]),
    stops=st.sampled_from([0.01, 0.5, None]),
    parks=st.booleans(),
    spawns=st.sampled_from([0, 0, 1, 2]),
)

WAITS = st.sampled_from(
    [
        {"uses": "wait.sleep", "call": None, "with": {"duration": "2s"}},
        {"uses": "wait.approval", "call": None, "with": {"message": "?"}, "timeout": {"attempt": 3.0}},
        {"uses": "wait.signal", "call": None, "with": {"name": "go"}, "timeout": {"attempt": 3.0}},
        {"uses": "wait.signal", "call": None, "with": {"name": "go"}, "timeout": None},
    ]
)


@st.composite
def flows(draw: Any, depth: int = 1, most: int = 5, *, timed: bool = True) -> FlowSpec:
    """A DAG of tasks, maps and sub-flows with conditions, order, `first_of`, retries and time-outs."""
    tasks: dict[str, dict[str, Any]] = {}
    subs: dict[str, FlowSpec] = {}
    for i in range(draw(st.integers(1, most))):
        above = st.lists(st.sampled_from(list(tasks)), max_size=2, unique=True) if tasks else st.just([])
        hard, soft = draw(above), draw(above) if draw(st.booleans()) else []
        node: dict[str, Any] = {"needs": tuple(hard), "with": {}}
        if len(soft) > 1:
            node["with"]["first"] = FirstOf(tuple(Ref("tasks", name) for name in soft))
        if draw(st.sampled_from([False, False, True])):
            node["when"] = Expr("inputs.yes", ())
        kind = draw(st.sampled_from(["task", "task", "map", "wait", "waits", "flow" if depth else "task"]))
        if kind in ("map", "waits"):
            node["each"] = Each(over={"x": Ref("inputs", "items")}, max=draw(st.sampled_from([None, 1])))
        if kind == "flow":
            name = f"sub{i}"
            subs[name] = draw(flows(depth=depth - 1, most=3, timed=timed))
            node |= {"flow": name, "call": None}
        elif kind in ("wait", "waits"):
            node |= draw(WAITS if timed else WAITS.map(lambda wait: {**wait, "timeout": None}))
        else:
            limits = draw(LIMITS) if timed else None
            node |= {"retry": draw(RETRIES), "timeout": limits, "grace": 1.0, "priority": draw(st.integers(0, 1))}
        tasks[f"n{i}"] = node
    stop = draw(st.sampled_from(["finish", "finish", "stop"]))
    limit = draw(st.sampled_from([None, None, None, 8.0])) if depth and timed else None
    return spec(tasks, flows=subs, on_failure=stop, timeout=limit)


@st.composite
def worlds(draw: Any) -> World:
    bodies = draw(st.lists(BODIES, min_size=1, max_size=6))
    verdicts = draw(st.lists(st.sampled_from([True, True, False, "bad"]), min_size=1, max_size=3))
    counts = draw(st.lists(st.sampled_from([2, 3, 1, 0, "not a list"]), min_size=1, max_size=3))

    def pick(kept: list[Any], name: str, more: int = 0) -> Any:
        return kept[(sum(map(ord, name)) + more) % len(kept)]

    def verdict(name: str) -> Any:
        said = pick(verdicts, name)
        return said if said != "bad" else {"type": "ExprError", "message": "no", "bases": []}

    return World(
        draw(flows()),
        lambda name, attempt: pick(bodies, name, attempt),
        verdict=verdict,
        items=lambda name: pick(counts, name),
        concurrency=draw(st.sampled_from([1, 2, 8])),
    )


RUN_ASKS = st.tuples(st.sampled_from(["pause", "resume", "cancel", "retry"]), st.none())
UNIT_VERBS = [
    *("pause", "resume", "cancel", "retry", "skip", "give", "set", "break", "unbreak", "rollback", "rerun"),
    *("approve", "send"),
]
UNIT_ASKS = st.tuples(st.sampled_from(UNIT_VERBS), st.integers(0, 30))
ACTS = st.lists(
    st.one_of(st.integers(1, 4), st.integers(1, 4), UNIT_ASKS, UNIT_ASKS, RUN_ASKS, st.just("die")), max_size=14
)
"""Turns to let go by, requests of the run or of the n-th unit, and deaths of the owner."""


# ---------------------------------------------------------------------- what is checked


def ask(world: World, verb: str, number: int | None) -> bool:
    """A request; a refusal leaves everything as it was. Whether it was taken."""
    target = None if number is None else world.label(one_of(world, number))
    before = (world.run, bytes(world.s.status), list(world.s.marks), dict(world.s.limits.deadline))
    verb, target, args = SAID.get(verb, lambda target: (verb, target, {}))(target)
    try:
        world.request(verb, target, **args)
    except (TransitionError, InputError):
        assert (world.run, bytes(world.s.status), world.s.marks, world.s.limits.deadline) == before
        return False
    return True


def one_of(world: World, number: int) -> int:
    units = world.units()
    return units[number % len(units)]


SAID: dict[str, Any] = {
    "give": lambda target: ("skip", target, {"value": 7}),
    "set": lambda target: ("set", target, {"options": {"priority": 1}}),
    "break": lambda target: ("breakpoint", target, {"on": True}),
    "unbreak": lambda target: ("breakpoint", target, {"on": False}),
    "send": lambda _target: ("send", None, {"name": "go", "value": 7}),
    "rollback": lambda target: ("rollback", None, {"to": target}),
    "rerun": lambda target: ("rollback", None, {"nodes": [target]}),
}
"""Words for requests with arguments: the verb, its target and its arguments."""


def same(world: World) -> None:
    """The facts folded give what the live machine has."""
    the_fold_is_the_run(world.s, world.facts)


def play(world: World, acts: list[Any]) -> World:
    """Act by act, each turn checked."""
    world.start()
    same(world)
    for act in acts:
        if isinstance(act, int):
            for _ in range(act):
                world.step()
                same(world)
        elif act == "die":
            world.die_and_recover()
            same(world)
        else:
            ask(world, *act)
            same(world)
    return world


def let_go(world: World) -> World:
    """Resume the run and all that is held, breakpoint after breakpoint, until it ends."""
    for _ in range(2 * len(world.names) + 4):
        if world.run in RUN_TERMINAL:
            break
        if world.run in (RunState.PAUSING, RunState.PAUSED):
            world.request("resume")
        for unit in world.units():
            if world.s.status[unit] not in TERMINAL and world.run not in RUN_TERMINAL and world.s.held(unit):
                world.request("resume", world.label(unit))
        world.settle()
    return world.settle()  # late bodies end, too


def is_over(world: World) -> None:
    """A terminal run: no live node, nothing left to do, every place given back once late bodies have ended."""
    assert world.run in RUN_TERMINAL, world.states()
    is_settled(world.s)
    assert world.slots.free == world.slots.size
    assert not world.bodies


def is_bad(world: World) -> bool:
    return any(state in BAD and not absorbed(world.s, u) for u, state in enumerate(world.s.status[: len(world.names)]))


@given(worlds())
@QUICK
def test_an_unattended_run_ends(world: World) -> None:
    """Whatever its graph, bodies, limits and conditions, a run that nobody touches ends, with every place given back."""
    play(world, []).settle()
    same(world)
    is_over(world)
    if world.run is RunState.COMPLETED:
        assert not is_bad(world)
    else:
        assert is_bad(world) or world.run_reason == "timeout"


@given(worlds(), ACTS)
@QUICK
def test_a_run_under_requests_keeps_its_promises_and_ends(world: World, acts: list[Any]) -> None:
    """Under any requests and deaths of its owner the promises hold in every turn, and once it is let go it ends."""
    play(world, acts)
    let_go(world)
    same(world)
    is_over(world)


@given(worlds(), ACTS)
@QUICK
def test_cancel_always_ends(world: World, acts: list[Any]) -> None:
    """Whatever happened before, a run that is cancelled ends, or had ended already."""
    play(world, acts)
    over = world.run in RUN_TERMINAL
    taken = ask(world, "cancel", None)
    assert taken or over
    world.settle()
    same(world)
    is_over(world)
    assert over or world.run is RunState.CANCELLED


@given(worlds(), ACTS)
@QUICK
def test_pause_always_settles(world: World, acts: list[Any]) -> None:
    """Whatever happened before, a running run that is paused becomes paused, or ends; nothing starts meanwhile."""
    play(world, acts)
    if world.run is not RunState.RUNNING:
        return
    ask(world, "pause", None)
    world.settle()
    assert world.run in {RunState.PAUSED, *RUN_TERMINAL}
    assert not any(s in (State.RUNNING, State.STOPPING) for s in world.s.status)
    same(world)


@given(worlds(), ACTS)
@QUICK
def test_a_run_that_failed_can_be_retried(world: World, acts: list[Any]) -> None:
    """Retrying an ended run that did not complete brings it to an end again; with bodies that work nothing stays failed."""
    play(world, acts)
    let_go(world)
    if world.run is RunState.COMPLETED:
        return
    world.script = lambda _name, _attempt: Body(0.5)
    world.verdict, world.items = (lambda _name: True), (lambda _name: 2)
    if world.root.spec.timeout is not None:
        return
    world.request("retry")
    let_go(world)
    is_over(world)
    same(world)
    if "timeout" not in world.s.reason.values():
        failed = [u for u, s in enumerate(world.s.status) if s in (State.FAILED, State.UPSTREAM_FAILED)]
        assert all(absorbed(world.s, unit) for unit in failed), world


# ---------------------------------------------------------------------- what the random runs found


def group_of_two(**node: Any) -> FlowSpec:
    """A sub-flow `g` of `a`, then `b`; `first` comes before it and `last` after it."""
    inner = spec({"a": node, "b": {"needs": ("a",)}})
    tasks = {"first": {}, "g": {"flow": "inner", "call": None, "needs": ("first",)}, "last": {"needs": ("g",)}}
    return spec(tasks, flows={"inner": inner})


def test_a_member_cancelled_before_its_group_opens_counts() -> None:
    """A group whose members ended by request before it opened still comes to its own end."""
    world = World(group_of_two()).start().request("cancel", "g.a").settle()
    assert world.states() == {
        "run": "failed",
        "first": "completed",
        "g": "failed",
        "last": "upstream_failed",
        "g.a": "cancelled",
        "g.b": "upstream_failed",
    }


def test_a_sub_flow_given_a_value_skips_its_members() -> None:
    """A value given for a sub-flow that has not opened stands for all of it, and the run completes."""
    world = World(group_of_two()).start().request("skip", "g", 7).settle()
    assert world.run is RunState.COMPLETED
    assert (world.state("g"), world.state("g.a"), world.state("g.b")) == (State.COMPLETED, State.SKIPPED, State.SKIPPED)


@pytest.mark.parametrize("target", [None, "g", "g.a"])
def test_a_member_that_failed_is_retried(target: str | None) -> None:
    """Retrying the run, the group or its failed member runs the member again, and the run completes."""
    world = World(group_of_two(), lambda name, tried: Body(1, "fail" if (name, tried) == ("g.a", 1) else "ok"))
    world.start().settle()
    assert world.run is RunState.FAILED
    world.request("retry", target).settle()
    assert set(world.states().values()) == {"completed"}
    assert world.attempt("first") == 1


@pytest.mark.parametrize("verb", ["retry", "skip"])
def test_what_was_skipped_stays_so_in_a_completed_run(verb: str) -> None:
    """A completed run takes no retry or value for a skipped node: TransitionError, and nothing is recorded."""
    world = World(spec({"a": {"when": Expr("no")}, "b": {}}), verdict=lambda _name: False).start().settle()
    facts = len(world.facts)
    assert world.run is RunState.COMPLETED
    with pytest.raises(TransitionError, match="Start a new run, fork"):
        world.request(verb, "a", 7 if verb == "skip" else MISSING)
    assert len(world.facts) == facts
    assert not world.core.frames


def test_what_a_cancelled_group_becomes_outlives_its_owner() -> None:
    """A group that was cancelled while its items ran ends as cancelled, also when its owner dies meanwhile."""
    flow = spec({"m": {"each": Each(over={"x": Ref("inputs", "items")})}})
    world = World(flow, lambda _name, _tried: Body(50, stops=None)).start().until("m", State.OPEN)
    world.request("cancel", "m").die_and_recover().settle()
    assert world.state("m") is State.CANCELLED


def test_dying_during_the_stop_of_a_time_out_still_retries() -> None:
    """A body that was being stopped for its time-out when its owner died is tried again after its back-off."""
    flow = spec({"a": {"timeout": {"attempt": 1}, "retry": {"max": 1, "delay": 3, "jitter": "none"}}})
    world = World(flow, lambda _name, tried: Body(50 if tried == 1 else 0.5, stops=None)).start()
    world.until("a", State.STOPPING).die_and_recover()
    assert world.state("a") is State.RETRYING
    world.settle()
    assert (world.run, world.attempt("a")) == (RunState.COMPLETED, 2)


def test_dying_in_a_later_attempt_begins_it_again() -> None:
    """The reason of an earlier stop does not stick to the attempt that runs when the owner dies."""
    flow = spec({"a": {"timeout": {"attempt": 1}, "retry": {"max": 1, "delay": 0, "jitter": "none"}}})
    world = World(flow, lambda _name, tried: Body(50 if tried == 1 else 0.5)).start()
    world.until("a", State.STOPPING).until("a", State.RUNNING).die_and_recover().settle()
    assert (world.run, world.attempt("a")) == (RunState.COMPLETED, 3)


def test_an_attempt_that_died_with_its_owner_takes_nothing_from_the_budget() -> None:
    """After a death the retries that were left are still left."""
    flow = spec({"a": {"retry": {"max": 1, "delay": 0, "jitter": "none"}}})
    world = World(flow, lambda _name, tried: Body(1, "fail" if tried == 2 else "ok")).start()
    world.die_and_recover().settle()
    assert (world.run, world.attempt("a")) == (RunState.COMPLETED, 3)


def test_a_reason_does_not_outlast_what_it_told_of() -> None:
    """A node that was released, or begun again by a new owner, completes without their reason."""
    world = World(chain_of(1)).start().die_and_recover()
    assert world.s.reason == {}
    world.settle()
    assert world.s.reason == {}


@pytest.mark.parametrize(("verb", "value"), [("retry", MISSING), ("skip", 7)])
def test_what_is_in_a_completed_group_stays_as_it_is(verb: str, value: Any) -> None:
    """A skipped item of a completed map, or member of a completed sub-flow, takes no retry and no value."""
    inner = spec({"a": {"when": Expr("no")}, "b": {}})
    tasks = {"m": {"each": Each(over={"x": Ref("inputs", "items")})}, "g": {"flow": "inner", "call": None}, "bad": {}}
    bodies = {"bad": Body(9, "final"), "m[2]": Body(5)}
    world = World(
        spec(tasks, flows={"inner": inner}), lambda name, _tried: bodies.get(name, Body()), verdict=lambda _name: False
    )
    world.start().until("m", State.OPEN).request("skip", "m[2]").settle()
    assert (world.state("m"), world.state("g"), world.run) == (
        State.COMPLETED,
        State.COMPLETED,
        RunState.FAILED,
    )
    for target in ("m[2]", "g.a"):
        assert world.state(target) is State.SKIPPED
        with pytest.raises(TransitionError, match="has completed, so nothing in it changes any more"):
            world.request(verb, target, value)


def test_a_request_that_ends_the_run_again_begins_nothing_in_it() -> None:
    """Skipping one of two bad items of a run that stops at a failure ends it again: what hung on the group stays ended."""
    tasks = {"m": {"each": Each(over={"x": Ref("inputs", "items")})}, "after": {"needs": ("m",)}}
    world = World(spec(tasks, on_failure="stop"), lambda _name, _tried: Body(1, "final"), items=lambda _name: 2)
    world.start().settle()
    assert world.run is RunState.FAILED
    world.request("skip", "m[1]").settle()
    assert world.run is RunState.FAILED

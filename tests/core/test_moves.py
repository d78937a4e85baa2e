"""Single moves by request and by time, each with where it leads: what the small worlds in every order do not come to."""

from __future__ import annotations

from typing import Any

import pytest
from driver import SLOW, Body, World, chain_of, spec
from facade import MISSING
from small_flows import EACH, WHEN, needs

from stratix_tasks.core.answers import Answer
from stratix_tasks.core.decide.turn import handle
from stratix_tasks.core.facts import RUN
from stratix_tasks.core.states import RunState, State
from stratix_tasks.errors import TransitionError

RETRY = {"max": 1, "delay": 1, "jitter": "none"}
ENDS = {State.CANCELLED: "cancel", State.SKIPPED: "skip"}


def a_map(*, opened: bool, end: State) -> World:
    """A run that goes on beside a map which was cancelled or skipped, before or after it was expanded."""
    flow = spec({"a": {}, "m": {"each": EACH, **needs("a")}, "z": {}})
    world = World(flow, lambda name, tried: SLOW if name == "z" or (tried == 1 and name != "a") else Body(1)).start()
    if opened:
        world.until("m", State.OPEN)
    world.request(ENDS[end], "m").until("m", end)
    return world


@pytest.mark.parametrize("end", ENDS, ids=lambda state: state.label)
def test_a_map_that_ended_unopened_takes_each_request(end: State) -> None:
    """It is retried, given a value, skipped and rolled back, and ends in what was asked for."""
    assert a_map(opened=False, end=end).request("retry", "m").until("m", State.COMPLETED)
    assert a_map(opened=False, end=end).request("skip", "m", 7).state("m") is State.COMPLETED
    assert a_map(opened=False, end=end).request("skip", "m", MISSING).state("m") is State.SKIPPED
    assert a_map(opened=False, end=end).request("rollback", nodes=["m"]).state("m") is State.PENDING


@pytest.mark.parametrize("end", ENDS, ids=lambda state: state.label)
def test_a_map_that_ended_opened_takes_each_request(end: State) -> None:
    """It is reopened by a retry, of its own or of an item, skipped, and rolled back."""
    for target in ("m", "m[0]"):
        world = a_map(opened=True, end=end).request("retry", target)
        assert world.state("m") in (State.OPEN, State.COMPLETED)
        world.until("m[0]", State.COMPLETED if target == "m[0]" or end is State.CANCELLED else State.SKIPPED)
    assert a_map(opened=True, end=end).request("skip", "m").state("m") is State.SKIPPED
    assert a_map(opened=True, end=end).request("rollback", nodes=["m"]).state("m") is State.PENDING


def test_a_map_ends_as_what_it_waits_for_tells() -> None:
    """A false condition and a skipped need skip it, an error of its expansion and a failed item fail it."""
    skipped = World(spec({"m": {"each": EACH, "when": WHEN}}), verdict=lambda _name: False).start().settle()
    assert skipped.state("m") is State.SKIPPED
    after = World(spec({"a": {"when": WHEN}, "m": {"each": EACH, **needs("a")}}), verdict=lambda _name: False)
    assert after.start().settle().state("m") is State.SKIPPED
    assert World(spec({"m": {"each": EACH}}), items=lambda _name: "no list").start().settle().state("m") is State.FAILED
    failing = World(spec({"m": {"each": EACH}}), lambda _name, _tried: Body(1, "final"))
    assert failing.start().settle().state("m") is State.FAILED
    held = World(spec({"a": {}, "m": {"each": EACH, **needs("a")}}), lambda _name, _tried: SLOW).start()
    assert held.request("pause", "m").request("cancel", "m").state("m") is State.CANCELLED


@pytest.mark.parametrize("state", [State.PENDING, State.RETRYING, State.HELD, State.FAILED], ids=lambda s: s.label)
def test_a_set_leaves_a_node_where_it_is(state: State) -> None:
    """What has not started, or failed, stays what it is when it is set."""
    world = World(chain_of(2))
    world.bring("n0", state)
    assert world.request("set", "n0", options={"priority": 3}).state("n0") is state


def test_retries_lead_on() -> None:
    """A retry of what waits for its next attempt starts it at once; of what failed upstream sets it back to pending."""
    world = World(chain_of(2))
    world.bring("n0", State.RETRYING)
    assert world.request("retry", "n0").state("n0") in (State.READY, State.RUNNING)
    world = World(chain_of(2))
    world.bring("n0", State.UPSTREAM_FAILED)
    assert world.request("retry", "n0").state("n0") is State.PENDING


def test_a_node_whose_condition_cant_be_told_fails_with_that_error() -> None:
    """It never begins."""
    error = {"type": "TypeError", "message": "no number", "bases": []}
    world = World(spec({"a": {"when": WHEN}}), verdict=lambda _name: error).start().settle()
    assert (world.state("a"), world.error("a")["message"]) == (State.FAILED, "no number")


@pytest.mark.parametrize(("more", "to"), [({"final": True}, State.FAILED), ({}, State.HELD)])
def test_a_body_that_fails_while_it_is_suspended_has_failed(more: dict[str, bool], to: State) -> None:
    """Its next attempt, if it has one, is held as it was."""
    world = World(chain_of(2))
    world.bring("n0", State.SUSPENDED)
    error = {"type": "ValueError", "message": "broken", "bases": ["Exception"], **more}
    assert fail(world, "n0", error).state("n0") is to


def test_a_retry_reaches_the_one_that_failed_through_all_that_failed_for_it() -> None:
    """Two nodes behind it or one, it is the one that failed which runs again."""
    for behind in ("n0", "n1"):
        world = World(chain_of(3), lambda name, _tried: Body(1, "final") if name == "n2" else Body(1)).start().settle()
        assert world.states()["n0"] == world.states()["n1"] == "upstream_failed"
        world.request("retry", behind)
        assert world.state("n2") in (State.READY, State.RUNNING)
        assert world.state(behind) is State.PENDING


BEFORE = {"ok": State.COMPLETED, "fail": State.RETRYING, "stop": State.STOPPING}


@pytest.mark.parametrize("outcome", BEFORE)
def test_a_map_in_which_nothing_has_ended_badly_takes_no_retry(outcome: str) -> None:
    """While its items wait for a place, while one waits for its next attempt, and while one is being stopped."""
    retry = {"max": 1, "delay": 10, "jitter": "none"}
    flow = spec({"m": {"each": EACH, "retry": retry}})
    first = Body(50, stops=9.0) if outcome == "stop" else Body(1, outcome)
    world = World(flow, lambda name, _tried: first if name == "m[0]" else SLOW, concurrency=1).start()
    world.until("m", State.OPEN)
    if outcome == "stop":
        world.until("m[0]", State.RUNNING).request("cancel", "m[0]")
    world.until("m[0]", BEFORE[outcome])
    with pytest.raises(TransitionError, match="nothing in it has ended badly"):
        world.request("retry", "m")


def test_a_retry_of_an_open_group_leaves_what_goes_on_in_it() -> None:
    """Of an item that is suspended nothing begins anew."""
    bodies = {"m[0]": Body(1, "final"), "m[1]": Body(50, parks=True)}
    world = (
        World(spec({"m": {"each": EACH}}), lambda name, _tried: bodies.get(name, SLOW)).start().until("m", State.OPEN)
    )
    world.request("pause", "m[1]").until("m[1]", State.SUSPENDED)
    with pytest.raises(TransitionError, match="nothing in it has ended badly"):
        world.request("retry", "m")
    world.until("m[0]", State.FAILED).request("retry", "m")
    assert [world.state(f"m[{i}]") for i in range(3)] == [State.RUNNING, State.SUSPENDED, State.RUNNING]
    assert [world.attempt(f"m[{i}]") for i in range(3)] == [2, 1, 1]


def test_a_retry_of_an_open_group_reaches_what_failed_in_an_open_one_in_it() -> None:
    """That goes on, with what else is in it; where nothing in there has ended badly, there is nothing to try again."""
    inner = {"outer": spec({"h": {"flow": "inner"}}), "inner": spec({"x": {}, "y": {}})}
    bodies = {"g.h.x": Body(1, "final")}
    world = World(spec({"g": {"flow": "outer"}}, flows=inner), lambda name, _: bodies.get(name, SLOW)).start()
    world.until("g.h", State.OPEN)
    with pytest.raises(TransitionError, match="nothing in it has ended badly"):
        world.request("retry", "g")
    world.until("g.h.x", State.FAILED).request("retry", "g")
    assert [world.state(name) for name in ("g", "g.h", "g.h.x")] == [State.OPEN, State.OPEN, State.RUNNING]
    assert (world.attempt("g.h.x"), world.attempt("g.h.y")) == (2, 1)


def lose(world: World, name: str) -> World:
    """The place where a body runs goes."""
    return _end(world, name, Answer.LOST, {"type": "RunnerLost", "message": "gone", "code": "lost", "bases": []})


def fail(world: World, name: str, error: dict[str, Any]) -> World:
    """A body raises."""
    return _end(world, name, Answer.FAIL, error, None)


def _end(world: World, name: str, answer: Answer, *rest: Any) -> World:
    unit, number = world.unit(name), world.attempt(name)
    world.bodies.pop((unit, number)), world.ends.clear(), world.parked.clear()
    world._turn(*handle(world.core, [(int(answer), unit, number, world.now, *rest)], world.now))
    return world


def waits_for_its_next_try(**more: Any) -> World:
    """A sub-flow that failed at once, and is tried again in 50 s."""
    again = {"flow": "sub", "retry": {"max": 2, "delay": 50, "jitter": "none"}, **more}
    flow = spec({"g": again}, flows={"sub": spec({"a": {}})})
    world = World(flow, lambda _name, tried: Body(1, "fail" if tried == 1 else "ok")).start()
    return world.until("g", State.RETRYING)


NEXT_TRY: dict[str, tuple[State, RunState]] = {
    "cancel": (State.CANCELLED, RunState.FAILED),
    "skip": (State.SKIPPED, RunState.COMPLETED),
    "give": (State.COMPLETED, RunState.COMPLETED),
    "retry": (State.COMPLETED, RunState.COMPLETED),
    "rollback": (State.PENDING, RunState.PAUSED),
}


@pytest.mark.parametrize("verb", NEXT_TRY)
def test_a_group_that_waits_for_its_next_try_takes_each_request(verb: str) -> None:
    """At once, and it waits no longer."""
    world = waits_for_its_next_try()
    begun = world.now
    asked: dict[str, Any] = {"give": ("skip", "g", 7), "rollback": ("rollback", None)}
    world.request(*asked.get(verb, (verb, "g")), **({"nodes": ["g"]} if verb == "rollback" else {})).settle()
    assert (world.state("g"), world.run) == NEXT_TRY[verb]
    assert world.now - begun < 20


def test_a_group_that_waits_for_its_next_try_fails_when_its_time_is_over() -> None:
    """The limit of all its tries counts then, too."""
    world = waits_for_its_next_try(timeout={"total": 9}).settle()
    assert (world.state("g"), world.s.error[0]["code"]) == (State.FAILED, "timeout")


def test_a_group_whose_inputs_cant_be_told_when_it_is_tried_again_has_failed() -> None:
    """With that error, in place of the one that it is tried again for."""
    asked: list[str] = []

    def inputs(name: str) -> Any:
        asked.append(name)
        return "no such input" if asked.count("g") > 1 else 0

    flow = spec({"g": {"flow": "sub", "retry": {"max": 2, "delay": 1}}}, flows={"sub": spec({"a": {}})})
    world = World(flow, lambda _name, _tried: Body(1, "fail"), inputs=inputs).start().settle()
    assert (world.run, world.state("g"), asked) == (RunState.FAILED, State.FAILED, ["g", "g"])
    assert world.s.error[0]["message"] == "no such input"


def test_a_lost_body_is_tried_again_by_a_budget_of_its_own() -> None:
    """While `max_lost` lasts it is tried again, which takes nothing from its retries; then it fails, with that reason."""
    world = World(spec({"a": {"max_lost": 1, "retry": RETRY}}), lambda _name, _tried: SLOW).start()
    assert lose(world, "a").state("a") is State.RETRYING
    world.until("a", State.RUNNING)
    assert world.tries("a") == 1
    world.die_and_recover().until("a", State.RUNNING)
    assert lose(world, "a").state("a") is State.FAILED
    assert (world.reason("a"), world.error("a")["code"]) == ("lost", "lost")
    world.request("retry", "a").until("a", State.RUNNING)
    assert lose(world, "a").state("a") is State.RETRYING


@pytest.mark.parametrize("by", ["a", None], ids=["the node is paused", "the run is paused"])
def test_a_suspended_body_that_is_lost_is_held(by: str | None) -> None:
    """It is tried again once what paused it is resumed; with no budget left it fails."""
    for budget, state in ((1, State.HELD if by else State.RETRYING), (0, State.FAILED)):
        flow = spec({"a": {"max_lost": budget}})
        world = World(flow, lambda _name, tried: Body(50 if tried == 1 else 1, parks=True)).start()
        world.request("pause", by).until("a", State.SUSPENDED)
        assert lose(world, "a").state("a") is state
        if state is not State.FAILED:
            assert world.request("resume", by).settle().state("a") is State.COMPLETED


def test_a_total_limit_fails_what_is_queued_and_what_waits_for_its_retry() -> None:
    """Wherever the node is when its time over all attempts is over, it fails."""
    queued = World(spec({"b": {}, "a": {"timeout": {"total": 2}}}), lambda _name, _tried: SLOW, concurrency=1).start()
    assert queued.state("a") is State.READY
    queued.until("a", State.FAILED)
    retry = {"max": 3, "delay": 50, "jitter": "none"}
    waiting = World(
        spec({"a": {"timeout": {"total": 5}, "retry": retry}}), lambda _name, _tried: Body(1, "fail")
    ).start()
    waiting.until("a", State.RETRYING).until("a", State.FAILED)
    assert waiting.error("a")["code"] == "timeout"


def test_runs_move_as_asked() -> None:
    """Pausing with nothing left completes, or has failed; a cancel of an ending run ends it as cancelled; ended runs go on or
    back; of a paused run a rollback tells nothing else than that."""
    pausing = World(chain_of(1), lambda _name, _tried: Body(1)).start().request("pause")
    assert pausing.settle().run is RunState.COMPLETED
    assert pausing.request("rollback", nodes=["n0"]).run is RunState.PAUSED
    told = len(pausing.facts)
    pausing.request("rollback", nodes=["n0"])
    assert [fact[2] for fact in pausing.facts[told:] if fact[0] == RUN] in ([], [RunState.PAUSED])
    failing = World(chain_of(1), lambda _name, _tried: Body(1, "final")).start().request("pause")
    assert failing.settle().run is RunState.FAILED
    stop = spec({"a": {}, "b": {}}, on_failure="stop")
    ending = World(stop, lambda name, _tried: Body(1, "final") if name == "a" else SLOW).start()
    while ending.run is not RunState.ENDING:
        assert ending.step()
    assert ending.request("cancel").run is RunState.ENDING
    assert ending.settle().run is RunState.CANCELLED
    assert ending.request("retry").run is RunState.RUNNING


def test_the_time_in_which_a_group_had_ended_is_no_part_of_how_long_it_took() -> None:
    """Each time it is opened again adds to that; one that is set back begins anew."""
    failing = World(
        spec({"m": {"each": EACH}}), lambda _name, tried: Body(1, "final" if tried < 3 else "ok"), items=lambda _: 1
    )
    world = failing.start().settle()
    unit = world.unit("m")
    for rested in (3600.0, 3610.0):
        world.now += rested - world.s.rested.get(unit, 0.0)
        world.request("retry", "m").settle()
        assert world.s.rested[unit] == pytest.approx(rested)
    assert world.state("m") is State.COMPLETED
    assert world.ended_at("m") - world.s.started[unit] - rested == pytest.approx(3.0, abs=0.1)
    world.request("rollback", nodes=["m"])
    assert unit not in world.s.rested

"""The tables as data: what they name leads where the design says, and what they do not name is refused."""

from __future__ import annotations

import pytest
from driver import World, chain_of, spec
from facade import block_of
from small_flows import waiting

from stratix_tasks.core.apply import apply
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.facts import EXPANDED, MOVED
from stratix_tasks.core.facts import RUN as RUN_FACT
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import (
    BAD,
    GROUP,
    LIVE,
    NODE,
    OK_AFTER_STOP,
    RUN,
    RUN_TERMINAL,
    TARGET,
    TERMINAL,
    UNPAUSABLE,
    Event,
    RunEvent,
    RunState,
    State,
)
from stratix_tasks.errors import TransitionError
from stratix_tasks.spec.model import Each
from stratix_tasks.spec.values import Ref

DESIGN_NODE = """
pending: dispatch→running when_false→skipped deps_skipped→skipped deps_bad→upstream_failed
pending: error→failed queued_too_long→failed total_timeout→failed finished_bad→failed
pending: cancel→cancelled skip→skipped give→completed rollback→pending
running: ok→completed fail_retry→retrying fail→failed wait→waiting suspend→suspended stop→stopping stopped→failed
running: lost→failed lost_retry→retrying orphaned→pending rollback→stopping
suspended: release→running stop→stopping lost→failed lost_retry→retrying orphaned→pending rollback→stopping
suspended: ok→completed fail→failed fail_retry→retrying
waiting: signal→completed wait_timeout→failed reject→failed finished_bad→failed cancel→cancelled skip→skipped give→completed rollback→pending
retrying: dispatch→running retry→retrying queued_too_long→failed total_timeout→failed finished_bad→failed
retrying: cancel→cancelled skip→skipped give→completed rollback→pending
stopping: stopped→target ok→completed stop→stopping orphaned→target rollback→stopping
completed: rollback→pending
failed: retry→pending give→completed skip→skipped rollback→pending
upstream_failed: retry→pending give→completed skip→skipped rollback→pending
cancelled: retry→pending give→completed skip→skipped rollback→pending
skipped: retry→pending give→completed skip→skipped rollback→pending
"""

DESIGN_GROUP = """
pending: expanded→open when_false→skipped deps_skipped→skipped deps_bad→upstream_failed error→failed finished_bad→failed
pending: cancel→cancelled skip→skipped give→completed rollback→pending
open: expanded→open gathered→completed gathered_bad→failed error→failed pause_rounds→open
open: fail_retry→retrying stop→open stopped→target rollback→pending
retrying: expanded→open error→failed retry→retrying total_timeout→failed finished_bad→failed
retrying: cancel→cancelled skip→skipped give→completed rollback→pending
completed: rollback→pending reopen→open
failed: reopen→open retry→pending give→completed skip→skipped rollback→pending
upstream_failed: retry→pending give→completed skip→skipped rollback→pending
cancelled: reopen→open retry→pending give→completed skip→skipped rollback→pending
skipped: reopen→open retry→pending give→completed skip→skipped rollback→pending
"""

DESIGN_RUN = """
pending: start→running cancel→cancelled
running: pause→pausing end→ending all_ok→completed some_bad→failed rollback→pausing
pausing: drained→paused resume→running end→ending all_ok→completed some_bad→failed rollback→pausing
paused: resume→running end→ending rollback→paused
ending: all_ended→target end→ending
completed: rollback→paused
failed: revive→running rollback→paused
cancelled: revive→running rollback→paused
"""

REQUESTS = {Event.RETRY, Event.SKIP, Event.GIVE, Event.ROLLBACK, Event.REOPEN}
"""Events that only a request brings about; REOPEN is what a retry of an item does to its group."""


def read(text: str) -> set[tuple[str, str, str]]:
    """`(state, event, to)` of each pair of a table written as text."""
    pairs = set()
    for line in text.strip().splitlines():
        state, _, row = line.partition(": ")
        pairs |= {(state, *word.split("→")) for word in row.split()}
    return pairs


def told(table: dict, target: str = "target") -> set[tuple[str, str, str]]:
    return {
        (state.label, event.label, target if to is TARGET else to.label)
        for state, row in table.items()
        for event, to in row.items()
    }


@pytest.mark.parametrize(
    ("table", "design"), [(NODE, DESIGN_NODE), (GROUP, DESIGN_GROUP), (RUN, DESIGN_RUN)], ids=["node", "group", "run"]
)
def test_tables_are_those_of_the_design(table: dict, design: str) -> None:
    """The code's tables name exactly the transitions that the design names, no more and no fewer."""
    assert told(table) == read(design)


def test_every_state_has_its_row() -> None:
    """No recorded state is missing from the table of its kind: ready and held are never recorded, groups have no body."""
    assert set(NODE) == set(State) - {State.READY, State.HELD, State.OPEN, State.RETIRED}
    assert set(GROUP) == {State.PENDING, State.RETRYING, State.OPEN} | TERMINAL
    assert set(RUN) == set(RunState)


@pytest.mark.parametrize("table", [NODE, GROUP], ids=["node", "group"])
def test_ends_change_only_by_request(table: dict) -> None:
    """Out of a terminal state lead only events that somebody asked for."""
    for state in TERMINAL:
        assert set(table[state]) <= REQUESTS, state
    for state in RUN_TERMINAL:
        assert set(RUN[state]) <= {RunEvent.REVIVE, RunEvent.ROLLBACK}, state


def test_a_completed_run_is_not_revived() -> None:
    """A completed run is left by a rollback alone."""
    assert set(RUN[RunState.COMPLETED]) == {RunEvent.ROLLBACK}


def test_kinds_of_states_do_not_overlap() -> None:
    """Bad states are terminal, live ones are not, and completed and skipped are the ends that are not bad."""
    assert BAD < TERMINAL
    assert not LIVE & TERMINAL
    good = TERMINAL - BAD
    assert good == {State.COMPLETED, State.SKIPPED}
    assert {*BAD, State.RETRYING, State.SKIPPED} - {State.UPSTREAM_FAILED} == OK_AFTER_STOP
    assert {*TERMINAL, State.WAITING} == UNPAUSABLE


def in_state(state: State, *, group: bool) -> Core:
    """A core whose unit 0 was brought to a state by a fact."""
    s = Recorded(block_of(spec({"a": {"each": Each(over={"x": Ref("inputs", "items")})} if group else {}})))
    if state is State.OPEN:
        apply(s, (EXPANDED, 0.0, 0, 1, 2, None, 0, None, False))
    else:
        details = {State.WAITING: {"wait": {"for": "signal", "name": "go", "due": None}}, State.RETRYING: {"due": 1.0}}
        details[State.STOPPING] = {"target": int(State.CANCELLED)}
        apply(s, (MOVED, 0.0, 0, int(Event.SKIP), int(state), None, 1, details.get(state)))
    return Core(s)


@pytest.mark.parametrize(
    ("kind", "state"),
    [*(("node", state) for state in NODE), *(("group", state) for state in GROUP)],
    ids=lambda part: part if isinstance(part, str) else part.label,
)
def test_each_pair_is_legal_or_raises(kind: str, state: State) -> None:
    """An event moves a unit where the table says and is recorded; a pair that it does not name raises, changing nothing."""
    row = (GROUP if kind == "group" else NODE)[state]
    for event in Event:
        core = in_state(state, group=kind == "group")
        if event not in row:
            with pytest.raises(KeyError):
                core.move(0, event, 1.0)
            assert (core.state.status[0], core.facts) == (state, [])
            continue
        target = State.CANCELLED if row[event] is TARGET else None
        core.move(0, event, 1.0, target=target)
        to = target or row[event]
        assert core.state.status[0] == to
        assert core.facts[0][:5] == (MOVED, 1.0, 0, int(event), int(to))


@pytest.mark.parametrize("state", RunState, ids=lambda state: state.label)
def test_each_pair_of_a_run_is_legal_or_raises(state: RunState) -> None:
    """An event moves a run where the table says; a pair that it does not name raises and changes nothing."""
    for event in RunEvent:
        s = Recorded(block_of(chain_of(1)))
        apply(s, (RUN_FACT, 0.0, int(state), None, {"target": int(RunState.CANCELLED)}))
        core = Core(s)
        if event not in RUN[state]:
            with pytest.raises(KeyError):
                core.move_run(event, 1.0)
            assert (core.state.run, core.facts) == (state, [])
            continue
        core.move_run(event, 1.0)
        to = RUN[state][event]
        assert core.state.run is (RunState.CANCELLED if to is TARGET else to)


REACHED = sorted({*NODE, State.READY, State.HELD})

SHOWN = set(State) - {State.OPEN, State.RETIRED}

LEGAL = {
    "pause": SHOWN - TERMINAL - {State.WAITING},
    "resume": SHOWN - TERMINAL,
    "cancel": (SHOWN - TERMINAL) | {State.CANCELLED},
    "retry": {State.RETRYING, State.FAILED, State.UPSTREAM_FAILED, State.CANCELLED, State.SKIPPED},
    "skip": SHOWN - {State.COMPLETED},
    "set": {State.PENDING, State.READY, State.RETRYING, State.HELD, State.FAILED},
    "breakpoint": SHOWN,
}
"""The states of a node in which each verb is taken (or holds already, which is recorded and changes nothing)."""


def world_with(state: State) -> World:
    """A run whose node `n0` has come to a state."""
    if state is State.WAITING:
        return World(spec({"n0": waiting("approval", message="?", timeout={"attempt": 9})})).start().until("n0", state)
    world = World(chain_of(2))
    world.bring("n0", state)
    return world


@pytest.mark.parametrize("state", REACHED, ids=lambda state: state.label)
@pytest.mark.parametrize("verb", LEGAL)
def test_requests_are_taken_or_refused_with_what_is_allowed(verb: str, state: State) -> None:
    """A request in each state is taken, or a TransitionError names the node, its state and what may be asked instead."""
    world = world_with(state)
    before, facts = bytes(world.s.status), len(world.facts)
    if state in LEGAL[verb]:
        world.request(verb, "n0")
        return
    with pytest.raises(TransitionError) as caught:
        world.request(verb, "n0")
    text = str(caught.value)
    said = State.PENDING if state is State.READY else state  # that it is ready is no fact
    assert f"can't {verb} 'n0': it is {said.label}" in text
    assert "Allowed now: " in text
    assert caught.value.story
    assert (bytes(world.s.status), len(world.facts)) == (before, facts)


GIVABLE = sorted(set(REACHED) - {State.COMPLETED})


@pytest.mark.parametrize("state", GIVABLE, ids=lambda state: state.label)
def test_a_value_is_given_in_each_state_but_completed(state: State) -> None:
    """The node completes with it, a body once it has stopped."""
    world = world_with(state).request("skip", "n0", 7)
    if state is not State.STOPPING:  # this one does not listen
        world.until("n0", State.COMPLETED)
        assert world.reason("n0") == "given"


@pytest.mark.parametrize("state", REACHED, ids=lambda state: state.label)
def test_what_an_error_allows_is_allowed(state: State) -> None:
    """Every verb that a refusal names as allowed is one that the node then takes."""
    for verb in LEGAL:
        if state in LEGAL[verb]:
            continue
        world = world_with(state)
        with pytest.raises(TransitionError) as caught:
            world.request(verb, "n0")
        words = str(caught.value).partition("Allowed now: ")[2].partition(".")[0].split(", ")
        assert set(words) - {"nothing"} <= {*LEGAL, "approve", "reject"}
        for word in set(words) - {"nothing"}:
            world_with(state).request(word, "n0")


def test_a_refusal_of_what_has_completed_says_how_it_is_made_again() -> None:
    """Nothing of it can be asked any more; a rollback or a fork of the run is the way."""
    with pytest.raises(
        TransitionError, match=r"Allowed now: nothing\. rollback\(to='n0'\) or fork\('n0'\) makes it again\."
    ):
        world_with(State.COMPLETED).request("skip", "n0")


RUN_LEGAL = {
    "pause": {RunState.RUNNING, RunState.PAUSING, RunState.PAUSED},
    "resume": {RunState.RUNNING, RunState.PAUSING, RunState.PAUSED},
    "cancel": set(RunState) - {RunState.COMPLETED, RunState.FAILED},
    "retry": {RunState.RUNNING, RunState.PAUSING, RunState.PAUSED, RunState.FAILED, RunState.CANCELLED},
}


@pytest.mark.parametrize("state", set(RunState) - {RunState.PENDING}, ids=lambda state: state.label)
@pytest.mark.parametrize("verb", RUN_LEGAL)
def test_requests_of_a_run_are_taken_or_refused(verb: str, state: RunState) -> None:
    """A request of a run in each state is taken, or a TransitionError says the state and records nothing."""
    world = World(chain_of(2))
    world.bring_run(state)
    facts = len(world.facts)
    if state in RUN_LEGAL[verb]:
        world.request(verb)
        return
    with pytest.raises(TransitionError, match=f"can't {verb} the run: it is {state.label}"):
        world.request(verb)
    assert (world.run, len(world.facts)) == (state, facts)


@pytest.mark.parametrize("verb", ["pause", "resume", "retry", "skip"])
def test_an_ending_run_refuses_what_would_start_something(verb: str) -> None:
    """While a run is ending, nodes can only be cancelled."""
    world = World(chain_of(2))
    world.bring_run(RunState.ENDING)
    with pytest.raises(TransitionError, match="the run is ending"):
        world.request(verb, "n0")
    world.request("cancel", "n0")

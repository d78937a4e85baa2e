"""Waiting nodes in virtual time: what ends them, what of them a pause, a death, a retry and a rollback keep."""

from __future__ import annotations

from typing import Any

import pytest
from driver import World, spec
from facade import data
from small_flows import EACH, needs, waiting

from stratix_tasks.core.decide.attempts import hear
from stratix_tasks.core.facts import GIVEN, SENT
from stratix_tasks.core.states import RunState, State
from stratix_tasks.core.waits import KINDS, wait_for
from stratix_tasks.errors import InputError, TransitionError
from stratix_tasks.spec.model import FlowSpec

SLEEP = spec({"nap": waiting("sleep", duration="10s"), "b": needs("nap")})
APPROVAL = spec({"ask": waiting("approval", message="Ship it?", timeout={"attempt": 10}), "b": needs("ask")})
SIGNAL = spec({"s": waiting("signal", name="go"), "t": waiting("signal", name="go")})
EARS = spec({"t": waiting("signal", name="go"), "m": {"each": EACH, **waiting("signal", name="go")}})


def world(flow: FlowSpec) -> World:
    """Nobody answers what its nodes wait for."""
    made = World(flow)
    made._answer_later = lambda _unit, _number: None  # type: ignore[method-assign]
    return made.start()


def later(made: World, seconds: float) -> World:
    """Time goes by, whether anything happens or not."""
    until = made.now + seconds
    while (then := made.next()) is not None and then <= until:
        made.step()
    made.now = until
    return made


def test_a_sleep_ends_at_its_time() -> None:
    """It completes with None when its time has come, for that reason, and what needs it runs."""
    made = world(SLEEP)
    later(made, 9.9)
    assert made.states() == {"run": "running", "nap": "waiting", "b": "pending"}
    later(made, 2)
    assert made.states() == {"run": "completed", "nap": "completed", "b": "completed"}
    assert made.value("nap") is None
    assert [fact[3] for fact in made.facts if fact[0] == GIVEN] == ["due"]


def test_a_pause_does_not_lengthen_a_sleep_and_it_fires_at_the_resume() -> None:
    """Its time is that of the clock on the wall: it passes while the run is paused, but nothing happens by itself then."""
    made = later(world(SLEEP), 1).request("pause")
    later(made, 3600)
    assert made.states() == {"run": "paused", "nap": "waiting", "b": "pending"}
    made.request("resume")
    made.step()
    assert made.state("nap") is State.COMPLETED
    soon = later(world(SLEEP), 1).request("pause")
    later(soon, 2).request("resume")
    later(soon, 6.9)
    assert soon.state("nap") is State.WAITING
    later(soon, 0.2)
    assert soon.state("nap") is State.COMPLETED


@pytest.mark.parametrize(("dead", "left"), [(4.0, 5.9), (60.0, 0.0)])
def test_a_new_owner_keeps_the_deadline(dead: float, left: float) -> None:
    """The time in which nobody ran the run counts: what was due meanwhile is due at once, the rest at its own time."""
    made = later(world(SLEEP), 0.05)
    assert made.wait("nap")["due"] == pytest.approx(1010.0, abs=0.01)
    made.die_and_recover(dead)
    assert (made.state("nap") is State.WAITING) is (left > 0)
    later(made, left)
    assert (made.state("nap") is State.WAITING) is (left > 0)
    later(made, 0.2)
    assert made.state("nap") is State.COMPLETED


def test_an_approval_says_who_gave_it_and_when() -> None:
    """Its value is plain data, also for a new owner; a second approval is on record and changes nothing."""
    made = later(world(APPROVAL), 1).request("approve", "ask", by="ann")
    made.request("approve", "ask", by="bob")
    assert made.state("ask") is State.COMPLETED
    assert made.value("ask").payload == {"by": "ann", "at": "1970-01-01T00:16:41.000Z"}
    assert made.folded().state.values[0].payload["by"] == "ann"
    assert made.settle().run is RunState.COMPLETED


def test_an_approval_that_nobody_gives_fails_in_time() -> None:
    """The error is a TimeoutError that names what was waited for; a retry waits anew, as long again."""
    made = later(world(APPROVAL), 10.1)
    assert made.states() == {"run": "failed", "ask": "failed", "b": "upstream_failed"}
    assert made.error("ask")["type"] == "TimeoutError"
    assert made.error("ask")["message"] == "waited 10s in vain for somebody to approve: Ship it?"
    made.request("retry", "ask")
    later(made, 9)
    made.request("approve", "ask", by="ann").settle()
    assert made.run is RunState.COMPLETED


def test_an_approval_while_the_run_is_paused_is_recorded_and_starts_nothing() -> None:
    """What needs it begins at the resume."""
    made = later(world(APPROVAL), 1).request("pause").request("approve", "ask")
    later(made, 5)
    assert made.states() == {"run": "paused", "ask": "completed", "b": "ready"}
    assert made.request("resume").settle().run is RunState.COMPLETED


def test_every_node_takes_each_value_of_a_signal_once() -> None:
    """Two nodes that wait for a name both take its value; one that is rolled back waits for the next one."""
    made = later(world(SIGNAL), 1).request("send", None, 7, name="go")
    assert [made.value("s"), made.value("t")] == [7, 7]
    made.request("rollback", None, nodes=["t"]).request("resume")
    later(made, 1)
    assert made.states() == {"run": "running", "s": "completed", "t": "waiting"}
    made.die_and_recover()
    assert made.state("t") is State.WAITING
    made.request("send", None, 8, name="go")
    assert made.value("t") == 8


def test_the_rounds_of_a_loop_take_the_values_of_a_signal_in_turn() -> None:
    """A node is the same one in each round, also in flows in there, and of a map its item: the next round waits for the next value,
    and a round that is rolled back for one that came after all that were taken.
    """
    inner = spec({"s": waiting("signal", name="go"), "g": {"flow": "deep", "call": None}}, flows={"deep": EARS})
    made = world(spec({"l": {"loop": {"max": 3}, "flow": "inner", "call": None}}, flows={"inner": inner}))
    for value in (1, 2):
        made.request("send", None, value, name="go")
    later(made, 1)
    heard = [[made.value(f"l[{n}].{name}") for name in ("s", "g.t", "g.m[0]", "g.m[1]")] for n in (0, 1)]
    assert heard == [[1] * 4, [2] * 4]
    assert made.states()["l[2].s"] == "waiting"
    made.die_and_recover().request("rollback", None, nodes=["l[1].s"]).request("resume")
    later(made, 1)
    assert made.states()["l[1].s"] == "waiting"
    made.request("send", None, 3, name="go")
    assert made.value("l[1].s") == 3


def test_what_is_sent_too_early_is_kept_in_order() -> None:
    """Also over the death of the owner: the node takes the first value, and after a rollback the second."""
    made = world(spec({"a": {}, "s": {**waiting("signal", name="go"), "needs": ("a",)}}))
    made.request("send", None, "x", name="go").request("send", None, "y", name="go")
    made.die_and_recover().settle()
    assert (made.value("s"), made.run) == ("x", RunState.COMPLETED)
    made.request("rollback", to="a").request("resume").settle()
    assert made.value("s") == "y"


def test_items_wait_side_by_side() -> None:
    """One is approved by its own name, the rest by that of the node; nothing takes a place."""
    made = World(spec({"m": {**waiting("approval", message="?"), "each": EACH}, "b": {}}), concurrency=1)
    made._answer_later = lambda _unit, _number: None  # type: ignore[method-assign]
    later(made.start(), 2)
    assert made.states() == {
        "run": "running",
        "m": "open",
        "b": "completed",
        **{f"m[{index}]": "waiting" for index in range(3)},
    }
    made.request("approve", "m[1]")
    assert (made.state("m[1]"), made.state("m[0]")) == (State.COMPLETED, State.WAITING)
    made.request("approve", "m")
    assert made.run is RunState.COMPLETED


def test_a_map_is_approved_only_if_all_of_it_is() -> None:
    """Where one item was approved and nothing waits any more, who asks for the rest is told, not left to believe it."""
    made = world(spec({"m": {**waiting("approval", message="?"), "each": EACH}}))
    later(made, 1).request("approve", "m[0]").request("cancel", "m[1]").request("cancel", "m[2]")
    with pytest.raises(TransitionError, match="nothing of it waits for an approval"):
        made.request("approve", "m")


def test_a_map_of_which_all_items_are_rejected_ends_the_run_once() -> None:
    """The first one has failed, which stops the run, and with it the others; the second could not be rejected any more."""
    tasks = {"m": {**waiting("approval", message="?"), "each": EACH}}
    made = world(spec(tasks, on_failure="stop")).until("m", State.OPEN).until("m[2]", State.WAITING)
    made.request("reject", "m").settle()
    states = [made.state(f"m[{i}]") for i in range(3)]
    assert (states, made.run) == ([State.FAILED, *[State.CANCELLED] * 2], RunState.FAILED)


def test_a_pause_of_a_map_leaves_its_waiting_items() -> None:
    """They can't be held, so that the map's pause concerns the others; its resume finds them as they were."""
    made = world(spec({"m": {**waiting("approval", message="?"), "each": EACH}}))
    later(made, 1).request("pause", "m").request("approve", "m[0]").request("resume", "m")
    assert made.state("m[1]") is State.WAITING
    assert made.request("approve", "m").run is RunState.COMPLETED


@pytest.mark.parametrize("verb", ["pause", "set", "retry"])
def test_a_waiting_node_refuses_what_has_no_meaning(verb: str) -> None:
    """The TransitionError names what may be asked instead, the approval among it."""
    args = {"args": {"message": "?"}} if verb == "set" else {}
    with pytest.raises(TransitionError, match=r"it is waiting.*Allowed now: cancel, skip, approve"):
        later(world(APPROVAL), 1).request(verb, "ask", **args)


def test_what_a_wait_waits_for_can_be_set_before_it_waits() -> None:
    """Its argument and its deadline, but nothing that is about bodies."""
    made = world(spec({"a": {}, "ask": {**waiting("approval", message="?"), "needs": ("a",)}}))
    with pytest.raises(InputError, match="retry means nothing on a wait"):
        made.request("set", "ask", options={"retry": {"max": 1}})
    made.request("set", "ask", options={"timeout": {"attempt": 5}})
    later(made, 3)
    assert made.s.waits[1]["due"] == pytest.approx(made.now + 3, abs=0.1)
    later(made, 3.1)
    assert made.state("ask") is State.FAILED


@pytest.mark.parametrize(
    ("verb", "target", "args", "says"),
    [
        ("approve", "b", {}, "node 'b' is no approval. Known: ask."),
        ("send", None, {"name": "goo", "value": 1}, "no node of this run waits for a signal 'goo'"),
        ("approve", "ask", {"by": 3}, "`by` is who says so and `note` is why, both texts"),
        ("send", None, {"name": "", "value": 1}, "`name` is the signal's: write a text, not ''"),
        ("send", None, {"name": " ", "value": 1}, "`name` is the signal's: write a text, not ' '"),
        ("send", None, {"name": 3, "value": 1}, "`name` is the signal's: write a text, not 3"),
        ("send", None, {"value": 1}, "`name` is the signal's: write a text, not None"),
        ("approve", "ask", {"id": []}, "`id` is its name, a text, not []"),
    ],
)
def test_answers_for_nobody_are_refused(verb: str, target: str | None, args: dict[str, Any], says: str) -> None:
    """An InputError says which nodes wait, and for what."""
    with pytest.raises(InputError) as caught:
        later(world(APPROVAL), 1).request(verb, target, **args)
    assert says in str(caught.value)


OTHERS = {
    "sleep": waiting("sleep", duration="1h"),
    "approval": waiting("approval", message="go"),
    "approvals": {**waiting("approval", message="go"), "each": EACH},
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", ["go", ""])
def test_the_value_of_a_signal_ends_no_other_wait(other: str, name: str) -> None:
    """Whatever its name, and whether it was sent before the node began to wait or after; also for a new owner."""
    made = world(spec({"a": {}, "s": waiting("signal", name="go"), "o": {**OTHERS[other], "needs": ("a",)}}))
    made.core.tell(SENT, made.now, name, data(5))  # a journal may hold names that are refused today
    made.request("send", None, 5, name="go")
    later(made, 2).request("send", None, 6, name="go")
    for unit in tuple(made.s.waits):
        hear(made.core, unit, made.now)
    waits = {unit: wait["for"] for unit, wait in made.s.waits.items()}
    assert list(waits.values()) == {"sleep": ["sleep"], "approval": ["approval"]}.get(other, ["approval"] * 3)
    made.die_and_recover()
    assert {unit: wait["for"] for unit, wait in made.s.waits.items()} == waits


def test_a_signal_of_the_wrong_name_is_told_of_the_right_one() -> None:
    """So a slip of the pen is not a run that waits for ever; to an ended run nothing can be sent."""
    made = later(world(SIGNAL), 1)
    with pytest.raises(InputError, match="waits for a signal 'goo'"):
        made.request("send", None, 1, name="goo")
    made.request("send", None, 1, name="go")
    with pytest.raises(TransitionError, match="Nothing waits for it any more"):
        made.request("send", None, 1, name="go")


@pytest.mark.parametrize("ends", ["cancel", "skip", "given"])
def test_a_waiting_node_ends_at_once_when_it_is_asked_to(ends: str) -> None:
    """It has no body that would have to stop."""
    made = later(world(APPROVAL), 1)
    made.request("skip", "ask", {"by": "nobody"}) if ends == "given" else made.request(ends, "ask")
    assert made.state("ask").label == {"cancel": "cancelled", "skip": "skipped", "given": "completed"}[ends]
    assert not made.s.waits
    assert not made.s.limits.deadline


@pytest.mark.parametrize(
    ("call", "args"),
    [("wait.sleep", {"duration": "soon"}), ("wait.approval", {"message": 3}), ("wait.signal", {"name": " "})],
)
def test_what_does_not_say_what_to_wait_for_is_refused(call: str, args: dict[str, Any]) -> None:
    """An argument that only a run tells may be no duration or text: an InputError names the wait and what it was given."""
    with pytest.raises(InputError, match=call):
        wait_for(KINDS[call.removeprefix("wait.")], args, None, 0.0)


def test_why_says_what_a_node_waits_for_and_what_ends_it() -> None:
    """With the time that is left, and why nothing happens when the run is paused."""
    made = later(world(APPROVAL), 1)
    told = made.why("ask")
    assert told == "'ask' waits for somebody to approve: Ship it?, 9s more. approve('ask') goes on."
    made.request("approve", "ask")
    assert made.why("ask") == "'ask' completed: it was approved."
    paused = later(world(SLEEP), 1).request("pause")
    assert "for the run to be resumed" in paused.why("nap")

"""Runs that wait for a moment, a person or a value: here, from other processes, over the death of their kernel."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gated import gate, gates
from other_kernel import LONG, Owner, states, until
from small_bodies import Calls

from stratix_tasks import Engine, approval, each, flow, history, load_flow, signal, sleep, task, when
from stratix_tasks.core.targets import unit_of
from stratix_tasks.errors import InputError, TaskFailed, TransitionError
from stratix_tasks.session.run import Run


@task
def doubled(x: int) -> int:
    return 2 * x


@flow
def shipping() -> Any:
    ok = approval.options(name="ask")("Ship it?")
    return ok["by"], signal("go")


@flow
def asked_each() -> Any:
    return approval.options(key="{message}").map(each(["eu", "us"]))


def comes_to_wait(run: Run, *names: str) -> Run:
    """Once these nodes wait."""
    until(lambda: all(states(run)[name] == "waiting" for name in names), f"{names} wait: {states(run)}")
    return run


def test_a_person_and_a_value_bring_a_run_to_its_end(engine: Engine) -> None:
    """The values of the nodes are who approved, and what was sent."""
    run = comes_to_wait(engine.start(shipping, {}), "ask", "signal")
    assert run.why("ask") == "'ask' waits for somebody to approve: Ship it?. approve('ask') goes on."
    run.approve("ask", by="ann")
    run.send("go", {"rows": [1, 2]})
    assert run.result(LONG) == ("ann", {"rows": [1, 2]})
    assert set(run.output("ask")) == {"by", "at"}


def test_why_somebody_approved_stands_beside_it(engine: Engine) -> None:
    """In the value of the node."""
    run = comes_to_wait(engine.start(shipping, {}), "ask")
    run.approve("ask", by="ann", note="looks right")
    assert (run.output("ask")["by"], run.output("ask")["note"]) == ("ann", "looks right")
    run.cancel()


def test_who_approves_is_the_user_when_nobody_is_named(engine: Engine) -> None:
    """As the operating system knows them."""
    from getpass import getuser

    run = comes_to_wait(engine.start(shipping, {}), "ask")
    run.approve("ask")
    assert run.output("ask")["by"] == getuser()
    run.cancel()


def test_what_waits_takes_no_place(tmp_path: Path) -> None:
    """With one place in the engine, two approvals wait, and a task runs."""

    @flow
    def beside() -> Any:
        approval("a?")
        approval("b?")
        return doubled(4)

    with Engine(tmp_path / "store", concurrency=1) as engine:
        run = comes_to_wait(engine.start(beside, {}), "approval", "approval_2")
        until(lambda: states(run)["doubled"] == "completed", "the task has run")
        run.cancel()
        assert run.wait(LONG) == "cancelled"


def test_a_place_that_a_run_has_no_use_for_goes_to_the_next_one(tmp_path: Path) -> None:
    """What stood in line for it there was cancelled meanwhile; the next one was looked at before, and stood still for ever."""

    @flow
    def has_the_place() -> Any:
        return gate("first")

    @flow
    def waits_for_it() -> Any:
        return doubled(4)

    @flow
    def wants_it_more() -> Any:
        gate.options(priority=5)("never")
        return approval("?")

    with Engine(tmp_path / "store", concurrency=1) as engine:
        first = engine.start(has_the_place, {})
        gates.arrive("first")
        second = engine.start(waits_for_it, {})
        until(lambda: states(second)["doubled"] == "ready", "it stands in line")
        third = comes_to_wait(engine.start(wants_it_more, {}), "approval")
        until(lambda: states(third)["gate"] == "ready", "it stands in line ahead of it")
        third.cancel("gate")
        gates.let("first")
        assert (first.result(LONG), second.result(LONG)) == ("first", 8)
        third.cancel()


def test_items_are_approved_by_their_names(engine: Engine) -> None:
    """One by its key, the rest at once."""
    run = engine.start(asked_each, {})
    until(lambda: len(run._live.core.state.waits) == 2, "both wait")
    run.approve("approval['eu']", by="ann")
    run.approve("approval", by="bob")
    assert [one["by"] for one in run.result(LONG)] == ["ann", "bob"]


def test_conditions_look_at_what_was_sent(engine: Engine) -> None:
    """As at any other output."""

    @flow
    def decided() -> Any:
        with when(signal("go")["really"] == True):  # noqa: E712
            doubled(21)

    run = comes_to_wait(engine.start(decided, {}), "signal")
    run.send("go", {"really": True})
    run.result(LONG)
    assert run.output("doubled") == 42


def test_a_large_value_is_sent_as_it_is(engine: Engine) -> None:
    """What is no plain data, or too large for a fact, goes through the object store."""
    import pandas as pd

    frame = pd.DataFrame({"x": range(20_000)})
    run = comes_to_wait(engine.start(shipping, {}), "ask", "signal")
    run.send("go", frame)
    run.approve("ask")
    assert run.result(LONG)[1].equals(frame)


def test_a_limit_ends_the_waiting(engine: Engine) -> None:
    """With a TaskFailed that says what was waited for; nothing else of a task's limits concerns a wait."""

    @flow(on_failure="stop")
    def hurried() -> Any:
        return approval("Now?", timeout="50ms")

    with pytest.raises(TaskFailed, match="in vain for somebody to approve: Now"):
        engine.start(hurried, {}).result(LONG)


def test_a_wait_that_is_none_fails_its_node(engine: Engine) -> None:
    """A duration that only the run tells, and that can't be read: the error says what was given."""

    @task
    def soon() -> str:
        return "soon"

    @flow
    def vague() -> Any:
        return sleep(soon())

    with pytest.raises(TaskFailed, match="can't wait: duration: not a duration: 'soon'"):
        engine.start(vague, {}).result(LONG)


def test_another_kernel_goes_on_with_what_waited(engine: Engine, tmp_path: Path) -> None:
    """What it waited for, and until when, is as it was; what was sent before is not lost."""

    @flow
    def late() -> Any:
        ok = approval.options(name="ask")("Go?", timeout="1h")
        return sleep.options(name="long")("1h"), signal.options(after=[ok])("go"), signal.options(name="never")("no")

    run = comes_to_wait(engine.start(late, {}), "ask", "long", "never")
    run.send("go", 7)
    due = {name: _wait(run, name)["due"] for name in ("ask", "long")}
    engine.close()
    with Engine(tmp_path / "store") as other:
        assert other.run(run.id).status == "interrupted"
        (again,) = other.recover()
        assert {name: _wait(again, name)["due"] for name in due} == due
        again.approve("ask")
        until(lambda: states(again)["signal"] == "completed", "it takes what was sent before")
        again.send("no")
        again.skip("long", value="awake")
        assert again.result(LONG) == ("awake", 7, None)


def _wait(run: Run, node: str) -> dict[str, Any]:
    s = run._live.core.state
    return run._engine.loop.call(lambda: dict(s.waits[unit_of(s, node)])).result()


def test_a_sleep_goes_on_while_nobody_runs_the_run(engine: Engine, tmp_path: Path) -> None:
    """It is over by the clock on the wall: a new owner that comes later than that does not sleep again."""

    @flow
    def short() -> Any:
        return sleep.options(after=[doubled(1)])("300ms")

    run = comes_to_wait(engine.start(short, {}), "sleep")
    begun = time.monotonic()
    engine.close()
    until(lambda: time.monotonic() > begun + 0.4, "it would have slept")
    with Engine(tmp_path / "store") as other:
        (again,) = other.recover()
        assert again.result(LONG) is None
        events = again.events()
        assert list(events[events.node == "sleep"].event)[-1] == "signal"
    assert len(Calls.made) == 0


def test_an_approval_goes_on_with_a_run_that_nobody_runs(engine: Engine, tmp_path: Path) -> None:
    """As any request does: who asks takes it over."""
    run = comes_to_wait(engine.start(shipping, {}), "ask")
    run.send("go", 1)
    engine.close()
    with Engine(tmp_path / "store") as other:
        other.run(run.id).approve("ask", by="ann")
        assert other.run(run.id).result(LONG) == ("ann", 1)


def test_another_process_approves_and_sends(owner: Callable[..., Owner], here: Engine) -> None:
    """A run of another kernel is answered as if it were run here, and its refusals are the owner's own."""
    other = owner("shipping")
    run = comes_to_wait(here.run(other.run), "ask")
    with pytest.raises(InputError, match="waits for a signal 'gone'"):
        run.send("gone", 1)
    with pytest.raises(TransitionError, match="nothing of it runs"):
        run.pause("ask")
    run.send("go", {"x": 6})
    run.approve("ask", by="ann")
    assert other.ask("result") == "('ann', 6, None)"
    assert here.run(other.run).output("ask")["by"] == "ann"


def test_a_kill_of_its_kernel_loses_no_approval(owner: Callable[..., Owner], here: Engine) -> None:
    """What was approved and sent before stays so; the sleep that comes after ends once."""
    other = owner("shipping")
    run = comes_to_wait(here.run(other.run), "ask")
    run.approve("ask", by="ann")
    run.send("go", {"x": 1})
    other.end()
    (again,) = here.recover()
    assert again.result(LONG) == ("ann", 1, None)
    events = again.events()
    assert list(events[(events.node == "ask") & (events.event == "signal")].reason) == ["approved"]


def test_history_tells_of_waits(engine: Engine) -> None:
    """The table of tasks has the state while it waits, and the reason of its end."""
    run = comes_to_wait(engine.start(shipping, {}), "ask", "signal")
    frame = run.tasks().set_index("node")
    assert frame.loc["ask", "state"] == "waiting"
    assert set(history(engine.store.path).attempts(run.id)["state"]) == {"waiting"}
    run.approve("ask")
    run.send("go")
    run.result(LONG)
    frame = run.tasks().set_index("node")
    assert list(frame.loc[["ask", "signal"], "reason"]) == ["approved", "signal"]
    tried = history(engine.store.path).attempts(run.id).set_index("node")
    assert list(tried.loc[["ask", "signal"], "state"]) == ["completed", "completed"]
    assert tried["ended"].notna().all()


def test_a_fork_takes_over_what_was_approved(engine: Engine) -> None:
    """Its value is a result as any other."""
    run = comes_to_wait(engine.start(shipping, {}), "ask", "signal")
    run.approve("ask", by="ann")
    run.send("go", 1)
    run.result(LONG)
    again = comes_to_wait(run.fork("signal"), "signal")
    again.send("go", 2)
    assert again.result(LONG) == ("ann", 2)


def test_a_document_waits_too(engine: Engine, tmp_path: Path) -> None:
    """`uses: wait.approval`, with a text that is filled in."""
    path = tmp_path / "release.yaml"
    path.write_text(
        "stratix: 1\nflow: release\ninputs: {day: {type: str}}\ntasks:\n"
        "  ask:\n    uses: wait.approval\n    with: {message: 'Publish ${{ inputs.day }}?'}\n    timeout: 1d\n"
        'output: "${{ tasks.ask.output.by }}"\n'
    )
    run = comes_to_wait(engine.start(load_flow(str(path)), {"day": "monday"}), "ask")
    assert "somebody to approve: Publish monday?, 1d more" in run.why("ask").replace("23h 59m", "1d")
    run.approve("ask", by="ann")
    assert run.result(LONG) == "ann"

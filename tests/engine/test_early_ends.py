"""Steps: `finish` and `cancel` end a run, a scope, a group or a node early, said in Python and in YAML alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gated import LONG, gate, gates, parks, states, until

from stratix_tasks import (
    Engine,
    Flow,
    FlowError,
    TaskFailed,
    TransitionError,
    always,
    cancel,
    each,
    failed,
    finish,
    first_of,
    flow,
    otherwise,
    repeat,
    signal,
    status,
    task,
    when,
)

said: list[Any] = []


@task
def plus(n: int, by: int = 0) -> int:
    return n + by


@task
def breaks_off(n: int) -> int:
    raise ValueError(n)


@task
def tells(*what: Any) -> Any:
    said.append([*what])
    return what[0]


@flow
def endless(n: int) -> Any:
    """Waits for ever, unless it finishes by itself."""
    got = plus(n)
    with when(got == 2):
        finish("two")
    with when(got == 3):
        finish("three is too much", status="failed")
    return plus(signal("never"), got)


@flow
def sifted(n: int) -> Any:
    """An item of a map that one of its items ends."""
    with when(n > 2):
        far = plus(signal("never"), n)
    with otherwise():
        near = plus(n)
        with when(near == 2):
            finish(node="items")
    return first_of(far, near)


@flow
def grows_to(n: int) -> Any:
    got = plus(n, 1)
    with when(got > 1):
        finish(100)
    return got


@flow
def guarded(n: int) -> Any:
    finish(plus(n))
    with always() as scope:
        tells(scope.status)
    return plus(signal("never"))


def of_the_run(n: int) -> Any:
    finish({"n": plus(n)})
    return plus(signal("never"))


def as_it_is(n: int) -> Any:
    got = plus(n)
    finish.options(after=[got])()
    return [got, signal("never")]


def caught(n: int) -> Any:
    part = endless(n)
    with failed(part) as error:
        why = tells(error.message, error.code)
    return first_of(part, why)


def cancelled(n: int) -> Any:
    waits = signal("never")
    user = plus.options(name="user")(waits)
    cancel.options(after=[plus(n)])(waits)
    return first_of(user, status_of(waits))


def status_of(x: Any) -> Any:
    with when(status(x) == "cancelled"):
        return plus.options(name="seen")(7)


CASES: dict[str, tuple[Callable[..., Any], Any]] = {
    "the run": (lambda: of_the_run(4), {"n": 4}),
    "the run with what is there": (lambda: as_it_is(3), [3, None]),
    "a sub-flow": (lambda: endless(2), "two"),
    "a sub-flow as failed": (lambda: caught(3), "three is too much"),
    "an item": (lambda: endless.map(each([2, 2])), ["two", "two"]),
    "an item that fails": (lambda: first_of(endless.map(each([3, 2])), 0), 0),
    "a round": (lambda: repeat(grows_to, 0, until=lambda n: n >= 100, max=5), 100),
    "a map from inside": (lambda: sifted.options(name="items").map(each([9, 2])), [2]),
    "a sub-flow beside it": (lambda: ends_beside("given"), "given"),
    "a node with a value": (lambda: ends_node(), 5),
    "with its end": (lambda: guarded(6), 6),
    "a node that is cancelled": (lambda: cancelled(1), 7),
}


def ends_beside(value: Any) -> Any:
    part = endless(1)
    finish.options(after=[plus(1)])(part, value=value)
    return part


def ends_node() -> Any:
    waits = signal("never")
    finish(waits, value=plus(4, 1))
    return plus(waits)


def made(name: str, body: Callable[[], Any]) -> Any:
    scope: dict[str, Any] = {"body": body}
    exec("def early(): return body()", scope)
    return flow(name=name)(scope["early"])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("door", ["python", "yaml", "written"])
def test_a_step_ends_what_it_says(engine: Engine, name: str, door: str) -> None:
    """It comes to the value that was given, or is there; so does the document, and the Python that is written of it."""
    said.clear()
    body, wanted = CASES[name]
    early = made("early_ends", body)
    assert early.validate() == []
    if door == "yaml":
        text = early.to_yaml()
        early = Flow.from_yaml(text)
        assert early.to_yaml() == text
    if door == "written":
        scope: dict[str, Any] = {"__name__": "written_early"}
        exec(compile(early.to_python(), "written_early.py", "exec", dont_inherit=True), scope)
        early = scope["early_ends"]
    run = engine.start(early)
    assert run.result(LONG) == wanted
    assert run.status == "completed"


def test_the_end_of_a_flow_runs_when_it_is_finished(engine: Engine) -> None:
    """What stands under `finally` sees that it completed."""
    said.clear()
    assert engine.start(made("early_guarded", lambda: guarded(6))).result(LONG) == 6
    assert said == [["completed"]]


def test_a_run_that_is_finished_as_failed_says_why(engine: Engine) -> None:
    """A text that it is given is the message; nothing else of it has failed."""

    @flow
    def early_bad() -> Any:
        finish("no rows", status="failed")
        return plus(signal("never"))

    run = engine.start(early_bad)
    with pytest.raises(TaskFailed, match="'finish' finished the run as failed: no rows") as caught:
        run.result(LONG)
    assert caught.value.code == "finished"
    assert states(run)["signal"] == "cancelled"


def test_what_a_step_cancels_is_named_with_it(engine: Engine) -> None:
    """In the history and by `why`: nobody takes it for a failure, or for a person's doing."""

    @flow
    def early_named() -> Any:
        waits = signal("never")
        plus.options(name="user")(waits)
        cancel(waits)
        many = endless.map(each([1]))
        finish(node=many)
        return many

    run = engine.start(early_named)
    assert run.result(LONG) == []
    told = {row.node: (row.state, row.reason) for row in run.tasks().itertuples() if row.item is not None}
    assert told["signal"] == ("cancelled", "cancelled by a step")
    assert told["user"] == ("skipped", "upstream")
    assert told["endless"] == ("completed", "finished early")
    assert run.why("signal") == "'signal' was cancelled: 'cancel' ended it early."
    assert run.why("user") == "'user' was skipped: what it needs was cancelled by a step."
    assert run.why("endless") == "'endless' completed early: 'finish' finished it."


def test_a_step_leaves_what_has_ended(engine: Engine) -> None:
    """It completed before its turn came: nothing becomes of it."""

    @flow
    def early_late() -> Any:
        done, held = plus(1), gate("late")
        cancel.options(after=[held])(done)
        finish.options(after=[held])(node=done)
        return plus(done, 1)

    run = engine.start(early_late)
    gates.arrive("late")
    until(run, lambda: states(run)["plus_2"] == "completed")
    gates.let("late")
    assert run.result(LONG) == 2
    assert states(run)["plus"] == "completed"


def test_a_rollback_of_a_step_takes_back_what_it_ended(engine: Engine) -> None:
    """What it cancelled runs again, and what was skipped for that."""

    @flow
    def early_back() -> Any:
        first = plus(1)
        held = parks.options(after=[first])("back")
        user = tells.options(name="user")(held)
        cancel.options(after=[first], name="off")(held)
        return first_of(user, "none")

    run = engine.start(early_back)
    until(run, lambda: states(run)["off"] == "completed")
    gates.let("back")  # where it hears that it was cancelled
    assert run.result(LONG) == "none"
    run.rollback(to="plus")
    assert [states(run)[name] for name in ("parks", "user", "off")] == ["ready", "pending", "ready"]
    run.skip("off")
    run.resume()
    assert run.result(LONG) == "back"


def test_what_lies_in_a_finished_flow_is_not_tried_again(engine: Engine) -> None:
    """Not alone: the step that ended it would stand against that."""

    @flow
    def early_over() -> Any:
        held = signal("over")
        finish.options(after=[plus(1)])("no", status="failed")
        return held

    run = engine.start(early_over)
    run.wait(LONG)
    with pytest.raises(TransitionError, match="'finish' has finished what it lies in: roll back"):
        run.retry("signal")
    with pytest.raises(TransitionError, match="'finish' has finished it: roll back"):
        run.retry()


def test_a_pause_holds_a_step(engine: Engine) -> None:
    """What it would end goes on meanwhile."""

    @flow
    def early_held() -> Any:
        first = gate("first")
        late = gate.options(name="late")("held")
        finish.options(after=[first])("early")
        return late

    run = engine.start(early_held)
    gates.arrive("first")
    run.pause("finish")
    gates.let("first")
    until(run, lambda: states(run)["finish"] == "held")
    assert states(run)["late"] == "running"
    run.resume("finish")
    gates.let("held")
    assert run.result(LONG) == "early"


def test_a_step_gives_values_of_any_size(engine: Engine) -> None:
    """A group has the value that it is given, also from the store."""

    @task
    def wide() -> bytes:
        return bytes(100_000)

    @flow
    def early_wide() -> Any:
        part = endless(1)
        finish(part, value=wide())
        return part

    assert engine.start(early_wide).result(LONG) == bytes(100_000)


def test_a_fork_takes_over_what_a_step_ended(engine: Engine) -> None:
    """It is not done again, where the step is not."""

    @flow
    def early_fork() -> Any:
        waits = signal("never")
        cancel(waits)
        part = endless(1)
        finish(part, value=3)
        return plus.options(name="last")(part)

    run = engine.start(early_fork)
    assert run.result(LONG) == 3
    other = run.fork(from_="last")
    assert other.result(LONG) == 3
    assert states(other)["signal"] == "cancelled"
    assert other.why("endless") == "'endless' completed early: 'finish' finished it."


WRONG = {
    "unknown": ("uses: flow.cancel, with: {node: nothing}", "unknown-task", "no task beside it and no group"),
    "itself": ("uses: flow.finish, with: {node: s}", "no-effect", "it can't end itself"),
    "a need": ("uses: flow.cancel, needs: [a], with: {node: a}", "no-effect", "'a' has ended when its turn comes"),
    "disabled": ("uses: flow.finish, with: {node: off}", "no-effect", "'off' is disabled"),
    "no node": ("uses: flow.cancel", "bad-arguments", "needs the argument 'node'"),
    "status": ("uses: flow.finish, with: {status: done}", "bad-value", "write completed or failed"),
    "a reference": ("uses: flow.cancel, with: {node: '${{ tasks.a.output }}'}", "bad-value", "can't be worked out"),
    "mapped": ("uses: flow.finish, each: {as: value, in: [1]}", "bad-option", "it can't be mapped"),
    "tried again": ("uses: flow.finish, retry: 3", "bad-option", "retry means nothing on 'flow.finish'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_step_that_would_end_nothing_is_refused(name: str) -> None:
    """With its line, when the document is read."""
    fields, code, words = WRONG[name]
    text = f"stratix: 1\nflow: early_wrong\ntasks:\n  a: {{uses: wait.signal, with: {{name: a}}}}\n  s: {{{fields}}}\n"
    text += "  off: {uses: wait.signal, enabled: false, with: {name: off}}\n"
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(text)
    told = [(problem.code, problem.message, problem.line) for problem in caught.value.problems]
    assert any(one == code and words in message and line == 5 for one, message, line in told), told


def test_the_end_of_a_flow_ends_nothing() -> None:
    """In `finally` a step is a problem, from Python, too."""

    @flow
    def early_finally() -> Any:
        plus(1)
        with always():
            finish(2)

    assert [(one.code, one.node) for one in early_finally.validate()] == [("bad-option", "finish")]

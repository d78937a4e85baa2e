"""Waits in the body of a flow: what they become in the document, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from stratix_tasks import Approval, Flow, FlowError, approval, each, flow, signal, sleep, task, uses, when
from stratix_tasks.spec.problems import errors
from stratix_tasks.spec.values import Ref


@task
def load(n: int = 3) -> list[str]:
    return ["eu", "us"][:n]


@task
def publish(given: Approval) -> str:
    return given["by"]


@task
def count(n: int) -> int:
    return n


@flow
def ships(region: str) -> Any:
    table = load()
    asked = approval.options(name="approve", after=[table], description="The last look.")("Ship it?", timeout="1d")
    approval.options(after=asked)(region)
    sent = signal("go", timeout=60)
    with when(sent["go"] == True):  # noqa: E712
        paused = sleep(timedelta(minutes=5))
        publish.options(after=[paused])(asked)
    return sent


def test_waits_are_nodes() -> None:
    """They have a name, an argument, order, a deadline and conditions like any other, and call nothing."""
    nodes = ships.spec.tasks
    assert list(nodes) == ["load", "approve", "approval", "signal", "sleep", "publish"]
    assert [node.uses for node in nodes.values()][1:5] == [
        "wait.approval",
        "wait.approval",
        "wait.signal",
        "wait.sleep",
    ]
    asked = nodes["approve"]
    assert (asked.call, asked.args, asked.needs) == (None, {"message": "Ship it?"}, ("load",))
    assert (asked.timeout.attempt, asked.description) == (86400, "The last look.")
    assert nodes["approval"].args == {"message": Ref("inputs", "region")}
    assert nodes["sleep"].args == {"duration": "5m"}
    assert nodes["sleep"].when.text == 'tasks.signal.output["go"] == true'
    assert nodes["publish"].args == {"given": Ref("tasks", "approve")}
    assert errors(ships.validate()) == []


def test_a_flow_with_waits_is_written_and_read() -> None:
    """Decorators to YAML to spec is the identity."""
    again = Flow.from_yaml(ships.to_yaml(), allow=[__name__])
    assert again.spec == ships.spec
    assert errors(again.validate()) == []


def test_a_wait_is_mapped() -> None:
    """One for each element, with names for the items."""

    @flow
    def regions() -> Any:
        return approval.options(name="approve", key="{message}", max=2).map(each(load()), timeout="1h")

    node = regions.spec.tasks["approve"]
    assert node.each.over == {"message": Ref("tasks", "load")}
    assert (node.each.key, node.each.max, node.timeout.attempt) == (Ref("each", "message"), 2, 3600)
    assert errors(regions.validate()) == []


def test_a_second_wait_gets_a_number() -> None:
    """As a second call of a task does."""

    @flow
    def twice() -> Any:
        return [sleep(1), sleep.options(after=[sleep(2)])(3), uses("wait.sleep").options(name="third")(duration=4)]

    assert list(twice.spec.tasks) == ["sleep", "sleep_2", "sleep_3", "third"]


REFUSED: dict[str, tuple[Any, str, str]] = {
    "retry": (lambda: approval.options(retry=3)("?"), "bad-option", "runs no body"),
    "runner": (lambda: signal.options(runner="thread")("x"), "bad-option", "timeout"),
    "unknown option": (lambda: signal.options(timeuot=3)("x"), "unknown-option", "Did you mean 'timeout'"),
    "option of a later version": (lambda: signal.options(cache="1d")("x"), "not-available", "wait 'signal'"),
    "timeout of a sleep": (lambda: sleep("5m", timeout="1d"), "bad-option", "its duration"),  # type: ignore[call-arg]
    "unreadable timeout": (lambda: approval("?", timeout="soon"), "bad-option", "soon"),
    "unknown argument": (lambda: approval(mesage="?"), "bad-arguments", "Did you mean 'message'"),  # type: ignore[call-arg]
    "option as an argument": (lambda: approval("?", retry=3), "bad-arguments", "Known: message"),  # type: ignore[call-arg]
    "missing argument": (lambda: signal(), "bad-arguments", "signal(name"),  # type: ignore[call-arg]
    "map without each": (lambda: sleep.map(5), "nothing-to-map", "each"),
    "key without map": (lambda: signal.options(key="{name}")("x"), "bad-option", "fan-out"),
    "later executor": (lambda: uses("python")(url="x"), "not-available", "wait.sleep"),
    "unknown executor": (lambda: uses("wait.aproval")("x"), "unknown-executor", "Did you mean 'wait.approval'"),
    "used as a value": (lambda: 1 if approval("?") else 2, "reference-used-as-value", "line"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_wrong_use_is_refused(what: str) -> None:
    """FlowError that says what is allowed."""
    wrong, code, said = REFUSED[what]

    @flow
    def misuses() -> Any:
        return wrong()

    with pytest.raises(FlowError) as caught:
        _ = misuses.spec
    assert caught.value.code == code
    assert said in str(caught.value)


PROBLEMS: dict[str, tuple[Any, str, str]] = {
    "unreadable duration": (lambda: sleep("soon"), "bad-value", "soon"),
    "empty message": (lambda: approval(" "), "bad-value", "text"),
    "signal without a name": (lambda: signal(""), "bad-value", "text"),
    "limit of all attempts": (lambda: approval.options(timeout={"total": "1d"})("?"), "bad-option", "timeout: 1d"),
    "message that is no text": (lambda: approval(count(1)), "type-mismatch", "message"),  # type: ignore[arg-type]
    "approval as a number": (lambda: count(approval("?")), "type-mismatch", "Approval"),  # type: ignore[arg-type]
    "sleep as a number": (lambda: count(sleep("5m")), "type-mismatch", "None"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("what", PROBLEMS)
def test_what_does_not_fit_is_a_problem(what: str) -> None:
    """Found before anything runs."""
    wrong, code, said = PROBLEMS[what]

    @flow
    def misfits() -> Any:
        return wrong()

    (problem,) = misfits.validate()
    assert (problem.code, said in str(problem)) == (code, True), problem


def test_python_tests_on_waits_are_found() -> None:
    """As on what a task returns."""

    @flow
    def tests() -> Any:
        asked = approval("?")
        return None if asked is None else asked

    assert [problem.code for problem in tests.validate()] == ["python-test-on-reference"]


@pytest.mark.parametrize("wait", [sleep, approval, signal, sleep.map, uses("wait.signal")])
def test_waits_belong_in_a_flow(wait: Any) -> None:
    """Outside of one there is nothing that could wait for a person or a restart."""
    with pytest.raises(FlowError, match="body of a @flow") as caught:
        wait("5m")
    assert caught.value.code == "no-flow"

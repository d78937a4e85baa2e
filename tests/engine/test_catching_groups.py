"""`failed` of a group: it is for failures, however deep they lie, and never for what a person cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gated import LONG, states, until

from stratix_tasks import Engine, Flow, approval, each, failed, first_of, flow, repeat, task


@task
def told(error: Any) -> Any:
    return [error["code"], error["node"]]


@task
def passes(answer: Any = None) -> Any:
    return answer


@flow
def agreed(x: Any = None) -> Any:
    return passes(approval.options(name="ok")("Yes?"))


@flow
def agreed_inside(x: Any = None) -> Any:
    return agreed()


@flow
def agreed_by_each(x: Any = None) -> Any:
    return agreed.map(each([1, 2]))


@flow
def agreed_or_not(x: Any = None) -> Any:
    """What fails in it is caught there; what is cancelled is not."""
    one = approval.options(name="first")("Really?")
    with failed(one):
        other = passes("anyway")
    return [first_of(one, other), approval.options(name="ok")("Yes?")]


GROUPS: dict[str, tuple[Callable[[], Any], str, str]] = {
    "flow": (lambda: agreed(), "agreed", "agreed.ok"),
    "flow_in_a_flow": (lambda: agreed_inside(), "agreed_inside", "agreed_inside.agreed.ok"),
    "mapped_flow": (lambda: agreed.map(each([1, 2])), "agreed", "agreed[1].ok"),
    "mapped_inside": (lambda: agreed_by_each(), "agreed_by_each", "agreed_by_each.agreed[0].ok"),
    "map": (lambda: approval.map(each(["Yes?", "No?"])), "approval", "approval[0]"),
    "loop": (lambda: repeat(agreed, 1, max=1), "agreed", "agreed[0].ok"),
    "one_that_caught": (lambda: agreed_or_not(), "agreed_or_not", "agreed_or_not.ok"),
}


def waiting(run: Any) -> list[str]:
    """What waits for somebody, also in mapped flows."""
    live = run._live
    return live.engine.look(lambda: [live.name(u) for u in live.core.state.waits])  # type: ignore[no-any-return]


def started(engine: Engine, group: str, door: str) -> Any:
    place, _, inside = GROUPS[group]

    @flow(name=f"catches_{group}_{door}")
    def catches() -> Any:
        made = place()
        with failed(made) as error:
            late = told(error)
        return first_of(made, late)

    made: Any = catches if door == "python" else Flow.from_yaml(catches.to_yaml())
    run = engine.start(made)
    until(run, lambda: inside in waiting(run))
    return run


@pytest.mark.parametrize("door", ["python", "yaml"])
@pytest.mark.parametrize("group", GROUPS)
def test_what_a_person_cancels_in_a_group_is_not_caught(engine: Engine, group: str, door: str) -> None:
    """The group stays bad, and so does the run; a rejection in the place of the cancel is a failure, and caught."""
    _, name, inside = GROUPS[group]
    run = started(engine, group, door)
    if group == "one_that_caught":
        run.reject(f"{name}.first")
    run.cancel(inside)
    for node in waiting(run):
        run.approve(node)
    assert run.wait(LONG) == "failed"
    assert states(run)["told"] == "skipped"
    assert "nothing failed of what it catches" in run.why("told")
    run.retry(inside)
    until(run, lambda: inside in waiting(run))
    run.reject(inside)
    assert run.wait(LONG) == "completed"
    assert run.result(LONG)[0] in ("rejected", "items")


def test_a_failure_beside_a_cancel_is_caught(engine: Engine) -> None:
    """Of two items one was cancelled, and the other one failed in earnest."""
    run = started(engine, "mapped_flow", "both")
    run.cancel("agreed[0].ok")
    run.reject("agreed[1].ok")
    assert run.result(LONG) == ["items", "agreed"]

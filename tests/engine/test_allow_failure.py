"""Nodes that may fail (`allow_failure`): their bad end is not the run's, and who needs them goes on without their value."""

from __future__ import annotations

from typing import Any

import pytest
from small_bodies import LONG, states

from stratix_tasks import Engine, Flow, FlowError, each, first_of, flow, repeat, status, task, when
from stratix_tasks.errors import TransitionError

FAILS = True


@task
def may_fail(x: int = 1) -> int:
    if FAILS:
        raise ValueError("not today")
    return x


@task
def by_default(x: int = 7, y: int = 0) -> int:
    return x + y


@task
def none_too(x: int | None) -> int | None:
    return x


@task
def must_have(x: int) -> int:
    return x


@task
def listed(xs: list[Any] | None = None) -> Any:
    return xs


@task
def step(x: int, more: int = 10) -> int:
    return x + more


@flow
def given(x: int = 5, y: int | None = 3) -> Any:
    return listed([x, y])


@flow
def failing() -> Any:
    return may_fail()


loose = may_fail.options(allow_failure=True, name="loose")


@pytest.fixture(autouse=True)
def _fails() -> Any:
    global FAILS
    FAILS = True
    yield
    FAILS = True


@flow(name="goes_on_without")
def everything() -> Any:
    gone = loose()
    behind = by_default.options(allow_failure=True, name="behind")(must_have.options(name="stops")(may_fail()))
    group = failing.options(allow_failure=True)()
    return {
        "default": by_default(gone),
        "none": none_too(gone),
        "inside": listed([gone, behind, group]),
        "after": by_default.options(after=[gone], name="after")(2),
        "flow": given(gone, gone),
        "first": listed.options(name="first")([first_of(gone, by_default.options(name="other")(4))]),
        "shared": by_default.options(name="shared").map(each([1, 2]), y=gone),
        "again": repeat(step, 1, more=gone, max=2),
        "itself": gone,
    }


EXPECTED = {
    "default": 7,
    "none": None,
    "inside": [None, None, None],
    "after": 2,
    "flow": [5, 3],
    "first": [4],
    "shared": [1, 2],
    "again": 21,
    "itself": None,
}


def test_what_needs_it_goes_on_and_the_run_completes(engine: Engine) -> None:
    """Defaults, else None where the annotation allows it: of tasks, flows, fan-outs and rounds; and what failed before it
    is absorbed with it."""
    run = engine.start(everything)
    assert run.result(LONG) == EXPECTED
    assert run.status == "completed"
    told = states(run)
    assert (told["loose"], told["stops"], told["behind"]) == ("failed", "upstream_failed", "upstream_failed")
    assert run.why("loose").endswith("Its flow goes on without it: it may fail (allow_failure).")


def test_a_document_says_it_the_same(engine: Engine) -> None:
    """`allow_failure: true`, written and read."""
    text = everything.to_yaml()
    assert "  loose:\n    call: test_allow_failure:may_fail\n    allow_failure: true\n" in text
    again = Flow.from_yaml(text, allow=[__name__])
    assert again.spec == everything.spec
    assert engine.start(again).result(LONG) == EXPECTED


def test_code_is_written_with_it() -> None:
    """Of a task and of a flow in a flow."""

    @flow(name="written_as_code")
    def written() -> Any:
        return listed([loose(), failing.options(allow_failure=True, name="group")()])

    text = written.to_python()
    assert 'may_fail.options(name="loose", allow_failure=True)()' in text
    assert 'failing.options(name="group", allow_failure=True)()' in text


def test_it_stops_no_run_that_stops_at_failures(engine: Engine) -> None:
    """`on_failure="stop"` ends a run at a failure that counts, and this one does not."""

    @flow(on_failure="stop")
    def tolerant() -> Any:
        return by_default(loose())

    assert engine.start(tolerant).result(LONG) == 7


def test_how_it_ended_can_be_asked(engine: Engine) -> None:
    """A status is there however it ended; a node behind it is no failure of its flow either, and is skipped with it."""

    @flow(name="asks_how_it_ended")
    def asks() -> Any:
        gone = loose()
        with when(status(gone) == "failed"):
            listed.options(name="told")([1])
        with when(status(gone) == "completed"):
            listed.options(name="untold")([2])

    run = engine.start(asks)
    run.wait(LONG)
    assert (run.status, states(run)["told"], states(run)["untold"]) == ("completed", "completed", "skipped")


def test_a_retry_rolls_back_what_went_on_without_it(engine: Engine) -> None:
    """Refused while that would make a result wrong, with `redo=True` done again with the value."""
    global FAILS

    @flow(name="goes_on_then_again")
    def again() -> Any:
        return [by_default(loose(3)), may_fail()]

    run = engine.start(again)
    run.wait(LONG)
    assert (run.status, run.output("by_default")) == ("failed", 7)
    with pytest.raises(TransitionError, match="'by_default' has gone on without it"):
        run.retry("loose")
    FAILS = False
    run.retry("loose", redo=True)
    run.wait(LONG)
    assert run.output("by_default") == 3


def _needs_it() -> Any:
    return must_have(loose())


def _maps_over_it() -> Any:
    return by_default.map(each(listed.options(allow_failure=True)()))


def _asks_for_its_value() -> Any:
    with when(loose() > 1):
        listed()


@pytest.mark.parametrize("body", [_needs_it, _maps_over_it, _asks_for_its_value])
def test_what_can_not_go_without_is_a_problem(body: Any) -> None:
    """Told before anything runs, by the node that asks."""
    made = flow(body)
    (problem,) = made.validate()
    assert (problem.code, "may fail" in problem.message) == ("may-be-missing", True)
    with pytest.raises(FlowError, match="may fail"):
        made.start()


def test_what_a_document_says_with_it_is_checked() -> None:
    """A template, an `until`, an output: texts have no place for what is not there."""
    text = f"""stratix: 1
flow: loose_texts
tasks:
  x: {{call: "{__name__}:may_fail", allow_failure: true}}
  y: {{call: "{__name__}:listed", with: {{xs: ["got ${{{{ tasks.x.output }}}}"]}}}}
output: "it was ${{{{ tasks.x.output }}}}"
"""
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(text, allow=[__name__])
    told = [(one.code, one.node, one.line) for one in caught.value.problems]
    assert told == [("may-be-missing", "y", 5), ("may-be-missing", "", 6)]

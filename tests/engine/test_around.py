"""What is around: the run, the attempt, the item, where expressions of documents and conditions in Python can ask for it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from gated import until

from stratix_tasks import Engine, Flow, FlowError, each, expr, first_of, flow, task, when

LONG = 30.0


@task
def gives_around(*values: Any) -> list[Any]:
    return list(values)


@task
def takes_item(x: Any, about: Any = None, text: str = "") -> list[Any]:
    return [x, about, text]


@task(retry={"max": 5, "delay": 0, "jitter": "none"})
def fails_until(attempt: int, enough: int) -> int:
    if attempt < enough:
        raise ValueError(attempt)
    return attempt


@flow
def takes_one_around(x: Any, at: int, key: Any) -> Any:
    return gives_around(x, at, key)


def test_the_run_is_everywhere(engine: Engine) -> None:
    """In arguments, texts, conditions, outputs and flows inside: its id, its flow and when it began, as its first fact tells."""

    @flow
    def inside() -> Any:
        with when(expr("run.flow == 'asks_for_the_run' && run.started < timestamp('2100-01-01T00:00:00Z')")):
            gone = gives_around(expr("${{ run.id }}"), expr("${{ run.started }}"), expr("run of ${{ run.flow }}"))
        return [first_of(gone, "none")]

    @flow
    def asks_for_the_run() -> Any:
        return [inside(), expr("${{ run.id }}")]

    run = engine.start(asks_for_the_run)
    (((id_, started, text),), again) = run.result(LONG)
    assert (id_, text, again) == (run.id, "run of asks_for_the_run", run.id)
    assert started == datetime.fromtimestamp(run._live.started_at, UTC)
    other = engine.run(run.id).fork("inside.gives_around").result(LONG)
    assert other[0][0][0] == other[1] != run.id


def test_an_attempt_tells_its_number(engine: Engine) -> None:
    """In its arguments, of a task and of each item by itself; and in retry.when."""

    @flow
    def counts_attempts() -> Any:
        number = expr("${{ attempt }}")
        return [fails_until(number, 3), fails_until.map(number, each([1, 2]))]

    run = engine.start(counts_attempts)
    assert run.result(LONG) == [3, [1, 2]]

    @flow
    def gives_up() -> Any:
        lenient = fails_until.options(retry={"max": 9, "delay": 0, "when": lambda error, attempt: attempt < 2})
        return lenient(expr("${{ attempt }}"), 4)

    run = engine.start(gives_up)
    run.wait(LONG)
    assert getattr(run.error, "attempt", None) == 2


class Busy(Exception):
    """What a server says that is asked too often."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("busy")
        self.retry_after = retry_after


@task(retry={"max": 1, "delay": lambda e: e.retry_after, "max_delay": "1d"})
def asks_too_often(after: float) -> None:
    raise Busy(after)


def test_an_error_tells_when_to_try_again(engine: Engine) -> None:
    """In retry.delay, by a function or its text, of a task, a flow in a flow and by a policy; told while it waits."""

    @flow
    def is_told_to_wait() -> None:
        asks_too_often.options(retry=None)(7200.0)

    @flow(policies={"slow": {"retry": {"max": 1, "delay": "${{ 1800 * attempt }}", "max_delay": "1d"}}})
    def is_told_to_wait_in_all_ways() -> Any:
        asks_too_often(7200.0)
        asks_too_often.options(name="by_policy", policy="slow", retry=None)(7200.0)
        half = {"max": 1, "delay": "${{ error.retry_after / 2.0 }}", "max_delay": "1d"}
        is_told_to_wait.options(name="whole", retry=half)()

    again = Flow.from_yaml(is_told_to_wait_in_all_ways.to_yaml(), allow=["test_around"])
    assert again.spec == is_told_to_wait_in_all_ways.spec
    run = engine.start(again)
    wanted = {"asks_too_often": 7200, "by_policy": 1800, "whole": 3600}
    until(run, lambda: all("is tried again in" in run.why(name) for name in wanted))
    for name, seconds in wanted.items():
        (said,) = re.findall(r"tried again in ([\d.]+) s", run.why(name))
        assert seconds - LONG < float(said) <= seconds
    run.cancel()


def test_an_item_tells_its_place_and_key(engine: Engine) -> None:
    """In the arguments that all items share, in texts, `where` and `key`; of a mapped flow, as its input."""

    @flow
    def numbers_items(xs: list[str]) -> Any:
        kept = takes_item.options(key="{x}", where=lambda x, each: (each.index > 0) & (each.key != "d"))
        mapped = kept.map(each(xs), about=expr("${{ each.index }}"), text=expr("${{ each.key }} of ${{ run.flow }}"))
        flows = takes_one_around.map(each(xs), at=expr("${{ each.index }}"), key=expr("${{ each.key }}"))
        return [mapped, flows]

    run = engine.start(numbers_items, {"xs": ["a", "b", "c", "d"]})
    mapped, flows = run.result(LONG)
    assert mapped == [["b", 1, "b of numbers_items"], ["c", 2, "c of numbers_items"]]
    assert flows == [["a", 0, None], ["b", 1, None], ["c", 2, None], ["d", 3, None]]


def test_a_document_says_it_by_the_same_words(engine: Engine) -> None:
    """The key may be the place of the item."""
    text = """
stratix: 1
flow: says_around
tasks:
  a:
    call: test_around:takes_item
    each: {as: x, in: [5, 6], key: "n${{ each.index }}"}
    with: {about: "${{ each.key }}"}
output: "${{ tasks.a.output }}"
"""
    made = Flow.from_yaml(text, allow=["test_around"])
    assert engine.start(made).result(LONG) == [[5, "n0", ""], [6, "n1", ""]]
    assert Flow.from_yaml(made.to_yaml()).spec == made.spec


WRONG = {
    "when: attempt > 1": "attempt",
    "when: each.index > 1": "each",
    "when: error.code == 'x'": "error",
    "with: {x: '${{ each.index }}'}": "each",
    "with: {x: '${{ scope.status }}'}": "scope",
    "each: {as: x, in: '${{ error.items }}'}": "error",
    "each: {as: x, in: [1], where: x > attempt}": "attempt",
    "retry: {max: 1, when: error.code == 'x' && each.index > 0}": "run",
}


@pytest.mark.parametrize("field", WRONG)
def test_where_it_means_nothing_it_is_a_problem(field: str) -> None:
    """With its line, and where the word is there."""
    text = f"stratix: 1\nflow: wrong_around\ntasks:\n  a:\n    call: a\n    {field}\n"
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(text)
    (problem,) = caught.value.problems
    assert problem.code == "unknown-name" and problem.line == 6 and problem.hint
    assert WRONG[field] in problem.message or WRONG[field] == "run"


def test_other_places_where_it_means_nothing() -> None:
    """Loops, waits, flows, outputs; and parts that are not there."""
    tasks = {
        "a: {loop: {call: a, max: 2, until: output > attempt}}": "`attempt` is there only",
        "a: {loop: {call: a, max: 2}, with: {x: '${{ attempt }}'}}": "`attempt` is there only",
        "a: {uses: wait.approval, with: {message: 'Try ${{ attempt }}?'}}": "`attempt` is there only",
        "a: {flow: f, with: {x: '${{ attempt }}'}}": "`attempt` is there only",
        "a: {call: a, with: {x: '${{ run.name }}'}}": "there is no `run.name`",
        "a: {call: a, with: {x: '${{ attempt.x }}'}}": "there is no `attempt.x`",
    }
    for task_text, message in tasks.items():
        text = f"stratix: 1\nflow: wrong_around\ntasks:\n  {task_text}\nflows: {{f: {{inputs: {{x: {{}}}}, tasks: {{b: {{call: b}}}}}}}}\n"
        with pytest.raises(FlowError) as caught:
            Flow.from_yaml(text)
        assert [message in problem.message for problem in caught.value.problems] == [True]
    with pytest.raises(FlowError, match="`error` is there only"):
        Flow.from_yaml("stratix: 1\nflow: w\ntasks: {a: {call: a}}\noutput: '${{ error.code }}'\n")

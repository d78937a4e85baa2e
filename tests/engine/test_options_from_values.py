"""Options whose values come with the run: resolved when the node is about to begin, recorded, and shown."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from gated import gate, gates
from small_bodies import LONG, states

from stratix_tasks import Engine, Flow, FlowError, current, each, flow, n_of, task

TRIES: dict[str, int] = {}
_lock = threading.Lock()


@pytest.fixture(autouse=True)
def _anew() -> None:
    TRIES.clear()


@task
def told(value: Any) -> Any:
    return value


@task
def shaky(name: str) -> int:
    with _lock:
        TRIES[name] = TRIES.get(name, 0) + 1
    raise OSError("never")


class Numbered(Exception):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@task
def answers(number: int) -> None:
    with _lock:
        TRIES[current().node] = TRIES.get(current().node, 0) + 1
    raise Numbered(number)


@task
def stuck() -> None:
    while True:
        current().checkpoint()


@task
def odd(x: int) -> int:
    if x % 2:
        raise ValueError("even")
    return x


@flow(name="limits_that_come")
def limited(limit: str) -> Any:
    return stuck.options(timeout=limit)()


def test_a_limit_comes_with_the_run(engine: Engine) -> None:
    """From an input or a task, as a text, a number or a part of several."""
    run = engine.start(limited, {"limit": "50ms"})
    run.wait(LONG)
    assert (run.status, "attempt limit of 0.05 s" in run.why("stuck")) == ("failed", True)

    @flow(name="limits_that_are_made")
    def made() -> Any:
        return stuck.options(timeout={"total": told(0.05)})()

    run = engine.start(made)
    run.wait(LONG)
    assert "total limit of 0.05 s" in run.why("stuck")


def test_attempts_come_with_the_run(engine: Engine) -> None:
    """Of a task, and of each item of a fan-out; beside what is said plainly."""

    @flow(name="attempts_that_come")
    def tried(n: int) -> Any:
        return [
            shaky.options(retry={"max": n, "delay": "1ms"}, name="one")("one"),
            shaky.options(retry={"max": told(n), "delay": "1ms"}, name="many").map(each(["a", "b"])),
        ]

    run = engine.start(tried, {"n": 2})
    run.wait(LONG)
    assert TRIES == {"one": 3, "a": 3, "b": 3}
    assert run.why("one").endswith("The run told its retry max 2 delay 0.001.")


def test_a_gather_asks_for_as_many_as_the_run_tells(engine: Engine) -> None:
    """A number, or a share."""

    @flow(name="gathers_that_come")
    def some(k: Any) -> Any:
        return odd.options(gather=n_of(k)).map(each([0, 1, 2, 3]))

    assert len(engine.start(some, {"k": 2}).result(LONG)) == 2
    assert engine.start(some, {"k": "50%"}).result(LONG) == [0, 2]
    run = engine.start(some, {"k": 3})
    run.wait(LONG)
    assert (run.status, states(run)["odd"]) == ("failed", "failed")


def test_what_is_asked_of_an_error_names_what_comes_with_the_run(engine: Engine) -> None:
    """In retry.when and retry.delay: it is looked up before the body begins, recorded and told, and asked with each error."""

    @flow(name="errors_by_inputs")
    def asked(codes: list[int], wait: float) -> Any:
        told(codes)
        often = {"max": 3, "delay": 0, "when": "error.number in tasks.told.output"}
        answers.options(name="by_task", retry=often)(5)
        once = {"max": 3, "delay": 0, "when": lambda e: (e.number == codes[1]) | (e.type == "x")}
        answers.options(name="by_input", retry=once)(5)
        answers.options(name="by_delay", retry={"max": 1, "delay": "${{ error.number * inputs.wait }}"})(5)

    again = Flow.from_yaml(asked.to_yaml(), allow=[__name__])
    assert again.spec == asked.spec
    for made in (asked, again):
        TRIES.clear()
        run = engine.start(made, {"codes": [4, 5], "wait": 0.001})
        run.wait(LONG)
        assert TRIES == {"by_task": 4, "by_input": 4, "by_delay": 2}
        assert "when error.number in ([4, 5])." in run.why("by_task")
        run = engine.start(made, {"codes": [5, 4], "wait": 0})
        run.wait(LONG)
        assert TRIES == {"by_task": 8, "by_input": 5, "by_delay": 4}


def test_what_an_error_can_not_be_asked_with_fails_the_node_by_name(engine: Engine) -> None:
    """A value that has no text in an expression."""

    @flow(name="asks_by_a_set")
    def asked() -> Any:
        return answers.options(
            retry={"max": 1, "delay": "${{ error.number * tasks.told.output }}"}, after=[told(float("nan"))]
        )(5)

    run = engine.start(asked)
    run.wait(LONG)
    assert "'answers': retry.delay: " in run.why("answers")


@pytest.mark.parametrize("value", ["soon", [1], True])
def test_a_value_that_is_none_fails_the_node_by_name(engine: Engine, value: Any) -> None:
    """Before its body begins."""

    @flow(name="wrong_limits")
    def wrong() -> Any:
        return stuck.options(timeout=told(value))()

    run = engine.start(wrong)
    run.wait(LONG)
    assert "'stuck': timeout.attempt: " in run.why("stuck")


def test_what_a_person_sets_wins(engine: Engine) -> None:
    """Before it is resolved, and over retries."""

    @flow(name="set_beside")
    def both(n: int) -> Any:
        return shaky.options(retry={"max": n, "delay": "1ms"}, after=[gate("first")])("set")

    run = engine.start(both, {"n": 5})
    gates.arrive("first")
    run.set("shaky", options={"retry": {"max": 1, "delay": "1ms"}})
    gates.let("first")
    run.wait(LONG)
    assert TRIES["set"] == 2


def test_another_owner_goes_on_with_what_was_resolved(engine: Engine) -> None:
    """It is a fact: a fork resolves its own."""

    @flow(name="resolved_once")
    def once(n: int) -> Any:
        return shaky.options(retry={"max": n, "delay": "1ms"})("fork")

    run = engine.start(once, {"n": 1})
    run.wait(LONG)
    again = run.fork(from_="shaky", inputs={"n": 3})
    again.wait(LONG)
    assert TRIES["fork"] == 2 + 4


DOCUMENT = f"""stratix: 1
flow: from_a_document
inputs:
  limit: {{type: any}}
  n: {{type: int}}
tasks:
  waits:
    call: {__name__}:stuck
    timeout: ${{{{ inputs.limit }}}}
    priority: ${{{{ inputs.n * 2 }}}}
    retry: ${{{{ inputs.n }}}}
  some:
    call: {__name__}:odd
    each: {{as: x, in: [0, 1, 2], gather: {{n_of: "${{{{ inputs.n }}}}"}}}}
"""


def test_documents_and_code_say_it_too(engine: Engine) -> None:
    """References and expressions, read and written again."""
    made = Flow.from_yaml(DOCUMENT, allow=[__name__])
    assert Flow.from_yaml(made.to_yaml(), allow=[__name__]).spec == made.spec
    run = engine.start(made, {"limit": "20ms", "n": 0})
    run.wait(LONG)
    assert "attempt limit of 0.02 s" in run.why("waits")

    @flow(name="written_with_values")
    def written(limit: str, n: int) -> Any:
        return stuck.options(timeout=limit, retry=n, priority=n)()

    assert "stuck.options(priority=n, timeout=limit, retry=n)()" in written.to_python()


def test_where_no_value_can_come_is_a_problem() -> None:
    """Flows in flows, what is said for several nodes, joins; and names that there are not."""
    texts = {
        "tasks: {g: {flow: inner, timeout: '${{ inputs.x }}'}}\nflows: {inner: {tasks: {a: {call: 'm:a'}}}}": "bad-option",
        "defaults: {timeout: '${{ inputs.x }}'}\ntasks: {a: {call: 'm:a'}}": "bad-option",
        "tasks: {a: {call: 'm:a'}, b: {call: 'm:b', needs: [a], join: {n_of: '${{ inputs.x }}'}}}": "bad-option",
        "tasks: {a: {call: 'm:a', timeout: '${{ inputs.y }}'}}": "unknown-input",
        "tasks: {a: {call: 'm:a', retry: {max: 1, when: 'error.x == inputs.y'}}}": "unknown-input",
        "tasks: {a: {call: 'm:a', retry: {max: 1, when: 'inputs.x == 1'}}}": "unknown-name",
        "tasks: {a: {call: 'm:a', priority: 'about ${{ inputs.x }}'}}": "bad-value",
    }
    for text, code in texts.items():
        with pytest.raises(FlowError) as caught:
            Flow.from_yaml(f"stratix: 1\nflow: f\ninputs: {{x: {{type: any}}}}\n{text}\n")
        assert [one.code for one in caught.value.problems] == [code], text

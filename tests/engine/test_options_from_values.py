"""Options whose values come with the run: resolved when the node is about to begin, recorded, and shown."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from gated import gate, gates, until
from small_bodies import LONG, states

from stratix_tasks import Engine, Flow, FlowError, current, each, expr, flow, n_of, task

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


GROUPS = f"""stratix: 1
flow: groups_with_values
inputs: {{n: {{type: int}}, t: {{default: 30s}}, types: {{default: [OSError]}}}}
defaults: {{timeout: "${{{{ inputs.t }}}}", for: {{"{__name__}:sha*": {{retry: {{max: "${{{{ inputs.n }}}}", delay: 0}}}}}}}}
policies: {{often: {{retry: {{max: "${{{{ inputs.n + 1 }}}}", delay: 0}}}}}}
tasks:
  by_pattern: {{call: "{__name__}:shaky", with: {{name: by_pattern}}}}
  by_policy: {{call: "{__name__}:shaky", policy: often, with: {{name: by_policy}}}}
  by_round: {{loop: {{call: "{__name__}:shaky", max: 2}}, with: {{name: by_round}}}}
  flow: {{flow: one, policy: often, with: {{name: flow}}}}
  items: {{flow: one, policy: often, each: {{as: name, in: [x, y]}}}}
  rounds:
    loop: {{flow: one, max: 3}}
    with: {{name: rounds}}
    retry: {{max: 9, delay: "${{{{ attempt > 0 ? inputs.n * 0 : 0 }}}}", when: "error.type in inputs.types && attempt <= inputs.n"}}
flows:
  one:
    inputs: {{name: {{type: str}}}}
    tasks: {{s: {{call: "{__name__}:shaky", with: {{name: "${{{{ inputs.name }}}}"}}}}}}
"""


def test_what_is_said_of_many_and_of_flows_comes_with_the_run_too(engine: Engine) -> None:
    """Policies, defaults, patterns; of a flow as a whole, of each item and each round."""
    made = Flow.from_yaml(GROUPS, allow=[__name__])
    for again in (made, Flow.from_spec(made.spec)):
        TRIES.clear()
        run = engine.start(again, {"n": 2})
        run.wait(LONG)
        assert TRIES == {"by_pattern": 3, "by_policy": 4, "by_round": 3, "flow": 4, "x": 4, "y": 4, "rounds": 3}
        assert all("timeout attempt 30.0" in run.why(name) for name in ("by_pattern", "by_policy", "by_round"))
        assert run.why("flow").endswith("The run told its retry max 3 delay 0.0.")
        assert "retry max 3 delay 0.0" in run.why("items")
        assert 'when error.type in (["OSError"]) && attempt <= (2)' in run.why("rounds[0]")


def test_a_flow_that_is_mapped_or_repeated_says_so_in_python(engine: Engine) -> None:
    """By references and expressions; a limit of time, too."""

    @flow
    def is_stuck(x: int) -> None:
        stuck()

    @flow(name="limits_of_flows", policies={"short": {"timeout": "${{ inputs.limit }}"}})
    def limited_flows(limit: float, n: int) -> None:
        is_stuck.options(timeout={"total": limit})(1)
        is_stuck.options(name="each", timeout=expr("inputs.limit * 2.0")).map(each([1, 2]))
        is_stuck.options(name="short", policy="short", priority=expr("inputs.n + 1"))(3)

    written = limited_flows.to_python()
    assert 'timeout={"total": limit}' in written and '"${{ inputs.limit }}"' in written
    run = engine.start(limited_flows, {"limit": 0.05, "n": 3})
    run.wait(LONG)
    assert "total limit of 0.05 s" in run.why("is_stuck")
    assert "attempt limit of 0.1 s" in run.why("each[1].each") and "limit of 0.1 s" in run.why("each")
    assert run.why("short").endswith("The run told its priority 4, timeout attempt 0.05.")


def test_the_priority_of_a_flow_comes_with_the_run(engine: Engine) -> None:
    """For all in it that say none, before what has a lower one."""
    order: list[str] = []

    @task
    def goes(name: str) -> None:
        order.append(name)

    @flow
    def goes_twice(name: str) -> None:
        goes.options(after=[goes(name)])(name)

    @flow(name="urgent_by_value", concurrency=1)
    def urgent(low: int, high: int) -> None:
        first = gate("urgent")
        goes_twice.options(name="low", priority=low, after=[first])("low")
        goes_twice.options(name="high", priority=high, after=[first])("high")
        goes_twice.options(name="set", priority=low, after=[first])("set")
        goes_twice.options(name="each", priority=expr("inputs.high + 1"), after=[first]).map(each(["each"]))

    run = engine.start(urgent, {"low": 1, "high": 5})
    gates.arrive("urgent")
    run.set("set", options={"priority": 3})
    gates.let("urgent")
    assert run.wait(LONG) == "completed"
    told = {row["name"]: row["options"] for row in run.progress()}
    assert (told["low"], told["set"], told["gate"]) == ({"priority": 1}, {"priority": 3}, {})
    assert order == ["each", "each", "high", "high", "set", "set", "low", "low"]


def test_where_no_value_can_come_is_a_problem() -> None:
    """Of tasks for what is said for several nodes, of inputs of another flow, for what joins nothing; and names that there are not."""
    texts = {
        "defaults: {timeout: '${{ tasks.a.output }}'}\ntasks: {a: {call: 'm:a'}}": "bad-option",
        "policies: {p: {timeout: '${{ inputs.x }}'}}\ntasks: {g: {flow: inner}}\nflows: {inner: {tasks: {a: {call: 'm:a', policy: p}}}}": "bad-option",
        "defaults: {timeout: '${{ inputs.y }}'}\ntasks: {a: {call: 'm:a'}}": "unknown-input",
        "tasks: {g: {flow: inner, timeout: '${{ inputs.y }}'}}\nflows: {inner: {tasks: {a: {call: 'm:a'}}}}": "unknown-input",
        "tasks: {a: {call: 'm:a'}, b: {call: 'm:b', join: {n_of: '${{ tasks.a.output }}'}}}": "no-effect",
        "tasks: {a: {call: 'm:a'}, b: {call: 'm:b', needs: [a], join: {n_of: '${{ inputs.y }}'}}}": "unknown-input",
        "tasks: {a: {call: 'm:a', timeout: '${{ inputs.y }}'}}": "unknown-input",
        "tasks: {a: {call: 'm:a', retry: {max: 1, when: 'error.x == inputs.y'}}}": "unknown-input",
        "tasks: {a: {call: 'm:a', retry: {max: 1, when: 'inputs.x == 1'}}}": "unknown-name",
        "tasks: {a: {call: 'm:a', priority: 'about ${{ inputs.x }}'}}": "bad-value",
    }
    for text, code in texts.items():
        with pytest.raises(FlowError) as caught:
            Flow.from_yaml(f"stratix: 1\nflow: f\ninputs: {{x: {{type: any}}}}\n{text}\n")
        assert [one.code for one in caught.value.problems] == [code], text


@task
def three(a: int | None = None, b: int | None = None, c: int | None = None) -> list[int | None]:
    return [a, b, c]


@flow
def as_many_as_are_told(k: int | str = 1, bad: int = 1) -> Any:
    a, b, c = odd.options(name="a")(0), odd.options(name="b")(bad), gate.options(name="c")(4)
    return three.options(join=n_of(told(k)), name="some")(a, b, c)


OF_AN_INPUT = f"""
stratix: 1
flow: as_many_as_an_input_says
inputs: {{k: {{}}}}
tasks:
  a: {{call: "{__name__}:odd", with: {{x: 0}}}}
  b: {{call: "{__name__}:odd", with: {{x: 2}}}}
  c: {{call: "gated:gate", with: {{name: never}}}}
  some:
    call: {__name__}:three
    with: {{a: "${{{{ tasks.a.output }}}}", b: "${{{{ tasks.b.output }}}}", c: "${{{{ tasks.c.output }}}}"}}
    join: {{n_of: "${{{{ inputs.k }}}}"}}
output: "${{{{ tasks.some.output }}}}"
"""


def test_a_join_waits_for_as_many_as_the_run_tells(engine: Engine) -> None:
    """A number, or a share of what it needs; from a node that is none of these, or an input. Documents and code say the same."""
    run = engine.start(as_many_as_are_told, {"k": "60%"})
    until(run, lambda: states(run)["b"] == "failed")  # else it is a loser where the others are faster
    gates.let(4)
    assert run.result(LONG) == [0, None, 4]
    assert engine.start(as_many_as_are_told, {"k": 2}).result(LONG) == [0, None, 4]
    assert run.why("some").endswith("The run told its join n_of 60%.")
    assert run.why("b").endswith("What needed it went on without it, so that it is not the run's.")
    document = Flow.from_yaml(OF_AN_INPUT, allow=[__name__, "gated"])
    assert Flow.from_yaml(document.to_yaml(), allow=[__name__, "gated"]).spec == document.spec
    assert "join=n_of(k)" in document.to_python()
    run = engine.start(document, {"k": 2})
    assert run.result(LONG) == [0, 2, None]
    assert states(run)["c"] == "cancelled"


@pytest.mark.parametrize(
    ("k", "why"), [(0, "n_of takes a whole number"), (4, "the join wants 4 of what it needs, and that is 3")]
)
def test_a_number_that_no_join_can_wait_for_fails_its_node(engine: Engine, k: int, why: str) -> None:
    """It says which."""
    gates.let(4)
    run = engine.start(as_many_as_are_told, {"k": k, "bad": 2})
    run.wait(LONG)
    assert why in run.why("some")
    assert states(run)["some"] == "failed"


def test_a_join_with_a_limit_from_what_it_needs_is_told_both(engine: Engine) -> None:
    """How many first; the rest when it is about to begin."""

    @flow
    def tells_both(k: int) -> Any:
        a = told.options(name="a")(3)
        return three.options(join=n_of(k), timeout=a, name="some")(a, told.options(name="b")(1))

    run = engine.start(tells_both, {"k": 2})
    assert run.result(LONG) == [3, 1, None]
    assert run.why("some").endswith("The run told its join n_of 2, timeout attempt 3.0.")

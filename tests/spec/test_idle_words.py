"""What validates clean does something: a word that can have no effect where it stands is told, at its place."""

from __future__ import annotations

import pytest

from stratix_tasks import Flow, FlowError, each, flow, product, task
from stratix_tasks.spec.problems import Problem


@task
def idle_number(x: int = 1) -> int:
    return x


@task
async def idle_awaited(x: int = 1) -> int:
    return x


@task
def idle_numbers() -> list[int]:
    return [1]


def told(fields: str) -> list[Problem]:
    """Of a document with these fields."""
    try:
        return Flow.from_yaml(f"stratix: 1\nflow: idle\n{fields}\n").validate()
    except FlowError as error:
        return list(error.problems)


def one(said: str) -> str:
    return f"tasks: {{a: {{call: idle_number, {said}}}}}"


OVER = "call: idle_number, each: {as: x, in: "
LOOP = "with: {x: 1}, loop: {call: idle_number, "
SUB = "flows: {f: {tasks: {b: {call: idle_number}}, output: '${{ tasks.b.output }}'}}"
IDLE = {
    "backoff of one delay": (one("retry: {max: 1, backoff: 3}"), ("tasks", "a", "retry", "backoff")),
    "backoff of no delay": (one("retry: {max: 3, delay: 0s, backoff: 3}"), ("tasks", "a", "retry", "backoff")),
    "longest of no delay": (one("retry: {max: 3, delay: 0s, max_delay: 9s}"), ("tasks", "a", "retry", "max_delay")),
    "delay of defaults": (f"defaults: {{retry: {{delay: 5s}}}}\n{one('')}", ("defaults", "retry", "delay")),
    "delay of a policy": (
        f"policies: {{net: {{retry: {{delay: 5s}}}}}}\n{one('policy: net')}",
        ("policies", "net", "retry", "delay"),
    ),
    "delay of a pattern": (
        f"defaults: {{for: {{'idle*': {{retry: {{delay: 5s}}}}}}}}\n{one('')}",
        ("defaults", "for", "idle*", "retry", "delay"),
    ),
    "limits of defaults": (
        f"defaults: {{timeout: {{attempt: 9s, total: 3s}}}}\n{one('')}",
        ("defaults", "timeout", "attempt"),
    ),
    "crossed alone": (f"tasks: {{a: {{{OVER}[1, 2], by: product}}}}}}", ("tasks", "a", "each", "by")),
    "rounds of one": (f"tasks: {{a: {{{LOOP}max: 1, every: 5s}}}}}}", ("tasks", "a", "loop", "every")),
    "longer than all": (
        f"tasks: {{a: {{{LOOP}until: output > 3, every: 1h, within: 1m}}}}}}",
        ("tasks", "a", "loop", "every"),
    ),
    "join at the end": (
        "tasks: {a: {call: idle_number}}\nfinally: {z: {call: idle_number, needs: [a], join: any}}",
        ("tasks", "z", "join"),
    ),
}
"""The document, and where its idle word stands."""
LIKELY = {
    "needs at the end": (
        "tasks: {a: {call: idle_number}}\nfinally: {z: {call: idle_number, needs: [a]}}",
        ("tasks", "z", "needs"),
    ),
    "always holds": (one("when: 1 < 2"), ("tasks", "a", "when")),
    "depth of none": (f"max_depth: 3\n{one('')}", ("max_depth",)),
    "said by each": (f"defaults: {{retry: 3}}\n{one('retry: 2')}", ("defaults", "retry")),
    "for bodies that nothing can stop alone": (
        f"defaults: {{timeout: 5s}}\n{one('runner: inline')}",
        ("defaults", "timeout"),
    ),
    "grace of those that run so by default": (
        f"defaults: {{runner: inline, grace: 5s}}\n{one('')}",
        ("defaults", "grace"),
    ),
    "for waits alone": (
        "defaults: {timeout: 3s}\ntasks: {a: {uses: wait.approval, with: {message: a}}}",
        ("defaults", "timeout"),
    ),
    "for flows alone": (f"defaults: {{priority: 3}}\n{SUB}\ntasks: {{a: {{flow: f}}}}", ("defaults", "priority")),
    "of bodies, for a flow": (
        f"policies: {{p: {{runner: thread}}}}\n{SUB}\ntasks: {{a: {{flow: f, policy: p}}}}",
        ("tasks", "a", "policy"),
    ),
}
"""The same of what may be meant for later, as warnings."""


@pytest.mark.parametrize(("document", "at"), IDLE.values(), ids=IDLE)
def test_a_word_that_can_do_nothing_is_a_problem(document: str, at: tuple[str, ...]) -> None:
    """At its place, and with what to do."""
    [problem] = [problem for problem in told(document) if not problem.warning]
    assert (problem.code, problem.at) == ("no-effect", at)
    assert problem.hint


@pytest.mark.parametrize(("document", "at"), LIKELY.values(), ids=LIKELY)
def test_a_word_that_does_nothing_here_is_warned_of(document: str, at: tuple[str, ...]) -> None:
    """Where the flow runs all the same as it is meant."""
    [problem] = told(document)
    assert (problem.code in ("no-effect", "unused"), problem.at, problem.warning) == (True, at, True)


def test_the_same_words_are_fine_where_they_act() -> None:
    """More attempts, two arguments that are crossed, more rounds, a flow in itself, defaults that some task takes."""
    fine = [
        one("retry: {max: 2, backoff: 3}"),
        one("retry: {max: 1, delay: 5s, jitter: none}"),
        one("retry: {max: 3, delay: 0s, jitter: none}"),
        one("retry: {max: 3, delay: '${{ error.retry_after }}', backoff: 3}"),
        f"defaults: {{retry: {{max: 2, delay: 5s}}}}\n{one('')}",
        f"tasks: {{a: {{{LOOP}max: 2, every: 5s}}}}}}",
        f"tasks: {{a: {{{LOOP}max: 1, carry: x}}}}}}",  # which Python says by itself
        f"tasks: {{a: {{{LOOP}until: output > 3, every: 5s, within: 1m}}}}}}",
        "defaults: {timeout: 3s}\ntasks: {a: {uses: wait.approval, with: {message: a}}, b: {call: idle_number}}",
        "max_depth: 3\ninputs: {n: {type: int}}\ntasks: {a: {flow: idle, with: {n: 1}, when: inputs.n > 1}}",
        "tasks: {a: {call: idle_number}}\nfinally: {y: {call: idle_number}, z: {call: idle_number, needs: [y]}}",
    ]
    assert [told(document) for document in fine] == [[]] * len(fine)


FLAT = {
    "numbers": f"tasks: {{a: {{{OVER}[1, 2], flatten: true}}}}}}",
    "counted": f"tasks: {{a: {{{OVER}{{range: 3}}, flatten: true}}}}}}",
    "of a task": f"tasks: {{n: {{call: idle_numbers}}, a: {{{OVER}'${{{{ tasks.n.output }}}}', flatten: true}}}}}}",
    "of an input": f"inputs: {{xs: {{type: 'list[str]'}}}}\ntasks: {{a: {{{OVER}'${{{{ inputs.xs }}}}', flatten: true}}}}}}",
}


@pytest.mark.parametrize("document", FLAT.values(), ids=FLAT)
def test_what_holds_no_lists_is_not_flattened(document: str) -> None:
    """Numbers and texts have no elements of their own: each item would fail."""
    problems = told(document)
    assert ("bad-each", ("tasks", "a", "each", "over", "x")) in [(one.code, one.at) for one in problems]
    assert told(f"tasks: {{a: {{{OVER}[[1], [2, 3]], flatten: true}}}}}}") == []


def test_a_product_of_one_is_a_plain_map() -> None:
    """Code that crosses whatever axes it is given may be given one."""

    @flow
    def idle_axis() -> list[int]:
        return idle_number.map(*product([1, 2]))  # type: ignore[call-overload, no-any-return]

    @flow
    def idle_plain() -> list[int]:
        return idle_number.map(each([1, 2]))

    assert idle_axis.spec.tasks == idle_plain.spec.tasks
    assert idle_axis.validate() == []


def test_what_is_crossed_with_nothing_more_is_no_product() -> None:
    """An edit that takes one of two mapped arguments away leaves a flow that is fine."""
    crossed = Flow.from_yaml(
        "stratix: 1\nflow: idle_crossed\ntasks:\n  a: {call: idle_pair, each: {over: {x: [1], y: [2]}, by: product}}\n"
    )
    crossed.apply({"edit": "set", "node": "a", "field": "over.y"})
    assert "product" not in crossed.to_yaml()
    assert [one.code for one in crossed.validate() if one.code == "no-effect"] == []


@task
def idle_pair(x: int, y: int = 1) -> int:
    return x + y


@pytest.mark.parametrize("where", ["defaults: {runner: process}", "policies: {p: {runner: process}}"])
def test_a_runner_that_is_said_for_many_fits_each_of_them(where: str) -> None:
    """It would fail at its end: no process runs a coroutine. A node that says its own runner is fine."""
    policy = ", policy: p" if "policies" in where else ""
    [problem] = told(f"{where}\ntasks: {{a: {{call: idle_awaited{policy}}}, b: {{call: idle_number{policy}}}}}")
    assert (problem.code, problem.node, problem.warning) == ("bad-option", "a", False)
    assert told(f"{where}\ntasks: {{a: {{call: idle_awaited, runner: async}}, b: {{call: idle_number{policy}}}}}") == []


AGAIN = "inputs: {n: {type: int}}\ntasks:\n  a: {call: idle_number}\n  b: {flow: FLOW, with: {n: 1}, MORE}\n"
ENDLESS = {
    "itself": (AGAIN.replace("FLOW", "idle"), "b"),
    "what it lies in": (
        """inputs: {n: {type: int}}
tasks: {a: {flow: f, with: {n: 1}}}
flows: {f: {inputs: {n: {type: int}}, tasks: {b: {flow: idle, with: {n: 1}, MORE}}}}""",
        "f.b",
    ),
    "rounds of itself": (AGAIN.replace("flow: FLOW", "loop: {flow: idle, max: 3}"), "b"),
}


@pytest.mark.parametrize(("document", "node"), ENDLESS.values(), ids=ENDLESS)
def test_a_flow_that_calls_itself_whatever_happens_is_a_problem(document: str, node: str) -> None:
    """It would fail at its depth. With a condition, over a list, or where its failure is taken up, it may end."""
    [problem] = [one for one in told(document.replace("MORE", "description: x")) if not one.warning]
    assert (problem.code, problem.node) == ("impossible", node)
    for more in ("when: inputs.n > 3", "allow_failure: true", "enabled: false"):
        assert [one for one in told(document.replace("MORE", more)) if one.code == "impossible"] == []


UNSTOPPABLE = {
    "policy": (f"policies: {{net: {{runner: inline, timeout: 5s}}}}\n{one('policy: net')}", ("timeout", "attempt")),
    "policy beside a runner": (
        f"policies: {{net: {{timeout: 5s}}}}\n{one('policy: net, runner: inline')}",
        ("timeout", "attempt"),
    ),
    "pattern": (f"defaults: {{runner: inline, for: {{'idle*': {{grace: 5s}}}}}}\n{one('')}", ("grace",)),
}


@pytest.mark.parametrize(("document", "field"), UNSTOPPABLE.values(), ids=UNSTOPPABLE)
def test_what_nothing_can_stop_takes_no_limit_of_others(document: str, field: tuple[str, ...]) -> None:
    """As it has none of its own: a plain function on the engine's loop."""
    [problem] = told(document)
    assert (problem.code, problem.at, problem.warning) == ("bad-option", ("tasks", "a", *field), False)
    assert told(document.replace("idle_number", "idle_awaited").replace("idle*", "idle_a*")) == []


def test_what_a_default_retry_asks_is_looked_at() -> None:
    """As that of a task is: what it can't know would never hold."""
    [problem] = told(f"defaults: {{retry: {{max: 2, when: eror.status == 429}}}}\n{one('')}")
    assert (problem.code, problem.at) == ("unknown-name", ("defaults", "retry", "when"))


def test_what_is_wrong_at_the_end_of_a_flow_has_its_line() -> None:
    """Under `finally`, not where the tasks begin."""
    [problem] = told(
        "tasks:\n  a: {call: idle_number}\nfinally:\n  z:\n    call: idle_number\n    join: any\n    needs: [a]\n"
    )[:1]
    assert problem.line == 8

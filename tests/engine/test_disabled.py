"""Nodes that are disabled: skipped with that reason, needed by nobody; what took their values goes without."""

from __future__ import annotations

from typing import Any

import pytest
from small_bodies import LONG, states

from stratix_tasks import Engine, Flow, FlowError, each, first_of, flow, task, when


@task
def one() -> int:
    return 1


@task
def with_default(x: int = 7) -> int:
    return x


@task
def or_none(x: int | None) -> int | None:
    return x


@task
def must(x: int) -> int:
    return x


@task
def bare(x) -> Any:  # type: ignore[no-untyped-def]
    return x


@task
def many(xs: list[Any] | None = None) -> Any:
    return xs


@flow
def inner(x: int = 5, y: int | None = 3) -> Any:
    return many([x, y])


off = one.options(enabled=False, name="off")


@flow
def everything() -> Any:
    gone, here = off(), one()
    return {
        "default": with_default(gone),
        "none": or_none(gone),
        "inside": many([gone, here]),
        "after": with_default.options(after=[gone], name="after")(2),
        "flow": inner(gone, gone),
        "first": many.options(name="first")([first_of(gone, here)]),
        "fan": with_default.options(name="fan").map(each([1, 2])),
        "itself": gone,
    }


EXPECTED = {
    "default": 7,
    "none": None,
    "inside": [None, 1],
    "after": 2,
    "flow": [5, 3],
    "first": [1],
    "fan": [1, 2],
    "itself": None,
}


def test_what_takes_its_value_goes_without(engine: Engine) -> None:
    """A default, else None where the annotation allows it; order after it, and a `first_of`, go on without it."""
    run = engine.start(everything)
    assert run.result(LONG) == EXPECTED
    assert {name: state for name, state in states(run).items() if state != "completed"} == {"off": "skipped"}
    assert run.tasks().set_index("node").loc["off", "reason"] == "disabled"
    assert run.why("off") == "'off' was skipped: it is disabled."


def test_a_document_says_it_the_same(engine: Engine) -> None:
    """`enabled: false`, written and read."""
    text = everything.to_yaml()
    assert '  "off":\n    call: test_disabled:one\n    enabled: false\n' in text
    again = Flow.from_yaml(text, allow=[__name__])
    assert again.spec == everything.spec
    assert engine.start(again).result(LONG) == EXPECTED


def test_maps_flows_and_what_they_need_are_disabled(engine: Engine) -> None:
    """They wait for nothing: not for a source that fails, nor for one that is skipped."""

    @task
    def fails() -> list[int]:
        raise ValueError("no")

    @flow
    def f() -> Any:
        mapped = with_default.options(enabled=False, name="mapped").map(each(fails()))
        return many(mapped)

    run = engine.start(f)
    run.wait(LONG)
    assert states(run) == {"fails": "failed", "mapped": "skipped", "many": "completed"}

    text = f"""stratix: 1
flow: g
tasks:
  sub: {{flow: inner, enabled: false}}
  next: {{call: "{__name__}:one", needs: [sub]}}
flows:
  inner: {{tasks: {{a: {{call: "{__name__}:one"}}}}}}
output: "${{{{ tasks.next.output }}}}"
"""
    run = engine.start(Flow.from_yaml(text, allow=[__name__]))
    assert run.result(LONG) == 1
    assert states(run) == {"sub": "skipped", "next": "completed", "sub.a": "skipped"}


def test_a_fork_skips_it_again(engine: Engine) -> None:
    """It is laid out from what is recorded: the same nodes are disabled, the same arguments are left out."""
    run = engine.start(everything)
    run.wait(LONG)
    again = run.fork(from_="with_default")
    assert again.result(LONG) == EXPECTED
    assert states(again)["off"] == "skipped"


def _needs_it() -> Any:
    return must(off())


def _says_nothing() -> Any:
    return bare(off())


def _maps_over_it() -> Any:
    return with_default.map(each(many.options(enabled=False, name="none")()))


def _asks_in_a_condition() -> Any:
    with when(off() > 1):
        one()


@pytest.mark.parametrize("body", [_needs_it, _says_nothing, _maps_over_it, _asks_in_a_condition])
def test_what_can_not_go_without_is_a_problem(body: Any) -> None:
    """Told before anything runs, by the node that asks."""
    made = flow(body)
    (problem,) = made.validate()
    assert problem.code == "disabled-value"
    with pytest.raises(FlowError, match="disabled"):
        made.start()


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("where", 'each: {as: x, in: [1], where: "x > tasks.off.output"}'),
        ("n_of", 'each: {as: x, in: [1], gather: {n_of: "${{ tasks.off.output }}"}}'),
        ("timeout", 'timeout: "${{ tasks.off.output }}"'),
        ("retry", 'retry: {max: 2, when: "error.code == tasks.off.output"}'),
        ("catch", "catch: [off]"),
    ],
)
def test_options_ask_for_nothing_that_is_disabled(place: str, says: str) -> None:
    """Nor does what is asked of each item, or who catches: each would do nothing. Told with its place."""
    with pytest.raises(FlowError) as refused:
        Flow.from_yaml(
            f"stratix: 1\nflow: f\ntasks:\n  off: {{call: m:off, enabled: false}}\n  a:\n    call: m:a\n    {says}\n"
        )
    (problem,) = refused.value.problems
    assert (problem.code, problem.node, place in problem.at) == ("disabled-value", "a", True)


def test_enabled_is_true_or_false() -> None:
    """A text that looks like one is refused, in Python and in a document."""
    with pytest.raises(FlowError, match="enabled is True or False, not 'no'"):
        one.options(enabled="no")
    with pytest.raises(FlowError, match="enabled must be true or false, not 'no'"):
        Flow.from_yaml("stratix: 1\nflow: f\ntasks: {a: {call: x, enabled: no}}\n")

"""A flow that says the same again is traced by what it said last time, and by nothing of it where it says something else."""

from __future__ import annotations

import gc
from typing import Any
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratix_tasks import Static, each, first_of, flow, otherwise, task, when
from stratix_tasks.dsl.flow import FlowDefinition
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.text import document


@task
def one(x: Any, y: Any = 0) -> Any:
    return x


@task(name="second")
def two(x: Any) -> Any:
    return x


def _composed(program: list[Any], go: Any) -> Any:
    """A flow's body: each step is a word and what it is given; a number in a list names an earlier value."""
    made: list[Any] = []
    for word, parts in program:
        args = [made[part[0] % len(made)] if isinstance(part, list) and made else part for part in parts]
        if word == "one":
            made.append(one(*args[:2]))
        elif word == "named":
            made.append(one(x=args[0]))
        elif word == "map":
            made.append(one.map(each(args)))
        elif word == "list":
            made.append(one(list(args)))
        elif word == "branch":
            with when(go == 1):
                here = one(args[0])
            with otherwise():
                there = one(args[0])
            made.append(first_of(here, there))
        elif word == "options":
            made.append(one.options(description=repr(parts), priority=len(parts))(args[0]))
        else:
            made.append(one.options(priority=2)(args[0]))
    return made[-1] if len(program) % 2 else [part for part in made if repr(part).startswith("<reference")]


@flow
def said(program: Static[list[Any]], go: int = 1) -> Any:
    return _composed(program, go)


def fresh(program: list[Any]) -> FlowSpec:
    """As a flow says it that was never traced before."""
    body = said.fn
    return FlowDefinition(body, {"name": "said"}).trace({"program": program}).spec


PART = st.one_of(
    st.sampled_from([0, 1, True, 1.0, 0.0, -0.0, "a", "", None]), st.lists(st.integers(0, 5), min_size=1, max_size=1)
)
STEP = st.tuples(
    st.sampled_from(["one", "one", "one", "named", "map", "list", "branch", "options", "other"]),
    st.lists(PART, min_size=1, max_size=2),
)


@given(st.lists(st.lists(STEP, min_size=1, max_size=6), min_size=2, max_size=4))
def test_what_was_said_last_leaves_no_trace(programs: list[list[Any]]) -> None:
    """Whatever a flow said before, it is the document that it would be if it were traced for the first time."""
    for program in programs:
        for traced in (said.trace({"program": program}), said.trace({"program": program})):
            assert document(traced.spec, repr) == document(fresh(program), repr)


@pytest.mark.parametrize(("old", "new"), [(1, True), (1, 1.0), (0.0, -0.0), (0, False), ("1", 1), (None, 0)])
def test_values_that_are_equal_and_not_the_same(old: Any, new: Any) -> None:
    """1, 1.0 and True are told apart, and the signs of zero."""

    @flow
    def gives(x: Static[Any]) -> Any:
        return one(x)

    gives.trace({"x": old})
    assert repr(gives.trace({"x": new}).spec.tasks["one"].args["x"]) == repr(new)


def test_the_same_is_taken_whole() -> None:
    """What a flow said is kept, document and all, while it says the same."""

    @flow
    def same(n: Static[int] = 3) -> Any:
        value: Any = one(0)
        for _ in range(n):
            value = one(value, 2)
        return [value, two(value)]

    first = same.trace()
    assert same.trace() is first
    longer = same.trace({"n": 4})
    assert [*longer.spec.tasks] == ["one", "one_2", "one_3", "one_4", "one_5", "second"]
    assert same.trace() is not first
    assert same.trace().spec == first.spec


def test_options_of_a_body_are_said_again() -> None:
    """A task that a body gives the same plain options each time is the node that it was; with others it is another one."""

    @flow
    def named(last: Static[str] = "b") -> Any:
        return one.options(name=last)(one.options(name="a", priority=1)(0))

    first = named.trace()
    assert named.trace() is first
    assert [*named.trace({"last": "c"}).spec.tasks] == ["a", "c"]


def test_options_that_change_where_they_stand_are_read_again() -> None:
    """A list that the body gives as an option, and that says something else by now."""
    pools = ["api"]

    @flow
    def pooled() -> Any:
        return one.options(name="x", pool=pools)(0)

    pooled.trace()
    pools.append("disk")
    assert pooled.trace().spec.tasks["x"].pool == ("api", "disk")


def test_a_task_that_was_defined_anew_is_another_one() -> None:
    """As in a notebook whose cell is run again."""
    tasks = [one, task(lambda x: x)]

    @flow
    def picks() -> Any:
        return tasks[0](1)

    picks.trace()
    tasks.reverse()
    traced = picks.trace()
    assert list(traced.functions.values()) == [tasks[0]]


def test_a_reference_of_last_time_is_refused() -> None:
    """Also where it stands for the same node as then."""
    kept: list[Any] = []

    @flow
    def leaks() -> Any:
        kept.append(one(1))
        return two(kept[0])

    leaks.trace()
    with pytest.raises(Exception, match="earlier trace"):
        leaks.trace()


def test_nothing_of_the_users_is_kept_alive() -> None:
    """Neither what a task's function holds, nor what it was given."""

    class Big:
        pass

    big = Big()
    gone = ref(big)

    def make(held: Any) -> Any:
        @task
        def holds(x: int) -> Any:
            return held

        return holds

    tasks = [make(big)]

    @flow
    def holding() -> Any:
        return tasks[0](1)

    holding.trace()
    tasks.clear()
    del big
    gc.collect()
    assert gone() is None


def test_a_flow_in_a_pickle_says_nothing_of_last_time() -> None:
    """What is sent elsewhere does not hang on whether it was traced."""
    said.trace({"program": [["one", [1]]]})
    assert said._last is not None
    assert "_last" not in said.__getstate__()

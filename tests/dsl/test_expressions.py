"""What documents can say, said in Python: expressions by their text, options of groups, defaults, positions."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field

from stratix_tasks import FlowError, each, expr, failed, first_of, flow, repeat, status, task, when
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.problems import errors
from stratix_tasks.spec.values import Expr, Ref, Template


@task(retry=3, timeout="5s", priority=2)
def work(x: Any = 0) -> int:
    return int(x) + 1


@task
def told(text: Any, more: Any = None) -> Any:
    return [text, more]


def test_an_expression_by_its_text() -> None:
    """As a condition, beside others, as an argument and to map over; it makes what it names a need."""

    @flow
    def f(n: int, xs: list[int]) -> Any:
        first = work(n)
        with when(expr("inputs.n + tasks.work.output > 3") & (first > 1)):
            work(expr("size(inputs.xs)"))
        return work.map(each(expr("inputs.xs + [inputs.n]")))

    nodes = f.spec.tasks
    assert nodes["work_2"].when == Expr("(inputs.n + tasks.work.output > 3) && (tasks.work.output > 1)", ("work",))
    assert nodes["work_2"].args == {"x": Expr("size(inputs.xs)")}
    assert nodes["work_3"].each.over == {"x": Expr("inputs.xs + [inputs.n]")}
    assert not errors(f.validate())


def test_a_text_that_is_filled_in() -> None:
    """With `${{ }}`; one that is nothing else is the value itself, in or out of a branch."""

    @flow
    def f(n: int) -> Any:
        with when(expr("inputs.n > 1")):
            work.options(name="inside")(n)
        out = work(expr("${{ tasks.inside.output }}"))
        other = work(expr("number ${{ inputs.n }}"))
        return first_of(expr("${{ tasks.inside.output[0] }}"), out), other, expr("$${{ inputs.n }}")

    spec = f.spec
    assert spec.tasks["work"].args == {"x": Ref("tasks", "inside")}
    assert spec.tasks["work_2"].args == {"x": Template(("number ", Ref("inputs", "n")))}
    assert spec.output[2] == "${{ inputs.n }}"
    assert not errors(f.validate())


def test_a_wrong_expression_is_told() -> None:
    """Names that are not there with the flow's other problems; what has no end at once."""

    @flow
    def f(n: int) -> Any:
        return expr("inputs.m + 1")

    @flow
    def g(n: int) -> Any:
        return expr("${{ inputs.n")

    assert "m" in f.validate()[0].message
    with pytest.raises(FlowError, match="has no end"):
        g.spec
    with pytest.raises(FlowError, match="belongs in the body"):
        expr("1")


@flow
def unsaid(n: int = 1) -> Any:
    work.options(name="argument")(expr("${{ inputs.n + }}"))
    with when(expr("inputs.n + ")):
        work.options(name="condition")(1)
    work.options(name="late", timeout="${{ inputs.n + }}")(1)
    work.options(name="again", retry={"max": 1, "when": "error.status + "})(1)
    work.options(name="kept", where="x + ").map(each([n, 2]))
    work.options(name="keyed", key="${{ x + }}").map(each([n, 2]))
    repeat(work.options(name="round"), n, until="output + ")
    return expr("${{ inputs.n + }} in all")


def test_a_text_that_is_no_expression_is_told_before_anything_runs() -> None:
    """Wherever code says one by its text, for no reader has compiled it."""
    wrong = [problem for problem in errors(unsaid.validate()) if problem.code == "expression"]
    places = ["", "again", "argument", "condition", "kept", "keyed", "late", "round"]
    assert sorted(problem.node for problem in wrong) == places
    assert all("is no expression at column" in problem.message for problem in wrong)
    with pytest.raises(FlowError, match="is no expression"):
        unsaid.start()


def test_none_takes_an_option_away() -> None:
    """What the decorator says does not hold for this node."""

    @flow
    def f() -> Any:
        return work.options(retry=None, timeout=None, priority=None)()

    node = f.spec.tasks["work"]
    assert (node.retry, node.timeout, node.priority) == (None, None, None)


def test_a_flow_in_itself_has_its_options() -> None:
    """Those of a call there are the node's, as those of any other."""

    @flow
    def again(n: int) -> Any:
        with when(n > 0):
            return again.options(name="deeper", allow_failure=True)(n)

    assert again.spec.tasks["deeper"].allow_failure


def test_a_flow_in_a_flow_has_a_name_and_order() -> None:
    """And a description; other options of it mean nothing there."""

    @flow
    def inner(x: int) -> int:
        return work(x)

    @flow
    def outer() -> Any:
        before = work()
        inner(1)
        return inner.options(name="second", after=before, description="Again.")(2)

    @flow
    def wrong() -> Any:
        return inner.options(key="x")(2)

    spec = outer.spec
    assert list(spec.tasks) == ["work", "inner", "second"]
    assert (spec.tasks["second"].needs, spec.tasks["second"].description) == (("work",), "Again.")
    assert spec.tasks["second"].flow == "inner"
    with pytest.raises(FlowError, match="option 'key' is for a fan-out"):
        wrong.spec


def test_what_a_flow_says_of_its_nodes() -> None:
    """Defaults for all that say nothing else, places in the editor, and what an input is."""

    @flow(defaults={"retry": 2, "timeout": "1m"}, positions={"work": (1, 2.5)})
    def f(n: Annotated[int, Field(description="How many.")] = 1) -> Any:
        return work(n)

    spec = f.spec
    assert (spec.defaults.retry.max, spec.defaults.timeout.attempt) == (2, 60.0)
    assert spec.ui.positions == {"work": (1.0, 2.5)}
    assert spec.inputs["n"].description == "How many."
    for wrong in ({"defaults": {"retry": "x"}}, {"defaults": 3}, {"positions": {"a": 1}}):
        with pytest.raises(FlowError):
            flow(**wrong)(f.fn)


# ---------------------------------------------------------------------- texts with what is mapped


def args_of(made: Any, name: str) -> dict[str, Any]:
    return dict(made.spec.tasks[name].args)


def test_a_text_brings_along_what_it_names_of_what_is_mapped() -> None:
    """No other argument holds it; it is called as the text does, and is no argument itself."""

    @flow
    def brings_along(files: list[dict[str, str]]) -> Any:
        file = each(files, name="file")
        return told.map(
            text=expr("${{ file.host }}/${{ file.name }}", file), more={"n": [expr("size(file.name)", file)]}
        )

    said = brings_along.spec.tasks["told"]
    assert [*said.each.over] == ["file"]
    assert args_of(brings_along, "told") == {
        "text": Template((Expr("file.host", ()), "/", Expr("file.name", ()))),
        "more": {"n": [Expr("size(file.name)", ())]},
    }


def test_an_argument_that_a_text_names_is_passed_all_the_same() -> None:
    """As a whole; where no text names it the document needs no word for it."""

    @flow
    def passes(n: list[int]) -> Any:
        return told.map(text=each(n), more=expr("no. ${{ text }}"))

    assert args_of(passes, "told") == {"text": Ref("each", "text"), "more": Template(("no. ", Ref("each", "text")))}


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda ns: told.map(text=expr("${{ file.x }}", each(ns, name="files"))), "expr() does not name 'files'"),
        (lambda ns: told.map(text=expr("${{ file.x }}", ns)), "beside its text expr() takes what each() marks"),
        (
            lambda ns: told(text=expr("${{ file.x }}", each(ns, name="file"))),
            "stands beside a text in the arguments of the .map",
        ),
    ],
    ids=["called otherwise", "what is not mapped", "in no map"],
)
def test_what_stands_beside_a_text_is_mapped_and_named_by_it(call: Any, why: str) -> None:
    """Else the flow can't be traced."""

    @flow
    def stands_beside(ns: list[int]) -> Any:
        return call(ns)

    with pytest.raises(FlowError) as caught:
        _ = stands_beside.spec
    assert why in caught.value.message


def test_how_something_in_a_branch_ended_can_be_asked_outside_of_it() -> None:
    """Whatever became of it; who takes its value is told that it may have been skipped."""

    @flow
    def asks_how(n: int) -> Any:
        with when(n > 1):
            made = work(n)
        with failed(made) as error:
            told(error["message"])
        with when(status(made) == "skipped"):
            work.options(name="other")(1)
        return 1

    @flow
    def takes_it(n: int) -> Any:
        with when(n > 1):
            made = work(n)
        return told(made)

    assert not errors(asks_how.validate())
    assert asks_how.spec.tasks["told"].catch == ("work",)
    assert [one.code for one in errors(takes_it.validate())] == ["may-be-skipped"]


@pytest.mark.parametrize(
    ("text", "environment", "said"),
    [
        ("x > 9", {"x": None}, "x is null. Ask for that first, as in x != null && …"),
        ("inputs.n['a'] + 1 > 2", {"inputs": {"n": {"a": "q"}}}, "inputs.n.a is a text"),
        ("size(x) > 1", {"x": 5}, "x is a whole number"),
        ("x.y + z", {"x": {"y": 1}, "z": [1]}, "x.y is a whole number, z is a list"),
    ],
)
def test_what_can_not_be_computed_tells_of_the_values(text: str, environment: dict[str, Any], said: str) -> None:
    """By the names in the expression, in plain words; not of types of the language behind it."""
    with pytest.raises(FlowError, match="that can't be asked of what is there") as refused:
        compile_expression(text).evaluate(environment)
    assert refused.value.message.endswith(said)

"""Tracing: what the body of a flow becomes."""

from __future__ import annotations

import copy
import functools
import inspect
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from stratix_tasks import (
    Flow,
    FlowError,
    Static,
    count,
    each,
    first_of,
    flatten,
    flow,
    otherwise,
    product,
    switch,
    task,
    when,
)
from stratix_tasks.spec.values import Expr, FirstOf, Object, Ref


@task
def load(n: int = 3) -> list[int]:
    """Load some."""
    return list(range(n))


@task(retry=2, priority=3)
def square(x: int) -> int:
    return x * x


@task
def pair() -> tuple[int, int]:
    return 1, 2


@task
def take(value: Any, more: Any = None) -> Any:
    return value


@task
async def later(x: int) -> int:
    return x


def nodes(made: Any) -> dict[str, Any]:
    return made.spec.tasks  # type: ignore[no-any-return]


def test_a_task_is_its_plain_function_outside_a_flow() -> None:
    """Called, it computes; name, docstring and signature stay."""
    assert square(7) == 49
    assert (load.__name__, load.__doc__) == ("load", "Load some.")
    assert functools.WRAPPER_ASSIGNMENTS
    import inspect

    assert str(inspect.signature(square)) == "(x: 'int') -> 'int'"


def test_nodes_are_named_after_their_functions() -> None:
    """A second call gets a number, `options(name=)` fixes it, a taken name is a problem."""

    @flow
    def named() -> Any:
        return [square(1), square(2), square.options(name="third")(3)]

    assert list(nodes(named)) == ["square", "square_2", "third"]
    with pytest.raises(FlowError, match="third"):

        @flow
        def twice() -> Any:
            return [square.options(name="third")(1), square.options(name="third")(2)]

        _ = twice.spec


def test_arguments_are_literals_and_references() -> None:
    """Inputs, outputs of nodes and items of them; dates and numpy's numbers as they are."""

    @flow
    def passes(n: int = 2, day: date = date(2024, 1, 1)) -> Any:
        numbers = load(n)
        return take(numbers[0], {"day": day, "list": [numbers, 1], "t": timedelta(1), "n": np.float64(1.5)})

    args = nodes(passes)["take"].args
    assert args["value"] == Ref("tasks", "load", (0,))
    number = args["more"].pop("n").value
    assert (type(number), number) == (np.float64, 1.5)
    assert args["more"] == {"day": Ref("inputs", "day"), "list": [Ref("tasks", "load"), 1], "t": timedelta(1)}
    assert passes.spec.output == Ref("tasks", "take")


@dataclass
class Point:
    x: Any
    y: int = 0


class Model(BaseModel):
    x: Any
    y: int = 0


@pytest.mark.parametrize("kind", [Point, Model])
def test_references_are_found_in_dataclasses_and_models(kind: Any) -> None:
    """Instances are copied, with the references in them; the caller's own are left alone."""
    kept = kind(x=1, y=5)

    @flow
    def holds() -> Any:
        return take(kind(x=load(), y=2), kept)

    args = nodes(holds)["take"].args
    assert args["value"].x == Ref("tasks", "load")
    assert type(args["more"]) is Object
    assert args["more"].value == kept
    assert (kept.x, kept.y) == (1, 5)


def test_a_tuple_is_unpacked_by_its_annotation() -> None:
    """`a, b = pair()` makes two references; too many names, or none annotated, are refused."""

    @flow
    def unpacks() -> Any:
        a, b = pair()
        return take(b, a)

    assert nodes(unpacks)["take"].args == {"value": Ref("tasks", "pair", (1,)), "more": Ref("tasks", "pair", (0,))}

    @flow
    def too_many() -> Any:
        a, b, c = pair()
        return a, b, c

    with pytest.raises((FlowError, ValueError)):
        _ = too_many.spec

    @flow
    def unknown() -> Any:
        a, b = load()
        return a, b

    with pytest.raises(FlowError, match="line"):
        _ = unknown.spec


REFUSALS: dict[str, Any] = {
    "+": lambda r: r + 1,
    "-r": lambda r: -r,
    "if": lambda r: 1 if r else 2,
    "and": lambda r: r and 1,
    "for": lambda r: list(r),
    "len": lambda r: len(r),
    "str": lambda r: str(r),
    "format": lambda r: f"{r}",
    "hash": lambda r: {r: 1},
    "in": lambda r: 1 in r,
    "attribute": lambda r: r.columns,
    "call": lambda r: r(),
    "int": lambda r: int(r),
    "range": lambda r: range(r),
    "set": lambda r: r.__setitem__(0, 1),
    "bool of a condition": lambda r: 1 if r > 1 else 2,
    "chained": lambda r: 0 < r < 5,
    "~": lambda r: ~r,
    "!r": lambda r: f"{r!r}",
    "text around": lambda r: take(str([r])),
    "text of a condition": lambda r: take({"a": [f"is {r > 1!r}"]}),
    "text in an object": lambda r: take({f"{r!a}"}),
    "text in a condition": lambda r: take(load() == f"{r['a']!r}"),
    "isna": lambda r: pd.isna(r),
    "array": lambda r: np.vectorize(lambda _: 1)(r),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_what_only_a_task_can_do_is_refused(what: str) -> None:
    """The error names the line in the user's file and what to do instead."""

    @flow
    def misuses() -> Any:
        return REFUSALS[what](load())

    with pytest.raises(FlowError) as caught:
        _ = misuses.spec
    text = str(caught.value)
    assert "line " in text
    assert "test_tracing.py" in text
    assert any(word in text for word in ("task", "when", "each", "write", "Compare", "&", "summary")), text


def test_who_counts_over_a_reference_is_told_of_the_word_for_it() -> None:
    """`range` needs the number while the flow is traced; `count` takes what stands for it."""

    @flow
    def counts(n: int) -> Any:
        return square.map(each(list(range(n))))

    with pytest.raises(FlowError, match=re.escape("task.map(each(count(ref)))")):
        _ = counts.spec

    @flow
    def counts_so(n: int) -> Any:
        return square.map(each(count(n)))

    assert counts_so.validate() == []


def test_a_text_of_a_reference_is_there_for_who_looks_for_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """It can be printed and logged; what a flow says holds none."""

    @flow
    def prints() -> Any:
        rows = load()
        print([rows], repr(rows["a"]))
        return take("<reference to nothing>", rows)

    assert prints.validate() == []
    assert "[<reference to tasks.load.output>]" in capsys.readouterr().out


ON_ELEMENTS: dict[str, Any] = {
    "==": lambda file: take.map("a" if file["kind"] == "a" else "b", file),
    "if": lambda file: take.map(1 if file else 2),
    "format": lambda file: take.map(f"{file['url']}/x", file),
    "!r": lambda file: take.map(f"{file['url']!r}/x", file),
    "+": lambda file: take.map(file["n"] + 1),
    "attribute": lambda file: take.map(file.n),
    "for": lambda file: [take(one) for one in file],
    "hash": lambda file: take.map(file, {file["n"]}),
    "object": lambda file: take.map(file, pd.Series([file["n"]])),
    "flatten": lambda file: take(flatten([[1]])),
}


@pytest.mark.parametrize("what", ON_ELEMENTS)
def test_what_stands_for_each_element_is_no_value_either(what: str) -> None:
    """Nothing that Python would do with an element has an answer while the flow is traced."""

    @flow
    def misuses_elements() -> Any:
        return ON_ELEMENTS[what](each([{"n": 1, "kind": "a"}]))

    with pytest.raises(FlowError) as caught:
        _ = misuses_elements.spec
    assert caught.value.code in ("reference-used-as-value", "reference-hidden", "bad-arguments")
    assert any(word in str(caught.value) for word in ("task", "where=", "each(…)", "use a plain list"))


def test_conditions() -> None:
    """Comparisons, &, | and ~ on them, facts of a summary, and the branches' own conditions."""

    @flow
    def branches(n: int = 1) -> Any:
        rows = load(n)
        with when((rows.summary["length"] > 2) & ~(rows[0] == "a") | (n <= 3)):
            a = square(1)
        with otherwise():
            b = square(2)
        return first_of(a, b)

    made = nodes(branches)
    assert isinstance(made["square"].when, Expr)
    assert "tasks.load.summary.length > 2" in made["square"].when.text
    assert made["square_2"].when.text.startswith("!(")
    assert branches.spec.output == FirstOf((Ref("tasks", "square"), Ref("tasks", "square_2")))


def codes(made: Any) -> list[str]:
    return [problem.code for problem in made.validate()]


def test_a_value_that_may_be_skipped_is_a_problem() -> None:
    """Used outside its block without `first_of`; both lines are named."""

    @flow
    def leaks(n: int = 1) -> Any:
        with when(load(n)[0] > 0):
            a = square(1)
        return take(a)

    problems = leaks.validate()
    assert [problem.code for problem in problems] == ["may-be-skipped"]
    assert "first_of" in str(problems[0])


def test_a_value_of_a_branch_is_told_once_for_all_cases_of_a_switch() -> None:
    """The line that uses it is one, whatever the case."""

    @flow
    def leaks_into_cases(n: int = 1) -> Any:
        with when(load(n)[0] > 0):
            a = square(1)
        cases = {word: lambda: take(a) for word in ("x", "y", "z")}
        return switch(load.options(name="kind")(n), cases, default=lambda: square(n))

    assert codes(leaks_into_cases).count("may-be-skipped") == 1


def test_what_is_wrong_with_a_result_is_told_with_the_line_of_its_return() -> None:
    """Not with that of whoever has the flow traced: its body is over by then."""

    @flow
    def returns_a_branch(n: int = 1) -> Any:
        with when(load(n)[0] > 0):
            a = square(1)
        return a

    first = inspect.unwrap(returns_a_branch.fn).__code__.co_firstlineno
    [problem] = returns_a_branch.validate()
    assert (problem.line, f"(line {first + 4})" in problem.message) == (first + 4, True)

    @flow
    def returns_another_flows(n: int = 1) -> Any:
        return {"it": kept[0]}

    kept: list[Any] = []

    @flow
    def keeps(n: int = 1) -> Any:
        kept.append(load(n))
        return kept[0]

    keeps.validate()
    first = inspect.unwrap(returns_another_flows.fn).__code__.co_firstlineno
    with pytest.raises(FlowError, match=f"^line {first + 2}: "):
        returns_another_flows.start()


def test_what_a_body_may_not_say_is_told_once_with_its_line() -> None:
    """An option, a call or a use of a reference that is refused: as a problem with the line, which its text does not repeat."""

    @flow
    def says_no_such_option(n: int = 1) -> Any:
        a = load(n)
        return square.options(priority="high").map(each(a))

    @flow
    def adds_references(n: int = 1) -> Any:
        return load(n) + 1

    for made, further in ((says_no_such_option, 3), (adds_references, 2)):
        first = inspect.unwrap(made.fn).__code__.co_firstlineno
        [problem] = made.validate()
        assert (problem.line, "line " in problem.message) == (first + further, False), problem


@task
def for_a_thread(x: int = 1) -> int:
    return x


@task
async def for_a_loop(x: int = 1) -> int:
    return x


@pytest.mark.parametrize(
    ("of", "says", "field", "why"),
    [
        (for_a_thread, {"runner": "async"}, "runner", "'thread' or 'inline' or 'process'"),
        (for_a_loop, {"runner": "thread"}, "runner", "'async' or 'inline'"),
        (for_a_loop, {"runner": "process"}, "runner", "'async' or 'inline'"),
        (for_a_thread, {"runner": "inline", "timeout": "1s"}, "timeout", "nothing can stop it"),
        (for_a_thread, {"runner": "inline", "grace": "1s"}, "grace", "nothing can stop it"),
        (for_a_thread, {"runner": "inline", "abandoned": "overlap"}, "abandoned", "nothing can stop it"),
    ],
)
def test_what_no_body_of_a_kind_can_have_is_refused(of: Any, says: dict[str, str], field: str, why: str) -> None:
    """In Python where it is said, of a document and of an edit as a problem at the field."""
    with pytest.raises(FlowError, match=why):
        of.options(**says)
    name = of.fn.__name__
    said = ", ".join(f"{option}: {value}" for option, value in says.items())
    document = Flow.from_yaml(f"stratix: 1\nflow: {name}_{field}\ntasks:\n  one: {{call: {name}, {said}}}\n")

    @flow(name=f"{name}_edited_{field}")
    def edited() -> Any:
        return of()

    for option, value in says.items():
        edited.apply({"edit": "set", "node": name, "field": option, "value": value})
    for made, node in ((document, "one"), (edited, name)):
        [problem] = made.validate()
        assert (problem.code, problem.node, why in problem.message) == ("bad-option", node, True)
        with pytest.raises(FlowError, match=why):
            made.start()


def test_a_task_is_no_run() -> None:
    """Who asks it for what tasks of other tools have is told what to do; copies and pickles do not ask."""
    with pytest.raises(AttributeError, match=r"call load\(…\) in a @flow and start that"):
        load.submit(3)  # type: ignore[attr-defined]
    assert not hasattr(load, "start") and copy.copy(load)(2) == load(2)


@flow
def uncalled_inner() -> Any:
    return load("a")


UNCALLED: dict[str, Any] = {
    "argument": lambda: load(load),
    "in a list": lambda: load([load]),
    "of each": lambda: load.map(each([load])),
    "a flow": lambda: load(uncalled_inner),
    "result": lambda: load,
}


@pytest.mark.parametrize("where", UNCALLED)
def test_a_task_or_flow_that_is_not_called_is_refused(where: str) -> None:
    """Its brackets were forgotten: what a body would get is the task itself. A plain function is a value like others."""

    @flow
    def uncalled() -> Any:
        return UNCALLED[where]()

    with pytest.raises(FlowError, match=r"stands here itself.*\(…\)") as refused:
        uncalled.trace()
    assert refused.value.code == "not-called"

    @flow
    def given_the_function() -> Any:
        return load(load.fn)

    assert given_the_function.validate() == []


def test_order_after_what_may_be_skipped_is_no_problem() -> None:
    """It takes no value: who waits is skipped with it, as a document says by `needs`."""

    @flow(name="waits_for_a_branch")
    def waits(n: int = 1) -> Any:
        with when(load(n)[0] > 0):
            a = square(1)
        return take.options(after=[a])(n)

    assert codes(waits) == [] and waits.spec.tasks["take"].needs == ("square",)
    assert "take.options(after=square_out)" in waits.to_python()


def test_one_name_in_both_branches_is_a_problem() -> None:
    """Tracing would silently keep the second."""

    @flow
    def rebinds(n: int = 1) -> Any:
        with when(load(n)[0] > 0):
            a = square(1)
        with otherwise():
            a = square(2)
        return take(a)

    assert "may-be-skipped" in codes(rebinds)


def test_python_tests_on_references_are_found_by_reading_the_body() -> None:
    """`is None` and isinstance never ask the reference, so the body is read."""

    @flow
    def tests(n: int = 1) -> Any:
        rows = load(n)
        if rows is None or isinstance(rows, list) or np.isscalar(n):
            return None
        return rows

    assert [problem.line - inspect.getsourcelines(tests.fn)[1] for problem in tests.validate()] == [3, 3, 3]
    assert set(codes(tests)) == {"python-test-on-reference"}


def test_maps() -> None:
    """`each` marks, the rest is broadcast; zip, product, max and key are on the node."""

    @flow
    def maps() -> Any:
        a = square.options(max=2, key="{x}").map(each(load()))
        b = take.map(*product([1, 2], load()))
        c = take.map(each([1, 2]), each([3, 4]))
        return a, b, c

    made = nodes(maps)
    assert made["square"].each.over == {"x": Ref("tasks", "load")}
    assert (made["square"].each.max, made["square"].each.key) == (2, Ref("each", "x"))
    assert made["take"].each.by == "product"
    assert made["take_2"].each.by == "zip"
    assert made["take_2"].args == {}


def test_flatten_is_for_all_that_one_map_goes_over() -> None:
    """It is said of the node, so that one list that is flattened and one that is not can't go together, crossed or side by side."""

    @flow
    def flattens() -> Any:
        a = take.map(*product(each(flatten([[1], [2]])), flatten([[3]])))
        return a, take.map(each(flatten([[1], [2]])), each(flatten([[3, 4]])))

    assert [node.each.flatten for node in nodes(flattens).values()] == [True, True]
    for mixed in (
        lambda: take.map(*product(flatten([[1], [2]]), [3])),
        lambda: take.map(each(flatten([[1], [2]])), each([3, 4])),
    ):
        with pytest.raises(FlowError, match=r"take: flatten\(\) is for all that one map goes over"):
            _ = flow(name="mixed")(mixed).spec


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: square.map(5),
        lambda: square(each([1])),
        lambda: square.map(each(7)),
        lambda: square.map(each("abc")),
        lambda: square.options(key="{y}").map(each([1])),
        lambda: square.options(max=0).map(each([1])),
        lambda: square(1, 2),
        lambda: square(y=1),
        lambda: square(retry=3),
        lambda: square.options(retyr=1),
        lambda: square.options(timeout="soon"),
        lambda: square.options(pool=5),
        lambda: square.options(runner="moon"),
        lambda: later.options(runner="thread"),
        lambda: square.options(after=3)(1),
        lambda: square.options(name="not a name")(1),
    ],
)
def test_wrong_use_is_refused(wrong: Any) -> None:
    """FlowError with a code and a text that says what is allowed."""

    @flow
    def misuses() -> Any:
        return wrong()

    with pytest.raises(FlowError) as caught:
        _ = misuses.spec
    assert caught.value.code
    assert len(str(caught.value)) > 30


@pytest.mark.parametrize(
    "option",
    ["cache", "resources", "overlap"],
)
def test_options_of_later_versions_are_named(option: str) -> None:
    """They are refused, not ignored: `not-available`."""
    with pytest.raises(FlowError, match=option) as caught:
        square.options(**{option: 1})
    assert caught.value.code == "not-available"


@pytest.mark.parametrize("option", ["schedule", "hooks"])
def test_flow_options_of_later_versions_are_named(option: str) -> None:
    """The same for flows."""
    with pytest.raises(FlowError, match=option) as caught:
        flow(**{option: 1})(lambda: None)
    assert caught.value.code == "not-available"


def test_generators_and_classes_are_no_tasks() -> None:
    """Refused at decoration, with what to write instead."""

    def generator() -> Any:
        yield 1

    async def async_generator() -> Any:
        yield 1

    for wrong in (generator, async_generator, Point, 5, square):
        with pytest.raises(FlowError) as caught:
            task(wrong)  # type: ignore[call-overload]
        assert caught.value.code == "bad-task"


def test_flows_refuse_what_cannot_be_traced() -> None:
    """Generators and star arguments."""

    def generator() -> Any:
        yield 1

    def stars(*args: Any) -> None: ...

    for wrong in (generator, stars):
        with pytest.raises(FlowError):
            flow(wrong)


def test_order_without_data() -> None:
    """`after` adds a need."""

    @flow
    def ordered() -> Any:
        a = load()
        return square.options(after=[a])(1)

    assert nodes(ordered)["square"].needs == ("load",)


def test_sub_flows_are_groups() -> None:
    """The same flow is written once; its problems have its name before theirs."""

    @flow
    def inner(x: int) -> Any:
        return square(x)

    @flow
    def outer() -> Any:
        return inner(1), inner(inner(2))

    made = outer.spec
    assert list(made.tasks) == ["inner", "inner_2", "inner_3"]
    assert list(made.flows) == ["inner"]
    assert {node.flow for node in made.tasks.values()} == {"inner"}


def test_static_inputs_are_plain_values() -> None:
    """They shape the graph, are checked, and are not inputs of the document."""

    @flow
    def shaped(n: int = 1, times: Static[int] = 2) -> Any:
        return [square(n) for _ in range(times)]

    assert len(nodes(shaped)) == 2
    assert list(shaped.spec.inputs) == ["n"]
    assert len(shaped.trace({"times": 5}).spec.tasks) == 5
    with pytest.raises(Exception, match="times"):
        shaped.trace({"times": "many"})


def test_a_reference_of_another_flow_is_refused() -> None:
    """A reference that leaked out of its trace can't be used in another one."""
    kept: list[Any] = []

    @flow
    def leaks() -> Any:
        kept.append(load())
        return kept[0]

    _ = leaks.spec

    @flow
    def uses_it() -> Any:
        return square(kept[0])

    with pytest.raises(FlowError):
        _ = uses_it.spec


def test_calling_map_outside_a_flow_says_to_write_a_loop() -> None:
    """`.map` places nodes; outside of a flow there is nowhere to."""
    with pytest.raises(FlowError, match="loop"):
        square.map([1])  # type: ignore[arg-type]


def test_an_async_flow_only_composes() -> None:
    """It awaits its async tasks; awaiting anything else is refused."""

    @flow
    async def composes() -> Any:
        return await later(1)

    assert list(nodes(composes)) == ["later"]

    @flow
    async def sleeps() -> Any:
        import asyncio

        await asyncio.sleep(0.01)

    with pytest.raises((FlowError, RuntimeError)):
        _ = sleeps.spec


@pytest.mark.parametrize("name", ["prüfung", "day-1", "1st", ""])
def test_a_name_that_can_not_be_one_is_told_which_letters_can(name: str) -> None:
    """A letter with an accent is a letter: so the alphabet is said."""
    with pytest.raises(FlowError, match="letters from a to z"):
        flow(name=name or "ä")(lambda: None)


def plain() -> int:
    return 1


@pytest.mark.parametrize(
    ("say", "wanted"),
    [
        (lambda: task(pool=5)(plain), "a pool's name"),  # type: ignore[call-overload]
        (lambda: task(pool=b"api")(plain), "a pool's name"),  # type: ignore[call-overload]
        (lambda: flow(pools=5)(plain), "whole numbers by name"),  # type: ignore[call-overload]
        (lambda: flow(pools=[("api", 4)])(plain), "whole numbers by name"),  # type: ignore[call-overload]
        (lambda: flow(tags=5)(plain), "tags are texts"),  # type: ignore[call-overload]
        (lambda: flow(tags=[b"eu"])(plain), "tags are texts"),  # type: ignore[call-overload]
    ],
)
def test_an_option_of_another_kind_says_what_it_takes(say: Any, wanted: str) -> None:
    """Not what Python says of the value."""
    with pytest.raises(FlowError, match=wanted) as caught:
        say()
    assert caught.value.code == "bad-option"


def test_words_that_are_a_set_have_the_order_that_every_process_finds() -> None:
    """The document of a flow is the same in each."""
    made = task(pool={"disk", "api", "net"}, retry={"max": 1, "on": {OSError, KeyError, ValueError}})(plain)  # type: ignore[call-overload]
    assert made.template.pool == ("api", "disk", "net")
    assert made.template.retry.on == ("KeyError", "OSError", "ValueError")

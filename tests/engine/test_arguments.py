"""Arguments: a body gets what a plain call of its function would give it, and what it changes is its own."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stratix_tasks import Engine, Flow, FlowError, TaskFailed, each, flatten, flow, product, task
from stratix_tasks.dsl import marks
from stratix_tasks.engine import fan

LONG = 30.0


def passed_on(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def first_alone(a: Any, /, **more: Any) -> Any:
    return "first_alone", a, more


def of_all_kinds(a: Any, /, b: Any, *rest: Any, c: Any = 1, **more: Any) -> Any:
    return "of_all_kinds", a, b, rest, c, more


def named_as_ours(self: Any, cls: Any, args: Any, kwargs: Any, fn: Any, options: Any, task: Any, unit: Any) -> Any:
    return "named_as_ours", self, cls, args, kwargs, fn, options, task, unit


@passed_on
def wrapped(a: Any, b: Any = 2, /, *rest: Any, c: Any = 3) -> Any:
    return "wrapped", a, b, rest, c


@passed_on
def wrapped_first(a: Any, b: Any = 2, /, c: Any = 3) -> Any:
    return "wrapped_first", a, b, c


OURS = {name: number for number, name in enumerate(("self", "cls", "args", "kwargs", "fn", "options", "task", "unit"))}
CALLS: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = [
    (first_alone, (1,), {"a": 2}),
    (first_alone, (1,), {"a": 2, "*": 3, "**": 4, "more": 5, "no name": 6}),
    (of_all_kinds, (1, 2), {"a": 3}),
    (of_all_kinds, (1, 2, 3, 4), {"a": 5, "c": 6, "rest": 7, "self": 8}),
    (of_all_kinds, (1,), {"b": 2, "a": 3}),
    (named_as_ours, tuple(range(8)), {}),
    (named_as_ours, (), OURS),
    (wrapped, (1,), {}),
    (wrapped, (1, 2, 3, 4), {"c": 5}),
    (wrapped_first, (1, 4), {"c": 5}),
    (functools.partial(first_alone, 1), (), {"a": 2}),
]


@pytest.mark.parametrize("runner", ["thread", "inline", "process"])
def test_bodies_are_called_as_plain_functions_are(engine: Engine, runner: str) -> None:
    """Whatever its parameters are called and however they are to be passed; from literals and from results."""
    same = task(lambda x: x)
    tasks = [task(runner=runner)(function) for function, _, _ in CALLS]

    @flow
    def literals() -> Any:
        return [one(*args, **kwargs) for one, (_, args, kwargs) in zip(tasks, CALLS, strict=True)]

    @flow
    def results() -> Any:
        return [
            one(*map(same, args), **{name: same(value) for name, value in kwargs.items()})
            for one, (_, args, kwargs) in zip(tasks, CALLS, strict=True)
        ]

    wanted = [function(*args, **kwargs) for function, args, kwargs in CALLS]
    assert engine.start(literals).result(LONG) == wanted
    assert engine.start(results).result(LONG) == wanted


def test_arguments_called_self_are_mapped_and_are_inputs(default: Engine) -> None:
    """Names of ours are free for the user's parameters."""

    @task
    def twice(self: int) -> int:
        return 2 * self

    @flow
    def doubled(self: Any) -> Any:
        return twice.map(self=each([1, 2])), twice(self=self)

    assert doubled(self=3) == ([2, 4], 6)
    assert doubled.start(self=4).result(LONG) == ([2, 4], 8)


class Table:
    def __init__(self, n: int) -> None:
        self.n = n

    @task
    def add(self, x: int, y: int = 0) -> int:
        return self.n + x + y

    @task
    async def later(self, x: int) -> int:
        return self.n + x


def test_a_method_is_mapped_and_given_options_through_its_object(engine: Engine) -> None:
    """The object is its first argument, as in a call; what else a task has the method has too."""
    table = Table(10)

    @flow
    def methods() -> Any:
        named = table.add.options(name="named", retry=1)
        return table.add(1), table.add.map(each([1, 2]), y=5), named(3), table.later.map(each([4]))

    run = engine.start(methods)
    assert run.result(LONG) == (11, [16, 17], 13, [14])
    assert "named" in set(run.tasks()["node"])
    assert table.add(1) == 11
    assert table.add.fn is Table.add.fn
    with pytest.raises(FlowError, match="no option"):
        table.add.options(nonsense=1)


@dataclass
class Settings:
    many: list[int] = field(default_factory=list)


def grow(value: Any) -> int:
    """Change a value in place; tells how large it is by then."""
    if isinstance(value, Settings):
        return grow(value.many)
    if isinstance(value, tuple):
        return grow(value[0])
    if isinstance(value, np.ndarray):
        value += 1
        return int(value.sum())
    if isinstance(value, pd.DataFrame):
        value[f"n{len(value.columns)}"] = 1
        return len(value.columns)
    if isinstance(value, dict):
        value[len(value)] = 1
    elif isinstance(value, set):
        value.add(len(value))
    else:
        value.append(1)
    return len(value)


@pytest.mark.parametrize(
    "make",
    [
        list,
        lambda: [1, 2],
        lambda: {"a": 1},
        lambda: {1},
        lambda: ([],),
        lambda: bytearray(b"x"),
        Settings,
        lambda: np.zeros(3),
        lambda: pd.DataFrame({"a": [1]}),
    ],
)
def test_what_a_body_changes_is_as_it_was_written_for_the_next_run(engine: Engine, make: Callable[[], Any]) -> None:
    """A default of the flow, of a sub-flow, and a value that stands in the flow's body."""
    value, grows = make(), task(grow)

    @flow
    def inner(x: Any = value) -> Any:
        return grows(x)

    @flow
    def outer(x: Any = value) -> Any:
        return grows(x), inner(), grows(value), grows.map(each([value]))

    wanted = grow(make())
    for _ in range(3):
        assert engine.start(outer).result(LONG) == (wanted, wanted, wanted, [wanted])
    assert repr(value) == repr(make())


def test_a_value_that_says_only_that_it_is_this_one_is_not_copied(engine: Engine) -> None:
    """Nor are functions and classes, wherever they stand in a value."""
    alone = object()

    @task
    def same(x: Any, y: Any) -> bool:
        return x is alone and y.held[0] is alone and y.held[1] is len and y.held[2] is same.fn and y.held[3] is Engine

    @flow
    def both(x: Any = alone) -> Any:
        return same(x, SimpleNamespace(held=[alone, len, same.fn, Engine]))

    assert engine.start(both).result(LONG) is True


def test_a_copy_of_a_default_or_literal_is_exact(engine: Engine) -> None:
    """Also of what Python's own copies leave out, deep in a value; what a body does to one changes no other."""

    class Measured(np.ndarray):  # type: ignore[type-arg]
        pass

    class Api(Exception):
        def __init__(self, *, code: int) -> None:
            super().__init__(f"code {code}")
            self.code = code

    def made() -> Any:
        array: Any = np.arange(3).view(Measured)
        array.unit = "m"
        return [array, {"error": Api(code=3)}, pd.DataFrame({"a": [[1]]})]

    @task
    def changes(value: Any) -> Any:
        array, told, frame = value
        seen = array.unit, told["error"].code, frame["a"][0]
        seen[2].append(2)
        told["error"].code += 1
        return [*seen[:2], len(seen[2])]

    default, literal = made(), made()

    @flow
    def given(x: Any = default) -> Any:
        return changes(x)

    @flow
    def stands() -> Any:
        return changes(literal)

    @flow
    def around() -> Any:
        return given()

    for which in (given, given, stands, stands, around, around):
        assert engine.start(which).result(LONG) == ["m", 3, 2]


def test_a_function_that_is_wrapped_gets_arguments_by_place(engine: Engine) -> None:
    """As a plain call gives them: what wraps it may take no others."""

    def counts(fn: Any) -> Any:
        @functools.wraps(fn)
        def inner(*args: Any) -> Any:
            return len(args), fn(*args)

        return inner

    @functools.singledispatch
    def kind(x: Any) -> str:
        return "any"

    kind.register(int, lambda x: "int")

    @counts
    def both(x: int, y: int = 2) -> int:
        return x * y

    counted, dispatched = task(both), task(kind)

    @flow
    def calls() -> Any:
        return counted(3), counted(3, 4), counted.map(each([1, 2])), dispatched.map(each([1, "a"]))

    assert engine.start(calls).result(LONG) == ((1, 6), (2, 12), [(1, 2), (1, 4)], ["int", "any"])


@pytest.mark.parametrize("value", [5, np.array(5), "text", b"bytes", None, int])
def test_what_can_not_be_mapped_over_is_refused_by_name(engine: Engine, value: Any) -> None:
    """In the flow by its line, where it is made while it runs by the argument."""
    take = task(lambda x: x)

    @flow
    def literal() -> Any:
        return take.map(each(value))

    @flow
    def crossed() -> Any:
        return take.map(*product(value))

    @flow
    def made() -> Any:
        return take.options(name="take").map(each(task(lambda: value)()))

    for written in (literal, crossed):
        with pytest.raises(FlowError, match=r"line \d+: .*not a"):
            engine.start(written)
    if value is not int:
        with pytest.raises(TaskFailed, match="can't map over 'x'"):
            engine.start(made).result(LONG)


class Walked:
    """An iterable of somebody's own."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def __iter__(self) -> Iterator[Any]:
        return iter(self.make())


@pytest.mark.parametrize(
    "make",
    [itertools.count, lambda: range(10**12), lambda: range(10**30)],
    ids=["no end", "many", "more than can be counted"],
)
def test_what_has_too_many_items_is_refused_before_it_is_walked(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any]
) -> None:
    """In the flow by its line, also inside of what is flattened; where it is made while it runs by its node."""
    monkeypatch.setattr(marks, "MOST_ITEMS", 100)
    monkeypatch.setattr(fan, "MOST_ITEMS", 100)
    take = task(lambda x: x, name="take")

    @flow
    def literal() -> Any:
        return take.map(each(make()))

    @flow
    def input_of(over: Any) -> Any:
        return take.map(each(over))

    @flow
    def flattened(over: Any) -> Any:
        return take.map(each(flatten(over)))

    with pytest.raises(FlowError, match=r"line \d+: .*at most 100 items"):
        engine.start(literal)
    for given, over in (
        (input_of, Walked(make)),
        (input_of, range(10**30)),
        (flattened, [[1], Walked(make)]),
        (flattened, [range(10**12)]),
    ):
        with pytest.raises(TaskFailed, match="at most 100"):
            engine.start(given, {"over": over}).result(LONG)


def injected(function: Callable[..., Any]) -> Callable[..., Any]:
    """As injectors of sessions do: by name, before what is given."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, session="mine", **kwargs)

    return wrapper


def mocked(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `mock.patch` does: by position, behind what is given."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, "a mock", **kwargs)

    return wrapper


@task
@injected
def stores(rows: int, session: str) -> tuple[int, str]:
    return rows, session


@task
@injected
def stores_in(session: str, *, rows: int) -> tuple[int, str]:
    return rows, session


@task
@mocked
def is_mocked(rows: int, mock: str) -> tuple[int, str]:
    return rows, mock


def test_a_decorator_may_pass_an_argument_itself(engine: Engine) -> None:
    """Of what it wraps no call asks for that then, in Python, in a map and in a document; what is not known is refused all the same."""

    @flow
    def passes_some_itself() -> Any:
        return [stores(1), stores_in(rows=2), is_mocked(3), stores.map(each([4]))]

    for made in (passes_some_itself, Flow.from_yaml(passes_some_itself.to_yaml())):
        assert engine.start(made).result(LONG) == [(1, "mine"), (2, "mine"), (3, "a mock"), [(4, "mine")]]

    @flow
    def names_no_argument() -> Any:
        return stores(row=1)

    with pytest.raises(FlowError, match="unexpected keyword argument 'row'"):
        engine.start(names_no_argument)


def frame_of() -> pd.DataFrame:
    return pd.DataFrame({"a": [1, 2], "b": [3, 4]})


def test_nothing_is_mapped_over_a_table_as_it_is(engine: Engine) -> None:
    """Its columns, or its rows: who means one of them says so, where the flow is traced, checked or run."""
    gives, untold = task(name="gives")(frame_of), task(name="untold")(lambda: frame_of())
    got = task(name="got")(lambda x: x)

    def mapped(name: str, given: Callable[[], Any]) -> Flow[..., Any]:
        return flow(name=name)(lambda: got.map(each(given())))

    rows = 'map over frame.to_dict\\("records"\\), or over list\\(frame\\)'
    with pytest.raises(FlowError, match=rows):
        engine.start(mapped("literal_table", frame_of))
    with pytest.raises(FlowError, match=f"maps over 'gives', which returns DataFrame: .* {rows}. .* \\[bad-each\\]"):
        engine.start(mapped("table_of_a_task", gives))
    with pytest.raises(TaskFailed, match=f"can't map over 'x': .* {rows}"):
        engine.start(mapped("table_that_comes", untold)).result(LONG)
    made = engine.start(mapped("rows_of_a_table", lambda: frame_of().to_dict("records")))
    assert made.result(LONG) == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]

"""What conditions, maps, annotations and fingerprints make of values that are not plain."""

from __future__ import annotations

import collections
import datetime as dt
import enum
import functools
import io
import math
import os
import subprocess
import sys
import types
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, List, Protocol, Required, Tuple, TypedDict  # noqa: UP035 - the bare ones are meant

import numpy as np
import pandas as pd
import polars as pl
import pytest

from stratix_tasks import Engine, FlowError, InputError, Static, TaskFailed, each, first_of, flow, otherwise, task, when
from stratix_tasks.core.fingerprint import fingerprint
from stratix_tasks.spec.canonical import digest, in_order, is_same
from stratix_tasks.spec.nesting import is_tree
from stratix_tasks.spec.types import hints_of

if TYPE_CHECKING:
    import nowhere

LONG = 30.0
FRAME = pd.DataFrame({"a": [1]})


class Word(enum.StrEnum):
    OK = "ok"


class Level(enum.IntEnum):
    LOW = 1


@task
def yes() -> str:
    return "yes"


@task
def no() -> str:
    return "no"


@pytest.mark.parametrize(
    ("value", "condition", "answer"),
    [
        ({"ok": True, "frame": FRAME}, lambda r: r["ok"] == True, "yes"),  # noqa: E712
        ({"score": 0.9, "all": np.arange(3)}, lambda r: r["score"] > 0.95, "no"),
        ((0.9, FRAME), lambda r: r[0] > 0.5, "yes"),
        ({"n": 1, "day": dt.date(2024, 1, 1)}, lambda r: r["n"] == 1, "yes"),
        ({"a": [{"b": 2}], "o": object}, lambda r: r["a"][0]["b"] == 2, "yes"),
        ({1: "a", "1": "b"}, lambda r: r[1] == "a", "yes"),
        ({"a": np.array([1.5, 2])}, lambda r: r["a"][1] == 2, "yes"),
        (math.nan, lambda r: r > 0, "no"),
        (math.nan, lambda r: r <= 0, "no"),
        (math.nan, lambda r: r != 0, "yes"),
        ({"x": np.float64("nan")}, lambda r: (r["x"] < 1) | (r["x"] >= 1), "no"),
        ("a\udc80", lambda r: r == "a", "no"),
        ("a\udc80", lambda r: r == "a\udc80", "yes"),
        (Word.OK, lambda r: r == Word.OK, "yes"),
        (Word.OK, lambda r: r == "ok", "yes"),
        (Level.LOW, lambda r: r > 0, "yes"),
        (np.int64(5), lambda r: r == 5, "yes"),
        (np.array(True), lambda r: r == True, "yes"),  # noqa: E712
        (pd.NA, lambda r: r == None, "yes"),  # noqa: E711
        (dt.date(2024, 1, 2), lambda r: r > dt.date(2024, 1, 1), "yes"),
        (pd.Timestamp("2024-01-02"), lambda r: r > dt.datetime(2024, 1, 1), "yes"),
        (np.datetime64("2024-01-02T01:00:00.000001", "ns"), lambda r: r > dt.datetime(2024, 1, 2, 1), "yes"),
        (np.datetime64("2024-01-02"), lambda r: r == dt.date(2024, 1, 2), "yes"),
        (np.datetime64("NaT", "ns"), lambda r: r == None, "yes"),  # noqa: E711
        (True, lambda r: r == 5, "no"),
    ],
)
def test_a_condition_looks_at_what_it_names(engine: Engine, value: Any, condition: Any, answer: str) -> None:
    """At no other part, which may be anything; and answers as Python does."""

    @task
    def source() -> Any:
        return value

    @flow
    def branches() -> Any:
        with when(condition(source())):
            a = yes()
        with otherwise():
            b = no()
        return first_of(a, b)

    assert engine.start(branches).result(LONG) == answer


@pytest.mark.parametrize(
    ("value", "condition"),
    [
        (True, lambda r: r == 1),
        (np.bool_(False), lambda r: r == 0.0),
        ({"n": [1]}, lambda r: r["n"][0] != True),  # noqa: E712
        (pd.Timestamp("2024-01-01 00:00:00.000000001"), lambda r: r > dt.datetime(2024, 1, 1)),
        ({"at": np.datetime64("2024-01-01T00:00:00.000000001")}, lambda r: r["at"] == dt.datetime(2024, 1, 1)),
    ],
)
def test_what_expressions_would_tell_otherwise_than_python_fails_its_node(
    engine: Engine, value: Any, condition: Any
) -> None:
    """Truth beside a number, and parts of microseconds: no answer, in the place of a wrong one."""

    @task
    def source() -> Any:
        return value

    @flow
    def branches_finely() -> Any:
        with when(condition(source())):
            yes()

    with pytest.raises(TaskFailed, match=r"are no numbers here|has parts of microseconds"):
        engine.start(branches_finely).result(LONG)


HIDING = {
    "array": lambda r: np.array([r], dtype=object), "series": lambda r: pd.Series([r]), "frame": lambda r: pd.DataFrame({"a": [r]}), "polars": lambda r: pl.Series([r]), "namespace": lambda r: types.SimpleNamespace(a=r),
    "partial": lambda r: functools.partial(print, r), "closure": lambda r: lambda: r, "default": lambda r: lambda x=r: x, "exception": lambda r: ValueError(r), "deque": lambda r: collections.deque([r]),
    "ordered": lambda r: collections.OrderedDict(a=r), "view": lambda r: {"a": r}.values(), "proxy": lambda r: types.MappingProxyType({"a": r}), "generator": lambda r: (r for _ in range(2)), "method": lambda r: [types.SimpleNamespace(f=[r].append)],
    "class": lambda r: type("Made", (), {"a": r}), "object of it": lambda r: type("Made", (), {"a": [r]})(),
    "deep": lambda r: functools.reduce(lambda inner, _: [inner], range(200), r),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", HIDING)
def test_a_reference_is_found_in_any_object(name: str) -> None:
    """Where the flow is traced: when it runs, it could not be filled in there."""

    @task
    def takes(x: Any) -> Any:
        return x

    @flow
    def hides() -> Any:
        return takes(HIDING[name](yes()))

    with pytest.raises(FlowError) as caught:
        _ = hides.spec
    assert caught.value.code in ("reference-hidden", "reference-used-as-value")


def test_a_map_over_a_set_has_the_order_that_every_process_finds(engine: Engine) -> None:
    """Numbers and texts are sorted; others are put in order by what they are."""
    script = (
        "from stratix_tasks.spec.canonical import in_order, digest\n"
        "print(in_order({'b', 'a', 'c'}), in_order({(1, 'x'), 'y', frozenset('pqr')}), digest({'a', 'b', (1, 'c')}))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.replace("'r', 'q', 'p'", "")
        for seed in (1, 2)
    }
    assert len({line.rpartition(" ")[2] for line in said}) == 1
    assert in_order({3, 1, 2}) == [1, 2, 3]

    @task
    def names() -> set[str]:
        return {"gamma", "alpha", "beta"}

    @task
    def same(name: str) -> str:
        return name

    @flow
    def over() -> Any:
        return same.map(each(names()))

    assert engine.start(over).result(LONG) == ["alpha", "beta", "gamma"]


def test_static_inputs_are_part_of_what_a_key_means(engine: Engine) -> None:
    """Another static value under the same key is another run, and refused; a default that is given is the same one."""

    @flow
    def columns(names: Static[list[str]] = ["a"]) -> Any:
        return [yes.options(name=f"c_{name}")() for name in names]

    run = engine.start(columns, {}, key="k")
    assert engine.start(columns, {"names": ["a"]}, key="k").id == run.id
    with pytest.raises(InputError, match="other inputs"):
        engine.start(columns, {"names": ["a", "b"]}, key="k")


def test_a_fork_tells_an_equal_input_from_a_new_one(engine: Engine) -> None:
    """Frames, arrays and NaN are compared by what they are."""

    @task
    def first(x: Any) -> Any:
        return 1

    @task
    def second(x: Any) -> Any:
        return 2

    @flow
    def two(x: Any) -> Any:
        return second(first(x))

    for value, same, new in (
        (FRAME, FRAME.copy(), pd.DataFrame({"a": [2]})),
        (math.nan, float("nan"), 1.0),
        (np.arange(3), np.arange(3), np.arange(4)),
    ):
        run = engine.start(two, {"x": value})
        run.result(LONG)
        assert run.fork("second", inputs={"x": same}).result(LONG) == 2
        with pytest.raises(InputError) as caught:
            run.fork("second", inputs={"x": new})
        assert caught.value.code == "feeds-reused"


class Needs(TypedDict, total=False):
    a: Required[int]
    day: dt.date


def test_a_typed_dict_is_checked_with_any_python(engine: Engine) -> None:
    """What is missing or wrong in it is told, what fits is converted."""

    @task
    def same(x: Any) -> Any:
        return x

    @flow
    def takes(x: list[Needs]) -> Any:
        return same(x)

    assert engine.start(takes, {"x": [{"a": 1, "day": "2024-01-31"}]}).result(LONG) == [
        {"a": 1, "day": dt.date(2024, 1, 31)}
    ]
    for wrong in ({"day": "2024-01-31"}, {"a": "x"}, {"a": 1, "day": "soon"}):
        with pytest.raises(InputError, match="x"):
            engine.start(takes, {"x": [wrong]})


@pytest.mark.parametrize("note", [{"a": int}, lambda: int, [int]])
def test_an_annotation_that_is_no_type_says_nothing(engine: Engine, note: Any) -> None:
    """Any value is taken."""

    @task
    def same(x: Any) -> Any:
        return x

    def takes(x: Any) -> Any:
        return same(x)

    takes.__annotations__["x"] = note
    assert engine.start(flow(takes), {"x": 5}).result(LONG) == 5


class NoEqual:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")

    __hash__ = None  # type: ignore[assignment]


def test_a_default_is_not_used_up_by_who_looks_at_it(engine: Engine) -> None:
    """What is read from where it stands comes to the body as it was; what can't be compared is not asked to be."""
    file, odd = io.BytesIO(b"abcd"), NoEqual()
    file.seek(2)

    @task
    def rest(x: Any) -> Any:
        return x["file"].read()

    @flow
    def reads(x: Any = {"file": file, "odd": odd}) -> Any:
        return rest(x)

    with pytest.raises(FlowError):
        reads.to_python()
    assert reads.to_svg()
    assert (engine.start(reads).result(LONG), engine.start(reads).result(LONG)) == (b"cd", b"cd")
    assert file.tell() == 2


class Goer(Protocol):
    def go(self) -> int: ...


def annotated(day: dt.date, odd: nowhere.Thing, many: Iterable[int]) -> tuple[int, int]:
    return 1, 2


def test_one_annotation_that_can_not_be_resolved_leaves_the_others(engine: Engine) -> None:
    """A date is converted, a wrong one refused, a tuple unpacked; what can't be checked is taken as it is."""
    assert set(hints_of(annotated)) == {"day", "many", "return"}

    @task
    def kinds(*values: Any) -> list[str]:
        return [type(value).__name__ for value in values]

    @flow
    def takes(day: dt.date, odd: nowhere.Thing, many: Iterable[int], bare: List, goers: list[Goer]) -> Any:  # noqa: UP006
        return kinds(day, odd, many, bare, goers)

    given = {"day": "2024-01-31", "odd": 1, "many": [1, 2], "bare": [1], "goers": [object()]}
    assert engine.start(takes, given).result(LONG) == ["date", "int", "list", "list", "list"]
    with pytest.raises(InputError, match="day"):
        engine.start(takes, {**given, "day": "nonsense"})
    with pytest.raises(InputError, match="many"):
        engine.start(takes, {**given, "many": ["x"]})


class Unset(type):
    """Of a class that has nothing to tell before somebody sets it up."""

    def __getattr__(cls, name: str) -> Any:
        raise RuntimeError("not configured")


class Settings(metaclass=Unset):
    pass


class Sparse(TypedDict):
    day: dt.date
    odd: list[nowhere.Thing]


def test_annotations_that_say_less_than_they_seem_to_leave_the_others(engine: Engine) -> None:
    """Those that raise when they are asked, a TypedDict of which a part can't be resolved, a `Tuple` of nobody knows what."""

    @task
    def same(*values: Any) -> Settings:
        return values  # type: ignore[return-value]

    @flow
    def takes(day: dt.date, settings: Settings, sparse: Sparse, parts: Tuple = (1, 2)) -> Any:  # noqa: UP006
        return same(day, settings, sparse, parts)

    given = {"day": "2024-01-31", "settings": 1, "sparse": {"day": "2024-01-31", "odd": [1]}}
    day = dt.date(2024, 1, 31)
    assert engine.start(takes, given).result(LONG) == (day, 1, {"day": day, "odd": [1]}, (1, 2))
    assert takes.to_svg()
    for wrong in ({"day": "soon"}, {"sparse": {"day": "soon", "odd": []}}, {"parts": 5}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            engine.start(takes, {**given, **wrong})


class Proxy:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("outside of its context")


class Liar:
    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no class")


OWN: list[Any] = [1]
OWN.append(OWN)


HELD = {
    "proxy": Proxy, "liar": Liar, "class": lambda: Settings, "number": lambda: 10**5000, "numbers": lambda: [10**5000], "itself": lambda: OWN, "surrogate": lambda: "a\udc80",
    "column": lambda: pl.col("fn"), "frame": lambda: FRAME,
}  # fmt: skip


@pytest.mark.parametrize("name", HELD)
def test_a_fingerprint_asks_objects_nothing(name: str) -> None:
    """A global, default or closure that can't be asked stops no start."""
    held = HELD[name]()

    def uses(x: Any = held) -> Any:
        return held

    assert fingerprint(uses) == fingerprint(uses)


def test_what_is_a_tree() -> None:
    """A part that stands in it twice, or in itself, or too deep, makes a value none; what can't change may stand twice."""
    inner, word = [1], ("a",)
    assert is_tree([inner, [word, word], {"a": [1]}])
    assert not is_tree([inner, {"a": inner}])
    assert not is_tree(OWN)
    assert not is_tree(functools.reduce(lambda one, _: [one], range(100), 1))


def test_canonical_forms_tell_types_apart() -> None:
    """1 is not True nor 1.0; what holds itself has an end."""
    assert len({digest(value) for value in (1, True, 1.0, "1", b"1", [1], (1,), {1}, frozenset([1]))}) == 9
    assert is_same(OWN, OWN)
    assert digest(OWN) == digest(OWN)

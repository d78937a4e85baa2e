"""Types as texts: what a document says is the annotation that it was written from, and nothing of it is run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, NewType, Optional, TypeVar
from uuid import UUID

import pytest
from annotated_types import Interval
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, field_validator

from stratix_tasks.spec.annotations import annotation, described
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.model import InputSpec
from stratix_tasks.spec.overlap import iterates, overlaps
from stratix_tasks.spec.types import LONGEST, parse_type, type_text, unknown_in

UserId = NewType("UserId", int)
Bound = TypeVar("Bound", bound=int)


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


class Level(Enum):
    LOW = 1
    HIGH = 2


class Odd(Enum):
    PAIR = (1, 2)


class Bits(Flag):
    A = 1


class Conf(BaseModel):
    n: Annotated[int, Field(ge=0, description="how many")]
    mode: Mode = Mode.FAST
    inner: list[int] | None = None


class Checked(BaseModel):
    n: int

    @field_validator("n")
    @classmethod
    def odd(cls, n: int) -> int:
        return n


class Renamed(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    n: int = Field(alias="N")


class Frame:
    pass


TEXTS: dict[str, Any] = {
    "any": Any,
    "int": int,
    "None": None,
    "Path": Path,
    "Decimal": Decimal,
    "UUID": UUID,
    "list[int]": list[int],
    "dict[str, float]": dict[str, float],
    "int | None": int | None,
    "int | str | None": Optional[int | str],  # noqa: UP045 - as old code writes it
    "tuple[int, ...]": tuple[int, ...],
    "tuple[int, str]": tuple[int, str],
    "tuple[()]": tuple[()],
    "frozenset[date]": frozenset[date],
    "Sequence[str]": Sequence[str],
    "Iterable[int]": Iterable[int],
    "Literal['a', 1, None, True]": Literal["a", 1, None, True],
    "list[Literal['eu', 'us']]": list[Literal["eu", "us"]],
    "list[Annotated[int, Field(ge=0, lt=5)]]": list[Annotated[int, Field(ge=0, lt=5)]],
    'dict[str, Annotated[str, Field(pattern="^a[\'x]$")]]': dict[str, Annotated[str, Field(pattern="^a['x]$")]],
}


@pytest.mark.parametrize("text", ["int | str | None", "list[int | str] | None"])
def test_a_union_is_read_in_its_order(text: str) -> None:
    """Whatever was read before: Python takes unions of the same parts for the same."""
    back = text.replace("int | str", "str | int")
    assert [type_text(parse_type(one)) for one in (back, text)] == [back, text]


@pytest.mark.parametrize("text", TEXTS)
def test_a_type_is_read_as_it_was_written(text: str) -> None:
    """The text of the annotation that is read is the text again, and nothing in it is unknown."""
    assert type_text(TEXTS[text]) == text
    assert type_text(parse_type(text)) == text
    assert unknown_in(text) == ()


SAME: list[tuple[Any, str]] = [
    (Mode, "Literal['fast', 'slow']"),
    (list[Level], "list[Literal[1, 2]]"),
    (UserId, "int"),
    (Bound, "int"),
    (PositiveInt, "Annotated[int, Field(gt=0)]"),
    (Annotated[int, "a note"], "int"),
    (Annotated[float, Interval(ge=0, le=1)], "Annotated[float, Field(ge=0, le=1)]"),
]


@pytest.mark.parametrize(("hint", "text"), SAME)
def test_what_stands_for_a_type_is_written_as_that(hint: Any, text: str) -> None:
    """An Enum as its values, a NewType, a variable and metadata as what they mean to a check."""
    assert type_text(hint) == text
    assert unknown_in(text) == ()


UNKNOWN: list[tuple[Any, tuple[str, ...]]] = [
    (Frame, ("Frame",)),
    (list[Frame], ("Frame",)),
    (Frame | None, ("Frame",)),
    (Odd, ("Odd",)),
    (Bits, ("Bits",)),
    (type[int], ("type[int]",)),
    (Annotated[int, AfterValidator(abs)], ("AfterValidator",)),
    (list[Annotated[date, Field(ge=date(2024, 1, 1))]], ("ge",)),
    ("pd.DataFrame", ("pd.DataFrame",)),
    (type("date", (), {"__module__": "mine", "__qualname__": "date"}), ("mine.date",)),
]


@pytest.mark.parametrize(("hint", "names"), UNKNOWN)
def test_what_a_document_can_not_check_is_named(hint: Any, names: tuple[str, ...]) -> None:
    """A class of the user's, also one that is named as a type that documents know, and what only code can ask."""
    assert unknown_in(described(hint)["type"]) == names


WRONG = [
    "list[",
    "dict[int]",
    "int[str]",
    "Optional",
    "Literal[x]",
    "__import__('os').getpid()",
    "Annotated[int, Field(ge=__import__('os').getpid())]",
    "Annotated[int, Field(strict=True)]",
    "[" * 1500,
    "a" * (LONGEST + 1),
    "...",
    "",
]


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:30])
def test_what_is_no_type_is_unknown_as_a_whole(text: str) -> None:
    """Nothing of it is run, however it looks, and anything passes."""
    assert parse_type(text) is Any
    assert len(unknown_in(text)) == 1


VALUES: list[Any] = [
    *(
        None,
        True,
        0,
        1,
        -1,
        5,
        0.5,
        1.5,
        "1",
        "0.5",
        "x",
        "eu",
        "fast",
        "ab",
        "2024-01-31",
        "2024-01-31T10:00:00",
        "10:00",
    ),
    *(
        "5m",
        "6m",
        ["5m"],
        "PT1M",
        b"x",
        [],
        [1],
        ["1"],
        ["x"],
        [1, "x"],
        (1, "x"),
        {"a": 1},
        {"a": "x"},
        {"n": 1},
        {"n": -1},
        {"n": 1, "k": 2},
    ),
    *(
        date(2024, 1, 31),
        datetime(2024, 1, 31),
        time(10),
        timedelta(1),
        Decimal("0.5"),
        Path("a"),
        {1, 2},
        frozenset("a"),
    ),
]
CHECKED: list[Any] = [
    *(int, float, str, bool, bytes, date, datetime, time, timedelta, Path, Decimal, UUID, list, dict, set, tuple),
    *(
        list[int],
        list[str],
        dict[str, float],
        dict[str, int] | None,
        int | None,
        int | str,
        tuple[int, ...],
        tuple[int, str],
    ),
    *(
        set[int],
        frozenset[str],
        Sequence[int],
        Literal["eu", "us"],
        Literal["eu", 1, None],
        Literal["eu"] | None,
        PositiveInt,
    ),
    Annotated[float, Field(ge=0, le=1)],
    Annotated[int | None, Field(gt=0)],
    Annotated[str, Field(min_length=2, max_length=3, pattern="^[a-f]")],
    Annotated[date, Field(ge=date(2024, 1, 1), lt=date(2025, 1, 1))],
    Annotated[Decimal, Field(multiple_of=Decimal("0.25"))],
    Annotated[list[int], Field(min_length=1)],
    Annotated[timedelta, Field(le=timedelta(minutes=5))],
    timedelta | None,
    list[timedelta],
    list[Annotated[int, Field(ge=1)]],
]


def said(value: Any, kind: Any) -> Any:
    """What becomes of a value: it and its class, or that it is refused."""
    try:
        made = convert(value, kind)
    except ValueError:
        return "refused"
    return type(made), made


@pytest.mark.parametrize("hint", CHECKED, ids=str)
def test_a_document_checks_as_the_annotation_does(hint: Any) -> None:
    """Every value is converted, or refused, by what the document says as by the annotation."""
    alone = annotation(InputSpec(**described(hint)))
    told = [said(value, hint) for value in VALUES]
    assert [said(value, alone) for value in VALUES] == told
    assert "refused" in told


def test_an_enum_is_checked_by_its_values() -> None:
    """Those that the class makes a member of, and no others."""
    alone = annotation(InputSpec(**described(Mode)))
    assert [value for value in VALUES if said(value, alone) != "refused"] == ["fast"]
    assert [value for value in VALUES if said(value, Mode) != "refused"] == ["fast"]


def test_a_model_is_checked_by_its_fields() -> None:
    """Nested types, limits and defaults; a field that it has not is refused."""
    one = InputSpec(**described(Conf))
    assert (one.type, one.fields["n"].min, one.fields["n"].description) == ("Conf", 0, "how many")
    assert (one.fields["mode"].choices, one.fields["mode"].default) == (("fast", "slow"), "fast")
    assert said({"n": "1"}, annotation(one)) == (dict, {"n": 1, "mode": "fast", "inner": None})
    for wrong in ({}, {"n": -1}, {"n": 1, "mode": "x"}, {"n": 1, "inner": ["x"]}, {"n": 1, "m": 1}, 5):
        assert said(wrong, annotation(one)) == "refused"


@pytest.mark.parametrize("model", [Checked, Renamed])
def test_a_model_that_checks_by_code_is_unknown(model: Any) -> None:
    """A document says nothing of its fields, so that nobody takes them for checked."""
    one = InputSpec(**described(model))
    assert not one.fields
    assert unknown_in(one.type) == (model.__name__,)


FITS: list[tuple[Any, Any]] = [
    (int, float),
    (bool, int),
    (Any, int),
    (int, Any),
    (object, int),
    (int | None, int),
    (int, int | None),
    (Literal["eu"], str),
    (str, Literal["eu"]),
    (Literal["eu", "us"], Literal["us", "cn"]),
    (Literal["fast"], Mode),
    (list, list[int]),
    (list[int], Sequence[int]),
    (list[bool], Iterable[float]),
    (tuple[int, str], tuple[int, ...] | tuple[int, str]),
    (tuple[int, int], Sequence[int]),
    (dict[str, int], dict[str, float]),
    (dict[str, int], Iterable[str]),
    (list[int | str], list[str]),
    (datetime, date),
    (UserId, int),
    (Annotated[int, Field(ge=0)], int),
    (list[Any], list[int]),
]
CANT: list[tuple[Any, Any]] = [
    (int, str),
    (str, int),
    (None, int),
    (int | None, str),
    (Literal["eu"], Literal["us"]),
    (Literal["eu"], int),
    (Literal["quick"], Mode),
    (list[int], list[str]),
    (list[int], dict[str, int]),
    (list[list[int]], list[list[str]]),
    (list[int], Sequence[str]),
    (tuple[int, str], tuple[int, str, int]),
    (tuple[int, str], tuple[int, int]),
    (tuple[int, str], tuple[int, ...]),
    (dict[str, int], dict[str, str]),
    (dict[str, int], dict[int, int]),
    (dict[str, int], Iterable[int]),
    (Conf, int),
    (date, timedelta),
]


@pytest.mark.parametrize(("given", "wanted"), FITS, ids=str)
def test_what_may_be_is_not_refused(given: Any, wanted: Any) -> None:
    """Some value of the one may be one of the other."""
    assert overlaps(given, wanted)


@pytest.mark.parametrize(("given", "wanted"), CANT, ids=str)
def test_what_can_not_be_is_certain(given: Any, wanted: Any) -> None:
    """No value of the one can be one of the other."""
    assert not overlaps(given, wanted)


@pytest.mark.parametrize(
    ("hint", "can"),
    [
        *((kind, False) for kind in (int, float, bool, str, bytes, None, date, Decimal, Path, Literal["a"], int | str)),
        *(
            (kind, True)
            for kind in (list, list[int], dict, set, tuple, Iterable[int], Any, Frame, int | list[int], range)
        ),
    ],
    ids=str,
)
def test_what_a_fan_out_can_go_over(hint: Any, can: bool) -> None:
    """Not a number, a text or None; of a class of the user's nobody knows."""
    assert iterates(hint) is can


def test_a_class_is_known_by_its_package() -> None:
    """Newer versions of Python define some of their classes in a module of their own below it, as `pathlib._local`."""
    moved = type("Moved", (PurePosixPath,), {"__module__": "pathlib._local"})
    assert not iterates(moved)

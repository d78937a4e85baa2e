"""What is told of a value: by itself where it was made, and without asking it anything elsewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stratix_tasks.spec.values import Object
from stratix_tasks.store.summaries import TEXT, glance, look, sized, summarise


class Rude:
    """Raises whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(name)

    def __repr__(self) -> str:
        raise KeyboardInterrupt


class RudeZone(tzinfo):
    def utcoffset(self, at: datetime | None) -> timedelta:
        raise SystemExit


class RudeDate(date):
    def __str__(self) -> str:
        raise SystemExit


class RudeNumber(np.float64):
    def __str__(self) -> str:
        raise SystemExit


class Framed(pd.DataFrame):
    @property
    def shape(self) -> Any:
        raise SystemExit


class Shade(Enum):
    DARK = 1

    def __str__(self) -> str:
        raise SystemExit


HOLDS_ITSELF: list[Any] = [1]
HOLDS_ITSELF.append(HOLDS_ITSELF)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        ([1, "b", (2.5,), {"k": None}, set()], "[1, 'b', (2.5,), {'k': None}, set()]"),
        (list(range(1000)), "[" + ", ".join(map(str, range(20))) + ", …] (1,000)"),
        ({"long": "x" * 500}, "{'long': '" + "x" * 78 + "…}"),
        (b"caf\xe9", "b'caf\\xe9'"),
        ("caf\udce9", "caf?"),
        pytest.param(1 << 20_000, "<int of 20,001 bits>", id="a large whole number"),
        ([Rude()], "[<Rude>]"),
        ({Rude: 1}, "{<type>: 1}"),
        (np.arange(3), "<ndarray 3>"),
        ([pd.DataFrame({"a": range(1000), "b": 0}), Framed({"a": [1]})], "[<DataFrame 1,000 × 2>, <Framed>]"),
        pytest.param([Object("Rude", Rude())], "[<Rude>]", id="an object of a document"),
        ([np.float64(0.5), np.bool_(True), np.datetime64("2026-01-01")], "[0.5, True, 2026-01-01]"),
        ([pd.Timestamp("2026-01-01", tz="Europe/Berlin"), pd.NaT], "[2026-01-01 00:00:00+01:00, NaT]"),
        ((date(2026, 1, 1), Decimal("1.50"), Path("/x"), range(3)), "(2026-01-01, 1.50, /x, range(0, 3))"),
        ([datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1)], "[2026-01-01 00:00:00+00:00, 1 day, 0:00:00]"),
        ([Shade.DARK], "[Shade.DARK]"),
        (
            [datetime(2026, 1, 1, tzinfo=RudeZone()), RudeDate(2026, 1, 1), RudeNumber(1)],
            "[<datetime>, <RudeDate>, <RudeNumber>]",
        ),
    ],
)
def test_a_glance_asks_an_object_nothing(value: Any, text: str) -> None:
    """Values of Python's own types, and scalars of numpy and pandas, have a short text, whatever their size; of others the type is
    told, of tables with their sizes, also of those that inherit from them, or ask a time zone of the user's.
    """
    assert glance(value) == text


def test_texts_have_an_end() -> None:
    """Of what is large, or holds itself, there is a text of bounded length."""
    for value in (HOLDS_ITSELF, [["x" * 100] * 50] * 50, "x" * 10**6, {n: [n] * 99 for n in range(99)}):
        assert len(glance(value)) <= TEXT + 20
        assert len(look(value)) <= TEXT + 20


def test_what_can_not_be_told_is_told_by_its_type() -> None:
    """An object that raises when it is asked has a summary all the same."""
    assert summarise(Rude()) == {"type": "Rude", "text": "<Rude whose text can't be made: KeyboardInterrupt>"}


def test_tables_and_arrays_tell_their_sizes_and_their_head() -> None:
    """What views show of a result is recorded with it: sizes and a text; a short scalar needs none."""
    table = summarise(pd.DataFrame({"a": range(100), "b": 1.5}))
    assert table is not None
    assert (table["rows"], table["columns"], table["shape"]) == (100, ["a", "b"], [100, 2])
    assert len(table["text"].splitlines()) == 9
    array = summarise(np.zeros((3, 4)))
    assert array is not None
    assert (array["type"], array["shape"]) == ("ndarray", [3, 4])
    assert summarise(3) is None
    assert summarise("x" * 600) == {"type": "str", "text": "x" * 600, "length": 600}


def test_a_table_is_as_wide_as_it_is_however_many_columns_are_named() -> None:
    """Of a frame of 500 columns some names are kept, and all are counted; a table of arrow tells its names, not its columns."""
    told = summarise(pd.DataFrame(np.zeros((3, 500))))
    assert told is not None
    assert (sized(told), len(told["columns"])) == ("3 × 500", 50)
    arrow = pytest.importorskip("pyarrow").table({"a": [1, 2], "b": [3, 4]})
    assert (summarise(arrow) or {})["columns"] == ["a", "b"]

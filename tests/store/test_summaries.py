"""What is told of a value: by itself where it was made, and without asking it anything elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from stratix_tasks.spec.values import Object
from stratix_tasks.store.summaries import TEXT, glance, look, summarise


class Rude:
    """Raises whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(name)

    def __repr__(self) -> str:
        raise KeyboardInterrupt


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
        (np.arange(3), "<ndarray>"),
        pytest.param([Object("Rude", Rude())], "[<Rude>]", id="an object of a document"),
    ],
)
def test_a_glance_asks_an_object_nothing(value: Any, text: str) -> None:
    """Values of Python's own types have a short text, whatever their size; of others the type is told."""
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

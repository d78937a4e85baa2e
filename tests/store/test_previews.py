"""What a person is shown of a value: made with care, bounded, and kept with the result."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel

from stratix_tasks.errors import StratixError
from stratix_tasks.store import previews
from stratix_tasks.store.objects import INLINE, ObjectStore
from stratix_tasks.store.previews import COLUMNS, LEAVES, MOST, ROWS, preview, tree

FRAME = pd.DataFrame({"n": [1, 2], "x": [0.5, float("nan")], "city": ["Bern", None]})


class Asked:
    """A value that draws or writes itself with what it is given."""

    def __init__(self, png: Any = None, html: Any = None) -> None:
        self.png, self.html = png, html

    def _repr_png_(self) -> Any:
        return self.png() if callable(self.png) else self.png

    def _repr_html_(self) -> Any:
        return self.html() if callable(self.html) else self.html


class Hangs(Asked):
    pass


class Leaks:
    """Writes what is in none of its parts."""

    def _repr_html_(self) -> str:
        return "hidden"


class Rude:
    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(name)


class Told:
    """An object in a cell: its text is not asked for."""

    def __str__(self) -> str:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("value", "columns", "rows", "index", "of"),
    [
        (
            FRAME,
            [["n", "int64"], ["x", "float64"], ["city", "str"]],
            [["1", "0.5", "Bern"], ["2", "nan", "nan"]],
            None,
            [2, 3],
        ),
        (FRAME.set_index("city").n, [["n", "int64"]], [["1"], ["2"]], ["Bern", "nan"], [2, 1]),
        (pl.DataFrame({"a": [1, None]}), [["a", "Int64"]], [["1"], [""]], None, [2, 1]),
        (pl.Series("s", ["u"]), [["s", "String"]], [["u"]], None, [1, 1]),
        (pa.table({"t": [True]}), [["t", "bool"]], [["True"]], None, [1, 1]),
        (np.array([[1, 2], [3, 4]]), [["0", "int64"], ["1", "int64"]], [["1", "2"], ["3", "4"]], None, [2, 2]),
        (np.array([1.5]), [["", "float64"]], [["1.5"]], None, [1, 1]),
        (
            np.array([(1, 2.0)], dtype=[("u", "i4"), ("w", "f8")]),
            [["u", "int32"], ["w", "float64"]],
            [["1", "2"]],
            None,
            [1, 2],
        ),
    ],
    ids=["frame", "series", "polars", "polars series", "arrow", "array", "vector", "records"],
)
def test_frames_and_arrays_are_tables(
    value: Any, columns: Any, rows: Any, index: list[str] | None, of: list[int]
) -> None:
    """With the names and types of their columns, an index that tells something, and the size of the whole."""
    assert preview(value) == {"kind": "table", "columns": columns, "rows": rows, "index": index, "of": of}


def test_a_table_has_an_end() -> None:
    """Of what is long and wide the head; of what is in a cell its beginning, and of an object its type."""
    made = preview(pd.DataFrame({f"c{n}": ["x" * 1000] * 500 for n in range(100)}))
    assert made is not None
    assert (len(made["rows"]), len(made["columns"]), made["of"]) == (ROWS, COLUMNS, [500, 100])
    assert max(len(cell) for row in made["rows"] for cell in row) == 60
    objects = preview(pd.DataFrame({"o": [Told(), [Told()]]}))
    assert objects is not None
    assert objects["rows"] == [["<Told>"], ["[<Told>]"]]


def test_what_has_nothing_to_show_has_no_preview() -> None:
    """Scalars, empty arrays, those of many dimensions, and objects that draw nothing."""
    for value in (1, "a", b"x", None, np.zeros((2, 2, 2)), np.zeros(0), object(), Rude(), Asked()):
        assert preview(value) is None


def test_containers_are_trees_of_bounded_size() -> None:
    """Nothing in them is asked; what is left out is counted."""
    made = tree("", {"a": [1, (2.5, "x")], 3: {Told()}})
    assert [(part["name"], part["text"]) for part in made["parts"]] == [("a", "list of 2"), ("3", "set of 1")]
    assert made["parts"][0]["parts"][1]["parts"][1] == {"name": "1", "text": "x", "more": 0, "parts": []}
    endless: list[Any] = []
    endless.append(endless)
    for value in (endless, [[[1] * 99] * 99] * 99, list(range(10**5))):
        assert len(json.dumps(tree("", value))) < 100 * LEAVES
    assert tree("", list(range(100)))["more"] == 100 - len(tree("", list(range(100)))["parts"])


@dataclass
class Score:
    month: str
    auc: float


@dataclass(slots=True)
class Slotted:
    month: str
    auc: float


class Pair(NamedTuple):
    month: str
    auc: float


class Model(BaseModel):
    month: Any
    auc: float


@pytest.mark.parametrize("kind", [Score, Slotted, Pair, Model, dict])
def test_records_of_one_kind_are_a_table(kind: Any) -> None:
    """Of dicts, dataclasses, named tuples and models: a column a field, with what it holds first; others stay a tree."""
    records = [kind(month=f"{i}", auc=i / 10) for i in range(30)]
    made = preview(records)
    assert made is not None
    assert made["columns"] == [["month", "str"], ["auc", "float"]]
    assert made["rows"][1] == ["1", "0.1"]
    assert (len(made["rows"]), made["of"]) == (ROWS, [30, 2])
    for others in (records[:1], [*records, None], [{"a": 1}, {"b": 1}], [{1: 2}, {1: 3}], [{}, {}]):
        other = preview(others)
        assert other is not None
        assert other["kind"] == "tree"


@pytest.mark.parametrize("kind", [Score, Slotted, Pair, Model])
def test_a_record_is_a_tree_of_its_fields(kind: Any) -> None:
    """Numbers in as many digits as in a table, containers with their parts."""
    made = preview(kind(month=["a", "b"], auc=1 / 3))
    assert made is not None
    assert (made["kind"], made["root"]["text"]) == ("tree", kind.__name__)
    month, auc = made["root"]["parts"]
    assert (month["name"], [part["text"] for part in month["parts"]]) == ("month", ["a", "b"])
    assert (auc["name"], auc["text"], auc["parts"]) == ("auc", "0.333333", [])


def test_records_are_not_asked_themselves() -> None:
    """A class of the user's that says which fields it has runs nothing of its own when these are shown."""

    class Rude:
        __dataclass_fields__: ClassVar[dict[str, int]] = {"a": 1}

        def __init__(self) -> None:
            object.__getattribute__(self, "__dict__")["a"] = 1

        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    made = preview([Rude(), Rude()])
    assert made is not None
    assert made["rows"] == [["1"], ["1"]]


def test_what_draws_itself_is_a_picture_and_what_writes_itself_is_html() -> None:
    """Also beside the other; one that is too large, or that fails, gives way to the next. Where none is left it is told that one was."""
    png = b"\x89PNG"
    picture = {"kind": "picture", "mime": "image/png", "data": base64.b64encode(png).decode()}
    html = {"kind": "html", "html": "<b>x</b>"}
    assert preview(Asked(png, "<b>x</b>")) == picture
    assert preview(Asked((png, {"width": 3}), None)) == picture
    assert preview(Asked(b"x" * (MOST["image/png"] + 1), "<b>x</b>")) == html

    def fails() -> None:
        raise SystemExit

    assert preview(Asked(fails, "<b>x</b>")) == html
    much = MOST["text/html"] + 1
    assert preview(Asked(fails, "x" * much)) == {"kind": "large", "mime": "text/html", "bytes": much}
    assert preview(Asked(fails, None)) is None


def test_what_takes_too_long_is_left_alone_and_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body waits for a preview a moment at most, once for a type."""
    monkeypatch.setattr(previews, "PATIENCE", 0.05)
    asked, gate = [], threading.Event()

    def hangs() -> None:
        asked.append(1)
        gate.wait(30)

    assert [preview(Hangs(hangs)), preview(Hangs(hangs))] == [None, None]
    gate.set()
    assert asked == [1]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    yield ObjectStore(tmp_path / "objects")


def test_a_preview_is_kept_with_the_result(store: ObjectStore) -> None:
    """A small one in the summary, a larger one as an object; without it, when that is lost."""
    small = store.encode(FRAME).summary
    assert small is not None
    assert small["preview"] == preview(FRAME) == store.preview(small)
    wide = pd.DataFrame({f"column{n}": ["text"] * 50 for n in range(20)})
    large = store.encode(wide).summary
    assert large is not None
    assert len(json.dumps(preview(wide))) > INLINE
    assert store.preview(large) == preview(wide)
    (store.directory / large["preview"][:2] / large["preview"]).unlink()
    assert store.preview(large) is None
    assert store.preview(None) is None
    assert "preview" not in (store.encode([1, 2]).summary or {})  # which stands in its fact itself


def test_a_preview_that_holds_a_secret_is_left_out(store: ObjectStore) -> None:
    """What may not be recorded is in none, though the value itself may be."""

    def check(data: bytes) -> None:
        if b"hidden" in data:
            raise StratixError("no", code="secret-in-result")

    with pytest.raises(StratixError, match="no"):
        store.encode(["hidden"] * 200, check=check)

    made = store.encode(Leaks(), check=check)
    assert made.summary is not None
    assert "preview" not in made.summary

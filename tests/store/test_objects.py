"""Results: each comes back as what it was, and what is foreign or damaged is refused."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from stratix_tasks.errors import StoreError
from stratix_tasks.store.objects import ObjectStore


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    tags: list[str]


class Item(BaseModel):
    name: str
    size: int = 0


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.dictionaries(st.integers(), inner, max_size=3)
        | st.tuples(inner, inner)
        | st.sets(st.integers(), max_size=4)
        | st.frozensets(st.text(), max_size=3)
    ),
    max_leaves=12,
)
TIMES = st.datetimes() | st.dates() | st.times() | st.timedeltas() | st.decimals(allow_nan=False) | st.uuids()


@pytest.fixture(scope="module", autouse=True)
def key(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A signing key of the tests' own."""
    before = os.environ.get("STRATIX_CONFIG")
    os.environ["STRATIX_CONFIG"] = str(tmp_path_factory.mktemp("config"))
    yield
    if before is None:
        del os.environ["STRATIX_CONFIG"]
    else:
        os.environ["STRATIX_CONFIG"] = before


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> ObjectStore:
    return ObjectStore(tmp_path_factory.mktemp("objects"))


def round_trip(objects: ObjectStore, value: Any) -> Any:
    encoded = objects.encode(value)
    return objects.decode(encoded.codec, encoded.payload, encoded.frame)


@given(value=PLAIN)
def test_plain_values_come_back_equal_and_of_the_same_types(objects: ObjectStore, value: Any) -> None:
    """Scalars and containers, tuples and sets told from lists, keys of any plain type."""
    again = round_trip(objects, value)
    assert again == value
    assert repr(again) == repr(value) or isinstance(value, set | frozenset | dict | list | tuple)
    assert type(again) is type(value)


@given(value=TIMES)
def test_times_decimals_and_uuids_come_back(objects: ObjectStore, value: Any) -> None:
    """Values of the standard library's classes keep their class."""
    again = round_trip(objects, value)
    assert (again, type(again)) == (value, type(value))


@pytest.mark.parametrize(
    "value",
    [
        float("inf"),
        2**80,
        Path("a/b"),
        Colour.RED,
        Point(1, ["a"]),
        Item(name="x", size=2),
        Decimal("1.10"),
        dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        {"a": [1, (2, {"b": {3}})]},
        range(3),
        lambda x: x,
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_values_come_back(objects: ObjectStore, value: Any) -> None:
    """Models, dataclasses, enums, paths, and what only pickles."""
    again = round_trip(objects, value)
    assert type(again) is type(value)
    assert again == value or callable(value)


def test_nan_is_still_nan(objects: ObjectStore) -> None:
    """A float that is not equal to itself survives."""
    again = round_trip(objects, [float("nan")])
    assert again[0] != again[0]


@pytest.mark.parametrize("kind", ["f8", "i4", "bool", "M8[ns]", "U5", "c16"])
def test_arrays_come_back(objects: ObjectStore, kind: str) -> None:
    """Shape, dtype and order; large ones go to the object store."""
    value = np.zeros((100, 60), dtype=kind)
    again = round_trip(objects, value)
    assert again.dtype == value.dtype
    assert (again == value).all()


@pytest.mark.parametrize("rows", [0, 3, 20_000])
def test_frames_come_back(objects: ObjectStore, rows: int) -> None:
    """Columns, dtypes and index of a data frame."""
    value = pd.DataFrame(
        {
            "n": np.arange(rows),
            "t": pd.date_range("2024-01-01", periods=rows, freq="h", tz="UTC"),
            "c": pd.Categorical(["a"] * rows),
            "s": [f"s{n}" for n in range(rows)],
        },
        index=pd.Index(np.arange(rows) * 2, name="even"),
    )
    pd.testing.assert_frame_equal(round_trip(objects, value), value)
    encoded = objects.encode(value)
    assert encoded.summary is not None
    assert encoded.summary["rows"] == rows


def test_a_large_result_is_kept_once(objects: ObjectStore) -> None:
    """Content-addressed: equal bytes are one file."""
    first, second = objects.encode(b"x" * 100_000), objects.encode(b"x" * 100_000)
    assert first.payload == second.payload
    assert first.frame is None
    assert first.codec.endswith("+object")


def test_a_damaged_object_is_refused(tmp_path: Path) -> None:
    """The error says how to make it again; the same result that is kept once more mends it."""
    objects = ObjectStore(tmp_path)
    encoded = objects.encode(b"x" * 100_000)
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(StoreError, match=r"fork\(\) from the node") as caught:
        objects.decode(encoded.codec, encoded.payload, None)
    assert caught.value.code == "damaged"
    file.unlink()
    with pytest.raises(StoreError, match="not in the store"):
        objects.decode(encoded.codec, encoded.payload, None)
    for damage in (b"x" * 99_999, b"x" * 99_999 + b"y", b"x" * 100_001, b""):
        file.write_bytes(damage)
        assert objects.encode(b"x" * 100_000) == encoded
        assert objects.decode(encoded.codec, encoded.payload, None) == b"x" * 100_000


def test_a_foreign_pickle_is_not_opened(objects: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickle that was signed with another key, or changed, runs no code."""
    encoded = objects.encode(lambda x: x)
    assert encoded.frame is not None
    with pytest.raises(StoreError) as changed:
        objects.decode(encoded.codec, encoded.payload, encoded.frame[:-1] + b"x")
    assert changed.value.code == "foreign-signature"
    monkeypatch.setenv("STRATIX_CONFIG", str(tmp_path / "another"))
    with pytest.raises(StoreError, match="not signed by you"):
        ObjectStore(objects.directory).decode(encoded.codec, encoded.payload, encoded.frame)


def test_the_key_is_the_users_alone(objects: ObjectStore) -> None:
    """Its file can be read by nobody else."""
    objects.encode(lambda x: x)
    key = Path(os.environ["STRATIX_CONFIG"]) / "signing.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_what_can_not_be_stored_is_named(objects: ObjectStore) -> None:
    """`not-storable` names the type, also deep inside, and says what to return."""
    import threading

    with pytest.raises(StoreError, match="lock") as caught:
        objects.encode({"a": [1, threading.Lock()]})
    assert caught.value.code == "not-storable"


@pytest.mark.parametrize(("size", "codec"), [(100, "json"), (600, "bytes+frame"), (40_000, "bytes+object")])
def test_long_bytes_take_their_own_room(tmp_path: Path, size: int, codec: str) -> None:
    """They are stored as they are, not as text; short ones stand in their fact."""
    store, value = ObjectStore(tmp_path), os.urandom(size)
    encoded = store.encode(value)
    assert encoded.codec == codec
    if codec != "json":
        assert encoded.payload[0] == size
    assert store.decode(encoded.codec, encoded.payload, encoded.frame) == value

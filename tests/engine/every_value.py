"""Values of every kind that bodies return, and in what two values differ, told type by type."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import io
import ipaddress
import itertools
import math
import pathlib
import random
import re
import struct
import types
import typing
import uuid
import zoneinfo
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pydantic
import scipy.sparse as sp
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier


class Colour(enum.Enum):
    RED = 1
    GREEN = "g"


class Word(enum.StrEnum):
    OK = "ok"


class Level(enum.IntEnum):
    LOW = 1


class Right(enum.Flag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass
class Point:
    x: Any
    tags: list[Any] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    x: Any


class Pair(typing.NamedTuple):
    a: Any
    b: Any


class Model(pydantic.BaseModel):
    model_config = {"arbitrary_types_allowed": True}
    name: str
    inner: Any = None
    day: dt.date = dt.date(2024, 1, 1)


class Text(str):
    pass


class Number(int):
    pass


class Real(float):
    pass


class Many(list[Any]):
    pass


class Named(dict[str, Any]):
    pass


class Day(dt.date):
    pass


class Moment(dt.datetime):
    pass


class Money(decimal.Decimal):
    pass


class Places(collections.defaultdict[str, Any]):
    pass


class Measured(np.ndarray):  # type: ignore[type-arg]
    pass


class NeedsTwo(Exception):
    def __init__(self, url: str, status: int) -> None:
        super().__init__(f"{url} gave {status}")
        self.url, self.status = url, status


class Undecodable(UnicodeDecodeError):
    def __init__(self, why: str) -> None:
        super().__init__("utf-8", b"a", 0, 1, why)


class NotThere(OSError):
    def __init__(self, path: str, hint: str = "", other: str = "") -> None:
        super().__init__(2, "not there", path)
        self.hint = hint


class InSlots(Exception):
    __slots__ = ("__hidden", "slot")

    def hide(self, value: Any) -> InSlots:
        self.__hidden, self.slot = value, [value]
        return self


class Elementwise:
    """Compares as tensors do."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __eq__(self, other: object) -> Any:
        return np.array([True, False])

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")

    def __repr__(self) -> str:
        raise RuntimeError("no text")


class Parts(tuple[Any, ...]):
    """Made of arguments, not of a tuple."""

    def __new__(cls, *parts: Any) -> Parts:
        return super().__new__(cls, parts)


class Length(float):
    """Of a number and its unit."""

    def __new__(cls, value: float, unit: str) -> Length:
        made = super().__new__(cls, value)
        made.unit = unit
        return made

    unit: str


class Namespace(dict[str, Any]):
    """Its keys are its attributes."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.__dict__ = self


class Measures(pd.DataFrame):
    """Attributes of it are not told to pandas."""


Kind = typing.TypeVar("Kind")


class Of(pydantic.BaseModel, typing.Generic[Kind]):
    held: Kind


class Asked(dict[str, Any]):
    """Has every attribute that it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Asked()


class Holder:
    def __init__(self, held: Any) -> None:
        self.held = held


def _with(value: Any, **attributes: Any) -> Any:
    for name, one in attributes.items():
        setattr(value, name, one)
    return value


def _nan(bits: int) -> float:
    """One that says more than that it is none."""
    made: float = struct.unpack("d", struct.pack("Q", 0x7FF8_0000_0000_0000 | bits))[0]
    return made


def _fixed(array: Any) -> Any:
    array.setflags(write=False)
    return array


def _raised(error: BaseException, cause: BaseException | None) -> BaseException:
    try:
        raise error from cause
    except BaseException as raised:
        return raised.with_traceback(None)


def _amid(error: BaseException, other: BaseException) -> BaseException:
    try:
        raise other
    except BaseException:
        return _raised(error, error.__cause__)


def _plain() -> Iterator[tuple[str, Any]]:
    shared, own = [1], list[Any]([1])
    own.append(own)
    deep: list[Any] = []
    for _ in range(150):
        deep = [deep]
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    values: list[Any] = [
        None, True, 3, -0.0, math.nan, math.inf, -math.inf, 2**63 - 1, -(2**63), 2**63, 2**70, 10**5000, 1j, complex(math.nan, -0.0),
        "", "é" * 10_000, "a\0b", "🙂", "a\udc80", "\ud83d\ude00", "${{ inputs.x }}", "$${{ a }} ${{", b"", b"\xff" * 9, b"\xff" * 9_000,
        bytearray(b"ab"), range(3), range(0, 10**20, 10**18), [range(2**70)], ..., NotImplemented, slice(1, None, 2), int, len, math.sqrt,
        [], [1, [2.5, "x"]], (1, (2, [3])), (), {1, 2}, set("abcdefgh"), frozenset("ab"), {"a": {"b": [None]}}, {1: "a", "1": "b"},
        {(1, 2): 3}, {None: 1}, {True: 1}, {1.5: 1, math.inf: 2}, {"$": "int", "v": 1}, {"$object": [1]}, {"first_of": ["x"]},
        {"a\udc80": 1}, {"b": 1, "a": 2}, [2**70, {"k": -(2**80)}], [math.nan, {"b": math.inf}], [shared, shared], own, deep,
        list(range(5_000)), [float(n) for n in range(3_000)], [str(n) for n in range(3_000)],
        dt.date(2024, 2, 29), dt.datetime(1, 1, 1, 1, 2, 3, 4), dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 10, 27, 2, 30, fold=1),
        dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zone), dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1), "CET")), dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(seconds=-1))),
        dt.time(1, 2), dt.time(1, 2, tzinfo=dt.UTC), dt.time(1, fold=1), dt.timedelta(-1, 0, 1), dt.timedelta.max, dt.UTC, zone,
        decimal.Decimal("1.10"), decimal.Decimal("-0"), decimal.Decimal("NaN"), decimal.Decimal("sNaN"), decimal.Decimal("1E+50"), fractions.Fraction(1, 3),
        uuid.UUID(int=5), uuid.UUID(int=5, is_safe=uuid.SafeUUID.safe), pathlib.Path("/data/ä b"), pathlib.PureWindowsPath("c:/x"), ipaddress.ip_address("::1"),
        ipaddress.ip_network("10.0.0.0/8"), re.compile("a+", re.IGNORECASE), random.Random(5), array.array("d", [1.5]), io.BytesIO(b"abc"), io.StringIO("abc"),
        Colour.RED, Colour.GREEN, Word.OK, Level.LOW, Right.READ | Right.WRITE, {Colour.RED: 1}, [Word.OK], Colour, Point,
        Point(1, ["a"]), Point(math.nan), Frozen(math.nan), Frozen([1]), Pair(1, "b"), Model(name="x"), Model(name="y", inner=[1, (2,)]), Model,
        Text("x"), Number(3), Real(1.5), Many([1]), Named(a=1), _with(Text("x"), note=1), _with(Many([1]), note=1), _with(Named(a=1), note=1),
        _with(Day(2024, 1, 1), note="x"), _with(Money("1.5"), note="x"), _with(Places(list, a=[1]), note="x"),
        collections.OrderedDict(b=1, a=2), collections.defaultdict(list, a=[1]), collections.Counter("aab"), collections.deque([1, 2], maxlen=3),
        collections.ChainMap({"a": 1}), types.SimpleNamespace(a=1), types.MappingProxyType({"a": 1}), Asked(a=1), Elementwise(3), Holder(Holder(1)),
        ValueError("x"), KeyError("k"), OSError(2, "no", "file"), ExceptionGroup("g", [ValueError(1), TypeError(2)]), NeedsTwo("u", 500), Undecodable("bad"),
        _with(ValueError("x"), detail={"a": 1}), [1, NeedsTwo("u", 500)], NotThere("p", "h"), InSlots("x").hide(3), InSlots("x"), _with(OSError(2, "no"), filename="late"),
        NameError("x", name="n"), AttributeError("x", name="n"), ImportError("x", name="n", path="p"), BlockingIOError(11, "no", 5), StopIteration(5), SystemExit(3), _with(SyntaxError("bad", ("f", 1, 2, "text", 1, 3)), lineno=9),
        _with(Moment(2024, 1, 1), note="x"), dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(microseconds=5))),
        _raised(ValueError("x"), KeyError("k")), _raised(NeedsTwo("u", 500), OSError(2, "no")), _raised(Undecodable("bad"), None), _amid(OSError(2, "no"), KeyError("k")),
    ]  # fmt: skip
    changing = bytearray(b"ab")
    values += [
        _nan(5), [_nan(1 << 63), 1], {_nan(3): complex(_nan(4), 1)}, [10**5000], {10**5000: [-(10**5000)]}, [changing, changing],
        Parts(1, [2]), [Parts()], Length(1.5, "m"), _with(collections.Counter("aab"), note=1), Namespace(a=1, b=[2]), Of[int](held=1), [Of[int], Of[str](held="a")],
    ]  # fmt: skip
    for place, value in enumerate(values):
        yield f"plain {place} {type(value).__name__}", value


def _numpy() -> Iterator[tuple[str, Any]]:
    for code in ("?", "i1", "i2", "i4", "i8", "u1", "u8", "f2", "f4", "f8", "g", "c8", "c16", "S3", "U3", ">i4", ">f8"):
        whole = np.arange(6).astype(code).reshape(2, 3)
        yield f"array {code}", whole
        yield f"column-wise {code}", np.asfortranarray(whole)
        yield f"scalar {code}", whole[1, 2]
        yield f"of no axis {code}", np.array(whole[1, 2], dtype=code)
    for unit in ("Y", "M", "D", "h", "s", "ms", "us", "ns", "25s"):
        yield f"times {unit}", np.array(["2024-01-01", "NaT"], dtype=f"M8[{unit}]")
        yield (
            f"spans {unit}",
            np.array([1, 2], dtype=f"m8[{unit}]") if unit not in "YM" else np.array([1], dtype=f"m8[{unit}]"),
        )
        yield f"time {unit}", np.array(["2024-01-01"], dtype=f"M8[{unit}]")[0]
    fields = np.dtype([("a", "i4"), ("b", "U3")])
    aligned = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    hard = np.ma.array([1, 2], mask=[0, 1], hard_mask=True)
    others = [
        np.empty((0, 3)), np.zeros((2, 0), "i4"), np.arange(200_000.0), np.array([1, "a", None], dtype=object), np.array([[1], [2, 3]], dtype=object),
        np.zeros(2, fields), np.zeros(2, fields)[0], np.zeros(2, aligned), np.zeros(2, [("t", "M8[s]"), ("s", "i4", (2,))]), np.zeros(2, [(("title", "a"), "i4")]),
        np.zeros(2, np.dtype("i4", metadata={"unit": "m"})), np.array(["a", "bb"], dtype=np.dtypes.StringDType()), np.array([math.nan, -0.0, math.inf]),
        np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1.5, 2]), np.ma.array([1, 2], fill_value=7), hard, np.ma.masked_equal([1.5, 2], 2),
        np.matrix([[1, 2]]), np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), _with(np.arange(3).view(Measured), unit="m"), np.arange(3).view(Measured),
        [np.arange(3), np.arange(2)], {"a": np.arange(3)}, np.dtype("i4"), fields, _with(np.ma.array([1, 2], mask=[0, 1]), unit="m"), np.str_("a\0"), np.bytes_(b"a\0"), np.random.default_rng(5), np.random.RandomState(5), np.poly1d([1, 2]), np.float64,
    ]  # fmt: skip
    others += [_fixed(np.arange(3)), [_fixed(np.arange(12).reshape(3, 4)[:, ::2])], np.broadcast_to(1.5, (2, 3)), _fixed(np.array([[1], "a"], dtype=object)), pd.Series([1, 2]).to_numpy()]  # fmt: skip
    for place, value in enumerate(others):
        yield f"numpy {place} {type(value).__name__}", value


def _pandas() -> Iterator[tuple[str, Any]]:
    day, months = pd.date_range("2024-01-01", periods=2), pd.period_range("2024-01", periods=2, freq="M")
    cells: dict[str, Any] = {
        "ints": [1, 2], "floats": [1.5, None], "bools": [True, False], "texts": ["x", None], "complex": [1j, 2], "small": np.array([1, 2], "i1"), "half": np.array([1, 2], "f2"),
        "big-endian": np.array([1, 2], ">i4"), "times": day, "seconds": pd.array(np.array(["0001-01-01", "2024-01-01"], "M8[s]")), "zone": day.tz_localize("Europe/Berlin"),
        "fixed": pd.to_datetime(["2024-01-01T00:00:00+01:00"] * 2), "spans": pd.to_timedelta(["1D", None]), "months": months, "bins": pd.interval_range(0, 2),
        "Int64": pd.array([1, None], "Int64"), "Float32": pd.array([1.5, None], "Float32"), "boolean": pd.array([True, None], "boolean"), "string": pd.array(["x", None], "string"),
        "python string": pd.array(["x", None], "string[python]"), "sparse": pd.arrays.SparseArray([0, 1]), "ordered": pd.Categorical(["a", "b"], ["z", "b", "a"], ordered=True),
        "categories of times": pd.Categorical(day), "categories of bins": pd.cut([1, 5], [0, 3, 6]), "categories of objects": pd.Categorical([1, "a"]),
        "arrow": pd.array([1, None], "int64[pyarrow]"), "arrow lists": pd.Series([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))), "arrow structs": pd.Series([{"x": 1}, None], dtype=pd.ArrowDtype(pa.struct([("x", pa.int64())]))),
    }  # fmt: skip
    objects: dict[str, Any] = {
        "lists": [[1, 2], [3]], "tuples": [(1, 2), (3, 4)], "dicts": [{"a": [1]}, {"b": (2,)}], "sets": [{1}, {2}], "arrays": [np.arange(2), np.arange(3)], "mixed": [1, "a"], "mixed numbers": [1, 2.0],
        "bool and none": [True, None], "dates": [dt.date(2024, 1, 1), None], "clock": [dt.time(1, 2), None], "decimals": [decimal.Decimal("1.10"), decimal.Decimal("2")], "bytes": [b"a", b"\xff"],
        "ids": [uuid.UUID(int=1), uuid.UUID(int=2)], "nan and none": [None, math.nan], "na": [1, pd.NA], "nat": [pd.NaT, None], "texts": ["a", "b"], "words": [Word.OK, Text("a")], "levels": [Level.LOW, Number(1)],
        "numpy scalars": [np.float32(1.5), np.int64(2)], "stamps": [pd.Timestamp("2024", tz="UTC"), pd.Timestamp("2024", tz="Europe/Berlin")], "periods": list(months), "huge": [2**70, 1], "surrogates": ["a\udc80", "b"],
        "series": [pd.Series([1]), pd.Series([2])], "classes": [int, str],
    }  # fmt: skip
    for name, column in objects.items():
        made = np.empty(2, object)
        made[:] = column
        cells[f"objects {name}"] = pd.Series(made, dtype=object)
    for name, column in cells.items():
        yield f"frame of {name}", pd.DataFrame({"a": column})
        yield f"series of {name}", pd.Series(column, name="s")
        if (name != "half" and not name.startswith("objects")) or name in (
            "objects mixed",
            "objects dates",
            "objects tuples",
        ):
            yield f"index of {name}", pd.DataFrame({"a": [1, 2]}, index=pd.Index(column))
    two = [[1, 2]]
    frames: dict[str, pd.DataFrame] = {
        "nothing": pd.DataFrame(), "no rows": pd.DataFrame({"a": pd.Series([], dtype="i4")}), "rows alone": pd.DataFrame(index=pd.RangeIndex(3)), "many": pd.DataFrame(np.arange(30_000.0).reshape(-1, 3), columns=list("abc")),
        "twice a name": pd.DataFrame(two, columns=["a", "a"]), "numbered": pd.DataFrame(two), "mixed names": pd.DataFrame(two, columns=["a", 1]), "texts of numbers": pd.DataFrame(two, columns=["0", "1"]),
        "names of times": pd.DataFrame(two, columns=day), "of months": pd.DataFrame(two, columns=months), "of bins": pd.DataFrame(two, columns=pd.interval_range(0, 2)), "of categories": pd.DataFrame(two, columns=pd.CategoricalIndex(["a", "b"])),
        "levels of names": pd.DataFrame(two, columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["u", None])), "none": pd.DataFrame(two, columns=[None, "a"]), "nan": pd.DataFrame([[1]], columns=[math.nan]),
        "tuple": pd.DataFrame([[1]], columns=pd.Index([("a", "b")], tupleize_cols=False)), "truths": pd.DataFrame(two, columns=[True, False]), "named names": pd.DataFrame([[1]], columns=pd.Index(["a"], name="n")),
        "odd name": pd.DataFrame([[1]], columns=pd.Index(["a\udc80"], dtype=object)), "empty name": pd.DataFrame({"": [1]}), "like an index": pd.DataFrame({"__index_level_0__": [1, 2]}, index=[7, 8]), "index like Arrow's": pd.DataFrame({"a": [1]}, index=pd.Index([7], name="__index_level_0__")), "index like a column": pd.DataFrame({"k": [1]}, index=pd.Index([7], name="k")),
        "levels": pd.DataFrame({"v": two[0]}, index=pd.MultiIndex.from_arrays([months, ["a", "b"]], names=["x", "x"])), "named by a number": pd.DataFrame({"a": [1]}, index=pd.Index([5], name=0)), "stepped": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(5, 9, 2, name="r")),
        "twice a row": pd.DataFrame({"a": [1, 2]}, index=[0, 0]), "business days": pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2024", periods=2, freq="B")), "pivot": pd.DataFrame({"a": [1, 2], "b": [1, 2], "v": [1.0, 2.0]}).pivot(index="a", columns="b", values="v"),
        "described": pd.DataFrame({"a": [1, 2]}).describe(), "gathered": pd.DataFrame({"g": ["a", "b"], "v": [1, 2]}).groupby("g").agg(["mean", "max"]), "turned": pd.DataFrame({"a": [1, "x"]}).T, "resampled": pd.DataFrame({"v": range(60)}, index=pd.date_range("2024", periods=60)).resample("ME").sum(),
        "strided": pd.DataFrame(np.arange(12).reshape(3, 4)).iloc[::2, ::2], "wide": pd.DataFrame(np.zeros((2, 300))),
    }  # fmt: skip
    frames["with attributes"] = pd.DataFrame({"a": [1]})
    frames["with attributes"].attrs["unit"] = "m"
    frames["with attributes of its own"] = _with(pd.DataFrame({"a": [1]}), note="x")
    frames["with attributes of its class"] = _with(Measures({"a": [1]}), note="x")
    frames["without doubles"] = pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False)
    for name, frame in frames.items():
        yield f"frame: {name}", frame
    others = [pd.Timestamp("2024", tz="Europe/Berlin"), pd.Timestamp(123456789), pd.Timestamp("2024").as_unit("s"), pd.NaT, pd.NA, pd.Timedelta("1D"), months[0], pd.Interval(0, 1), day, months, pd.offsets.BDay(2), pd.Index([1, 2]), pd.array([1, None]), pd.Categorical(["a"]), pd.CategoricalDtype(["a"], ordered=True)]  # fmt: skip
    for place, value in enumerate(others):
        yield f"pandas {place} {type(value).__name__}", value


def _others() -> Iterator[tuple[str, Any]]:
    x, y = np.arange(8.0).reshape(-1, 2), np.arange(4.0)
    table = pa.table({"a": [1, None], "l": [[1], None], "d": pa.array(["x", "y"]).dictionary_encode()})
    values = [
        pl.DataFrame({"a": [1, None], "b": [["x"], []], "c": [dt.date(2024, 1, 1), None]}), pl.DataFrame(), pl.Series("x", ["a"], pl.Categorical), pl.Series("e", ["a"], pl.Enum(["b", "a"])), pl.Series([1.5, None]),
        pl.Series([{"a": 1}]), pl.Series([decimal.Decimal("1.50")]), pl.Series([dt.datetime(2024, 1, 1)], dtype=pl.Datetime("ms", "Europe/Berlin")), pl.LazyFrame({"a": [1]}).with_columns(pl.col("a") + 1), pl.col("a") > 1, pl.Int8,
        table, table.replace_schema_metadata({"k": "v"}), table.slice(1), pa.table({"a": pa.array([1, 2], pa.int8())}), pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), pa.table({"a": pa.array([], pa.string())}),
        pa.table({"u": pa.array([b"0" * 16], pa.uuid())}), pa.table({"a": [math.nan]}), pa.table({"a": pa.chunked_array([[1], [2, 3], []])}), pa.table({"a": pa.chunked_array([[1], [2, 3]]), "b": pa.chunked_array([[1, 2], [3]])}), pa.record_batch({"a": [1]}), pa.array([1, None]), pa.chunked_array([[1], [2]]), table.schema, pa.scalar(3), pa.timestamp("us", "UTC"),
        sp.csr_matrix([[0, 1]]), sp.csc_matrix([[0, 1]]), sp.coo_matrix([[0, 1]]), sp.csr_array([[0, 1.5]]), sp.lil_matrix([[0, 1]]), sp.dok_matrix([[0, 1]]), sp.dia_matrix([[1, 0], [0, 1]]), sp.bsr_matrix([[0, 1]]),
        LinearRegression().fit(x, y), StandardScaler().fit(x), make_pipeline(StandardScaler(), LinearRegression()).fit(x, y), DecisionTreeClassifier(random_state=0).fit(x, [0, 1, 0, 1]), RandomForestRegressor(2, random_state=0).fit(x, y), KMeans(2, n_init=1, random_state=0).fit(x),
    ]  # fmt: skip
    for place, value in enumerate(values):
        yield f"{type(value).__module__.partition('.')[0]} {place} {type(value).__name__}", value


def values() -> dict[str, Any]:
    """The same in every process, by name."""
    return {name: value for group in (_plain, _numpy, _pandas, _others) for name, value in group()}


# ---------------------------------------------------------------------- in what two values differ


def difference(a: Any, b: Any, path: tuple[int, ...] = ()) -> str:
    """Where and how two values differ in type or content; empty when they do not."""
    kind = type(a)
    if kind is not type(b):
        return f"{kind.__name__} became {type(b).__name__}"
    if id(a) in path:
        return ""
    path = (*path, id(a))
    if kind is list:
        shared = [x is y for x, y in itertools.pairwise(a)] != [x is y for x, y in itertools.pairwise(b)]
        return _first(a, b, path) or (
            "what was one became two" if shared and any(type(x) in (list, dict, bytearray) for x in a) else ""
        )
    if kind is dict:
        return _first(list(a), list(b), path) or _first(list(a.values()), list(b.values()), path)
    for base, parts in _PARTS:
        if issubclass(kind, base):
            return _first(parts(a), parts(b), path)
    return "" if a is b or bool(a == b) else f"{a!r:.60} became {b!r:.60}"


def _first(a: Any, b: Any, path: tuple[int, ...]) -> str:
    if type(a) is not list:
        return "" if a == b else f"{a!r:.80} became {b!r:.80}"
    if len(a) != len(b):
        return f"{len(a)} parts became {len(b)}"
    found = ((place, difference(x, y, path)) for place, (x, y) in enumerate(zip(a, b, strict=True)))
    return next((f"[{place}] {why}" for place, why in found if why), "")


def _array_parts(a: Any) -> Any:
    plain = np.asarray(a)
    if a.dtype.kind == "g" or a.dtype == np.longdouble:  # there are bytes between them that mean nothing
        return [repr(a.dtype), a.shape, a.flags.f_contiguous, repr(plain)]
    told = [
        repr(a.dtype),
        repr(a.dtype.metadata),
        a.dtype.isalignedstruct,
        a.shape,
        a.flags.f_contiguous,
        a.flags.writeable,
        dict(getattr(a, "__dict__", {})),
    ]
    whole = plain.tolist() if a.dtype.hasobject or a.dtype.kind in "TV" else plain.tobytes()
    return [*told, whole]


def _masked_parts(a: Any) -> Any:
    return [
        repr(a.dtype),
        np.asarray(a.data),
        np.asarray(a.mask),
        a.mask is np.ma.nomask,
        a.hardmask,
        np.asarray(a.fill_value),
        getattr(a, "unit", None),
    ]


def _index_parts(a: Any) -> Any:
    told = [repr(a.dtype), list(a.names), str(getattr(a, "freq", None)), len(a)]
    if isinstance(a, pd.MultiIndex):
        return [*told, *a.levels, *map(np.asarray, a.codes)]
    if isinstance(a, pd.CategoricalIndex):
        return [*told, a.categories, np.asarray(a.codes)]
    plain = isinstance(a.dtype, np.dtype) and a.dtype.kind in "biuf"
    return [*told, np.asarray(a).tobytes() if plain else [None if one is pd.NaT else one for one in a]]


def _series_parts(a: Any) -> Any:
    held = a.array
    if isinstance(a.dtype, np.dtype) and a.dtype.kind in "biufcmM":
        return [repr(a.dtype), a.name, a.index, np.asarray(a).tobytes()]
    cells = [held.categories, np.asarray(held.codes)] if isinstance(held, pd.Categorical) else list(held)
    return [repr(a.dtype), getattr(a.dtype, "storage", ""), a.name, a.index, cells]


def _frame_parts(a: Any) -> Any:
    return [
        a.attrs,
        getattr(a, "note", None),
        a.flags.allows_duplicate_labels,
        a.columns,
        a.index,
        *(a.iloc[:, place] for place in range(a.shape[1])),
    ]


def _attributes(a: Any) -> Any:
    return dict(getattr(a, "__dict__", {}))


def _float(a: Any) -> Any:
    return [struct.pack("d", a).hex(), _attributes(a)] if not isinstance(a, np.generic) else a.tobytes()


_OF_EXCEPTIONS = (
    "name",
    "path",
    "filename",
    "filename2",
    "characters_written",
    "lineno",
    "text",
    "value",
    "code",
    "slot",
    "_InSlots__hidden",
)

_PARTS: list[tuple[Any, Any]] = [
    (np.ma.MaskedArray, _masked_parts),
    (np.ndarray, _array_parts),
    (np.longdouble, repr),
    (np.generic, lambda a: [repr(a.dtype), a.tobytes()]),
    (pd.DataFrame, _frame_parts),
    (pd.Series, _series_parts),
    (pd.Index, _index_parts),
    (pd.Categorical, lambda a: [a.categories, a.ordered, np.asarray(a.codes)]),
    (pd.api.extensions.ExtensionArray, lambda a: [repr(a.dtype), list(a)]),
    ((type(pd.NaT), type(pd.NA)), lambda a: repr(a)),
    (pd.Timestamp, lambda a: [int(a.asm8.view("i8")), a.unit, str(a.tz)]),
    ((pl.DataFrame, pl.Series), lambda a: [str(getattr(a, "schema", a.to_frame().schema if isinstance(a, pl.Series) else "")), a.to_dict(as_series=False) if isinstance(a, pl.DataFrame) else [a.name, a.to_list()]]),
    (pl.LazyFrame, lambda a: [a.collect()]),
    (pl.Expr, lambda a: a.meta.serialize()),
    (pa.Table, lambda a: [[list(map(len, column.chunks)) for column in a.columns], a.schema.to_string(), str(a.schema.metadata), repr(a.to_pydict()) if len(set(a.column_names)) == a.num_columns else [column.to_pylist() for column in a.columns]]),
    (sp.spmatrix | sp.sparray, lambda a: [a.format, repr(a.dtype), a.toarray()]),
    (np.random.Generator, lambda a: repr(a.bit_generator.state)),
    (np.random.RandomState, lambda a: repr(a.get_state())),
    (io.BytesIO | io.StringIO, lambda a: [a.getvalue(), a.tell()]),
    (random.Random, lambda a: a.getstate()),
    (enum.Enum, lambda a: a.name),
    (bool, bool),
    (float, _float),
    (complex, lambda a: [a.real, a.imag]),
    (bytearray, lambda a: [bytes(a)]),
    (str, lambda a: str.__str__(a) if type(a) is str else [str.__str__(a), _attributes(a)]),
    (decimal.Decimal, lambda a: [decimal.Decimal.__str__(a), _attributes(a)]),
    (dt.datetime, lambda a: [a.replace(tzinfo=None, fold=0), a.fold, repr(a.tzinfo)] if type(a) is dt.datetime and (a.tzinfo or a.fold) else [a.isoformat(), _attributes(a)]),
    (dt.date, lambda a: [a.isoformat(), _attributes(a)]),
    (uuid.UUID, lambda a: [a.hex, a.is_safe]),
    (BaseException, lambda a: [list(a.args), _attributes(a), str(a), [getattr(a, name, None) for name in _OF_EXCEPTIONS], a.__cause__, a.__context__, a.__suppress_context__]),
    (Namespace, lambda a: [dict(a), vars(a) is a]),
    ((dict, types.MappingProxyType), lambda a: [list(a), list(a.values()), _attributes(a)]),
    ((list, tuple, collections.deque), lambda a: [list(a), _attributes(a), getattr(a, "maxlen", 0)]),
    ((set, frozenset), lambda a: sorted(map(repr, a))),
    (type, lambda a: f"{a.__module__}.{a.__qualname__}"),
    (Elementwise, lambda a: a.n),
    (Frozen, lambda a: [a.x]),
    ((Point, Holder, types.SimpleNamespace, collections.ChainMap, pydantic.BaseModel, np.poly1d), lambda a: [_attributes(a)]),
]  # fmt: skip
for _estimator in (
    LinearRegression,
    StandardScaler,
    DecisionTreeClassifier,
    RandomForestRegressor,
    KMeans,
    type(make_pipeline(None)),
):
    _PARTS.append((_estimator, lambda a: (a.__sklearn_tags__().estimator_type and repr(a.get_params())) or repr(a)))

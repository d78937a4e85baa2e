"""Summaries: what is told of a value without having it: its type, its size, and a short text.

`summarise` and `look` ask the value, so that code of its own runs: they are called where the value was made, once, and
what they give is recorded with it. `glance` asks nothing that could run such code, and may be called anywhere.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import EnumMeta
from itertools import islice
from pathlib import PosixPath, PurePosixPath
from typing import Any
from uuid import UUID

from stratix_tasks.spec.secrets import is_hidden
from stratix_tasks.spec.values import Object
from stratix_tasks.store.codecs import SCALARS, is_fact_scalar

TEXT = 2_000
"""Characters of a text that is shown of a value."""
PART = 80
"""Characters of one part of a container."""
SHOWN = 20
"""Parts of a container that are shown."""
COLUMNS = 50
MOST = 1 << 53
"""Above that a size is a jest."""
ATOMS = SCALARS | {bytes}
SHORT = frozenset((complex, range, date, time, datetime, timedelta, timezone, Decimal, UUID, PosixPath, PurePosixPath))
"""Types whose text is short."""
ZONES = frozenset(("builtins", "datetime", "zoneinfo", "dateutil", "pytz"))
"""Packages of time zones, which are asked where a time is told."""
TABLES = {
    "pandas": ("DataFrame", "Series"),
    "numpy": ("ndarray",),
    "polars": ("DataFrame", "Series"),
    "pyarrow": ("Table", "RecordBatch"),
}
"""By package the types that tell their sizes."""
BRACKETS: dict[type, str] = {list: "[]", tuple: "()", set: "{}", dict: "{}"}
LONG = frozenset((list, tuple, dict, set, frozenset, deque))
_NAME = type.__dict__["__name__"]


def summarise(value: Any) -> dict[str, Any] | None:
    """`type`, `text`, and some of `rows`, `columns`, `shape`, `length`. None for what stands in a fact as it is."""
    if is_fact_scalar(value):
        return None
    summary = {"type": type_name(value), "text": look(value)}
    try:
        return {**summary, **_sizes(value)}
    except BaseException:  # an object may raise anything when it is asked
        return summary


def _sizes(value: Any) -> dict[str, Any]:
    kind = type(value)
    if kind is list or kind is tuple or kind is dict or kind is bytes or kind is str:
        return {"length": len(value)}
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and all(isinstance(size, int) and abs(size) < MOST for size in shape):
        sizes: dict[str, Any] = {"shape": [int(size) for size in shape]}
        columns = getattr(value, "column_names", getattr(value, "columns", None))
        if columns is not None and shape:
            sizes |= {"rows": sizes["shape"][0], "columns": [_exact(str(name)) for name in islice(columns, COLUMNS)]}
        return sizes
    if hasattr(value, "num_rows") and hasattr(value, "column_names"):
        names = [_exact(str(name)) for name in islice(value.column_names, COLUMNS)]
        return {"rows": int(value.num_rows), "columns": names}
    return {"length": len(value)} if isinstance(value, list | tuple | set | frozenset | dict | bytes) else {}


def sized(summary: dict[str, Any]) -> str:
    """The sizes of a table or an array, `336,776 × 19`; empty for what is none."""
    return " × ".join(f"{size:,}" for size in sizes_of(summary))


def sizes_of(summary: Mapping[str, Any]) -> Sequence[int]:
    """The same as numbers. The names of columns may be cut, the shape is not."""
    return summary.get("shape") or ([summary["rows"], len(summary["columns"])] if "rows" in summary else ())


def type_name(value: Any) -> str:
    """The name of its type; what a metaclass says of that is not asked."""
    return _exact(_NAME.__get__(type(value)))


def look(value: Any) -> str:
    """A short text of a value: of a data frame its head, else its repr; containers of Python's own are cut."""
    try:
        if _package(value) == "pandas" and hasattr(value, "head") and hasattr(value, "to_string"):
            wide = {"max_cols": 8, "max_colwidth": 24} if hasattr(value, "columns") else {}
            return _cut(_exact(value.head(8).to_string(**wide)), TEXT)
        return _top(value, _own_text)
    except BaseException as error:
        return f"<{type_name(value)} whose text can't be made: {type(error).__name__}>"


def _own_text(value: Any) -> str:
    """What it says itself; of a long container that is a subclass of Python's, its first parts."""
    kind = type(value)
    base: Any = next((one for one in kind.__mro__ if one in LONG), None)
    if base is None or base.__len__(value) <= SHOWN:
        return _exact(repr(value))
    parts = dict(islice(dict.items(value), SHOWN)) if base is dict else list(islice(base.__iter__(value), SHOWN))
    return f"{type_name(value)}({_text(parts, _own_text, [TEXT])[:-1]}, …{']' if base is not dict else '}'})"


def _package(value: Any) -> str:
    """The package that its type is of."""
    return str(type(value).__module__).partition(".")[0]


def glance(value: Any) -> str:
    """A short text of a value of Python's own types, or of a scalar of numpy or pandas; of others, also inside, it tells the type, of
    tables with their sizes."""
    return _top(value, _glanced)


def _glanced(value: Any) -> str:
    kind = type(value)
    if kind is Object:
        told = _glanced(value.value)
        return f"<{value.type}>" if told.startswith("<") else told
    if type(kind) is EnumMeta:
        return f"{type_name(value)}.{_exact(object.__getattribute__(value, '_name_'))}"
    if type(kind) is type and _is_scalar(kind) and _package(getattr(value, "tzinfo", None)) in ZONES:
        return str(value)
    return f"<{f'{type_name(value)} {extent(value)}'.strip()}>"


def extent(value: Any) -> str:
    """The sizes of a table or array that is exactly of a type of numpy, pandas, polars or pyarrow; empty for others."""
    for package, names in TABLES.items():
        module = sys.modules.get(package)
        if module is not None and any(type(value) is getattr(module, name, None) for name in names):
            return " × ".join(f"{size:,}" for size in value.shape)
    return ""


def _is_scalar(kind: type) -> bool:
    """Whether its text is made by Python, numpy or pandas themselves, at once."""
    if kind in SHORT:
        return True
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and issubclass(kind, numpy.generic):
        return kind.__module__ == "numpy" and not issubclass(kind, numpy.void | numpy.object_)
    return pandas is not None and kind in (
        *(pandas.Timestamp, pandas.Timedelta, pandas.Period),
        *(type(pandas.NaT), type(pandas.NA)),
    )


def _top(value: Any, other: Callable[[Any], str]) -> str:
    kind = type(value)
    text = _exact(_cut(value if kind is str else _text(value, other, [TEXT]), TEXT))
    return f"{text} ({len(value):,})" if (kind is list or kind is tuple) and len(value) > SHOWN else text


def _text(value: Any, other: Callable[[Any], str], left: list[int]) -> str:
    """`left` counts down how many characters may still be made; then the rest is left out."""
    kind = type(value)
    if type(kind) is type and kind in BRACKETS and left[0] > 0:
        return _container(value, BRACKETS[kind], other, left)
    if is_hidden(value):
        return str(value)
    text = _atom(value) if type(kind) is type and kind in ATOMS else other(value)
    left[0] -= len(text)
    return text


def _container(value: Any, brackets: str, other: Callable[[Any], str], left: list[int]) -> str:
    if type(value) is set and not value:
        return "set()"
    left[0] -= PART // 2  # so that what holds itself has an end
    parts = []
    for part in islice(value.items() if type(value) is dict else value, SHOWN):
        if left[0] <= 0:
            break
        pair = part if type(value) is dict else (part,)
        parts.append(": ".join(_cut(_text(one, other, left), PART) for one in pair))
    if len(parts) < len(value):
        parts.append("…")
    end = "," if type(value) is tuple and len(value) == 1 else ""
    return f"{brackets[0]}{', '.join(parts)}{end}{brackets[1]}"


def _atom(value: Any) -> str:
    if type(value) is int and value.bit_length() > 4 * TEXT:
        return f"<int of {value.bit_length():,} bits>"
    return repr(value[:TEXT] if type(value) is str or type(value) is bytes else value)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _exact(text: str) -> str:
    """Unicode text without the methods of a subclass."""
    return str.__str__(text).encode("utf-8", "replace").decode()

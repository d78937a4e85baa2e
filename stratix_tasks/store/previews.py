"""Previews: what a person is shown of a value, made where the value was made, as JSON data.

`{"kind": "table", …}` the head of a frame or an array; `{"kind": "picture", …}` of what can draw itself; `{"kind": "html", …}` of
what writes itself so, to be shown where no script runs; `{"kind": "tree", …}` of records and of containers of Python's own, which
are a table where they hold records of one kind; `{"kind": "large", …}` where what an object made of itself is too much. Objects that
are no frame are asked in a thread of their own for at most `PATIENCE` seconds; a type that took longer is not asked again.
"""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from io import BytesIO
from itertools import islice
from types import MemberDescriptorType
from typing import Any

from stratix_tasks.store.summaries import BRACKETS, glance, type_name

ROWS, COLUMNS = 12, 24
"""Of a table that are shown."""
CELL = 60
"""Characters of a cell."""
PARTS, DEEP = 20, 3
"""Of a tree: parts of a container, and containers in each other."""
LEAVES = 60
"""Of a tree, in all."""
SIZE = 640
"""Pixels that a picture is wide or high at most, where that can be chosen."""
MOST = {"image/png": 256 << 10, "image/jpeg": 256 << 10, "image/svg+xml": 128 << 10, "text/html": 64 << 10}
"""Bytes of what an object makes of itself; of larger ones it is told that they are there."""
PATIENCE = 2.0
"""Seconds."""
_QUIET = frozenset(("builtins", "datetime", "decimal", "uuid", "pandas", "numpy", "polars", "pyarrow", "fractions"))
"""Packages whose values a cell may ask for their text."""
_SLOW: set[type] = set()

Preview = dict[str, Any]


def preview(value: Any) -> Preview | None:
    """None for what has none: its text is all there is to see."""
    kind = type(value)
    if _is_own(kind):
        records = _records(value) if kind is list or kind is tuple else None
        return records or {"kind": "tree", "root": tree("", value)}
    with suppress(BaseException):  # an object, or its class, may raise anything when it is asked
        if kind.__module__ == "builtins":
            return None
        bases = {(base.__module__.partition(".")[0], base.__name__) for base in kind.__mro__}
        table = next((table for base, table in _TABLES.items() if base in bases), None)
        if table is not None:
            return table(value)
        drawn = _asked(value)
        return drawn if drawn is not None and drawn["kind"] != "large" else _record(value) or drawn
    return None


def _is_own(kind: type) -> bool:
    """Whether it is a container of Python's own; a class of the user's may answer anything when it is looked up."""
    return type(kind) is type and kind in BRACKETS


def tree(name: str, value: Any, left: list[int] | None = None, deep: int = DEEP) -> dict[str, Any]:
    """A value of Python's own and its parts, `more` counts those left out; objects in it tell their type. Nothing of theirs
    is run.
    """
    left = [LEAVES] if left is None else left
    left[0] -= 1
    kind = type(value)
    if not _is_own(kind) or not value:
        return {"name": name, "text": _short(glance(value), CELL * 2), "more": 0, "parts": []}
    parts: list[dict[str, Any]] = []
    pairs: Iterable[tuple[Any, Any]] = value.items() if kind is dict else enumerate(value)
    for key, part in islice(pairs, PARTS if deep else 0):
        if left[0] <= 0:
            break
        parts.append(tree(_named(key), part, left, deep - 1))
    text = f"{kind.__name__} of {len(value):,}"
    return {"name": name, "text": text, "more": len(value) - len(parts), "parts": parts}


def _record(value: Any) -> Preview | None:
    """A dataclass, named tuple or model by its fields. Nothing of theirs is run."""
    fields, left = _fields(value), [LEAVES]
    if not fields:
        return None
    parts = [_field(name, part, left) for name, part in islice(fields.items(), PARTS)]
    root = {"name": "", "text": type_name(value), "more": len(fields) - len(parts), "parts": parts}
    return {"kind": "tree", "root": root}


def _field(name: str, value: Any, left: list[int]) -> dict[str, Any]:
    if _is_own(type(value)) and value:
        return tree(_named(name), value, left, DEEP - 1)
    return {"name": _named(name), "text": cell(value), "more": 0, "parts": []}


def _named(key: Any) -> str:
    return _short(key if type(key) is str else glance(key), CELL)


# ---------------------------------------------------------------------- tables


def _table(
    names: Iterable[Any],
    types: Iterable[Any],
    columns: Iterable[Sequence[Any]],
    index: Sequence[Any] | None,
    of: list[int],
) -> Preview:
    told = [[_short(str(name), CELL), _short(str(kind), CELL)] for name, kind in zip(names, types, strict=True)]
    rows = [list(row) for row in zip(*([cell(part) for part in column] for column in columns), strict=True)]
    return {"kind": "table", "columns": told, "rows": rows, "index": index and [cell(one) for one in index], "of": of}


def _pandas(value: Any) -> Preview:
    head = value.iloc[:ROWS, :COLUMNS]
    columns = [head.iloc[:, at].tolist() for at in range(head.shape[1])]
    return _table(head.columns, head.dtypes, columns, _index(head), list(value.shape))


def _pandas_series(value: Any) -> Preview:
    head = value.iloc[:ROWS]
    name = "" if value.name is None else value.name
    return _table([name], [value.dtype], [head.tolist()], _index(head), [len(value), 1])


def _index(head: Any) -> list[Any] | None:
    """Nothing of an index that only counts."""
    return None if type(head.index).__name__ == "RangeIndex" else head.index.tolist()


def _polars(value: Any) -> Preview:
    head = value[:ROWS, :COLUMNS]
    return _table(head.columns, head.dtypes, [one.to_list() for one in head.get_columns()], None, list(value.shape))


def _polars_series(value: Any) -> Preview:
    return _table([value.name], [value.dtype], [value.head(ROWS).to_list()], None, [len(value), 1])


def _arrow(value: Any) -> Preview:
    head = value.slice(0, ROWS).select(list(range(min(value.num_columns, COLUMNS))))
    columns = [column.to_pylist() for column in head.columns]
    return _table(head.schema.names, head.schema.types, columns, None, [value.num_rows, value.num_columns])


def _array(value: Any) -> Preview | None:
    """Of one or two dimensions; of records their fields."""
    if value.ndim not in (1, 2) or not value.size:
        return None
    if value.dtype.names and value.ndim == 1:
        names = value.dtype.names[:COLUMNS]
        columns = [value[name][:ROWS].tolist() for name in names]
        return _table(names, [value.dtype[name] for name in names], columns, None, [len(value), len(value.dtype.names)])
    head = value[:ROWS].reshape(-1, 1) if value.ndim == 1 else value[:ROWS, :COLUMNS]
    wide = head.shape[1]
    names = range(wide) if value.ndim == 2 else [""]
    shape = list(value.shape) if value.ndim == 2 else [len(value), 1]
    return _table(names, [value.dtype] * wide, [head[:, at].tolist() for at in range(wide)], None, shape)


def _records(values: Sequence[Any]) -> Preview | None:
    """Records of one kind, side by side: dicts with the same names, or objects whose class declares its fields. Nothing of
    theirs is run.
    """
    with suppress(BaseException):
        head = [_fields(one) for one in values[:ROWS]]
        first = head[0] if len(head) > 1 else None
        if not first or any(one is None or [*one] != [*first] for one in head):
            return None
        if any(type(one) is not type(values[0]) for one in values):
            return None
        columns = {name: [one[name] for one in head if one] for name in [*first][:COLUMNS]}
        types = [type(cells[0]).__name__ for cells in columns.values()]
        return _table(columns, types, columns.values(), None, [len(values), len(first)])
    return None


def _fields(one: Any) -> dict[str, Any] | None:
    """Of a dict, a named tuple, a dataclass or a model: its fields by name."""
    kind = type(one)
    if kind is dict:
        return one if all(type(name) is str for name in one) else None
    said = [type.__getattribute__(base, "__dict__") for base in type.__getattribute__(kind, "__mro__")]
    declared = next((told[word] for told in said for word in _DECLARED if word in told), ())
    if issubclass(kind, tuple):
        return dict(zip(declared, tuple.__iter__(one), strict=True)) or None
    slots = {name: slot for part in said for name, slot in part.items() if type(slot) is MemberDescriptorType}
    held = {name: slots[name].__get__(one) for name in declared if name in slots}
    with suppress(AttributeError):  # it has slots alone
        held |= object.__getattribute__(one, "__dict__") if declared else {}
    return {name: held[name] for name in declared if name in held} or None


_DECLARED = ("__pydantic_fields__", "__dataclass_fields__", "_fields")
"""Where a class says which fields its objects have."""
_TABLES: dict[tuple[str, str], Callable[[Any], Preview | None]] = {
    ("pandas", "DataFrame"): _pandas,
    ("pandas", "Series"): _pandas_series,
    ("polars", "DataFrame"): _polars,
    ("polars", "Series"): _polars_series,
    ("pyarrow", "Table"): _arrow,
    ("pyarrow", "RecordBatch"): _arrow,
    ("numpy", "ndarray"): _array,
}
"""By package and name of a type, or of one that it is made from."""


def cell(value: Any) -> str:
    """A short text; objects of the user's tell their type."""
    kind = type(value)
    if value is None:
        return ""
    if kind is float:
        return f"{value:.6g}"
    if kind is str:
        return _short(value, CELL)
    if _is_own(kind) or kind.__module__.partition(".")[0] not in _QUIET:
        return _short(glance(value), CELL)
    return _short(str(value), CELL)


def _short(text: str, most: int) -> str:
    """Unicode text without the methods of a subclass, cut."""
    text = str.__str__(text).encode("utf-8", "replace").decode()
    return text if len(text) <= most else text[: most - 1] + "…"


# ---------------------------------------------------------------------- what draws or writes itself


def _asked(value: Any) -> Preview | None:
    """By the object itself, in a thread of its own, which is left alone when it takes too long."""
    kind = type(value)
    package = str(kind.__module__).partition(".")[0]
    ways = [way for name, way in _WAYS if package == name or (not name and _has(kind, way))]
    if not ways or kind in _SLOW:
        return None
    made: list[Preview] = []

    def work() -> None:
        for way in ways:
            with suppress(BaseException):
                found = way(value)
                if found is not None:
                    made.insert(0, found)
                    if found["kind"] != "large":
                        return

    thread = threading.Thread(target=work, name="stratix-preview", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        _SLOW.add(kind)
        return None
    return made[0] if made else None


def _has(kind: type, way: Any) -> bool:
    """Whether its class has the method; the object itself is not asked yet."""
    return any(way.method in vars(base) for base in kind.__mro__)


class _Method:
    """What a notebook asks an object for."""

    def __init__(self, method: str, mime: str) -> None:
        self.method, self.mime = method, mime

    def __call__(self, value: Any) -> Preview | None:
        found = getattr(value, self.method)()
        return _shown(self.mime, found[0] if type(found) is tuple else found)


def _shown(mime: str, found: Any) -> Preview | None:
    """What an object made of itself, if that is not too much."""
    data = found.encode("utf-8", "replace") if isinstance(found, str) and not mime.endswith(("png", "jpeg")) else found
    if not isinstance(data, str | bytes) or not data:
        return None
    size = len(data) * 3 // 4 if isinstance(data, str) else len(data)
    if size > MOST[mime]:
        return {"kind": "large", "mime": mime, "bytes": size}
    if isinstance(data, str):  # base64 already
        return {"kind": "picture", "mime": mime, "data": data}
    if mime == "text/html":
        return {"kind": "html", "html": data.decode()}
    return {"kind": "picture", "mime": mime, "data": b64encode(data).decode()}


def _figure(value: Any) -> Preview | None:
    """A figure of matplotlib, or what lies in one: drawn so small that it costs little."""
    figure = value if hasattr(value, "savefig") else value.get_figure()
    dpi = min(100.0, SIZE / max(*figure.get_size_inches(), 1e-3))
    file = BytesIO()
    figure.savefig(file, format="png", dpi=dpi, bbox_inches="tight")
    return _shown("image/png", file.getvalue())


def _image(value: Any) -> Preview | None:
    """A picture of Pillow's, made small."""
    small, file = value.copy(), BytesIO()
    small.thumbnail((SIZE, SIZE))
    (small if small.mode in ("1", "L", "LA", "P", "RGB", "RGBA") else small.convert("RGB")).save(file, format="png")
    return _shown("image/png", file.getvalue())


_WAYS: tuple[tuple[str, Any], ...] = (
    ("matplotlib", _figure),
    ("PIL", _image),
    ("", _Method("_repr_png_", "image/png")),
    ("", _Method("_repr_svg_", "image/svg+xml")),
    ("", _Method("_repr_jpeg_", "image/jpeg")),
    ("", _Method("_repr_html_", "text/html")),
)
"""By package; those without one are for whatever has the method, in this order."""

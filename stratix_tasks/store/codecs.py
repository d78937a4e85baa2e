"""Codecs: values to bytes and back, equal in type and value.

Plain values are JSON; what JSON would change (tuples, sets, dates, NaN, keys that are no text, …) is tagged. Frames are
Arrow, arrays `.npy`, long bytes themselves, each where its form keeps all there is to such a value: that is told by the
types alone. All else is a pickle (`runners/pickles.py`), which `objects` signs.
"""

from __future__ import annotations

import math
import re
import sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from json import JSONDecoder, JSONEncoder
from struct import pack
from typing import Any
from uuid import UUID, SafeUUID

from stratix_tasks.runners.reducing import added_to
from stratix_tasks.spec.nesting import CONTAINERS, is_tree
from stratix_tasks.spec.secrets import Secret

_ENCODER, _DECODER = JSONEncoder(ensure_ascii=False, separators=(",", ":")), JSONDecoder()
"""Made before any body ran, which may put others in their places."""
SCALARS = frozenset((type(None), bool, str, int, float))
SMALL = 512
"""Characters of JSON up to which a value stands in its fact itself."""
TAG = "$"


class NotPlain(Exception):
    """The value is not JSON, tagged or not."""


def is_fact_scalar(value: Any) -> bool:
    """Whether a value can stand in a fact as it is: None, bool, 64-bit int, finite float, short text."""
    kind = type(value)
    if kind is int:
        return bool(-(1 << 63) <= value < 1 << 63)
    if kind is float:
        return math.isfinite(value)
    if kind is str:
        return len(value) <= SMALL and _encodable(value)
    return value is None or kind is bool


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def to_json(data: Any) -> bytes:
    """Tagged data as bytes. ValueError for what JSON would change: surrogates, numbers of thousands of digits."""
    return _ENCODER.encode(data).encode()


def to_tagged(value: Any) -> Any:
    """A value as plain JSON data; NotPlain for what only pickle keeps, so for one that holds a part twice, or itself."""
    if type(value) in CONTAINERS and not is_tree(value):
        raise NotPlain(type(value))
    return tagged(value)


def has_odd_nan(data: Any) -> bool:
    """Whether there is a NaN in tagged data that is none of Python's own: JSON has one alone."""
    kind = type(data)
    if kind is float:
        return data != data and pack("d", data) != _NAN
    return kind in (list, dict) and any(map(has_odd_nan, data if kind is list else data.values()))


_NAN = pack("d", math.nan)


def from_json(data: bytes | str) -> Any:
    return untagged(_DECODER.decode(data if isinstance(data, str) else data.decode()))


def tagged(value: Any) -> Any:
    """A value as plain JSON data; what JSON has no word for is `{"$": kind, "v": …}`."""
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind is list:
        return [part if type(part) in SCALARS else tagged(part) for part in value]
    if kind is dict:
        if all(type(key) is str for key in value) and TAG not in value:
            return {key: part if type(part) in SCALARS else tagged(part) for key, part in value.items()}
        return {TAG: "dict", "v": [[tagged(key), tagged(part)] for key, part in value.items()]}
    to = _TO.get(kind)
    if to is None:
        raise NotPlain(kind)
    return {TAG: to[0], "v": to[1](value)}


def untagged(data: Any) -> Any:
    kind = type(data)
    if kind is list:
        return [part if type(part) in SCALARS else untagged(part) for part in data]
    if kind is dict:
        if TAG in data:
            return _FROM[data[TAG]](data["v"])
        return {key: part if type(part) in SCALARS else untagged(part) for key, part in data.items()}
    return data


def _aware(value: datetime) -> str:
    zone = value.tzinfo
    if zone is not None and (type(zone) is not timezone or repr(zone) != repr(timezone(zone.utcoffset(None)))):
        raise NotPlain(type(zone))  # one with a name of its own, too
    if value.fold or (zone is not None and zone.utcoffset(None).microseconds):  # which `fromisoformat` takes for UTC
        raise NotPlain(datetime)
    return value.isoformat()


def _plain_time(value: time) -> str:
    if value.tzinfo is not None or value.fold:
        raise NotPlain(time)
    return value.isoformat()


def _plain_uuid(value: UUID) -> str:
    if value.is_safe is not SafeUUID.unknown:
        raise NotPlain(UUID)
    return value.hex


_TO: dict[type, tuple[str, Any]] = {
    tuple: ("tuple", lambda v: [tagged(part) for part in v]),
    set: ("set", lambda v: [tagged(part) for part in v]),
    frozenset: ("frozenset", lambda v: [tagged(part) for part in v]),
    bytes: ("bytes", lambda v: v.hex()),
    bytearray: ("bytearray", lambda v: v.hex()),
    complex: ("complex", lambda v: [v.real, v.imag]),
    datetime: ("datetime", _aware),
    date: ("date", lambda v: v.isoformat()),
    time: ("time", _plain_time),
    timedelta: ("timedelta", lambda v: [v.days, v.seconds, v.microseconds]),
    Decimal: ("decimal", str),
    UUID: ("uuid", _plain_uuid),
    range: ("range", lambda v: [v.start, v.stop, v.step]),
    Secret: ("secret", lambda v: v.name),
}
_FROM: dict[str, Any] = {
    "dict": lambda v: {untagged(key): untagged(part) for key, part in v},
    "tuple": lambda v: tuple(untagged(part) for part in v),
    "set": lambda v: {untagged(part) for part in v},
    "frozenset": lambda v: frozenset(untagged(part) for part in v),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "complex": lambda v: complex(*v),
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda v: timedelta(*v),
    "decimal": Decimal,
    "uuid": lambda v: UUID(hex=v),
    "range": lambda v: range(*v),
    "secret": Secret,
}


def array_bytes(value: Any) -> bytes | None:
    """`.npy` bytes of a plain numpy array that may be written to; None for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value) is not numpy.ndarray or not _is_plain_dtype(value.dtype, "biufcSUmM"):
        return None
    if not value.flags.writeable:
        return None
    buffer = BytesIO()
    numpy.lib.format.write_array(buffer, value, allow_pickle=False)
    return buffer.getvalue()


def _is_plain_dtype(dtype: Any, kinds: str) -> bool:
    """Whether a numpy dtype is told by its name: no fields, no parts, no metadata."""
    return dtype.kind in kinds and dtype.names is None and dtype.subdtype is None and dtype.metadata is None


_NPY = re.compile(rb"{'descr': '([^']+)', 'fortran_order': (True|False), 'shape': \(([\d, ]*)\), } *\n")
"""The header of a plain array, as `array_bytes` writes it."""


def array_from(data: bytes) -> Any:
    """The array of `.npy` bytes.

    numpy reads the header with `ast`, which Python before 3.11.8 can't do in two threads at once: where a collection amid
    one parse lets another thread run, that thread's parse breaks the first (SystemError).
    """
    import numpy

    header = _NPY.search(data)
    if header is None:
        raise ValueError("these bytes are no plain array")
    dtype, columns, shape = (part.decode() for part in header.groups())
    sizes = tuple(int(size) for size in shape.split(",") if size.strip())
    array = numpy.ndarray(sizes, numpy.dtype(dtype), order="F" if columns == "True" else "C")
    if array.nbytes:
        array.ravel("K")[...] = numpy.frombuffer(data, array.dtype, offset=header.end())
    return array


def table_bytes(value: Any) -> tuple[str, bytes] | None:
    """Arrow IPC of a plain pandas DataFrame or of a pyarrow Table; None for anything else."""
    arrow = _arrow(value)
    if arrow is None:
        return None
    if type(value) is arrow.Table:
        return ("arrow", _ipc(arrow, value)) if _is_in_batches(value) and _is_own(arrow, value.schema) else None
    pandas = sys.modules.get("pandas")
    if pandas is None or type(value) is not pandas.DataFrame or not _is_plain_frame(pandas, value):
        return None
    try:
        return "frame", _ipc(arrow, arrow.Table.from_pandas(value))
    except (arrow.ArrowException, ValueError):  # a text with surrogates
        return None


def _is_in_batches(table: Any) -> bool:
    """Whether its columns are cut at the same rows, into parts that have some: a stream keeps no other cuts."""
    cuts = {tuple(map(len, column.chunks)) for column in table.columns}
    return len(cuts) == 1 and all(cuts.pop())


def _is_own(arrow: Any, types: Any) -> bool:
    """Whether there are Arrow's own types alone: those of others are known only where they are registered."""
    return all(
        not isinstance(one, arrow.BaseExtensionType)
        and _is_own(arrow, [one.field(at).type for at in range(one.num_fields)])
        and (not arrow.types.is_dictionary(one) or _is_own(arrow, [one.value_type]))
        for one in (getattr(one, "type", one) for one in types)
    )


def _is_plain_frame(pandas: Any, frame: Any) -> bool:
    """Whether Arrow keeps all there is to a frame: columns of numbers, times without a zone and texts, under different texts,
    with a plain index.
    """
    names, index = frame.columns, frame.index
    return bool(
        len(names)
        and not frame.attrs
        and not added_to(frame)
        and frame.flags.allows_duplicate_labels
        and type(names) is pandas.Index
        and names.name is None
        and names.is_unique
        and _is_text(pandas, names.dtype)
        and all(map(_is_own_name, names))
        and type(index) in (pandas.Index, pandas.RangeIndex)
        and (index.name is None or (_is_own_name(index.name) and index.name not in names))
        and all(_is_plain_column(pandas, dtype) for dtype in (index.dtype, *frame.dtypes))
    )


def _is_own_name(name: Any) -> bool:
    """Whether it is a text that Arrow does not take for one of its own."""
    return type(name) is str and not name.startswith("__index_level_")


def _is_plain_column(pandas: Any, dtype: Any) -> bool:
    if _is_text(pandas, dtype):
        return True
    if type(dtype).__module__.partition(".")[0] != "numpy" or not _is_plain_dtype(dtype, "biufM"):
        return False
    return bool(dtype.isnative) and dtype.itemsize <= 8


def _is_text(pandas: Any, dtype: Any) -> bool:
    """The texts that pandas makes of its own accord, from version 3 on."""
    return type(dtype) is pandas.StringDtype and repr(dtype) == repr(pandas.Series(["a"]).dtype) and dtype == "str"


def table_from(codec: str, data: bytes) -> Any:
    import pyarrow
    import pyarrow.ipc

    table = pyarrow.ipc.open_stream(data).read_all()
    return table if codec == "arrow" else table.to_pandas()


def _ipc(arrow: Any, table: Any) -> bytes:
    sink = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _arrow(value: Any) -> Any:
    """pyarrow when the value is a table of some kind and it is installed."""
    module = type(value).__module__
    if not module.startswith(("pandas", "pyarrow")):
        return None
    try:
        import pyarrow
        import pyarrow.ipc
    except ImportError:
        return None
    return pyarrow


def blame(value: Any, path: str = "result", depth: int = 4) -> str:
    """Where in a value the part is that can't be stored."""
    if depth and isinstance(value, dict):
        for key, part in value.items():
            if not _is_storable(part):
                return blame(part, f"{path}[{key!r}]", depth - 1)
    elif depth and isinstance(value, list | tuple):
        for index, part in enumerate(value):
            if not _is_storable(part):
                return blame(part, f"{path}[{index}]", depth - 1)
    return f"{path} is a {type(value).__module__}.{type(value).__qualname__}".replace("builtins.", "")


def _is_storable(value: Any) -> bool:
    from stratix_tasks.runners import pickles

    try:
        pickles.checked(value)
    except Exception:
        return False
    return True

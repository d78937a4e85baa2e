"""Codecs: values to bytes and back, equal in type and value.

Plain values are JSON; what JSON would change (tuples, sets, dates, NaN, keys that are no text, …) is tagged. Frames are
Arrow, arrays `.npy`, long bytes themselves; all else is cloudpickle, which `objects` signs.
"""

from __future__ import annotations

import json
import math
import sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

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


def to_json(value: Any) -> bytes:
    """Tagged JSON. NotPlain for what only pickle keeps."""
    return json.dumps(tagged(value), separators=(",", ":"), ensure_ascii=True, allow_nan=True).encode()


def from_json(data: bytes | str) -> Any:
    return untagged(json.loads(data))


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
    if value.tzinfo is not None and type(value.tzinfo) is not timezone:
        raise NotPlain(type(value.tzinfo))
    if value.fold:
        raise NotPlain(datetime)
    return value.isoformat()


def _plain_time(value: time) -> str:
    if value.tzinfo is not None or value.fold:
        raise NotPlain(time)
    return value.isoformat()


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
    UUID: ("uuid", lambda v: v.hex),
    range: ("range", lambda v: [v.start, v.stop, v.step]),
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
}


def array_bytes(value: Any) -> bytes | None:
    """`.npy` bytes of a plain numpy array; None for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value) is not numpy.ndarray or value.dtype.hasobject:
        return None
    buffer = BytesIO()
    numpy.lib.format.write_array(buffer, value, allow_pickle=False)
    return buffer.getvalue()


def array_from(data: bytes) -> Any:
    import numpy

    return numpy.lib.format.read_array(BytesIO(data), allow_pickle=False)


def table_bytes(value: Any) -> tuple[str, bytes] | None:
    """Arrow IPC of a pandas DataFrame that comes back equal, or of a pyarrow Table; None otherwise."""
    pandas, arrow = sys.modules.get("pandas"), _arrow(value)
    if arrow is None:
        return None
    if isinstance(value, arrow.Table):
        return "arrow", _ipc(arrow, value)
    if pandas is None or type(value) is not pandas.DataFrame or value.attrs or not value.columns.is_unique:
        return None
    try:
        data = _ipc(arrow, arrow.Table.from_pandas(value))
        pandas.testing.assert_frame_equal(table_from("frame", data), value, check_freq=False, obj="value")
    except Exception:
        return None
    return "frame", data


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
            if not _picklable(part):
                return blame(part, f"{path}[{key!r}]", depth - 1)
    elif depth and isinstance(value, list | tuple):
        for index, part in enumerate(value):
            if not _picklable(part):
                return blame(part, f"{path}[{index}]", depth - 1)
    return f"{path} is a {type(value).__module__}.{type(value).__qualname__}".replace("builtins.", "")


def _picklable(value: Any) -> bool:
    import cloudpickle

    try:
        cloudpickle.dumps(value)
    except Exception:
        return False
    return True

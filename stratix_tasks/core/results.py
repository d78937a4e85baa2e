"""Results as facts carry them: `{codec, payload, summary}`; in a machine's `values` small ones stand for themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SCALARS = (type(None), bool, int, float, str)
Data = dict[str, Any]
"""`codec`, `payload` and `summary` of one result, without a frame: what a request carries for a value."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Stands in a machine's `values` for a result that is recorded but not loaded."""

    codec: str
    payload: Any
    unit: int
    attempt: int


def stands_for(value: Any, given: Data) -> bool:
    """Whether what a machine holds is that result; False also where that can't be told without loading it."""
    if type(value) is not Stored and not _is_data(value):
        return False  # an object may run code of its own when it is asked
    held = (value.codec, value.payload) if type(value) is Stored else ("json", value)
    return repr(held) == repr((given["codec"], given["payload"]))  # 1 is not True here, nor 1.0


def _is_data(value: Any) -> bool:
    """Whether a value is JSON data, of Python's own types alone."""
    kind = type(value)
    if kind is list:
        return all(map(_is_data, value))
    if kind is dict:
        return all(type(key) is str for key in value) and all(map(_is_data, value.values()))
    return type(kind) is type and kind in SCALARS


def stand_in(codec: str, payload: Any, unit: int = -1, attempt: int = 0) -> Any:
    """The value itself where it is a plain scalar, else what it can be loaded by."""
    plain = codec == "json" and type(payload) in SCALARS
    return payload if plain else Stored(codec, payload, unit, attempt)

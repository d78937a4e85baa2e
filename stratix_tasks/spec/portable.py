"""Python values as JSON data from which their annotation makes them again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.durations import text
from stratix_tasks.spec.nesting import CONTAINERS
from stratix_tasks.spec.secrets import Secret
from stratix_tasks.spec.values import field_names


def plain_data(value: Any, kind: Any) -> Any:
    """JSON data that `convert(…, kind)` turns into an equal value of the same class. ValueError when there is none."""
    from pydantic_core import to_jsonable_python

    if type(value) is Secret:
        return value.name
    try:
        if _is_read_once(value):
            raise ValueError("it would be used up")
        data = text(value.total_seconds()) if _is_duration(value) else to_jsonable_python(value)
        again = convert(data, kind)
        is_same = type(again) is type(value) and bool(again == value)
    except Exception as error:  # also what the value's own code raises
        raise ValueError(f"a {type(value).__name__} has no text") from error
    if not is_same:
        raise ValueError(f"a {type(value).__name__} has no text from which its annotation would make it again")
    return data


def _is_read_once(value: Any) -> bool:
    """Whether there is an iterator in it, which gives its parts to the first who asks."""
    kind = type(value)
    if kind in CONTAINERS:
        return any(map(_is_read_once, value.values() if kind is dict else value))
    return issubclass(kind, Iterator) or any(_is_read_once(getattr(value, name, None)) for name in field_names(kind))


def _is_duration(value: Any) -> bool:
    return type(value) is timedelta and value >= timedelta(0)

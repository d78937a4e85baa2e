"""Python values as JSON data from which their annotation makes them again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.durations import text
from stratix_tasks.spec.secrets import Secret


def plain_data(value: Any, kind: Any) -> Any:
    """JSON data that `convert(…, kind)` turns into an equal value of the same class. ValueError when there is none."""
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    if type(value) is Secret:
        return value.name
    try:
        data = text(value.total_seconds()) if _is_duration(value) else to_jsonable_python(value)
        again = convert(data, kind)
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise ValueError(f"a {type(value).__name__} has no text") from error
    if type(again) is not type(value) or again != value:
        raise ValueError(f"a {type(value).__name__} has no text from which its annotation would make it again")
    return data


def _is_duration(value: Any) -> bool:
    return type(value) is timedelta and value >= timedelta(0)

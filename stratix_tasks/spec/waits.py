"""What the argument of a wait may be."""

from __future__ import annotations

from typing import Any

from stratix_tasks.spec.answers import unfit_fields
from stratix_tasks.spec.durations import seconds


def unfit(argument: str, value: Any) -> str:
    """Why a value can't be the argument of a wait, or nothing."""
    if argument == "duration":
        try:
            seconds(value)
        except ValueError as error:
            return str(error)
    elif argument == "fields":
        return unfit_fields(value)
    elif not isinstance(value, str) or not value.strip():
        return f"write a text, not {value!r}"
    return ""

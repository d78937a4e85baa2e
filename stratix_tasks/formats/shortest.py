"""Options in their shortest form, as plain data: `30s` for `{attempt: 30s}`, one name for a list of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stratix_tasks.spec.durations import text as duration
from stratix_tasks.spec.fields import IN_DEFAULTS, Kind, Option
from stratix_tasks.spec.model import Shared, of_error
from stratix_tasks.spec.values import LATE, late_text


def options(said: Any, rows: Iterable[Option]) -> dict[str, Any]:
    """Those that are not at their default."""
    values = ((option, getattr(said, option.name)) for option in rows)
    return {option.name: shortest(option, value) for option, value in values if value != option.default}


def shortest(option: Option, value: Any) -> Any:
    """The value of an option."""
    if option.kind is Kind.DEFAULTS:
        return {**_said(value), **({"for": shared(value.for_)} if value.for_ else {})}
    if type(value) in LATE and option.kind is not Kind.CONDITION:
        return late_text(value) if of_error(value) else value
    if not option.parts:
        write = _OF_KIND.get(option.kind)
        return value if write is None else write(value)
    data, first = options(value, option.parts), option.parts[0]
    alone = getattr(value, first.name)
    return data if data.keys() - {first.name} or alone is None else shortest(first, alone)


def shared(policies: Mapping[str, Shared]) -> dict[str, Any]:
    """Options that several nodes take, by name."""
    return {name: _said(one) for name, one in policies.items()}


def _said(one: Shared) -> dict[str, Any]:
    """What comes with the run stands there by its text, for there is no variable for it."""
    told = options(one, IN_DEFAULTS)
    parts = {
        name: {part: late_text(said) for part, said in value.items()}
        for name, value in told.items()
        if type(value) is dict
    }
    return {**{name: late_text(value) for name, value in told.items()}, **parts}


def short(number: float) -> int | float:
    """A whole number without its `.0`."""
    return int(number) if number == int(number) else number


_OF_KIND: dict[Kind, Callable[[Any], Any]] = {
    Kind.NUMBER: short,
    Kind.DURATION: duration,
    Kind.NAMES: lambda names: names[0] if len(names) == 1 else list(names),
    Kind.TEXTS: list,
    Kind.SIZES: dict,
    Kind.POLICIES: shared,
    Kind.CONDITION: lambda expr: expr.text,
    Kind.VALUE: lambda pin: pin.value,
}
"""All others are written as they are."""

"""Durations as people write them: `30s`, `1.5h`, `1d12h`; inside, always seconds as float."""

from __future__ import annotations

import re
from datetime import timedelta

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
LONGEST = 10_000 * 365.25 * 86400
"""Seconds. What is longer is a slip of the hand, and no clock counts it."""
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


def seconds(value: object, *, some: bool = False) -> float:
    """Seconds of `'30s'`, a timedelta or a plain number; with `some` more than none. Raises ValueError that says what is allowed."""
    if isinstance(value, timedelta):
        result = value.total_seconds()
    elif isinstance(value, int | float) and not isinstance(value, bool):
        result = float(value) if abs(value) <= LONGEST else float("inf") if value > 0 else -1.0
    elif isinstance(value, str) and (parts := _PART.findall(value.replace(" ", ""))):
        if "".join(number + unit for number, unit in parts) != value.replace(" ", ""):
            raise ValueError(_refusal(value))
        result = sum(float(number) * UNITS[unit] for number, unit in parts)
    else:
        raise ValueError(_refusal(value))
    if not 0 <= result <= LONGEST:
        raise ValueError(f"a duration can't be negative, or longer than 10,000 years: {_short(value)}")
    if some and not result:
        raise ValueError(f"it must be more than nothing, not {_short(value)}; leave it out where there is no limit")
    return result


def _short(value: object) -> str:
    shown = repr(value) if not isinstance(value, int) or abs(value) < 10**40 else f"some 10^{len(str(abs(value))) - 1}"
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def text(value: float) -> str:
    """The shortest text of a duration, in the largest unit that gives exactly `value` seconds again."""
    for unit in ("w", "d", "h", "m", "s", "ms"):
        count = value / UNITS[unit]
        if value and 1 <= count < 1e15 and seconds(whole := f"{round(count)}{unit}") == value:
            return whole
    from decimal import Decimal

    return f"{Decimal(repr(float(value))):f}".removesuffix(".0") + "s"


def about(value: float) -> str:
    """A duration for people, in its two largest units: `23h 59m`, `2d`, `45s`."""
    left, parts = round(value), []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, round(UNITS[unit]))
        parts.append(f"{count}{unit}" if count else "")
    first = next((i for i, part in enumerate(parts) if part), len(parts) - 1)
    return " ".join(part for part in parts[first : first + 2] if part) or "0s"


def _refusal(value: object) -> str:
    hint = f". Did you mean '{meant}'?" if isinstance(value, str) and (meant := _meant(value)) else ""
    return f"not a duration: {_short(value)}. Write a number of seconds or text like '500ms', '30s', '5m', '2h', '1d', '1h30m'{hint}"


_OTHER = re.compile(
    r"(\d+(?:\.\d+)?)\s*(milliseconds?|millis|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|[smhdw])"
)
_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_CLOCK = re.compile(r"(\d+):([0-5]\d)(?::([0-5]\d))?")


def _meant(value: str) -> str:
    """What other ways to write a duration are here; nothing for what is none."""
    said = value.strip().lower()[:60]
    if found := _ISO.fullmatch(said.upper()):
        parts = [*zip(found.groups(), "wdhms", strict=True)]
    elif found := _CLOCK.fullmatch(said):
        parts = [*zip(found.groups(), "hms", strict=True)]
    elif not _OTHER.sub("", said.replace("and", "").replace(",", "")).strip():
        parts = [(number, "ms" if unit.startswith("milli") else unit[0]) for number, unit in _OTHER.findall(said)]
    else:
        return f"{said.replace('_', '')}s" if said.replace("_", "").isdigit() else ""
    return "".join(f"{number.lstrip('0')}{unit}" for number, unit in parts if number and number.strip("0."))

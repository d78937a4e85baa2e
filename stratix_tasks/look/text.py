"""Values as text, for a glance on a card: a value of any size costs little to show."""

from __future__ import annotations

from math import isfinite
from typing import Any

from stratix_tasks.spec.text import dump
from stratix_tasks.store.summaries import glance, look


def brief(value: Any) -> str:
    """The repr of a value, its floats in four significant digits: for a glance, not for reading the value back."""
    kind = type(value)
    if isinstance(value, float):
        return _number(float(value))
    if kind is list or kind is tuple:
        inner = ", ".join(map(brief, value[:40])) + (", …" if len(value) > 40 else "")
        return f"[{inner}]" if kind is list else f"({inner}{',' if len(value) == 1 else ''})"
    if kind is dict and len(value) <= 40:
        return "{" + ", ".join(f"{name!r}: {brief(part)}" for name, part in value.items()) + "}"
    return repr(value)


def _number(value: float) -> str:
    """As it is when it is short; else rounded, whole digits kept up to a million.

    Four digits read as rounded. What would read as a rounder number, exact, says that it is not: 9.9999999 is ≈ 10.
    """
    plain = repr(value)
    if len(plain) <= 6 or not isfinite(value) or (value.is_integer() and abs(value) < 1e6):
        return plain
    if 1e-3 <= abs(value) < 1e6:
        whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
        rounded = f"{value:.{max(4 - whole, 0)}f}" if whole else f"{value:.4g}"
    else:
        rounded = f"{value:.3e}"
    digits, mark, power = rounded.partition("e")
    if "." in digits and digits[-1] != "0" and len(digits.replace(".", "").lstrip("-0")) >= 4:
        return rounded
    exact = f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits}{mark}{power}"
    return exact if float(rounded) == value else f"≈ {exact}"


def few(number: int) -> str:
    """A whole number in at most four characters: 999, 1.2k, 337k, 4.1M; above that with its power."""
    if number < 1000:
        return str(number)
    for power, sign in enumerate("kMGT", 1):
        part = number / 1000**power
        if part < 9.95:
            return f"{part:.1f}{sign}".replace(".0", "")
        if part < 999.5:
            return f"{part:.0f}{sign}"
    return f"{number:.0e}".replace("e+", "e")


def short(text: str, most: int = 200) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def said(value: Any) -> str:
    """A value of the document, as that says it, in short; objects, which it does not know, by their types: they may take
    long to tell of themselves, or raise.
    """
    try:
        text = dump(value)
    except ValueError:
        return short(glance(value))
    return short(text if isinstance(text, str) else look(text))

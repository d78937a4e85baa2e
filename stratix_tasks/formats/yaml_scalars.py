"""YAML 1.2 core schema: what a plain scalar is. `on`, `no`, `22:30`, `010`, dates stay texts."""

from __future__ import annotations

import re

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]{1,3000}|0x[0-9a-fA-F]{1,3000}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
MOST_DIGITS = 4000
"""What is longer stays a text, as Python writes no whole number of more than 4300 digits."""

Plain = None | bool | int | float | str


def is_null(text: str) -> bool:
    """Whether a plain scalar stands for nothing."""
    return text in _NULL


def resolve(text: str) -> Plain:
    """The value of a plain scalar."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if len(text) > MOST_DIGITS or text[0] not in "-+.0123456789":
        return text
    if _INT.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    special = _SPECIAL.fullmatch(text)
    if special is not None:
        return float("nan") if special[3] else float(f"{special[1]}inf")
    return text

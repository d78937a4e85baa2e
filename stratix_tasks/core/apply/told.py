"""What is told of single units, in dicts by their numbers."""

from __future__ import annotations

from typing import Any


def tell(told: dict[int, Any], u: int, what: Any) -> None:
    if what is None:
        told.pop(u, None)
    else:
        told[u] = what


def clear(told: dict[int, Any], a: int, b: int) -> None:
    if b - a < len(told):
        for u in range(a, b):
            told.pop(u, None)
    else:
        for u in [u for u in told if a <= u < b]:
            del told[u]

"""Joins as a document says them: how a node waits for what it needs, or a fan-out for its items."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from stratix_tasks.spec.values import LATE

WORDS = ("all", "any", "first_success", "settled")
"""All completed; one ended; one completed; all ended, however."""
N_OF = "n_of"
ALL = "all"
Join = str | dict[str, Any]
"""One of `WORDS`, or `{"n_of": k}`: k completed, a whole number or a share such as `"80%"`."""
_SHARE = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")
EXPECTED = f"write {', '.join(WORDS)}, or how many of them, as in n_of: 2 or n_of: 80%"


class Settled(NamedTuple):
    """What became of one item of a fan-out that gathers by `settled`."""

    key: str
    """Its key; its place as a text where items have none."""
    status: str
    """`completed`, `failed`, `upstream_failed`, `cancelled` or `skipped`."""
    value: Any
    """Of one that completed its value, else None."""
    error: dict[str, Any] | None
    """Of one that failed: type, message, traceback and code of what it failed by."""


def join(value: Any) -> Join:
    """A join as it is kept. ValueError that says what can stand there."""
    if isinstance(value, str) and value in WORDS:
        return value
    if isinstance(value, Mapping) and set(value) == {N_OF}:
        return {N_OF: _many(value[N_OF])}
    raise ValueError(f"{EXPECTED}, not {value!r}")


def _many(value: Any) -> Any:
    if type(value) in LATE:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    if isinstance(value, str) and (found := _SHARE.fullmatch(value.strip())) and 0 < float(found[1]) <= 100:
        return f"{found[1]}%"
    raise ValueError(f"n_of takes a whole number of 1 or more, or a share such as 80%, not {value!r}")


def is_late(join: Join) -> bool:
    """Whether it is an `n_of` of as many as the run tells."""
    return isinstance(join, dict) and type(join[N_OF]) in LATE


def share(join: Join) -> float | None:
    """The share of an `n_of` that is one, from 0 to 1."""
    many = join[N_OF] if isinstance(join, dict) else None
    return float(many[:-1]) / 100 if isinstance(many, str) else None


def wanted(join: Join, total: int) -> int:
    """How many of so many must complete."""
    part = share(join)
    if part is not None:
        return part_of(part, total)
    if isinstance(join, dict):
        return join[N_OF] if isinstance(join[N_OF], int) else 1  # it comes with the run
    return total if join == ALL else 1


def part_of(part: float, total: int) -> int:
    """A share of so many, rounded up."""
    return math.ceil(part * total - 1e-9)


def text(join: Join) -> str:
    """For people."""
    if is_late(join):
        return "as many of them as the run tells"
    return f"{join[N_OF]} of them" if isinstance(join, dict) else join.replace("_", " ")

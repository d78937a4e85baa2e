"""Facts of many units at once: they end, are paused, or go on."""

from __future__ import annotations

from collections.abc import Callable

from stratix_tasks.core.apply.told import clear
from stratix_tasks.core.facts import Fact
from stratix_tasks.core.state import State, fill
from stratix_tasks.core.states import S


def swept(s: State, fact: Fact) -> None:
    _, at, a, b, state, reason, parts = fact
    for x, y in parts:
        s.status[x:y] = bytes((state,)) * (y - x)
        fill(s.ended, x, y, at)
        for told in (s.due, s.waits, s.reason):
            clear(told, x, y)
        s.passing.difference_update(range(x, y) if y - x < len(s.passing) else [u for u in s.passing if x <= u < y])
        s.limits.drop_span(x, y)
    s.swept.append((a, b, reason, tuple(map(tuple, parts))))


def held(s: State, fact: Fact) -> None:
    _, at, a, b, reason = fact
    s.marks = _marked(unmarked(s.marks, a, b), a, b, reason)
    settle(s, at)


def settle(s: State, at: float) -> None:
    if s.limits:
        s.limits.settle(at, still(s))


_STANDING = (S.PENDING, S.RETRYING, S.OPEN)


def still(s: State) -> Callable[[int], bool]:
    """What counts no time of its limits: what is paused by itself, or by a group that it lies in."""
    return lambda u: s.status[u] == S.SUSPENDED or (s.status[u] in _STANDING and bool(s.held(u)))


def released(s: State, fact: Fact) -> None:
    _, at, parts = fact
    for a, b in parts:
        for x, y, reason in s.marks:
            if reason and max(x, a) < min(y, b) and s.breaks:
                s.passing.update(u for u in range(max(x, a), min(y, b)) if s.path(u) in s.breaks)
        s.marks = unmarked(s.marks, a, b)
    settle(s, at)


def unmarked(marks: list[tuple[int, int, str]], a: int, b: int) -> list[tuple[int, int, str]]:
    parts = [(part, why) for x, y, why in marks for part in ((x, min(y, a)), (max(x, b), y)) if part[0] < part[1]]
    return sorted({(x, y, why) for (x, y), why in parts})


def _marked(marks: list[tuple[int, int, str]], a: int, b: int, reason: str) -> list[tuple[int, int, str]]:
    merged: list[tuple[int, int, str]] = []
    for x, y, why in sorted([*marks, (a, b, reason)]):
        if merged and merged[-1][1] == x and merged[-1][2] == why:
            merged[-1] = (merged[-1][0], y, why)
        else:
            merged.append((x, y, why))
    return merged

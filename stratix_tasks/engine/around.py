"""What is around a unit, as the state tells it: the error that it catches, how its flow ended, what it goes on without."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stratix_tasks.core.block import Block
from stratix_tasks.core.ends import end_of, failure_in, first_failed, has_failed, said_by, told_of
from stratix_tasks.core.node import ALL
from stratix_tasks.core.state import State
from stratix_tasks.core.states import S
from stratix_tasks.engine.fan import about_item
from stratix_tasks.engine.resolving import NONE
from stratix_tasks.spec.names import around
from stratix_tasks.spec.values import Ref


def error_of(s: State, block: Block, begin: int) -> dict[str, Any] | None:
    """Why a scope failed: what a step said, or what failed first in it."""
    step = s.finisher(block, begin)
    if step is not None and s.finished[step] == S.FAILED:
        return said_by(s, step)
    failed = first_failed(s, range(begin, begin + block.n))
    return None if failed is None else failure_in(s, failed)


def around_of(s: State, unit: int, values: Iterable[Any]) -> Mapping[str, Any]:
    """What is around a unit, as far as values of its document name it."""
    words = around(list(values)) & _AROUND.keys()
    return {word: _AROUND[word](s, unit) for word in words} if words else NONE


def caught(s: State, unit: int) -> int | None:
    """The first unit that failed of those that a node catches; None where nothing did, but for what a person ended,
    and what can't run for that."""
    r, k, b = s.place(s.node_of(unit))
    caught = [b + r.block.index[name] for name in r.block.nodes[k].spec.catch]
    failed = [u for u in caught if has_failed(s, u)]
    return min(failed, key=lambda u: (s.ended[u], u), default=None)


def lacking(s: State, unit: int) -> set[str]:
    """Arguments that a node goes on without: what stands for one is a task that has not completed, or lost."""
    r, k, b = s.place(s.node_of(unit))
    block, there = r.block, s.winners.get(b + k)
    if block.joins[k] == ALL and not block.tolerated:
        return set()
    found = set()
    for name, value in block.nodes[k].spec.args.items():
        if type(value) is Ref and value.scope == "tasks":
            need = b + block.index[value.name]
            if s.status[need] != S.COMPLETED or (there is not None and need not in there):
                found.add(name)
    return found


def _error(s: State, unit: int) -> dict[str, Any] | None:
    failed = caught(s, unit)
    return None if failed is None else told_of(s, failed)


def _item(s: State, unit: int) -> dict[str, Any]:
    node = s.map_of(unit)
    return about_item(s.index(unit), s.key(node, s.index(unit))) if node >= 0 else {}


def _end(s: State, unit: int) -> dict[str, Any]:
    """What the flow whose end runs has come to."""
    r, _, b = s.place(s.node_of(unit))
    end = end_of(s, r.block, b)
    failed = None if end == S.COMPLETED else first_failed(s, range(b, b + r.block.n))
    return {"status": end.label, "error": None if failed is None else told_of(s, failed)}


_AROUND: dict[str, Callable[[State, int], Any]] = {
    "error": _error,
    "scope": _end,
    "attempt": lambda s, unit: s.attempt[unit],
    "each": _item,
}

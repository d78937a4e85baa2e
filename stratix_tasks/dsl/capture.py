"""Python values that are neither plain nor references, as values of a document: literals, containers, objects."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from copy import copy
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePath
from types import CodeType, FunctionType, ModuleType
from typing import Any, NoReturn, Protocol
from uuid import UUID

from stratix_tasks.dsl.refusing import Later
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.values import Object, are_plain

LITERALS = (date, time, timedelta, Decimal, PurePath, Enum, UUID, bytes)
MOST = 200_000
"""Objects that are looked at for references in one value."""
_PLAIN = frozenset((type(None), bool, int, float, str, bytes, complex))
_SHUT = (type, ModuleType, CodeType)
"""Types of which all the program hangs."""
_NAME, _SPACE = (type.__dict__[name].__get__ for name in ("__name__", "__dict__"))
_ALIKE = (*LITERALS, *_SHUT, FunctionType)
"""Types of which one can't be told from another that is equal."""


class Taker(Protocol):
    """The trace that takes the value in: what it makes of the parts, and how it refuses one."""

    held: dict[int, tuple[Any, Object]]
    """Objects that stand in what is being placed, by their identity: one that stands there twice is one for its body."""

    def value(self, part: Any) -> Any: ...
    def fail(self, message: str, node: str = "", code: str = "bad-flow") -> NoReturn: ...


def literal(part: Any, trace: Taker) -> Any:
    """The value itself, a copy of it with the references inside replaced, or an Object that carries it."""
    if isinstance(part, LITERALS):
        return part
    if _holds_reference(part):
        return _filled(part, trace)
    if id(part) not in trace.held:
        trace.held[id(part)] = part, _object(part)
    return trace.held[id(part)][1]


def is_knit(part: Any, filled: tuple[type, ...]) -> bool:
    """Whether an object that may change stands in a tree of lists, tuples and dicts twice, so that it is kept as a whole.

    Not where one of the types `filled` stands beside it, or in it: these are filled in part by part.
    """
    seen: set[int] = set()
    twice, todo = False, [part]
    while todo:
        one = todo.pop()
        kind = type(one)
        if kind is dict:
            todo += one.values()
        elif kind is list or kind is tuple:
            todo += () if are_plain(one) else one
        elif issubclass(kind, filled):
            return False
        elif kind not in _PLAIN and not issubclass(kind, _ALIKE):
            twice = twice or id(one) in seen
            seen.add(id(one))
    return twice and not _holds_reference(part)


def _object(part: Any) -> Object:
    from stratix_tasks.runners.pickles import own

    kind = type(part)
    return Object(f"{kind.__module__}.{kind.__qualname__}", own(part))


def _filled(part: Any, trace: Taker) -> Any:
    """A copy of a dataclass or a pydantic model, its references replaced; other containers are refused."""
    names = _field_names(part)
    if names is None:
        trace.fail(
            f"a reference stands in a {type(part).__name__}, where it can't be found when the flow runs: "
            "use a plain list, tuple or dict, a dataclass or a pydantic model",
            code="reference-hidden",
        )
    filled = copy(part)
    for name in names:
        object.__setattr__(filled, name, trace.value(getattr(part, name)))
    return filled


def _field_names(part: Any) -> list[str] | None:
    models = getattr(type(part), "__pydantic_fields__", None)
    if models is not None:
        return list(models)
    return [field.name for field in fields(part)] if is_dataclass(part) else None


def _holds_reference(part: Any) -> bool:
    """Whether a reference stands anywhere in an object.

    What lies behind more than `MOST` objects is not found here; a reference refuses to be recorded, too.
    """
    return any(issubclass(type(one), Later) for one in _all_in(part))


def refuse_texts(part: Any, noted: dict[str, tuple[str, int]]) -> None:
    """FlowError `reference-used-as-value` where a text that was made of a reference stands anywhere in what a flow says."""
    if not noted:
        return
    begun = {
        text.partition('"')[0]: line for text, line in noted.items()
    }  # in expressions quotes are written otherwise
    for one in _all_in(part):
        if issubclass(type(one), str):
            for text, (file, line) in begun.items():
                if str.__contains__(one, text):
                    raise FlowError(
                        f"line {line}: a text was made of {text}, and not of its value, which is known only when the flow runs. "
                        'Fill that in by expr("… ${{ tasks.name.output }} …"), or do it inside a task. '
                        f"({Path(file).name}:{line})",
                        code="reference-used-as-value",
                    )


def _all_in(part: Any) -> Iterator[Any]:
    """An object and what it holds, told by what the collector knows: no code of theirs runs."""
    seen: set[int] = set()
    todo = [part]
    while todo and len(seen) < MOST:
        one = todo.pop()
        kind = type(one)
        yield one
        if kind in _PLAIN or id(one) in seen or issubclass(kind, Later):
            continue
        seen.add(id(one))
        if issubclass(kind, type):
            todo += [] if _is_found(one) else _held_by(one)
        elif not issubclass(kind, _SHUT):
            todo += _inside(one, kind)


def _is_found(kind: type) -> bool:
    """Whether a class stands in its module: one that was made while the flow is traced does not."""
    found: Any = sys.modules.get(type.__getattribute__(kind, "__module__"))
    return found is not None and vars(found).get(_NAME(kind)) is kind


def _held_by(kind: type) -> list[Any]:
    """What a class holds beside its methods."""
    return [part for part in _SPACE(kind).values() if type(part) is not FunctionType]


def _inside(one: Any, kind: type) -> list[Any]:
    if kind is FunctionType:
        cells = [found for cell in one.__closure__ or () for found in gc.get_referents(cell)]
        return [*cells, one.__defaults__, one.__kwdefaults__, one.__dict__]
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(kind, numpy.ndarray):  # of what lies in here the collector does not know
        return [numpy.ndarray.tolist(one)] if one.dtype.hasobject else []
    polars = sys.modules.get("polars")
    if polars is not None and issubclass(kind, polars.DataFrame):
        return list(one.get_columns())
    if polars is not None and issubclass(kind, polars.Series):
        return list(one) if one.dtype == polars.Object else []
    return gc.get_referents(one)

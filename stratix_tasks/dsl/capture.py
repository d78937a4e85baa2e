"""Python values that are neither plain nor references, as values of a document: literals, containers, objects."""

from __future__ import annotations

import copy
import sys
from collections import deque
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, NoReturn, Protocol
from uuid import UUID

from stratix_tasks.dsl.references import Refusing
from stratix_tasks.spec.values import Object, own

LITERALS = (date, time, timedelta, Decimal, PurePath, Enum, UUID, bytes)
_PLAIN = frozenset((bool, int, float, str))


class Taker(Protocol):
    """The trace that takes the value in: what it makes of the parts, and how it refuses one."""

    def value(self, part: Any) -> Any: ...
    def fail(self, message: str, node: str = "", code: str = "bad-flow") -> NoReturn: ...


def literal(part: Any, trace: Taker) -> Any:
    """The value itself, a copy of it with the references inside replaced, or an Object that carries it."""
    if isinstance(part, LITERALS):
        return part
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(part, numpy.generic):
        plain = part.item()
        return plain if type(plain) in _PLAIN and part.dtype.kind not in "mM" else _object(part)
    if _holds_reference(part):
        return _filled(part, trace)
    return _object(part)


def _object(part: Any) -> Object:
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
    filled = copy.copy(part)
    for name in names:
        object.__setattr__(filled, name, trace.value(getattr(part, name)))
    return filled


def _field_names(part: Any) -> list[str] | None:
    models = getattr(type(part), "__pydantic_fields__", None)
    if models is not None:
        return list(models)
    return [field.name for field in fields(part)] if is_dataclass(part) else None


def _holds_reference(part: Any) -> bool:
    if isinstance(part, Refusing):
        return True
    if isinstance(part, type):
        return False
    if isinstance(part, list | tuple | deque):
        return any(map(_holds_reference, part))
    if isinstance(part, dict):
        return any(map(_holds_reference, part.values()))
    names = _field_names(part)
    return names is not None and any(_holds_reference(getattr(part, name, None)) for name in names)

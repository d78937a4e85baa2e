"""What can be asked of a value beside its type: limits, lengths, a pattern. A document says it by the names here, an annotation
by `Annotated[…, Field(…)]`; both are checked as the annotation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

LIMITS = {
    "min": "ge",
    "max": "le",
    "exclusive_min": "gt",
    "exclusive_max": "lt",
    "multiple_of": "multiple_of",
    "min_length": "min_length",
    "max_length": "max_length",
    "pattern": "pattern",
}
"""Names in a document, and those of pydantic's `Field`."""
_WORDS = {
    "min": "{} or more",
    "max": "{} or less",
    "exclusive_min": "more than {}",
    "exclusive_max": "less than {}",
    "multiple_of": "a multiple of {}",
    "min_length": "of length {} or more",
    "max_length": "of length {} or less",
    "pattern": "matching {!r}",
}


def constrained(kind: Any, limits: Mapping[str, Any]) -> Any:
    """The annotation of a type and its limits, by their names in a document."""
    if not limits:
        return kind
    from pydantic import Field

    given: dict[str, Any] = {LIMITS[name]: value for name, value in limits.items()}
    return Annotated[kind, Field(**given)]


def said_in(metadata: Iterable[Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the metadata of an `Annotated` ask, by the names of a document, with `label` and `description`; and the names of those
    that ask something which a document has no word for.
    """
    from annotated_types import BaseMetadata, GroupedMetadata
    from pydantic.fields import FieldInfo

    said: dict[str, Any] = {}
    unsaid: list[str] = []
    for one in metadata:
        if isinstance(one, FieldInfo):
            inner = said_in(one.metadata)
            said |= inner[0]
            unsaid += inner[1]
            said |= {"label": one.title} if one.title else {}
            said |= {"description": one.description} if one.description else {}
        elif isinstance(one, BaseMetadata):
            found = {name: getattr(one, word) for name, word in LIMITS.items() if getattr(one, word, None) is not None}
            said |= {name: getattr(value, "pattern", value) for name, value in found.items()}
            unsaid += [] if found else [type(one).__name__]
        elif isinstance(one, GroupedMetadata) and not isinstance(one, type):
            inner = said_in(one)
            said |= inner[0]
            unsaid += inner[1]
        elif hasattr(one, "__get_pydantic_core_schema__"):
            unsaid.append(type(one).__name__)
    return said, tuple(unsaid)


def words(limits: Mapping[str, Any]) -> str:
    """The limits for people: `0 or more, 1 or less`."""
    return ", ".join(_WORDS[name].format(value) for name, value in limits.items() if name in LIMITS)


def misplaced(name: str, kind: Any) -> bool:
    """Whether a limit means nothing to some value of a type, None aside."""
    if get_origin(kind) in (Union, UnionType):
        return any(misplaced(name, part) for part in get_args(kind) if part is not NoneType)
    return (get_origin(kind) or kind) not in _OF[name]


_NUMBERS = (int, float, Decimal)
_ORDERED = (*_NUMBERS, date, datetime, time, timedelta)
_SIZED = (str, bytes, list, set, frozenset, tuple, dict, Sequence, Mapping, Collection)
_OF: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("min", "max", "exclusive_min", "exclusive_max"), _ORDERED),
    "multiple_of": _NUMBERS,
    "min_length": _SIZED,
    "max_length": _SIZED,
    "pattern": (str,),
}
"""Types that a limit can be asked of."""

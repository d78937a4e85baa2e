"""Whether some value of one annotation can be one of another. Only what is certain counts: what nobody can tell may be.

This is not the question of subtypes, which type checkers ask: a `list[int] | None` may feed a `list[int]`, a base class what
wants one of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, is_typeddict

from stratix_tasks.spec.secrets import Secret
from stratix_tasks.spec.types import meant

_WIDER = {bool: (float, complex), int: (float, complex), float: (complex,)}
"""Numbers that are taken for others."""


def overlaps(given: Any, wanted: Any) -> bool:
    """Whether a value of `given` may be one of `wanted`."""
    given, wanted = _bare(given), _bare(wanted)
    for one, other, turned in ((given, wanted, False), (wanted, given, True)):
        if get_origin(one) in (Union, UnionType):
            pairs = ((other, part) if turned else (part, other) for part in get_args(one))
            return any(overlaps(*pair) for pair in pairs)
    if get_origin(given) is Literal:
        return any(_is_one(value, wanted) for value in get_args(given))
    if get_origin(wanted) is Literal:
        return any(_is_one(value, given) for value in get_args(wanted))
    return _classes(given, wanted) and _parts(given, wanted)


def _bare(hint: Any) -> Any:
    hint = meant(hint)
    while get_origin(hint) is Annotated:
        hint = meant(get_args(hint)[0])
    if hint is Secret:  # of which a body gets the text
        return str
    return NoneType if hint is None else hint


def _is_one(value: Any, wanted: Any) -> bool:
    """Whether a value of a Literal may be one of an annotation."""
    if get_origin(wanted) is Literal:
        return any(type(value) is type(other) and value == other for other in get_args(wanted))
    if isinstance(wanted, type) and issubclass(wanted, Enum) and not isinstance(value, Enum):
        return any(value == member.value for member in wanted)  # as an input, it is made one
    return _classes(type(value), wanted)


def _classes(given: Any, wanted: Any) -> bool:
    one, other = class_of(given), class_of(wanted)
    if one is None or other is None or one is object or other is object or other in _WIDER.get(one, ()):
        return True
    try:
        return issubclass(one, other) or issubclass(other, one)
    except TypeError:
        return True


def class_of(hint: Any) -> type | None:
    """The class of an annotation's values; None where it has none, or any, or what it asks is no class."""
    hint = _bare(hint)
    origin = dict if is_typeddict(hint) else get_origin(hint) or hint
    unclear = origin in (Any, Union, UnionType, Literal) or getattr(origin, "_is_protocol", False)
    return origin if isinstance(origin, type) and not unclear else None


def _parts(given: Any, wanted: Any) -> bool:
    """What stands in the brackets of two containers that fit as such."""
    if class_of(given) is tuple and class_of(wanted) is tuple:
        return _tuples(get_args(given), get_args(wanted))
    for read in (mapped, element):
        one, other = read(given), read(wanted)
        if one is not None and other is not None:
            return all(overlaps(*pair) for pair in zip(one, other, strict=True))
    return True


def _tuples(given: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    endless = [bool(parts) and parts[-1] is Ellipsis for parts in (given, wanted)]
    if not given or not wanted or all(endless):
        return not (given and wanted) or overlaps(given[0], wanted[0])
    if any(endless):
        many, parts = (given[0], wanted) if endless[0] else (wanted[0], given)
        return all(overlaps(many, part) for part in parts)
    return len(given) == len(wanted) and all(overlaps(*pair) for pair in zip(given, wanted, strict=True))


def mapped(hint: Any) -> tuple[Any, Any] | None:
    """The keys and values of a mapping, where they are told."""
    kind, args = class_of(hint), get_args(_bare(hint))
    return (args[0], args[1]) if kind is not None and issubclass(kind, Mapping) and len(args) == 2 else None


def element(hint: Any) -> tuple[Any] | None:
    """What iterating yields, where that is told; nothing of a tuple with different parts."""
    hint = _bare(hint)
    kind, args = class_of(hint), get_args(hint)
    if kind is None or not args or not issubclass(kind, Iterable):
        return None
    if kind is tuple:
        return (args[0],) if len(args) == 2 and args[1] is Ellipsis else (Union[args],)  # noqa: UP007 - built from values
    return (args[0],) if issubclass(kind, Collection | Mapping) or kind is Iterable else None


def iterates(hint: Any) -> bool:
    """Whether a fan-out may go over a value of an annotation: not over a number, a text or None."""
    hint = _bare(hint)
    if get_origin(hint) in (Union, UnionType):
        return any(map(iterates, get_args(hint)))
    if get_origin(hint) is Literal:
        return False
    kind = class_of(hint)
    if kind is None or kind is object:
        return True
    return not issubclass(kind, str | bytes | bytearray | NoneType) and (
        hasattr(kind, "__iter__")
        or hasattr(kind, "__getitem__")
        or str(kind.__module__).partition(".")[0] not in _KNOWN
    )


_KNOWN = frozenset(("builtins", "datetime", "decimal", "pathlib", "uuid", "fractions"))
"""Modules whose classes have no subclass that could be iterated, where they can't themselves."""

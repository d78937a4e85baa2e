"""Canonical forms: texts that are equal, in every process, for values that mean the same.

Sets have no order and dicts mean the same in any; an object is what its pickle would be made of.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from copyreg import dispatch_table
from functools import partial
from hashlib import sha256
from json import dumps
from types import BuiltinFunctionType, FunctionType
from typing import Any

_ATOMS = frozenset((type(None), bool, int, float, complex, str, bytes, bytearray))
_ORDERED = frozenset((int, str, bytes))
_LONG = 64


def digest(value: Any) -> str:
    """Of what a value means: its types count, 1 is not True. Whatever its objects raise; RecursionError."""
    return sha256(_text(value).encode()).hexdigest()


def is_same(a: Any, b: Any) -> bool:
    """Whether two values mean the same; False also where that can't be told."""
    if a is b:
        return True
    try:
        return digest(a) == digest(b)
    except Exception:
        return False


def in_order(elements: Iterable[Any]) -> list[Any]:
    """Elements of a set, in an order that every process finds."""
    found = list(elements)
    kinds = set(map(type, found))
    return sorted(found) if len(kinds) == 1 and kinds <= _ORDERED else sorted(found, key=_text)


def _text(value: Any, path: tuple[int, ...] = ()) -> str:
    return dumps(_form(value, path))


def _form(value: Any, path: tuple[int, ...]) -> Any:
    kind = type(value)
    if kind in _ATOMS:
        return [kind.__name__, _atom(value)]
    if isinstance(value, type | FunctionType | BuiltinFunctionType):
        return ["name", str(value.__module__), value.__qualname__]
    if id(value) in path:
        return ["above", len(path) - path.index(id(value))]
    path = (*path, id(value))
    form, text = partial(_form, path=path), partial(_text, path=path)
    if kind is list or kind is tuple:
        return [kind.__name__, *map(form, value)]
    if kind is set or kind is frozenset:
        return [kind.__name__, *sorted(map(text, value))]
    if kind is dict:
        return ["dict", *sorted([text(key), text(part)] for key, part in value.items())]
    return [kind.__qualname__, *map(form, _parts(value, kind))]


def _atom(value: Any) -> str:
    if type(value) is int:
        return hex(value)
    if isinstance(value, bytes | bytearray) and len(value) > _LONG:
        return sha256(value).hexdigest()
    return ascii(value)


def _parts(value: Any, kind: type) -> list[Any]:
    """What its pickle is made of; the pairs of a mapping as a dict, where their order means nothing."""
    special = dispatch_table.get(kind)
    reduced = special(value) if special is not None else value.__reduce_ex__(4)
    if isinstance(reduced, str):
        return [reduced]
    made, given, state, elements, pairs = [*reduced, *[None] * 3][:5]
    if pairs is not None:
        pairs = list(map(list, pairs)) if issubclass(kind, OrderedDict) else dict(pairs)
    return [made, given, state, None if elements is None else list(elements), pairs]

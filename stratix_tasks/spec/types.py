"""Annotations and their texts: `list[str]`, `date | None`, `any`; a document writes texts, code gives annotations."""

from __future__ import annotations

import ast
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from types import NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, ForwardRef, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

NAMED: dict[str, Any] = {
    "any": Any,
    "bool": bool,
    "bytes": bytes,
    "date": date,
    "datetime": datetime,
    "dict": dict,
    "float": float,
    "int": int,
    "list": list,
    "set": set,
    "str": str,
    "time": time,
    "timedelta": timedelta,
    "tuple": tuple,
}
"""The types that a document can name without code."""
_ONCE = frozenset((AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator))
"""To check the elements of these would use them up."""


def type_text(hint: Any) -> str:
    """An annotation as a document writes it; `any` when there is none."""
    if hint is Any or (isinstance(hint, str) and not hint):
        return "any"
    if hint is None or hint is NoneType:
        return "None"
    if isinstance(hint, str | ForwardRef):
        return hint if isinstance(hint, str) else hint.__forward_arg__
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return type_text(args[0])
    if origin in (Union, UnionType):
        return " | ".join(map(type_text, args))
    if origin is not None and args and isinstance(origin, type):
        return f"{origin.__name__}[{', '.join('...' if a is Ellipsis else type_text(a) for a in args)}]"
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")


@lru_cache(256)
def parse_type(text: str) -> Any:
    """The annotation that a text of the simple names stands for; Any when it names something else."""
    try:
        return _parsed(ast.parse(text, mode="eval").body)
    except (SyntaxError, KeyError, TypeError, ValueError, RecursionError, MemoryError):
        return Any


def _parsed(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return NAMED[node.id]
    if isinstance(node, ast.Constant) and (node.value is None or node.value is Ellipsis):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return Union[_parsed(node.left), _parsed(node.right)]  # noqa: UP007 - built from values
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return NAMED[node.value.id][tuple(map(_parsed, inner))]
    raise KeyError(ast.dump(node))


@lru_cache(256)
def hints_of(fn: Callable[..., Any]) -> dict[str, Any]:
    """Annotations of a function by parameter, `return` included; those that can't be resolved are left out."""
    try:
        return get_type_hints(fn, include_extras=True)
    except Exception:
        found: dict[str, Any] = {}
        for name, hint in getattr(fn, "__annotations__", {}).items():
            with suppress(Exception):
                one = SimpleNamespace(__annotations__={name: hint})
                found |= get_type_hints(one, getattr(fn, "__globals__", {}), include_extras=True)
        return found


def checkable(hint: Any) -> Any:
    """The annotation as far as a value can be checked for it without being used up: of an iterable that it is one, of a
    Protocol nothing but what it can tell itself.
    """
    origin, args = get_origin(hint), get_args(hint)
    kind: Any = origin or hint
    if isinstance(kind, type) and getattr(kind, "_is_protocol", False) and kind not in _ONCE:
        return kind if getattr(kind, "_is_runtime_protocol", False) else Any
    if kind in _ONCE:
        import pydantic

        instance: Any = pydantic.InstanceOf
        return instance[kind]
    if not args:
        return kind
    made = args if origin is Literal or origin is Callable else tuple(map(checkable, args))
    if all(new is old for new, old in zip(made, args, strict=True)):
        return hint
    if origin is Annotated:
        return Annotated[(made[0], *hint.__metadata__)]
    return Union[made] if origin in (Union, UnionType) else origin[made]  # noqa: UP007 - built from values


def tuple_arity(hint: Any) -> int | None:
    """How many parts a `tuple[A, B]` has; None for any other annotation, `tuple[A, ...]` included."""
    parts = get_args(hint)
    return len(parts) if get_origin(hint) is tuple and parts and parts[-1] is not Ellipsis else None


def certainly_wrong(given: Any, wanted: Any) -> bool:
    """Whether no value of the class `given` can be one of the class `wanted`. Only plain classes are judged."""
    given, wanted = _class(given), _class(wanted)
    if given is None or wanted is None or given is object or wanted is object:
        return False
    if (given in (bool, int) and wanted in (float, complex)) or (given, wanted) == (float, complex):
        return False
    try:
        return not (issubclass(given, wanted) or issubclass(wanted, given))
    except TypeError:
        return False


def _class(hint: Any) -> type | None:
    if hint is None:
        return NoneType
    if get_origin(hint) is Annotated:
        return _class(get_args(hint)[0])
    origin = dict if is_typeddict(hint) else get_origin(hint) or hint
    unclear = origin in (Any, UnionType) or getattr(origin, "_is_protocol", False)
    return origin if isinstance(origin, type) and not unclear else None

"""Annotations and their texts: `list[str]`, `date | None`, `Literal['eu', 'us']`, `any`; a document writes texts, code gives
annotations. What a text says is checked as its annotation is; to read one, no code of anybody's is looked at.
"""

from __future__ import annotations

import ast
import re
import sys
import typing
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag
from functools import cache, lru_cache
from inspect import Parameter, signature
from pathlib import Path, PurePath
from types import FunctionType, NoneType, SimpleNamespace, UnionType
from typing import (
    Annotated,
    Any,
    ForwardRef,
    Literal,
    NotRequired,
    Optional,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)
from uuid import UUID

from stratix_tasks.spec.constraints import LIMITS, constrained, said_in
from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.secrets import Secret

NAMED: dict[str, Any] = {
    "any": Any,
    "bool": bool,
    "bytes": bytes,
    "date": date,
    "datetime": datetime,
    "Decimal": Decimal,
    "dict": dict,
    "float": float,
    "frozenset": frozenset,
    "int": int,
    "list": list,
    "Path": Path,
    "Secret": Secret,
    "set": set,
    "str": str,
    "time": time,
    "timedelta": timedelta,
    "tuple": tuple,
    "UUID": UUID,
}
"""The types that a document can name without code."""
_CODE: dict[str, Any] = {
    "Any": Any,
    "Collection": Collection,
    "Iterable": Iterable,
    "Mapping": Mapping,
    "Optional": Optional,
    "PurePath": PurePath,
    "Sequence": Sequence,
    "Union": Union,
    "complex": complex,
    "object": object,
}
"""More of them, as code writes them."""
_PARTS = {dict: 2, Mapping: 2, list: 1, set: 1, frozenset: 1, Sequence: 1, Collection: 1, Iterable: 1, Optional: 1}
"""How many types stand in brackets, where that is fixed."""
_TUPLE: Any = vars(typing)["Tuple"]
"""It says no more than `tuple`, and has no parts, as `tuple[()]` has none."""
_ANY_PARTS = (tuple, Union)
_ONCE = frozenset((AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator))
"""To check the elements of these would use them up."""
_WORD = re.compile(r"[A-Za-z_]\w*")
_SAID = (str, int, float, bool, NoneType)
"""Types of values that a document has words for."""
LONGEST = 2000
"""Characters of a type."""


def type_text(hint: Any) -> str:
    """An annotation as a document writes it; `any` when there is none. An Enum is the Literal of its values."""
    hint = meant(hint)
    if hint is Any or (isinstance(hint, str) and not hint):
        return "any"
    if hint is None or hint is NoneType:
        return "None"
    if isinstance(hint, ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        quoted = len(hint) > 2 and hint[0] in "'\"" and hint.count(hint[0]) == 2 and hint[-1] == hint[0]
        return hint[1:-1] if quoted else hint
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated_text(hint)
    if origin in (Union, UnionType):
        return " | ".join(map(type_text, args))
    if (choices := choices_of(hint)) is not None:
        return f"Literal[{', '.join(map(repr, choices))}]"
    if isinstance(origin, type) and (args or origin is tuple):
        return f"{origin.__name__}[{', '.join('...' if a is Ellipsis else type_text(a) for a in args) or '()'}]"
    return _class_name(hint) if isinstance(hint, type) else str(hint).replace("typing.", "")


def _class_name(kind: type) -> str:
    """A class of the user's that is named as one which documents know is told from it."""
    name = kind.__name__
    return name if _CLASSES.get(name, kind) is kind else f"{kind.__module__}.{kind.__qualname__}"


def meant(hint: Any) -> Any:
    """What a NewType, an alias or a variable stands for."""
    while True:
        if isinstance(hint, TypeVar):
            hint = hint.__bound__ or Any
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif type(hint).__name__ == "TypeAliasType":
            hint = hint.__value__
        else:
            return tuple if hint is _TUPLE else hint


def choices_of(hint: Any) -> tuple[Any, ...] | None:
    """The values of a Literal or an Enum, where they are plain; None for any other annotation."""
    if get_origin(hint) is Literal:
        values = tuple(part.value if isinstance(part, Enum) else part for part in get_args(hint))
    elif isinstance(hint, type) and issubclass(hint, Enum) and not issubclass(hint, Flag):
        values = tuple(member.value for member in hint)
    else:
        return None
    return values if values and all(type(value) in _SAID and value == value for value in values) else None


def _annotated_text(hint: Any) -> str:
    """With what is asked beside the type; what a document has no word for is named, so that nobody takes it for checked."""
    said, unsaid = said_in(hint.__metadata__)
    limits = ", ".join(
        f"{LIMITS[name]}={value!r}" for name, value in said.items() if type(value) in _SAID and name in LIMITS
    )
    odd = [LIMITS[name] for name, value in said.items() if name in LIMITS and type(value) not in _SAID]
    parts = [type_text(get_args(hint)[0]), *([f"Field({limits})"] if limits else []), *odd, *unsaid]
    return f"Annotated[{', '.join(parts)}]" if len(parts) > 1 else parts[0]


def parse_type(text: str) -> Any:
    """The annotation that a text stands for; Any in the place of each name of code."""
    return _read(text)[0]


def names_in_type(text: str) -> set[str]:
    """The words in the text of a type."""
    return set(_WORD.findall(text))


def unknown_in(text: str) -> tuple[str, ...]:
    """The names of code in the text of a type, of which a document can check nothing."""
    return _read(text)[1]


@lru_cache(256)
def _read(text: str) -> tuple[Any, tuple[str, ...]]:
    unknown: list[str] = []
    try:
        if len(text) > LONGEST:
            raise ValueError(text)
        return _parsed(ast.parse(text.strip(), mode="eval").body, unknown), tuple(unknown)
    except (SyntaxError, KeyError, TypeError, ValueError, RecursionError, MemoryError):
        return Any, (text,)


def _parsed(node: ast.expr, unknown: list[str]) -> Any:
    if isinstance(node, ast.Name) and node.id in _CLASSES:
        return _CLASSES[node.id]
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):  # a name that is given later, as code writes it
        return _parsed(ast.parse(node.value, mode="eval").body, unknown)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _parsed(node.left, unknown) | _or_none(_parsed(node.right, unknown))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return _parametrized(node, node.value.id, unknown)
    unknown.append(ast.unparse(node))
    return Any


def _or_none(kind: Any) -> Any:
    return NoneType if kind is None else kind


_CLASSES = {name: kind for name, kind in {**NAMED, **_CODE}.items() if kind not in (Optional, Union)}


def _parametrized(node: ast.Subscript, name: str, unknown: list[str]) -> Any:
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Literal":
        return Literal[tuple(map(ast.literal_eval, inner))]
    if name == "Annotated":
        return _annotated(inner, unknown)
    kind: Any = NAMED[name] if name in NAMED else _CODE.get(name)
    if kind not in _PARTS and kind not in _ANY_PARTS:
        unknown.append(ast.unparse(node))
        return Any
    if kind in _PARTS and len(inner) != _PARTS[kind]:
        raise ValueError(name)
    parts = tuple(... if ast.unparse(part) == "..." and kind is tuple else _parsed(part, unknown) for part in inner)
    return kind[parts[0] if kind is Optional else parts]


def _annotated(inner: list[ast.expr], unknown: list[str]) -> Any:
    said: dict[str, Any] = {}
    for part in inner[1:]:
        if isinstance(part, ast.Call) and ast.unparse(part.func) == "Field" and not part.args:
            said |= {_FIELDS[str(one.arg)]: ast.literal_eval(one.value) for one in part.keywords}
        else:
            unknown.append(ast.unparse(part))
    return constrained(_parsed(inner[0], unknown), said)


_FIELDS = {word: name for name, word in LIMITS.items()}


def can_be_left_out(function: Any) -> set[str]:
    """Parameters that have a default, or may be None by their annotation, or have none; nothing of what is no function."""
    try:
        parameters = signature(function).parameters
    except (TypeError, ValueError):
        return set()
    hints = hints_of(function)
    return {
        name
        for name, one in parameters.items()
        if one.default is not Parameter.empty or name not in hints or may_be_none(hints[name])
    }


def may_be_none(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return may_be_none(get_args(hint)[0])
    return hint in (None, NoneType, Any, object) or (
        get_origin(hint) in (Union, UnionType) and any(map(may_be_none, get_args(hint)))
    )


@lru_cache(256)
def hints_of(what: Callable[..., Any] | type[Any]) -> dict[str, Any]:
    """Annotations of a function by parameter, `return` included, or of a class; those that can't be resolved are left out."""
    try:
        found = get_type_hints(what, include_extras=True)
    except Exception:
        found = {}
        around = getattr(what, "__globals__", None) or vars(sys.modules.get(what.__module__, object))
        for name, hint in getattr(what, "__annotations__", {}).items():
            with suppress(Exception):
                one = SimpleNamespace(__annotations__={name: hint})
                found |= get_type_hints(one, dict(around), include_extras=True)
    return {name: hint for name, hint in found.items() if can_be_asked(hint)}


def can_be_asked(hint: Any) -> bool:
    """Not what raises whenever it is asked something, as settings do that are not there yet."""
    try:
        return getattr(hint, "__metadata__", None) != () and may_be_none(hint) in (True, False)
    except Exception:
        return False


def checkable(hint: Any) -> Any:
    """The annotation as far as a value can be checked for it without being used up: of an iterable that it is one, of a
    Protocol nothing but what it can tell itself. A duration may be a text such as `5m` wherever it stands.
    """
    origin, args = get_origin(hint), get_args(hint)
    kind: Any = origin or hint
    if type(kind).__hash__ is None or isinstance(kind, FunctionType):  # a note, which says nothing that can be checked
        return Any
    if isinstance(kind, type) and getattr(kind, "_is_protocol", False) and kind not in _ONCE:
        return kind if getattr(kind, "_is_runtime_protocol", False) else Any
    if kind in _ONCE:
        import pydantic

        instance: Any = pydantic.InstanceOf
        return instance[kind]
    if not args:
        return (
            _duration()
            if kind is timedelta
            else _own_dict(kind)
            if is_typeddict(kind)
            else hint
            if origin is tuple and hint is not _TUPLE
            else kind
        )
    made = args if origin is Literal or origin is Callable else tuple(map(checkable, args))
    if all(new is old for new, old in zip(made, args, strict=True)):
        return hint
    if origin is Annotated:
        return Annotated[(made[0], *hint.__metadata__)]
    return Union[made] if origin in (Union, UnionType) else origin[made]  # noqa: UP007 - built from values


@cache
def _own_dict(kind: Any) -> Any:
    """A TypedDict that pydantic takes with any Python."""
    import typing_extensions

    make: Any = typing_extensions.TypedDict
    fields = {}
    hints = hints_of(kind)
    for name in kind.__annotations__:
        hint = hints.get(name, Any)
        said: Any = get_origin(hint)
        if said in (Required, NotRequired):  # which is not known there of annotations that are texts
            fields[name] = said[checkable(get_args(hint)[0])]
        else:
            fields[name] = (Required if name in kind.__required_keys__ else NotRequired)[checkable(hint)]
    return make(kind.__name__, fields)


@cache
def _duration() -> Any:
    from pydantic import BeforeValidator

    return Annotated[timedelta, BeforeValidator(_of_text)]


def _of_text(value: Any) -> Any:
    own = isinstance(value, str) and not value.startswith(("P", "-"))
    return timedelta(seconds=seconds(value)) if own else value


def parts_of(hint: Any) -> set[Any]:
    """The classes of an annotation's values, None aside; of a Literal those of its words."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return parts_of(args[0])
    if origin in (Union, UnionType):
        return {kind for part in args if part is not NoneType for kind in parts_of(part)}
    return set(map(type, args)) if origin is Literal else {origin or hint}


def tuple_arity(hint: Any) -> int | None:
    """How many parts a `tuple[A, B]` has; None for any other annotation, `tuple[A, ...]` included."""
    parts = get_args(hint)
    return len(parts) if get_origin(hint) is tuple and parts and parts[-1] is not Ellipsis else None

"""Values as their annotations want them. Exact builtin matches cost nothing; pydantic does the rest."""

from __future__ import annotations

from collections.abc import Iterable
from types import GenericAlias
from typing import Any, get_args, get_origin

from stratix_tasks.spec.types import checkable
from stratix_tasks.spec.values import Object

_OURS = frozenset(("builtins", "datetime", "decimal", "pathlib", "enum", "uuid", "fractions", "ipaddress"))
"""Modules whose classes pydantic converts to; of any other class a value must be an instance already."""


def convert(value: Any, kind: Any) -> Any:
    """A value as its type. ValueError says why not. Exact builtin matches cost nothing; pydantic does the rest.

    >>> convert("2024-01-31", datetime.date)
    datetime.date(2024, 1, 31)
    """
    if kind is Any or kind is None or type(value) is kind or _is_plain_list(value, kind):
        return value
    if isinstance(kind, str) or (isinstance(value, Object)):
        return value
    if get_origin(kind) is Iterable and get_args(kind) and type(value) in (list, tuple, set, frozenset):
        parts = (get_args(kind)[0], ...) if type(value) is tuple else get_args(kind)
        return _by_pydantic(value, GenericAlias(type(value), parts))
    kind = checkable(kind)
    if kind is Any or type(value) is kind:
        return value
    if isinstance(kind, type) and not isinstance(kind, GenericAlias) and not _pydantic_makes(kind):
        if isinstance(value, kind):
            return value
        raise ValueError(f"it is a {type(value).__name__}")
    if isinstance(value, tuple) and _is_named_tuple(kind) and isinstance(value, kind):
        return value  # of a class made of it, which pydantic would take for another
    return _by_pydantic(value, kind)


def _is_plain_list(value: Any, kind: Any) -> bool:
    if type(value) is not list or get_origin(kind) is not list:
        return False
    element = next(iter(get_args(kind)), None)
    return element in (str, int, float, bool) and all(type(part) is element for part in value)


def _pydantic_makes(kind: type) -> bool:
    import enum
    from dataclasses import is_dataclass

    if (
        str(kind.__module__).partition(".")[0] in _OURS
        or hasattr(kind, "__pydantic_fields__")
        or issubclass(kind, enum.Enum)
        or _is_named_tuple(kind)
    ):
        return True
    return is_dataclass(kind) or hasattr(kind, "__get_pydantic_core_schema__") or hasattr(kind, "__total__")


def _is_named_tuple(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


def _by_pydantic(value: Any, kind: Any) -> Any:
    from pydantic import ConfigDict, TypeAdapter, ValidationError
    from pydantic.errors import PydanticUserError

    config = ConfigDict(arbitrary_types_allowed=True)
    try:
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(kind, config=config)
        except PydanticUserError:
            adapter = TypeAdapter(kind)
    except Exception:  # an annotation that says nothing that can be checked
        return value
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise ValueError(_first(error.errors())) from None
    except TypeError as error:  # a limit that means nothing to this value
        raise ValueError(str(error)) from None
    except PydanticUserError:
        return value


def _first(errors: list[Any]) -> str:
    place = "".join(f"[{part!r}]" for part in errors[0]["loc"])
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{f'at {place}: ' if place else ''}{errors[0]['msg'].removeprefix('Value error, ')}{more}"

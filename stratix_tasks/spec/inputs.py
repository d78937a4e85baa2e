"""The inputs of a run, checked against the flow's: all that is wrong is said at once, with what would be right."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from types import GenericAlias
from typing import Annotated, Any, get_args, get_origin

from stratix_tasks.errors import InputError
from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.model import MOST, FlowSpec
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.types import checkable, parse_type
from stratix_tasks.spec.unicode import is_unicode
from stratix_tasks.spec.values import Object, own

_OURS = frozenset(("builtins", "datetime", "decimal", "pathlib", "enum", "uuid", "fractions", "ipaddress"))
"""Modules whose classes pydantic converts to; of any other class a value must be an instance already."""


def check_inputs(
    spec: FlowSpec, given: Mapping[str, Any], hints: Mapping[str, Any] | None = None, static: Collection[str] = ()
) -> dict[str, Any]:
    """All inputs by name, defaults filled in, converted to their types.

    `hints` are the annotations, where the code is known, else the texts of the document count. Names in `static` are
    known but not returned. InputError lists every unknown, missing and wrong one.
    """
    known = [*spec.inputs, *static]
    wrong = [f"unknown input '{name}'. {did_you_mean(name, known)}".strip() for name in given if name not in known]
    made: dict[str, Any] = {}
    for name, one in spec.inputs.items():
        if name not in given:
            if one.required:
                wrong.append(f"missing input '{name}' ({one.type})")
            made[name] = fresh(one.default)
            continue
        kind = hints[name] if hints and name in hints else parse_type(one.type)
        try:
            made[name] = convert(given[name], kind)
        except ValueError as error:
            wrong.append(f"input '{name}' must be {one.type}, not {shown(given[name])}: {error}")
    if wrong:
        raise InputError(f"flow '{spec.flow}' can't start: " + "; ".join(wrong))
    return made


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
    if kind is timedelta and isinstance(value, str) and not value.startswith(("P", "-")):
        return timedelta(seconds=seconds(value))
    if isinstance(kind, type) and not isinstance(kind, GenericAlias) and not _pydantic_makes(kind):
        if isinstance(value, kind):
            return value
        raise ValueError(f"it is a {type(value).__name__}")
    return _by_pydantic(value, kind)


def _is_plain_list(value: Any, kind: Any) -> bool:
    if type(value) is not list or get_origin(kind) is not list:
        return False
    element = next(iter(get_args(kind)), None)
    return element in (str, int, float, bool) and all(type(part) is element for part in value)


def _pydantic_makes(kind: type) -> bool:
    import enum
    from dataclasses import is_dataclass

    if kind.__module__ in _OURS or hasattr(kind, "__pydantic_fields__") or issubclass(kind, enum.Enum):
        return True
    return is_dataclass(kind) or hasattr(kind, "__get_pydantic_core_schema__") or hasattr(kind, "__total__")


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
    except PydanticUserError:
        return value


def _first(errors: list[Any]) -> str:
    place = "".join(f"[{part!r}]" for part in errors[0]["loc"])
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{f'at {place}: ' if place else ''}{errors[0]['msg']}{more}"


def fresh(default: Any) -> Any:
    """A default that a body may change without changing that of the next run."""
    return own(default.value if isinstance(default, Object) else default)


def shown(value: Any) -> str:
    """A short text of a value for an error, whatever its own code makes of being asked."""
    name = type(value).__name__
    try:
        text = str.__str__(repr(value)).encode("utf-8", "backslashreplace").decode()
    except Exception:
        return f"a {name}"
    return f"{name} {text if len(text) < 60 else text[:57] + '…'}"


def bare(hint: Any) -> Any:
    """An annotation without its `Annotated[…]`."""
    while get_origin(hint) is Annotated:
        hint = hint.__args__[0]
    return hint


def named_inputs(inputs: object) -> dict[str, Any]:
    """Inputs as they were given, by name. InputError for what is no mapping."""
    if not isinstance(inputs, Mapping):
        raise InputError(f"inputs are names with values, such as {{'n': 3}}, not {shown(inputs)}")
    return dict(inputs)


def check_about(key: object, priority: object, tags: object) -> None:
    """What a run is started with beside its inputs. InputError for what can't be recorded."""
    if not (key is None or _is_text(key)):
        raise InputError(f"key= is a text, the same for the same run, not {shown(key)}", code="bad-option")
    if isinstance(priority, bool) or not isinstance(priority, int) or abs(priority) > MOST:
        raise InputError(f"priority= is a whole number, higher starts first, not {shown(priority)}", code="bad-option")
    if not isinstance(tags, list | tuple) or not all(map(_is_text, tags)):
        raise InputError(f"tags= is a list of texts, not {shown(tags)}", code="bad-option")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and is_unicode(value)

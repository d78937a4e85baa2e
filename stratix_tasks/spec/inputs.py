"""The inputs of a run, checked against the flow's: all that is wrong is said at once, with what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from stratix_tasks.errors import InputError
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.problems import did_you_mean

SIMPLE: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list": list,
    "dict": dict,
    "date": date,
    "datetime": datetime,
    "timedelta": timedelta,
    "any": Any,
}


def check_inputs(spec: FlowSpec, given: Mapping[str, Any], hints: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """All inputs by name, defaults filled in, converted to their types. `hints` are the annotations, where the code is known.

    InputError lists every unknown, missing and wrong one.
    """
    wrong = [f"unknown input '{name}'. {did_you_mean(name, spec.inputs)}" for name in given if name not in spec.inputs]
    made: dict[str, Any] = {}
    for name, one in spec.inputs.items():
        if name not in given:
            if one.required:
                wrong.append(f"missing input '{name}' ({one.type})")
            made[name] = one.default
            continue
        kind = (hints or {}).get(name, SIMPLE.get(one.type, _parsed(one.type)))
        try:
            made[name] = convert(given[name], kind)
        except ValueError as error:
            wrong.append(f"input '{name}' must be {one.type}, not {_shown(given[name])}: {error}")
    if wrong:
        raise InputError(f"flow '{spec.flow}' can't start: " + "; ".join(wrong))
    return made


def convert(value: Any, kind: Any) -> Any:
    """A value as its type. ValueError says why not. Exact builtin matches cost nothing; pydantic does the rest."""
    if kind is Any or type(value) is kind:
        return value
    if isinstance(kind, str):
        return value
    if isinstance(kind, type) and not hasattr(kind, "__pydantic_fields__") and kind.__module__ not in ("builtins", "datetime", "decimal", "pathlib", "enum", "uuid"):
        import enum

        if not issubclass(kind, enum.Enum):
            if isinstance(value, kind):
                return value
            raise ValueError(f"it is a {type(value).__name__}")
    from pydantic import ConfigDict, TypeAdapter, ValidationError
    from pydantic.errors import PydanticUserError

    try:
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(kind, config=ConfigDict(arbitrary_types_allowed=True))
        except PydanticUserError:
            adapter = TypeAdapter(kind)
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"[{part!r}]" for part in first["loc"])
        raise ValueError(f"{f'at {place}: ' if place else ''}{first['msg']}") from None
    except PydanticUserError:
        return value


def _parsed(text: str) -> Any:
    """`list[str]`, `int | None` and so on, of the simple names alone; anything else is Any."""
    import ast

    try:
        return _kind(ast.parse(text, mode="eval").body)
    except (SyntaxError, KeyError, TypeError):
        return Any


def _kind(node: Any) -> Any:
    import ast

    if isinstance(node, ast.Name):
        return SIMPLE[node.id]
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _kind(node.left) | _kind(node.right)
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return {"list": list, "dict": dict, "tuple": tuple, "set": set}[node.value.id][tuple(map(_kind, inner))]  # type: ignore[attr-defined,index]
    raise KeyError(text) if (text := ast.dump(node)) else KeyError


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) < 60 else text[:57] + '…'}"

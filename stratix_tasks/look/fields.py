"""Fields that somebody fills in: the inputs of a run before it starts, and what a node asks. Made from what a document says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from enum import Enum
from pathlib import PurePath
from typing import Any, Literal, cast

from stratix_tasks.engine.reading import AWAY, at_hand
from stratix_tasks.spec.annotations import allowed
from stratix_tasks.spec.forms import property_of
from stratix_tasks.spec.model import InputSpec
from stratix_tasks.spec.secrets import is_hidden
from stratix_tasks.spec.types import unknown_in
from stratix_tasks.store.summaries import glance
from stratix_tasks.view.messages import AskedField

STEPS = 100
"""Places of a slider for a number that need not be whole."""
MOST = 20_000
"""Characters of a value that is edited as text."""
_PLAIN = (type(None), bool, int, float, str)
Widget = Literal["text", "path", "date", "datetime", "time", "number", "slider", "switch", "choice", "json"]
_FORMATS: dict[str, Widget] = {"date": "date", "date-time": "datetime", "time": "time", "path": "path"}


def form(inputs: Mapping[str, InputSpec], given: Mapping[str, Any]) -> list[AskedField]:
    """The inputs of a flow, the required ones first. `given` are those of a run, whose values stand in the fields."""
    fields = [field_of(name, one, given) for name, one in inputs.items()]
    return sorted(fields, key=lambda field: not field["required"])


def field_of(name: str, one: InputSpec, given: Mapping[str, Any] | None = None) -> AskedField:
    """A field, as a form shows it."""
    schema = _without_null(one, property_of(one))
    made: AskedField = {
        "name": name,
        "label": one.label or name,
        "hint": _hint(one),
        "type": one.type,
        "widget": _widget(one, schema),
        "plain": not one.choices or any(isinstance(choice, str) for choice in one.choices),
        "choices": [str(choice) for choice in one.choices],
        "min": None,
        "max": None,
        "step": None,
        "value": "",
        "kept": "",
        "required": one.required,
    }
    if made["widget"] in ("number", "slider", "json", "switch"):
        made["plain"] = False
    if made["widget"] == "slider":
        made |= _scale(schema)
    if given is not None and name in given:
        made |= _valued(given[name], made)
    return made


def _without_null(one: InputSpec, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of an input that is None where nothing is said, what else it can be, if that is of one kind."""
    others = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    return others[0] if not one.required and one.default is None and len(others) == 1 else schema


def typable(one: InputSpec) -> bool:
    """Whether a person can type a value of it, so that it need not be given in a cell."""
    return not unknown_in(one.type) or bool(one.fields)


def _hint(one: InputSpec) -> str:
    said = one.description or allowed(one)
    default = "" if one.required else f"default: {one.default if one.default != '' else 'empty'}"
    more = said if said != one.type else ""  # the type stands beside its name
    return "; ".join(part for part in (more, default) if part)


def _widget(one: InputSpec, schema: Mapping[str, Any]) -> Widget:
    kind = schema.get("type")
    if one.choices:
        return "choice"
    if kind == "boolean":
        return "switch"
    if kind in ("integer", "number"):
        return "slider" if "minimum" in schema and "maximum" in schema else "number"
    return _FORMATS.get(schema.get("format", ""), "text") if kind == "string" else "json"


def _scale(schema: Mapping[str, Any]) -> Any:
    low, high = float(schema["minimum"]), float(schema["maximum"])
    whole = 1.0 if schema["type"] == "integer" else (high - low) / STEPS
    return {"min": low, "max": high, "step": float(schema.get("multipleOf", whole))}


def _valued(held: Any, field: AskedField) -> Any:
    """The text of a value, to be edited; of what has none what it is, and it is kept where nothing else is said."""
    value = at_hand(held)
    if value is AWAY:
        return {"kept": "(not in memory)", "required": False}
    if value is None and field["widget"] != "json":
        return {}  # nothing is said
    if isinstance(value, datetime) and value.tzinfo is not None:
        return {"value": datetime.isoformat(value), "widget": "text"}  # no picker of a browser has zones
    text = _typed(value, plain=field["plain"])
    if text is None or len(text) > MOST:
        return {"kept": glance(value), "required": False}
    return {"value": text}


def _typed(value: Any, *, plain: bool) -> str | None:
    """As a person would type it; no code of the value's own is run."""
    kind = type(value)
    if issubclass(kind, Enum):
        value = value._value_
        kind = type(value)
    if is_hidden(value):
        return None
    if kind in (datetime, date, time):
        return cast(str, value.isoformat())
    if issubclass(kind, PurePath):
        return PurePath.__str__(value)
    if plain and kind is str:
        return cast(str, value)
    return _json(value)


def _json(value: Any) -> str | None:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False) if _is_data(value) else None
    except (ValueError, RecursionError):
        return None


def _is_data(value: Any) -> bool:
    kind = type(value)
    if kind is list:
        return all(map(_is_data, value))
    if kind is dict:
        return all(type(key) is str and _is_data(part) for key, part in value.items())
    return type(kind) is type and kind in _PLAIN

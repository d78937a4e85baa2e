"""What a person is asked for: fields, as the inputs of a document say them, and whether an answer fits them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from stratix_tasks.errors import InputError
from stratix_tasks.spec.annotations import annotation, contradictions, described, fields_of
from stratix_tasks.spec.inputs import checked
from stratix_tasks.spec.model import InputSpec
from stratix_tasks.spec.portable import plain_data
from stratix_tasks.spec.text import inputs_document, inputs_of

Fields = dict[str, dict[str, Any]]
"""By name what a document says of an input: `{"rows": {"type": "int", "min": 0}}`."""


def asked_of(model: type[Any]) -> Fields:
    """The fields of a pydantic model."""
    return {name: _document(one) for name, one in fields_of(model).items()}


def _document(one: InputSpec) -> dict[str, Any]:
    """A field as a document says it: of what JSON has no word for the text."""
    values = {name: to_jsonable_python(getattr(one, name)) for name in _VALUES if getattr(one, name) not in (None, ())}
    made: dict[str, Any] = inputs_document({"": one.but({**values, "fields": {}})})[""]
    inner = {name: _document(field) for name, field in one.fields.items()}
    return {**made, "fields": inner} if inner else made


_VALUES = ("default", "choices", "min", "max", "exclusive_min", "exclusive_max", "multiple_of")


def as_fields(said: Mapping[str, Any]) -> Fields:
    """Fields by their annotations, their types as texts, or as a document says them."""
    return {name: _as_field(one) for name, one in said.items()}


def _as_field(one: Any) -> dict[str, Any]:
    if isinstance(one, str):
        return {"type": one}
    if isinstance(one, Mapping):
        return dict(one)
    return _document(InputSpec.model_construct(**described(one)))


def unfit_fields(said: object) -> str:
    """Why something can't be the fields of a question; nothing when it can."""
    if not isinstance(said, Mapping) or not said or not all(isinstance(one, Mapping) for one in said.values()):
        return "write a name and a type for each, such as {rows: {type: int}}"
    for name, one in said.items():
        try:
            made = inputs_of({name: dict(one)})[name]
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            return f"'{name}': {'.'.join(map(str, first['loc']))}: {first['msg']}"
        for _, why in contradictions(made):
            return f"'{name}': {why}"
    return ""


def answered(node: str, said: Fields, given: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as JSON data, defaults filled in. InputError `bad-answer` with all that is wrong."""
    fields = inputs_of(said)
    made, wrong = checked(fields, given, word="field")
    data: dict[str, Any] = {}
    for name, value in made.items():
        try:
            data[name] = plain_data(value, annotation(fields[name]))
        except ValueError as error:
            wrong.append(f"field '{name}': {error}")
    if wrong:
        raise InputError(f"'{node}' can't be answered so: " + "; ".join(wrong), code="bad-answer")
    return data


def name_of(model: type[Any]) -> str:
    return f"{model.__module__}:{model.__qualname__}"


def model_of(name: object) -> Any:
    """A model by its `module:name`, where that is imported here; else None. Nothing is imported for it."""
    module, _, path = name.partition(":") if isinstance(name, str) else ("", "", "")
    try:
        found = attrgetter(path)(sys.modules[module])
    except (KeyError, AttributeError):
        return None
    return found if isinstance(found, type) and hasattr(found, "__pydantic_fields__") else None


def by_model(node: str, model: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """An answer that the model itself has checked. InputError `bad-answer` with all that it says is wrong."""
    try:
        made: dict[str, Any] = model.model_validate(dict(given)).model_dump(mode="json")
    except ValidationError as error:
        told = (f"field '{'.'.join(map(str, one['loc']))}': {one['msg']}" for one in error.errors(include_url=False))
        raise InputError(f"'{node}' can't be answered so: " + "; ".join(told), code="bad-answer") from None
    return made

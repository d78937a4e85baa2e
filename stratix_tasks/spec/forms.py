"""The JSON Schema of a flow's inputs: what a form asks before a start, and what can be checked of it elsewhere."""

from __future__ import annotations

from typing import Any

from stratix_tasks.spec.annotations import annotation
from stratix_tasks.spec.model import FlowSpec, InputSpec
from stratix_tasks.spec.portable import plain_data

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def input_schema(spec: FlowSpec) -> dict[str, Any]:
    """JSON Schema 2020-12: an object with a property an input; what a document can't check may be anything."""
    shared: dict[str, Any] = {}
    properties = {name: property_of(one, shared) for name, one in spec.inputs.items()}
    made: dict[str, Any] = {
        "$schema": DRAFT,
        "title": spec.flow,
        "type": "object",
        "properties": properties,
        "required": [name for name, one in spec.inputs.items() if one.required],
        "additionalProperties": False,
    }
    if spec.description:
        made["description"] = spec.description
    return {**made, "$defs": shared} if shared else made


def property_of(one: InputSpec, shared: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON Schema of one input. Into `shared` go definitions that it refers to."""
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        made = TypeAdapter(annotation(one)).json_schema()
    except PydanticUserError:  # of what JSON has no word for
        made = {}
    inner = made.pop("$defs", {})
    if shared is not None:
        shared.update(inner)
    made.pop("title", None)
    texts = {"title": one.label, "description": one.description}
    made.update({name: text for name, text in texts.items() if text})
    if not one.required:
        made.update(_default(one))
    return made


def _default(one: InputSpec) -> dict[str, Any]:
    try:
        return {"default": plain_data(one.default, annotation(one))}
    except ValueError:
        return {}

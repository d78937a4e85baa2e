"""Requests as data: what a person asks in Python or in a view, in the form that facts and other processes take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from stratix_tasks.core.ports import Objects
from stratix_tasks.core.state import MISSING, State
from stratix_tasks.core.targets import find
from stratix_tasks.dsl.options import task_fields
from stratix_tasks.errors import FlowError, InputError
from stratix_tasks.runs.fitting import fitted_by_hand
from stratix_tasks.spec.answers import by_model, model_of


def value_data(objects: Objects, value: Any) -> dict[str, Any]:
    """A value as `{codec, payload, summary}`; larger ones are kept in the object store. StoreError `not-storable`."""
    encoded = objects.encode_apart(value)
    return {"codec": encoded.codec, "payload": encoded.payload, "summary": encoded.summary}


def named(target: object, verb: str) -> str:
    """InputError for what is no name."""
    if not isinstance(target, str):
        raise InputError(
            f'name a node ("train") or an item ("train[3]") to {verb}, not {target!r}', code="unknown-node"
        )
    return target


def skipping(objects: Objects, value: Any) -> dict[str, Any]:
    return {} if value is MISSING else {"value": value_data(objects, value)}


def deciding(by: str | None, note: str) -> dict[str, Any]:
    """Who says yes or no, and why; without a word, the user of this process."""
    return {"by": by if by is not None else _user(), "note": note}


def answering(s: State, target: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody answers, as JSON data; checked by the model itself where that is known here."""
    found = find(s, target)
    node = s.node(s.node_of(found)) if isinstance(found, int) else None
    model = None if node is None or node.spec is None else model_of(node.spec.args.get("model"))
    if model is not None:
        return {"fields": by_model(target, model, fields)}
    try:
        return {"fields": to_jsonable_python(dict(fields))}
    except PydanticSerializationError as error:
        raise InputError(f"'{target}' can't be answered so: {error}", code="bad-answer") from None


def _user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError):  # a container may know no user of this number
        return ""


def signalling(objects: Objects, name: object, value: Any) -> dict[str, Any]:
    return {"name": name, "value": value_data(objects, value)}


def setting(objects: Objects, args: Mapping[str, Any], options: Mapping[str, Any], target: str) -> dict[str, Any]:
    """InputError when nothing is to be set, or an option is not what it may be."""
    for what, given in (("args", args), ("options", options)):
        if not isinstance(given, Mapping):
            raise InputError(f"{what} of '{target}' are names with values, not {given!r}", code="bad-request")
    if not args and not options:
        raise InputError(f"nothing to set of '{target}': give args={{name: value}} or options={{name: value}}")
    try:
        fields, _ = task_fields(options, f"'{target}'")
    except FlowError as error:
        raise InputError(error.message, code=error.code) from None
    plain = {name: fields.get(name, value) for name, value in options.items()}
    return {
        "args": {name: value_data(objects, value) for name, value in args.items()},
        "options": {name: _plain(value) for name, value in plain.items()},
    }


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


def of_view(
    objects: Objects,
    verb: str,
    target: str | None,
    args: Mapping[str, Any],
    hints: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """What a view sent: its values are JSON, or `text` and `texts`, JSON as it was typed. `hints` are the annotations of what it
    sets.
    """
    if verb == "skip":
        return skipping(objects, _read("the value", args["text"]) if "text" in args else args.get("value", MISSING))
    if verb in ("approve", "reject"):
        return deciding(args.get("by"), args.get("note", ""))
    if verb == "answer":
        return {"fields": filled_in(args)}
    if verb == "send":
        typed = args.get("text", "")
        return signalling(objects, args.get("name"), _read("the value", typed) if typed else args.get("value"))
    if verb == "set":
        typed = {name: _read(f"'{name}'", text) for name, text in args.get("texts", {}).items()}
        given = fitted_by_hand(target or "", {**args.get("args", {}), **typed}, hints)
        return setting(objects, given, args.get("options", {}), target or "")
    return dict(args)


def filled_in(args: Mapping[str, Any]) -> dict[str, Any]:
    """What a form says: `fields` as they are, `texts` as JSON."""
    typed = {name: _read(f"'{name}'", text) for name, text in args.get("texts", {}).items()}
    return {**args.get("fields", {}), **typed}


def _read(what: str, text: str) -> Any:
    """What a person typed. Read here, for JavaScript has no 1.0 beside its 1, and no whole numbers over 2**53."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"{what} is not JSON: {error}{_advice(text.strip())}", code="bad-value") from None


def _advice(text: str) -> str:
    """What may have been meant. The view says the same while one types (`widget/src/model/json.ts`)."""
    if text in _PYTHON:
        return f"; write {_PYTHON[text]}"
    if text.startswith("'"):
        return "; a text stands in double quotes"
    return "" if text[:1] in _BEGINS else f"; a text stands in double quotes: {json.dumps(text, ensure_ascii=False)}"


_PYTHON = {"True": "true", "False": "false", "None": "null"}
_BEGINS = tuple('[{"-0123456789')
"""What JSON begins with: of such a text nobody means that it is to be one."""

"""FlowSpec as canonical YAML: the shortest form of each field, a fixed order of keys, short values on one line.

What YAML 1.1 would take for a number, a date or a truth value is quoted, so that other readers agree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from stratix_tasks.errors import FlowError, StoreError
from stratix_tasks.formats.shortest import options, short
from stratix_tasks.spec.annotations import annotation
from stratix_tasks.spec.fields import IN_FLOW, IN_NODE, INPUT, LOOP, MAP, Kind
from stratix_tasks.spec.model import Each, FlowSpec, InputSpec, NodeSpec
from stratix_tasks.spec.portable import plain_data
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.text import FIRST_OF, OBJECT, TYPE, Keep
from stratix_tasks.spec.text import dump as dump_value
from stratix_tasks.spec.types import parse_type
from stratix_tasks.spec.values import LATE, Object, leaves
from stratix_tasks.spec.vocabulary import BODIES

WIDTH = 100
"""Longest mapping or list, in characters, that stands on one line."""
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_PLAIN = re.compile(r"[A-Za-z_/][\w./+@-]*(?: [\w./+@-]+)*", re.ASCII)
_PLAIN_BLOCK = re.compile(r"[A-Za-z_/][\w./+@-]*(?:[: ][\w./+@-]+|, [\w./+@-]+)*[.]?", re.ASCII)
_DURATION = re.compile(r"\d+(?:ms|s|m|h|d|w)")
_SURPRISES = re.compile(r"y|n|yes|no|on|off|true|false|null|nan|inf", re.IGNORECASE)
_PLAIN_MAP = tuple(option for option in MAP if option.kind is not Kind.KEY)
_OF_INPUTS = {"type", "default", *(option.name for option in INPUT)}
_BLOCKS = frozenset(("inputs", "tasks", "finally", "flows"))
"""Mappings whose entries stand on lines of their own."""


@dataclass(slots=True)
class Notes:
    """What is wrong so far; `keep` stores what YAML has no text for, in a folder."""

    keep: Keep | None = None
    problems: list[Problem] = field(default_factory=list)


def dump(spec: FlowSpec, keep: Keep | None = None, folder: str = "") -> str:
    """The canonical text. FlowError `not-portable` that lists every value which YAML has no word for.

    With `keep` these are stored by it, and the text says in which folder.
    """
    data = data_of(spec, keep)
    if keep is not None and OBJECT in str(data):
        tasks = data.pop("tasks")
        data = {**data, "objects": folder, "tasks": tasks}
    return _emitted(_mapping(data, block=True, depth=0))


def data_of(spec: FlowSpec, keep: Keep | None = None) -> dict[str, Any]:
    """What the canonical text says, as plain data. FlowError `not-portable`."""
    notes = Notes(keep)
    data = _flow(spec, notes, "")
    if notes.problems:
        raise FlowError(f"flow '{spec.flow}' can't be written as YAML:", code="not-portable", problems=notes.problems)
    return {"stratix": 1, **data}


def node_data(node: NodeSpec) -> dict[str, Any]:
    """What the canonical text says of one node, as plain data; in place of what YAML has no word for None."""
    return _node(node, Notes(), "")


def value_data(value: Any) -> Any:
    """What it says of a value; None of one that it has no word for."""
    return _value(value, "", "", Notes())


def input_data(name: str, given: InputSpec) -> dict[str, Any]:
    """What it says of an input."""
    return _input(name, given, Notes(), "")


def flow_data(spec: FlowSpec) -> dict[str, Any]:
    """What it says of a flow as a whole: its options and its output."""
    output = {} if spec.output is None else {"output": _value(spec.output, "output", "", Notes())}
    return {**({"description": spec.description} if spec.description else {}), **options(spec, IN_FLOW), **output}


def fragment(value: Any, *, block: bool = False, field: str = "") -> str:
    """A part of such data on one line; entries, of a field, in a block on as many as it takes."""
    if block:
        return _emitted(_entries(value, 0) if field in _BLOCKS else _mapping(value, block=True, depth=0))
    return _emitted(_any(value, inline=True)).removesuffix("\n").removesuffix("\n...")


def _emitted(node: Iterable[Any]) -> str:
    events = [
        yaml.StreamStartEvent(),
        yaml.DocumentStartEvent(explicit=False),
        *node,
        yaml.DocumentEndEvent(explicit=False),
        yaml.StreamEndEvent(),
    ]
    return str(yaml.emit(events, Dumper=_DUMPER, allow_unicode=True, width=2**30))


# ---------------------------------------------------------------------- the fields, shortest form


def _flow(spec: FlowSpec, notes: Notes, prefix: str) -> dict[str, Any]:
    data: dict[str, Any] = {"flow": spec.flow}
    if spec.description:
        data["description"] = spec.description
    if spec.inputs:
        data["inputs"] = {name: _input(name, given, notes, prefix) for name, given in spec.inputs.items()}
    data.update(options(spec, IN_FLOW))  # the description stays where it is
    written = {name: _node(node, notes, prefix + name) for name, node in spec.tasks.items()}
    data["tasks"] = {name: one for name, one in written.items() if not spec.tasks[name].always}
    if len(data["tasks"]) < len(written):
        data["finally"] = {name: one for name, one in written.items() if spec.tasks[name].always}
    if spec.flows:
        data["flows"] = {name: _sub_flow(name, inner, notes, prefix) for name, inner in spec.flows.items()}
    if spec.output is not None:
        data["output"] = _value(spec.output, "output", prefix.rstrip("."), notes)
    if spec.ui is not None and spec.ui.positions:
        data["ui"] = {"positions": {name: [*map(short, place)] for name, place in spec.ui.positions.items()}}
    return data


def _sub_flow(name: str, spec: FlowSpec, notes: Notes, prefix: str) -> dict[str, Any]:
    data = _flow(spec, notes, f"{prefix}{name}.")
    if data["flow"] == name:
        del data["flow"]
    return data


def _input(name: str, given: InputSpec, notes: Notes, prefix: str) -> dict[str, Any]:
    data: dict[str, Any] = {} if given.type == "any" else {"type": given.type}
    kind, flow = parse_type(given.type), prefix.rstrip(".")
    for option in INPUT:
        if (value := getattr(given, option.name)) == option.default:
            continue
        what = f"'{option.name}' of input '{name}'"
        if option.kind is Kind.OF_TYPE:
            value = _of_type(what, value, kind, flow, notes)
        elif option.kind is Kind.CHOICES:
            value = [_of_type(what, choice, kind, flow, notes) for choice in value]
        elif option.kind is Kind.INPUTS:
            value = {field: _input(f"{name}.{field}", inner, notes, prefix) for field, inner in value.items()}
        data[option.name] = value
    if not given.required:
        data["default"] = _of_type(f"the default of input '{name}'", given.default, annotation(given), flow, notes)
    texts: dict[str, Any] = {text: data.pop(text) for text in ("label", "description") if text in data}
    return {**data, **texts}


def _of_type(what: str, value: Any, kind: Any, flow: str, notes: Notes) -> Any:
    try:
        return dump_value(value)
    except ValueError:
        pass
    try:
        return plain_data(value, kind)
    except ValueError:
        pass
    try:
        return _stored(value, notes.keep)
    except (ValueError, StoreError):
        return _not_portable(what, value, flow, notes)


def _node(node: NodeSpec, notes: Notes, name: str) -> dict[str, Any]:
    data: dict[str, Any] = {key: value for key in BODIES if (value := getattr(node, key)) is not None}
    if node.loop is not None:
        data = {"loop": {**data, **options(node.loop, LOOP)}}
    if node.needs:
        data["needs"] = list(node.needs)
    if node.when is not None:
        data["when"] = node.when.text
    if node.catch:
        data["catch"] = list(node.catch)
    if node.each is not None:
        data["each"] = _each(node.each, notes, name)
    if node.args:
        data["with"] = {key: _value(value, f"argument '{key}'", name, notes) for key, value in node.args.items()}
    said = options(node, IN_NODE)
    if node.pin is not None:
        said["pin"] = _value(node.pin.value, "its pin", name, notes)
    data.update({option: value if option == "pin" else _with_late(value) for option, value in said.items()})
    return data


def _with_late(value: Any) -> Any:
    """Options, with what comes with the run as it is written in a document. Their texts are read as they stand."""
    if isinstance(value, dict):
        return {name: _with_late(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_with_late(part) for part in value]
    return dump_value(value) if type(value) in LATE else value


def _each(each: Each, notes: Notes, node: str) -> dict[str, Any]:
    over = {name: _value(value, f"argument '{name}'", node, notes) for name, value in each.over.items()}
    data: dict[str, Any] = {"over": over}
    if len(over) == 1:
        data = {"as": next(iter(over)), "in": next(iter(over.values()))}
    if each.by != "zip":
        data["by"] = each.by
    if each.key is not None:
        data["key"] = _value(each.key, "the key", node, notes)
    data.update(_with_late(options(each, _PLAIN_MAP)))
    return data


def _value(value: Any, what: str, node: str, notes: Notes) -> Any:
    try:
        return _stored(value, notes.keep)
    except (ValueError, StoreError):
        return _not_portable(what, value, node, notes)


def _stored(value: Any, keep: Keep | None) -> Any:
    """A value as plain data; what has none is stored, if there is a place. ValueError, StoreError where that can't be."""
    try:
        return dump_value(value)
    except ValueError:
        if keep is None:
            raise
    kind = type(value)
    if kind is Object:
        return {OBJECT: keep(value.value), TYPE: value.type}
    if kind is list:
        return [_stored(part, keep) for part in value]
    if kind is dict and all(type(key) is str for key in value) and OBJECT not in value and FIRST_OF not in value:
        return {key: _stored(part, keep) for key, part in value.items()}
    if next(leaves(value), None) is not None:
        raise ValueError(f"a {kind.__name__} that holds references has no text")
    return {OBJECT: keep(value)}


def _not_portable(what: str, value: Any, node: str, notes: Notes) -> None:
    odd = _odd(value)
    message = f"{what} holds a value that is no plain data ({odd.type if type(odd) is Object else type(odd).__name__})"
    hint = "Keep it in a file: to_yaml(objects=…); or make it in a task, or annotate dates, enums and paths as what they are."
    if type(odd) is tuple:
        hint = "Make it a list, [a, b], for that is what a document has, or make it in a task."
    notes.problems.append(Problem("not-portable", message, node, hint=hint))


def _odd(value: Any) -> Any:
    """What in a value has no text, or holds what has none by something else than lists and mappings by texts."""
    parts = value if type(value) is list else value.values() if type(value) is dict else ()
    for part in parts:
        try:
            dump_value(part)
        except ValueError:
            return _odd(part)
    return value


# ---------------------------------------------------------------------- the look


def _mapping(data: dict[str, Any], *, block: bool, depth: int) -> Iterator[Any]:
    """Events of a mapping; when it does not stand on one line, each entry has its own."""
    yield yaml.MappingStartEvent(anchor=None, tag=None, implicit=True, flow_style=not block)
    for name, value in data.items():
        yield _text(name, inline=True)
        stays = block and depth < 8 and name in _BLOCKS and isinstance(value, dict)
        yield from _entries(value, depth) if stays else _any(value, not block)
    yield yaml.MappingEndEvent()


def _entries(data: dict[str, Any], depth: int) -> Iterator[Any]:
    """Inputs stand on a line each; tasks and sub-flows on several."""
    yield yaml.MappingStartEvent(anchor=None, tag=None, implicit=True, flow_style=not data)
    for name, inner in data.items():
        yield _text(name, inline=True)
        if inner.keys() <= _OF_INPUTS:
            yield from _any(inner, False)
        else:
            yield from _mapping(inner, block=True, depth=depth + 1)
    yield yaml.MappingEndEvent()


def _any(value: Any, inline: bool) -> Iterator[Any]:
    if isinstance(value, str):
        yield _text(value, inline)
    elif isinstance(value, dict):
        yield from _mapping(value, block=not (inline or _fits(value)), depth=8)
    elif isinstance(value, list):
        flat = inline or _fits(value)
        yield yaml.SequenceStartEvent(anchor=None, tag=None, implicit=True, flow_style=flat)
        for part in value:
            yield from _any(part, flat)
        yield yaml.SequenceEndEvent()
    else:
        yield yaml.ScalarEvent(anchor=None, tag=None, implicit=(True, True), value=_number(value))


def _fits(value: Any) -> bool:
    """Whether a container is short, and holds no text of several lines."""
    shown = json.dumps(value, ensure_ascii=False)
    return len(shown) <= WIDTH and "\\n" not in shown


def _number(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and value - value != 0:
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    text = repr(value)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text  # YAML 1.1 takes 1e-05 for a text


def _text(text: str, inline: bool) -> Any:
    """A text, plain where every reader takes it for one, else in double quotes; several lines as a block."""
    shape = _PLAIN if inline else _PLAIN_BLOCK
    style: str | None = '"'
    if _DURATION.fullmatch(text) or (shape.fullmatch(text) and not _SURPRISES.fullmatch(text)):
        style = None
    elif '"' in text and "'" not in text and text.isascii() and text.isprintable():
        style = "'"
    elif (
        "\n" in text and not inline and text.strip() == text and text.isascii() and text.replace("\n", "").isprintable()
    ):
        style = "|"
    return yaml.ScalarEvent(anchor=None, tag=None, implicit=(True, True), value=text, style=style)

"""The fields of a node or a flow, for the form of an editor: its arguments by their types, its options by their rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, get_origin

from stratix_tasks.executors.runners import named_runners
from stratix_tasks.formats.yaml_write import flow_data, fragment, input_data, node_data, value_data
from stratix_tasks.look.fields import MOST
from stratix_tasks.look.ports import Ports
from stratix_tasks.spec.fields import IN_FLOW, IN_NODE, Kind, Option
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.problems import Finding, field_of
from stratix_tasks.spec.types import choices_of, meant
from stratix_tasks.spec.values import says_same
from stratix_tasks.store.summaries import glance
from stratix_tasks.view.messages import FieldKind, Form, FormField

Wrong = Mapping[str, str]
"""What is wrong with a field, by its name."""
_KINDS: dict[Kind, FieldKind] = {
    Kind.TEXT: "text",
    Kind.CALL: "text",
    Kind.KEY: "text",
    Kind.WHOLE: "whole",
    Kind.NUMBER: "number",
    Kind.DURATION: "duration",
    Kind.CHOICE: "choice",
    Kind.RUNNER: "choice",
    Kind.SWITCH: "switch",
    Kind.NAMES: "list",
    Kind.TEXTS: "list",
    Kind.NODES: "list",
    Kind.CONDITION: "expression",
    Kind.SIZES: "mapping",
    Kind.POLICIES: "mapping",
    Kind.DEFAULTS: "mapping",
}
"""How a form shows an option; all others are plain: a number, a word or a mapping."""
_OF_TYPES: dict[Any, FieldKind] = {bool: "switch", int: "whole", float: "number", str: "text"}


def node_form(ports: Ports, name: str, path: str, wrong: Wrong) -> Form:
    """Of a node of a flow; `path` is what the view calls it."""
    node = ports.graph.spec.tasks[name]
    data = node_data(node)
    fields = [*_arguments(ports, node), *_body(data), *_options(ports, node, data)]
    return {"nodes": [path], "fields": [{**one, "problem": wrong.get(one["field"]) or _missing(one)} for one in fields]}


def common_form(forms: Sequence[Form]) -> Form:
    """Of several nodes: the fields that all have, alike; what a problem is of tells the form of one."""
    first, *others = ({_key(one): one for one in form["fields"]} for form in forms)
    fields = [
        _common([one, *(other[key] for other in others)])
        for key, one in first.items()
        if all(key in other for other in others)
    ]
    return {"nodes": [node for form in forms for node in form["nodes"]], "fields": fields}


def _key(one: FormField) -> tuple[Any, ...]:
    return one["field"], one["kind"], one["type"], *one["choices"]


def _common(alike: list[FormField]) -> FormField:
    one = alike[0]
    mixed = not all(says_same(other["value"], one["value"]) for other in alike)
    return {
        **one,
        "value": None if mixed else one["value"],
        "mixed": mixed,
        "line": "" if mixed else one["line"],
        "usual": one["usual"] if all(other["usual"] == one["usual"] for other in alike) else "",
        "required": any(other["required"] for other in alike),
        "folded": all(other["folded"] for other in alike),
        "problem": "",
    }


def _missing(one: FormField) -> str:
    return "it needs a value" if one["required"] and one["value"] is None else ""


def flow_form(ports: Ports, wrong: Wrong) -> Form:
    """Of the flow as a whole: its inputs, its output, its options."""
    spec, data = ports.graph.spec, flow_data(ports.graph.spec)
    fields = [
        _field(f"inputs.{name}", name, "mapping", one.type, one.description, input_data(name, one), folded=False)
        for name, one in spec.inputs.items()
    ]
    fields.append(_field("output", "output", "value", "", "What the flow gives.", data.get("output"), folded=False))
    fields += [_option(option, data) for option in IN_FLOW]
    return {"nodes": [], "fields": [{**one, "problem": wrong.get(one["field"], "")} for one in fields]}


def wrong_with(findings: Iterable[Finding], name: str) -> dict[str, str]:
    """What is wrong with the fields of a node (of the flow for an empty name), by field; what is so as a whole under an empty one."""
    found: dict[str, str] = {}
    for finding in findings:
        steps = tuple(map(str, finding.path))
        if name and steps[:2] != ("tasks", name):
            continue
        rest = steps[2:] if name else steps
        if not name and steps[:1] in (("tasks",), ("flows",)):
            continue
        field = field_of(rest)
        told = finding.problem
        found.setdefault(field, f"{told.message}. {told.hint}".rstrip(". "))
    return found


# ---------------------------------------------------------------------- arguments


def _arguments(ports: Ports, node: NodeSpec) -> Iterator[FormField]:
    over = node.each.over if node.each is not None else {}
    hints, about_of = ports.types.takes(node), _told_of(ports, node)
    for port in ports.of(node):
        name = port["name"]
        if name in over:
            value, kept = _to_edit(over[name])
            about = "One item each."
            yield _field(
                f"over.{name}", f"{name} of each", "value", port["type"], about, value, usual=kept, folded=False
            )
            continue
        hint = meant(hints.get(name, Any))
        kind, choices = _of_type(hint)
        value, kept = _to_edit(node.args.get(name))
        yield _field(
            f"with.{name}",
            name,
            kind,
            port["type"],
            about_of.get(name, ""),
            value,
            choices=choices,
            required=port["required"] and not kept,
            folded=not (port["required"] or name in node.args),
            usual=kept,
        )


def _told_of(ports: Ports, node: NodeSpec) -> dict[str, str]:
    """What an executor says of its arguments."""
    executor = ports.executors.get(node.uses) if node.uses is not None else None
    known = executor.schema("").get("properties", {}) if executor is not None else {}
    return {name: str(one.get("description", "")) for name, one in known.items()}


def _to_edit(value: Any) -> tuple[Any, str]:
    """A value as a document says it; else, where that has no word for it or too many for a field, what it is: it stays where
    nothing is written.
    """
    written = value_data(value)
    is_said = written is not None and len(json.dumps(written, default=str)) <= MOST
    return (written, "") if is_said or value is None else (None, glance(value))


def _of_type(hint: Any) -> tuple[FieldKind, list[str]]:
    """How an argument of a type is shown."""
    choices = choices_of(hint)
    if choices is not None and all(isinstance(one, str | Enum) for one in choices):
        return "choice", [str(one.value if isinstance(one, Enum) else one) for one in choices]
    if get_origin(hint) is not None or not isinstance(hint, type):
        return "value", []
    return _OF_TYPES.get(hint, "value"), []


# ---------------------------------------------------------------------- what is said of a node


def _body(data: Mapping[str, Any]) -> Iterator[FormField]:
    rows: tuple[tuple[str, FieldKind, str], ...] = (
        ("when", "expression", "It runs where this holds, and is skipped else: inputs.n > 3"),
        ("needs", "list", "What must be completed first, beside what it takes values of."),
        ("each", "mapping", "Items that it runs over, side by side: {as: x, in: …}"),
        ("loop", "mapping", "Rounds that it runs in: {max: 5, until: …, carry: …}"),
        ("catch", "list", "It runs when one of these failed."),
    )
    for field, kind, about in rows:
        yield _field(field, field, kind, "", about, data.get(field), folded=field not in data)


def _options(ports: Ports, node: NodeSpec, data: Mapping[str, Any]) -> Iterator[FormField]:
    executor = ports.executors.get(node.uses) if node.uses is not None else None
    for option in IN_NODE:
        means_something = option.of_flows if node.flow is not None else option.of_tasks
        if executor is not None and executor.refusal(option.name):
            means_something = False
        if means_something or option.name in data:
            yield _option(option, data)


def _option(option: Option, data: Mapping[str, Any]) -> FormField:
    kind = _KINDS.get(option.kind, "plain")
    choices = list(named_runners()) if option.kind is Kind.RUNNER else list(option.words)
    usual = "" if option.default is None or option.default == () else str(option.default)
    value = data.get(option.name)
    return _field(
        option.name,
        option.name,
        kind,
        "",
        option.about,
        value,
        choices=choices,
        usual=usual,
        folded=option.name not in data,
    )


def _field(
    field: str,
    label: str,
    kind: FieldKind,
    hint: str,
    about: str,
    value: Any,
    *,
    choices: list[str] | None = None,
    required: bool = False,
    folded: bool = True,
    usual: str = "",
) -> FormField:
    last = field.rpartition(".")[2]
    return {
        "field": field,
        "label": label,
        "kind": kind,
        "type": hint,
        "about": about,
        "value": value,
        "mixed": False,
        "usual": usual,
        "choices": choices or [],
        "required": required,
        "folded": folded,
        "line": "" if value is None else fragment({last: value})[1:-1],
        "problem": "",
    }

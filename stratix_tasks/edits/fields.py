"""Fields of a node and of a flow, said otherwise, as a document would say them; None takes one away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from stratix_tasks.errors import FlowError
from stratix_tasks.formats.yaml_parts import flow_of, input_of, node_of
from stratix_tasks.spec.mapped import could_be_named
from stratix_tasks.spec.model import NAME, Each, FlowSpec, NodeSpec
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.text import dump, load

BODY = ("call", "flow", "uses")
_NAME = re.compile(NAME)
_ARGUMENT, _MAPPED = "with.", "over."


def set_field(node: NodeSpec, field: str, value: Any) -> NodeSpec:
    """A node with a field as a document would say it; None takes it away. FlowError `bad-value`, `unknown-field`."""
    made = _said(node, field, value)
    return made if made.each == node.each else made.but({"args": _read_again(made)})


def _read_again(node: NodeSpec) -> dict[str, Any]:
    """Its arguments where other names are mapped than before: what a text means hangs on these."""
    names = could_be_named(node.each.over) if node.each is not None else frozenset[str]()
    args = dict(node.args)
    for name, value in node.args.items():
        with suppress(ValueError):  # no text says it, so that nothing in it is named
            args[name] = load(dump(value), None, names)
    return args


def _said(node: NodeSpec, field: str, value: Any) -> NodeSpec:
    if field.startswith(_ARGUMENT):
        argument = field.removeprefix(_ARGUMENT)
        args = {name: given for name, given in node.args.items() if name != argument or value is not None}
        if value is not None:
            args[argument] = load(value, None, could_be_named(node.each.over) if node.each is not None else frozenset())
        return node.but({"args": args})
    if field.startswith(_MAPPED):
        return _mapped(node, field.removeprefix(_MAPPED), value)
    if field == "always":
        return node.but({"always": bool(value)})
    if value is None:
        attribute = {"with": "args"}.get(field, field)
        if attribute not in NodeSpec.model_fields or attribute in BODY:
            raise FlowError(
                f"a node has no field '{field}'. {did_you_mean(field, NodeSpec.model_fields)}", code="unknown-field"
            )
        return node.but({attribute: NodeSpec.model_fields[attribute].get_default(call_default_factory=True)})
    read = node_of({field: value} if field in (*BODY, "loop") else {"call": "x", field: value})
    said = {
        name: read.__dict__[name] for name in read.__pydantic_fields_set__ if field in (*BODY, "loop") or name != "call"
    }
    return node.but({**(dict.fromkeys(BODY) if field in BODY else {}), **said})


def _mapped(node: NodeSpec, argument: str, value: Any) -> NodeSpec:
    """A node with an argument that is mapped over a value, or not any more: then each item gets that as a whole."""
    each = node.each or Each.model_construct(over={})
    before = each.over.get(argument, node.args.get(argument))
    over = {name: given for name, given in each.over.items() if name != argument or value is not None}
    args = {name: given for name, given in node.args.items() if name != argument}
    if value is not None:
        over[argument] = load(value)
    elif before is not None:
        args[argument] = before
    return node.but({"each": mapping(each, over), "args": args})


def set_in_flow(flow: FlowSpec, field: str, value: Any) -> FlowSpec:
    """The same of a flow; `inputs.x` is one of its inputs. FlowError `bad-edit`, too, for what other edits change."""
    if field.startswith("inputs."):
        name = field.removeprefix("inputs.")
        inputs = {one: given for one, given in flow.inputs.items() if one != name or value is not None}
        if value is not None:
            if not _NAME.fullmatch(name):
                raise FlowError(f"'{name}' can't be the name of an input", code="bad-name")
            inputs[name] = input_of(name, value if isinstance(value, Mapping) else {"type": value})
        return flow.but({"inputs": inputs})
    if field == "output":
        return flow.but({"output": None if value is None else load(value)})
    if value is None:
        if field not in FlowSpec.model_fields or field in ("flow", "tasks", "flows", "stratix", "ui"):
            raise FlowError(f"a flow has no field '{field}' that could be taken away", code="unknown-field")
        return flow.but({field: FlowSpec.model_fields[field].get_default(call_default_factory=True)})
    if field in ("tasks", "flows", "stratix", "ui"):
        raise FlowError(f"'{field}' of a flow is changed by other edits", code="bad-edit")
    return flow.but({field: getattr(flow_of({field: value}), field)})


def mapping(each: Each, over: dict[str, Any]) -> Each | None:
    """A fan-out over other arguments; none over no more, and one alone is crossed with nothing."""
    return each.but({"over": over, **({"by": "zip"} if len(over) == 1 else {})}) if over else None

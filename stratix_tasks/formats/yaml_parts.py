"""Parts of a document from plain data, as editors send them: the same readers as for a text, without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from stratix_tasks.errors import FlowError
from stratix_tasks.formats import yaml_tree
from stratix_tasks.formats.yaml_read import FlowReader
from stratix_tasks.formats.yaml_reading import Reading
from stratix_tasks.formats.yaml_tree import Node, Scalar, Sequence
from stratix_tasks.formats.yaml_values import plain_of
from stratix_tasks.spec.model import FlowSpec, InputSpec, NodeSpec
from stratix_tasks.spec.problems import Problem, errors

Part = TypeVar("Part")


def node_of(says: Mapping[str, Any]) -> NodeSpec:
    """A node as a document says it: `{"call": "clean", "with": {"df": "${{ tasks.load.output }}"}}`. FlowError `bad-value`."""
    return _read(says, lambda reader, tree: reader.node(tree))


def input_of(name: str, says: Mapping[str, Any]) -> InputSpec:
    """An input: `{"type": "int", "default": 3}`. FlowError `bad-value`."""
    return _read(says, lambda reader, tree: reader.input(name, tree))


def flow_of(says: Mapping[str, Any]) -> FlowSpec:
    """A flow, or some of its fields. FlowError `bad-value`."""
    return _read({"stratix": 1, "flow": "part", **says}, lambda reader, tree: reader.flow(tree))


def fragment_of(text: str) -> FlowSpec:
    """The tasks and flows of a text that is a document, or begins at `tasks:`, or at the name of a task. FlowError `bad-document`."""
    reading = Reading(text)
    tree = yaml_tree.read(text, reading.problems)
    if isinstance(tree, yaml_tree.Mapping):
        if not tree.items.keys() & {"tasks", "flow"}:
            whole = yaml_tree.Mapping(1, 1)
            whole.items, whole.keys = {"tasks": tree}, {"tasks": Scalar("tasks", True, 1, 1)}
            tree = whole
        for field, value in (("stratix", "1"), ("flow", "fragment")):
            tree.items.setdefault(field, Scalar(value, True, 1, 1))
            tree.keys.setdefault(field, Scalar(field, True, 1, 1))
        spec = FlowReader(reading).flow(tree)
        if not errors(reading.problems):
            return spec
    raise FlowError("this is no part of a flow:", code="bad-document", problems=errors(reading.problems))


def data_of(text: str) -> Any:
    """Plain data from a YAML text: `{rows: {type: int}}`. FlowError `bad-value` that says where it breaks off."""
    problems = list[Problem]()
    tree = yaml_tree.read(text, problems)
    if tree is None or problems:
        raise FlowError("; ".join(one.message for one in problems) or "nothing is said", code="bad-value")
    return plain_of(tree)


def _read(says: Mapping[str, Any], read: Callable[[FlowReader, Node], Part]) -> Part:
    reading = Reading("")
    made = read(FlowReader(reading), _tree(dict(says)))
    if wrong := errors(reading.problems):
        hints = (f"{one.message}. {one.hint}".rstrip(". ") for one in wrong)
        raise FlowError("; ".join(hints), code=wrong[0].code)
    return made


def _tree(value: Any) -> Node:
    """Data as what is read from a text. FlowError `bad-value` for what a document has no form for."""
    kind = type(value)
    if kind is str:
        return Scalar(value, False, 0, 0)
    if value is None or kind in (bool, int, float):
        return Scalar(_PLAIN.get(value, repr(value)) if value is None or kind is bool else repr(value), True, 0, 0)
    if kind in (list, tuple):
        return Sequence(0, 0, [_tree(part) for part in value])
    if kind is dict and all(type(key) is str for key in value):
        keys = {key: Scalar(key, False, 0, 0) for key in value}
        return yaml_tree.Mapping(0, 0, {key: _tree(part) for key, part in value.items()}, keys)
    raise FlowError(f"a {kind.__name__} is nothing that a document says here: {value!r}", code="bad-value")


_PLAIN = {None: "null", True: "true", False: "false"}

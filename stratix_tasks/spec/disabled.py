"""Flows without the nodes that are disabled: nobody waits for them, and what took their values goes without."""

from __future__ import annotations

import inspect
from collections.abc import Collection
from types import NoneType
from typing import Any

from stratix_tasks.spec.annotations import annotation
from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.model import FlowSpec, NodeSpec
from stratix_tasks.spec.overlap import overlaps
from stratix_tasks.spec.types import hints_of
from stratix_tasks.spec.values import FirstOf, Ref

NOTHING: Any = object()
"""In place of a value that nobody gives."""


def left_of(value: Any, off: Collection[str]) -> Any:
    """A value without what the nodes in `off` would give; inside of containers that is None. NOTHING when nothing is left.

    Expressions and templates stay, for which a check says that they ask for what is not there.
    """
    kind = type(value)
    if kind is Ref:
        return NOTHING if value.scope == "tasks" and value.name in off else value
    if kind is FirstOf:
        refs = tuple(ref for ref in value.refs if ref.name not in off)
        if len(refs) + len(value.otherwise) > 1:
            return FirstOf(refs, value.otherwise)
        return next(iter((*refs, *value.otherwise)), NOTHING)
    if kind is list or kind is tuple:
        return kind(None if (left := left_of(part, off)) is NOTHING else left for part in value)
    if kind is dict:
        return {key: None if (left := left_of(part, off)) is NOTHING else left for key, part in value.items()}
    return value


def left_of_node(node: NodeSpec, off: Collection[str]) -> tuple[NodeSpec, tuple[str, ...]]:
    """A node, and the names of the arguments that it goes without. What is mapped over stays, for a check to refuse."""
    args = {name: left_of(value, off) for name, value in node.args.items()}
    absent = tuple(name for name, value in args.items() if value is NOTHING)
    if absent or args != node.args:
        node = node.but({"args": {name: value for name, value in args.items() if value is not NOTHING}})
    return node, absent


def instead(node: NodeSpec, argument: str, spec: FlowSpec, function: Any, executors: Executors) -> str:
    """What an argument gets that goes without its value: its `default`, `None` where the annotation allows it, or nothing."""
    if node.flow is not None:
        one = spec.flows[node.flow].inputs.get(argument) if node.flow in spec.flows else None
        required, hint = one is None or one.required, annotation(one) if one is not None and one.type != "any" else ...
    elif node.uses is not None:
        executor = executors.get(node.uses)
        required = executor is None or argument in executor.required
        hint = executor.hints.get(argument, ...) if executor is not None else ...
    else:
        fn = getattr(function, "fn", function)
        parameter = inspect.signature(fn).parameters.get(argument)
        required = parameter is not None and parameter.default is parameter.empty
        hint = hints_of(fn).get(argument, ...)
    if not required:
        return "default"
    return "None" if hint is not ... and overlaps(NoneType, hint) else ""

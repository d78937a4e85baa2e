"""What keeps a flow from being written down: functions that can't be imported, values that are no plain data."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from stratix_tasks.dsl.bind import nodes, wanted
from stratix_tasks.dsl.definition import BaseTask
from stratix_tasks.spec.model import FlowSpec, NodeSpec
from stratix_tasks.spec.portable import plain_data
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.text import dump
from stratix_tasks.spec.values import Object, Pin


def plain(spec: FlowSpec, functions: Mapping[str, BaseTask]) -> FlowSpec:
    """The flow with literals as plain data, where the parameter's annotation makes the same of it (`bind.typed`).

    What has no such form stays: writing the document reports it as `not-portable`.
    """
    tasks = {name: _plain_node(node, spec, functions) for name, node in spec.tasks.items()}
    flows = {name: plain(inner, functions) for name, inner in spec.flows.items()}
    return spec.model_copy(update={"tasks": tasks, "flows": flows})


def importable(spec: FlowSpec, functions: Mapping[str, BaseTask]) -> list[Problem]:
    """Problems `not-importable`: nodes whose function is a closure, a lambda, a partial or a method."""
    problems = []
    for name, node in nodes(spec):
        for call in (node.call, node.undo):
            why = hidden(call, functions[call]) if call is not None and call in functions else None
            if why is not None:
                message = f"'{call}' is {why}, so that no other process can import it"
                problems.append(Problem("not-importable", message, name, hint=_HINT))
    return problems


_HINT = "Move it to the top level of a module, as a `def` of its own name."


def _plain_node(node: NodeSpec, spec: FlowSpec, functions: Mapping[str, BaseTask]) -> NodeSpec:
    if node.flow is None and node.call not in functions:
        return node
    hints = wanted(node, spec, functions)
    made = dict(_replacements(node.args, hints))
    update: dict[str, Any] = {"args": {**node.args, **made}} if made else {}
    if node.each is not None and (columns := dict(_replacements(node.each.over, hints))):
        update["each"] = node.each.model_copy(update={"over": {**node.each.over, **columns}})
    if node.pin is not None and node.each is None:
        update |= {
            name: Pin(value)
            for name, value in _replacements({"pin": node.pin.value}, {"pin": hints.get("return", Any)})
        }
    return node.model_copy(update=update) if update else node


def _replacements(values: Mapping[str, Any], hints: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        try:
            dump(value)
        except ValueError:
            try:
                yield name, plain_data(value.value if type(value) is Object else value, hints.get(name, Any))
            except ValueError:
                continue


def hidden(call: str, function: BaseTask) -> str | None:
    """Why an import would not give this function; None when it does."""
    origin: Any = getattr(function.fn, "stands_for", function.fn)
    found = imported(call)
    if origin is getattr(found, "fn", found):
        return None
    if isinstance(origin, partial):
        return "a partial"
    if inspect.ismethod(origin):
        return "a method"
    if "<lambda>" in call:
        return "a lambda"
    if "<locals>" in call:
        return "a closure"
    return "not what stands under this name now" if found is not None else "not found under this name"


def imported(call: str) -> Any:
    """What the modules that are loaded have under this name, or None."""
    module, _, qualname = call.rpartition(":")
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found

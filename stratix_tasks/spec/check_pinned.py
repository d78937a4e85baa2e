"""What is wrong with a value that stands in place of what a node gives: one that is pinned, or that a step gives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stratix_tasks.errors import InputError
from stratix_tasks.spec.fit import Types
from stratix_tasks.spec.given import gives
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.overlap import overlaps
from stratix_tasks.spec.problems import Finding, Problem
from stratix_tasks.spec.types import type_text
from stratix_tasks.spec.values import Kept, Object, Ref, leaves, opened


def pinned_findings(graph: Graph, types: Types) -> Iterator[Finding]:
    """A pin that is no value as it is, or none that its node could give; one that nothing comes of, which is worth knowing."""
    for name, node in graph.spec.tasks.items():
        path = ("tasks", name, "pin")
        if node.pin is not None and any(type(leaf) is not Object for leaf in leaves(node.pin.value)):
            message = "a pin is a value as it is, and not what comes with the run"
            yield Finding(path, Problem("bad-value", message, name, hint="Write the value itself, or take pin away."))
        elif node.pin is not None and (why := _misfit(types, name, node.pin.value)):
            yield Finding(path, Problem("type-mismatch", why, name, hint="Write a value that it could give."))
        if node.pin is not None and not node.enabled:
            message, hint = "it is disabled, so that its pin gives nothing", "Enable it, or take pin away."
            yield Finding(path, Problem("no-effect", message, name, hint=hint, warning=True))


def _misfit(types: Types, name: str, value: Any) -> str:
    """Of what is kept in a file nobody asks: it is read when a run begins."""
    if any(type(leaf) is not Object or leaf.digest or type(leaf.value) is Kept for leaf in leaves(value)):
        return ""
    try:
        gives(types, name).fitted(name, opened(value))
    except InputError as error:
        return error.message
    return ""


def finishing_findings(graph: Graph, types: Types) -> Iterator[Finding]:
    """A value by which a step finishes a node beside it, and that this could not give."""
    for name, node in graph.spec.tasks.items():
        executor = types.executors.get(node.uses) if node.uses is not None else None
        ends, value = node.args.get("node"), node.args.get("value")
        if executor is None or executor.step != "finish" or "value" not in node.args or not isinstance(ends, str):
            continue
        if ends not in graph.spec.tasks or node.args.get("status", "completed") != "completed":
            continue
        why = _misfit(types, ends, value)
        if type(value) is Ref and not overlaps(types.of(value), wanted := gives(types, ends).hint):
            why = f"it gives {type_text(types.of(value))}, and '{ends}' gives {type_text(wanted)}"
        if why:
            hint = f"Write a value that '{ends}' could give."
            yield Finding(("tasks", name, "with", "value"), Problem("type-mismatch", why, name, hint=hint))

"""What a flow makes or is given and does not use, as warnings: it runs as it is, and is likely not what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import PurePath
from types import NoneType
from typing import Any
from uuid import UUID

from stratix_tasks.spec.fit import Types
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.names import inputs_named, needs_of
from stratix_tasks.spec.overlap import class_of
from stratix_tasks.spec.policies import patterns
from stratix_tasks.spec.problems import REMOVE, Finding, Problem
from stratix_tasks.spec.values import HARD

_NO_VALUE = (Any, None, NoneType)
_RECEIPTS = (int, str, date, PurePath, UUID)
"""Classes of what is told of something that was done; with bool and datetime, which are among them."""


def unused_values(graph: Graph, types: Types) -> Iterator[Finding]:
    """Of a flow that gives a value: tasks and flows that say what they give, and of which nothing is taken, waited for or given.

    What an executor does is done for its effect, and so is what can be taken back, or what takes values of others and gives no more
    than a word about that: a path, a number. Who gives anything, says nothing.
    """
    spec = graph.spec
    if spec.output is None:
        return
    used = {need for i in range(len(spec.tasks)) for need in graph.needs[i]}
    used |= {need for needs in graph.drawn.values() for need in needs}
    used |= {graph.index[name] for name, _ in needs_of(spec.output) if name in graph.index}
    for i, (name, node) in enumerate(spec.tasks.items()):
        quiet = node.uses is not None or node.undo is not None or node.always or not node.enabled
        gives = types.takes(node).get("return", Any)
        if i not in used and not quiet and gives not in _NO_VALUE and not _is_for_effect(node, gives):
            message = f"nothing takes the value of '{name}', and the flow does not give it"
            hint = "Take it, return it with the flow's, or annotate it -> None where it is there for its effect."
            yield Finding(("tasks", name), Problem("unused", message, name, hint=hint, warning=True))


def _is_for_effect(node: NodeSpec, gives: Any) -> bool:
    """What saves, sends or publishes what others made looks so, and gives where, or how much."""
    kind = class_of(gives)
    takes = any(wants == HARD for value in node.args.values() for _, wants in needs_of(value))
    return takes and kind is not None and issubclass(kind, _RECEIPTS)


def unused_flows(graph: Graph) -> Iterator[Finding]:
    """Flows of a flow that nothing in it calls."""
    if not graph.spec.flows:
        return
    inside, called = [graph.spec], set[str | None]()
    for spec in inside:  # it grows meanwhile
        called |= {node.flow for node in spec.tasks.values()}
        inside += spec.flows.values()
    for name in graph.spec.flows.keys() - called:
        message, hint = f"nothing calls the flow '{name}'", f"Call it by a task: flow: {name}; or take it away."
        yield Finding(("flows", name), Problem("unused", message, hint=hint, warning=True))


def unused_inputs(graph: Graph) -> Iterator[Finding]:
    """Inputs that nothing in the flow names."""
    spec = graph.spec
    if not spec.inputs:
        return
    shared = [spec.defaults, *spec.policies.values(), *patterns(spec).values()]
    said = [getattr(node, field) for node in spec.tasks.values() for field in node.model_fields_set]
    named = {name for value in (*said, *shared, spec.output) for name in inputs_named(value)}
    for name in spec.inputs.keys() - named:
        message, hint = f"nothing uses the input '{name}'", "Use it, or take it away."
        yield Finding(("inputs", name), Problem("unused", message, hint=hint, warning=True, remedy=REMOVE))

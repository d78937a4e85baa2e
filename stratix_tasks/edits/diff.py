"""What one flow has that another one has not: nodes added, removed and changed, and the graph of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stratix_tasks.spec.model import FlowSpec, NodeSpec


@dataclass(frozen=True, slots=True)
class Change:
    """A field of a node or flow: what it was, and what it is; None where nothing is said."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Diff:
    """Nodes by name, those in sub-flows after the name of their flow: `price.fetch`. `flow` are changes of the flow as a whole."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: dict[str, tuple[Change, ...]] = field(default_factory=dict)
    flow: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.flow)

    def __str__(self) -> str:
        lines = [f"+ {name}" for name in self.added] + [f"- {name}" for name in self.removed]
        lines += [f"~ {name}: {', '.join(one.field for one in changes)}" for name, changes in self.changed.items()]
        lines += [f"~ flow: {', '.join(one.field for one in self.flow)}"] if self.flow else []
        return "\n".join(lines) or "no difference"


def diff(before: FlowSpec, after: FlowSpec) -> Diff:
    """What became of the nodes of one flow in another; places are left out."""
    old, new = dict(_nodes(before)), dict(_nodes(after))
    changed = {name: tuple(_fields(old[name], node)) for name, node in new.items() if name in old}
    return Diff(
        tuple(name for name in new if name not in old),
        tuple(name for name in old if name not in new),
        {name: fields for name, fields in changed.items() if fields},
        tuple(one for one in _fields(before, after) if one.field not in ("tasks", "flows", "ui")),
    )


def merged(before: FlowSpec, after: FlowSpec) -> FlowSpec:
    """The later flow, with what was taken out of it still there: one graph of both."""
    gone = {name: node for name, node in before.tasks.items() if name not in after.tasks}
    flows = {
        name: merged(before.flows[name], inner) if name in before.flows else inner
        for name, inner in after.flows.items()
    }
    return after.but({"tasks": {**after.tasks, **gone}, "flows": {**before.flows, **flows}})


def _nodes(spec: FlowSpec, prefix: str = "") -> Iterator[tuple[str, NodeSpec]]:
    for name, node in spec.tasks.items():
        yield prefix + name, node
    for name, inner in spec.flows.items():
        yield from _nodes(inner, f"{prefix}{name}.")


def _fields(before: NodeSpec | FlowSpec, after: NodeSpec | FlowSpec) -> Iterator[Change]:
    for name in type(after).model_fields:
        one, other = getattr(before, name), getattr(after, name)
        if name in ("args", "inputs"):
            head = "with" if name == "args" else name
            for key in {**one, **other}:
                if key not in one or key not in other or one[key] != other[key]:
                    yield Change(f"{head}.{key}", one.get(key), other.get(key))
        elif one != other:
            yield Change(name, one, other)

"""Two flows, or two versions of one, as one graph: what was added, removed and changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stratix_tasks.core.layout import lay_out
from stratix_tasks.edits.diff import Diff, diff, merged
from stratix_tasks.edits.places import definition_of
from stratix_tasks.errors import FlowError
from stratix_tasks.executors.registry import HERE
from stratix_tasks.executors.runners import KNOWN_RUNNERS
from stratix_tasks.formats.svg import to_svg
from stratix_tasks.look.health import Ills
from stratix_tasks.look.sources import FlowSource
from stratix_tasks.look.text import short
from stratix_tasks.session.display import drawn
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.view.messages import NodeInfo, Snapshot


@dataclass(frozen=True, slots=True)
class Compared(Diff):
    """A difference that shows itself as the graph of both flows."""

    both: FlowSpec = field(default_factory=FlowSpec.model_construct, repr=False)

    def to_svg(self, *, theme: str = "light") -> str:
        """The graph of both, as SVG."""
        return to_svg(self._snapshot(), theme=theme)

    def _snapshot(self) -> Snapshot:
        registry = HERE.get()
        graph = Graph(self.both)
        root = lay_out(graph, {}, registry.entries, KNOWN_RUNNERS)
        made = drawn(FlowSource(graph, root, {}, [], True, [], Ills(root, registry.checkups)))
        for node in made["nodes"]:
            self._mark(node, _definition(self.both, node["name"]))
        return made

    def _mark(self, node: NodeInfo, name: str) -> None:
        if name in self.added or name in self.removed:
            node["diff"] = "added" if name in self.added else "removed"
            node["line"] = node["diff"]
        elif name in self.changed:
            node["diff"] = "changed"
            node["line"] = short(", ".join(one.field for one in self.changed[name]), 40)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "image/svg+xml": self.to_svg()}


def compared(before: FlowSpec, after: FlowSpec) -> Compared:
    """What became of one flow in another."""
    found = diff(before, after)
    return Compared(found.added, found.removed, found.changed, found.flow, merged(before, after))


def _definition(spec: FlowSpec, path: str) -> str:
    try:
        return definition_of(spec, path)
    except FlowError:  # what takes another node back has no name in the document
        return path

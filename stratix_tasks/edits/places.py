"""Where in a document a node stands: `price.fetch` is the node `fetch` in the flow that the node `price` holds."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.model import FlowSpec, NodeSpec
from stratix_tasks.spec.problems import did_you_mean

Chain = tuple[str, ...]
"""Names of flows, each in `flows` of the one before it: where a definition stands in the document."""


@dataclass(frozen=True, slots=True)
class Place:
    """A flow, and where its definition stands. `above` are the flows around it, the outermost first, itself last."""

    chain: Chain
    above: tuple[FlowSpec, ...]

    @property
    def flow(self) -> FlowSpec:
        return self.above[-1]

    def find(self, name: str) -> Place | None:
        """The flow that a node here means by a name."""
        for depth in range(len(self.above), 0, -1):
            around = self.above[depth - 1]
            if name in around.flows:
                return Place((*self.chain[: depth - 1], name), (*self.above[:depth], around.flows[name]))
            if around.flow == name:
                return Place(self.chain[: depth - 1], self.above[:depth])
        return None


def flow_at(spec: FlowSpec, path: str) -> Place:
    """The flow that the node of a path holds; the outermost one for an empty path. FlowError `unknown-node`."""
    place = Place((), (spec,))
    for name in filter(None, path.split(".")):
        held = known(place.flow, name).flow
        inner = place.find(held) if held is not None else None
        if inner is None:
            raise FlowError(f"'{name}' of '{path}' holds no flow", code="unknown-node")
        place = inner
    return place


def node_at(spec: FlowSpec, path: str) -> tuple[Place, str]:
    """The flow in which a node stands, and the node's own name there. FlowError `unknown-node`."""
    around, _, name = path.rpartition(".")
    place = flow_at(spec, around)
    known(place.flow, name)
    return place, name


def definition_of(spec: FlowSpec, path: str) -> str:
    """A node by its flow's definition: `part.show` for `price.show`, where `price` holds the flow `part`. FlowError `unknown-node`."""
    place, name = node_at(spec, path)
    return ".".join((*place.chain, name))


def paths(spec: FlowSpec) -> Iterator[str]:
    """The nodes of a document; those of a flow that several nodes hold by the first of them alone."""
    around, seen = [(Place((), (spec,)), "")], {Chain()}
    for place, prefix in around:
        for name, node in place.flow.tasks.items():
            yield prefix + name
            inner = place.find(node.flow) if node.flow is not None else None
            if inner is not None and inner.chain not in seen:
                seen.add(inner.chain)
                around.append((inner, f"{prefix}{name}."))


def known(flow: FlowSpec, name: str) -> NodeSpec:
    """A node of a flow. FlowError `unknown-node`."""
    if name not in flow.tasks:
        raise FlowError(
            f"there is no node '{name}' in flow '{flow.flow}'. {did_you_mean(name, flow.tasks)}", code="unknown-node"
        )
    return flow.tasks[name]


def replaced(spec: FlowSpec, chain: Chain, change: Callable[[FlowSpec], FlowSpec]) -> FlowSpec:
    """The document with one of its flows changed."""
    if not chain:
        return change(spec)
    name, *inner = chain
    return spec.but({"flows": {**spec.flows, name: replaced(spec.flows[name], tuple(inner), change)}})


def free(base: str, taken: Container[str]) -> str:
    """A name that is not taken: `clean`, `clean_2`, …"""
    name, number = base, 2
    while name in taken:
        name, number = f"{base[:60]}_{number}", number + 1
    return name

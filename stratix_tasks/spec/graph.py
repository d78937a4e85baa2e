"""Graph: a FlowSpec with its names resolved to numbers: who needs whom, in which order, and where that is impossible.

Nodes keep the order of the document. Needs come from arguments, `each`, `when` and `needs`, without repetition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stratix_tasks.spec.model import FlowSpec, NodeSpec
from stratix_tasks.spec.values import ATOMS, LEAVES, Ref, needs_of

if TYPE_CHECKING:
    import networkx


_MOST_CYCLES = 10
"""That are looked for at a time."""


class Graph:
    """Read-only. `needs[i]` are the nodes that node i needs; `soft[i]` those of them that stand in a `first_of`.

    Names that no node has are left out here: `check` reports them.
    """

    __slots__ = ("_flows", "index", "names", "needs", "nodes", "soft", "spec")

    def __init__(self, spec: FlowSpec) -> None:
        self.spec = spec
        self.names: list[str] = list(spec.tasks)
        self.nodes: list[NodeSpec] = list(spec.tasks.values())
        self.index: dict[str, int] = {name: i for i, name in enumerate(self.names)}
        self.soft: dict[int, list[int]] = {}
        self.needs: list[list[int]] = [self._needs(i, node) for i, node in enumerate(self.nodes)]
        self._flows: dict[str, Graph] = {}

    def flow(self, name: str) -> Graph:
        """The graph of a sub-flow of this document."""
        if name not in self._flows:
            self._flows[name] = Graph(self.spec.flows[name])
        return self._flows[name]

    def outs(self) -> list[list[int]]:
        """Who needs each node."""
        outs: list[list[int]] = [[] for _ in self.names]
        for node, needs in enumerate(self.needs):
            for need in needs:
                outs[need].append(node)
        return outs

    def order(self) -> list[int]:
        """Nodes so that each comes after what it needs; nodes on a cycle, or behind one, are missing."""
        outs, left = self.outs(), [len(needs) for needs in self.needs]
        order = [node for node, count in enumerate(left) if not count]
        for node in order:
            for out in outs[node]:
                left[out] -= 1
                if not left[out]:
                    order.append(out)
        return order

    def cycle(self) -> list[str]:
        """The names of one cycle as a path that ends where it began, or nothing."""
        if all(need < node for node, needs in enumerate(self.needs) for need in needs):
            return []
        return next(iter(self.cycles()), [])

    def cycles(self) -> list[list[str]]:
        """Some cycles that have no node in common, each as such a path; when they are broken, look again."""
        found: list[list[str]] = []
        stuck = self._on_cycles(set(range(len(self.names))) - set(self.order()))
        while stuck and len(found) < _MOST_CYCLES:
            node, seen = min(stuck), []
            while node not in seen:
                seen.append(node)
                node = next(need for need in self.needs[node] if need in stuck)
            path = [*seen[seen.index(node) :], node]
            found.append([self.names[n] for n in reversed(path)])
            stuck = self._on_cycles(stuck - set(path))
        return found

    def _on_cycles(self, nodes: set[int]) -> set[int]:
        """Those of the nodes that still need one of them, and so on."""
        while True:
            left = {node for node in nodes if any(need in nodes for need in self.needs[node])}
            if left == nodes:
                return left
            nodes = left

    def to_networkx(self) -> networkx.DiGraph[str]:
        """For questions off the hot path; edges run from what is needed to what needs it."""
        import networkx as nx

        graph: networkx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from((name, {"spec": node}) for name, node in zip(self.names, self.nodes, strict=True))
        graph.add_edges_from((self.names[n], self.names[i]) for i, needs in enumerate(self.needs) for n in needs)
        return graph

    def _needs(self, i: int, node: NodeSpec) -> list[int]:
        index, found = self.index, {}
        for value in node.args.values():
            kind = type(value)
            if kind is Ref:
                if value.scope == "tasks" and value.name in index:
                    found[index[value.name]] = True
            elif kind not in ATOMS:
                self._collect(value, found)
        if node.each is not None:
            for over in node.each.over.values():
                self._collect(over, found)
            self._collect(node.each.key, found)
        if node.when is not None:
            self._collect(node.when, found)
        for name in node.needs:
            if name in index:
                found[index[name]] = True
        soft = [n for n, strict in found.items() if not strict]
        if soft:
            self.soft[i] = soft
        return list(found)

    def _collect(self, value: Any, found: dict[int, bool]) -> None:
        """Into `found`: node number → needed strictly (True) or only in a `first_of` (False)."""
        kind = type(value)
        if kind in ATOMS or (kind is list and value and all(type(part) in ATOMS for part in value)):
            return
        if kind in LEAVES or kind in (list, tuple, dict) or hasattr(value, "__dict__") or hasattr(value, "__slots__"):
            for name, soft in needs_of(value):
                if name in self.index:
                    number = self.index[name]
                    found[number] = found.get(number, False) or not soft

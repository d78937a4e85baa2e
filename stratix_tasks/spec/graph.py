"""Graph: a FlowSpec with its names resolved to numbers: who needs whom, in which order, and where that is impossible.

Nodes keep the order of the document. Needs come from arguments, `each`, `when` and `needs`, without repetition.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stratix_tasks.spec.disabled import left_of_node
from stratix_tasks.spec.fields import AS_A_WHOLE, PASSED_ON
from stratix_tasks.spec.joins import ALL, N_OF, is_late
from stratix_tasks.spec.late import OF_ALL, Place, late_values, passed_in, taking_inputs
from stratix_tasks.spec.mapped import passed
from stratix_tasks.spec.model import FlowSpec, InputSpec, NodeSpec, Timeout
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.policies import Policies, patterns, resolved, with_defaults
from stratix_tasks.spec.values import ASKED, ATOMS, HARD, LEAVES, SOFT, Ref

if TYPE_CHECKING:
    import networkx

NO_POLICIES: Policies = MappingProxyType({})


ROOT = "."
"""The path of the outermost flow: no sub-flow can have it."""


def one_of(name: str, node: NodeSpec, inputs: Mapping[str, InputSpec]) -> FlowSpec:
    """One round of what is repeated, or one item of a mapped flow, as a flow of its own; what the node says of its body holds in
    there. `inputs` are those of its flow."""
    given = passed(node)
    args = {argument: Ref("inputs", argument) for argument in given}
    inner = taking_inputs(node).but({"args": args, **_OF_ALL})
    taken = [*given, *passed_in(node)]
    return FlowSpec.model_construct(
        flow=name if node.flow is None else f"{name}()",  # by which nothing in there can mean it
        inputs={argument: inputs.get(argument) or InputSpec.model_construct() for argument in taken},
        tasks={name: inner},
        output=Ref("tasks", name),
    )


_OF_ALL = {
    "loop": None,
    "each": None,
    "when": None,
    "catch": (),
    "needs": (),
    "always": False,
    "join": ALL,
    "losers": None,
    "allow_failure": False,
}
"""What is said of all rounds, or items, together."""


def stands_apart(node: NodeSpec) -> bool:
    """Whether each item, or round, is a flow in that of the node: of a task that is repeated, and where options hold for each."""
    if node.flow is None:
        return node.loop is not None
    many = node.each is not None or node.loop is not None
    return many and any(getattr(node, option.name) != option.default for option in AS_A_WHOLE)


def looked_up(node: NodeSpec) -> dict[Place, Any]:
    """Options that are looked up before a node begins: of one that stands apart each item, or round, does so."""
    late = late_values(node)
    return {place: late[place] for place in late if place[0] in OF_ALL} if late and stands_apart(node) else late


_MOST_CYCLES = 10
"""That are looked for at a time."""


class Graph:
    """Read-only. `needs[i]` are the nodes that node i needs; `soft[i]` those of them that stand in a `first_of`, `ended[i]`
    those that it only asks about, so that they have to have ended.

    Names that no node has are left out here: `check` reports them. `policies` are the flow's own and those around it, and
    `nodes` have taken what these say, and what the flow's defaults say of what they call or use. Nobody needs a node that is
    disabled, nor does it need others; `absent[i]` are the arguments for which node i has no value therefore. A node that is pinned
    needs what its condition names, and no more. What these two need in the document stands in `drawn[i]`.
    """

    __slots__ = (
        "_flows",
        "above",
        "absent",
        "drawn",
        "ended",
        "has_end",
        "index",
        "names",
        "needs",
        "nodes",
        "off",
        "path",
        "policies",
        "soft",
        "spec",
        "told",
        "undoes",
    )

    def __init__(self, spec: FlowSpec, above: Graph | None = None, name: str = ROOT) -> None:
        self.spec, self.above = spec, above
        self.path: str = name if above is None or above.above is None else f"{above.path}.{name}"
        """Tells it apart from all others in the document."""
        self.policies: Policies = {**(NO_POLICIES if above is None else above.policies), **spec.policies}
        self.undoes: dict[int, int] = {}
        """What takes another node back, behind all others: its number → that one's."""
        self.names: list[str] = list(spec.tasks)
        self.nodes: list[NodeSpec] = list(spec.tasks.values())
        if self.policies or patterns(spec):
            self.nodes = [resolved(node, self.policies, patterns(spec)) for node in self.nodes]
        self.nodes = [self._as_called(node) if node.flow else node for node in self.nodes]
        self.off = frozenset(name for name, node in spec.tasks.items() if not node.enabled)
        self.absent: dict[int, tuple[str, ...]] = {}
        if self.off:
            for i, (name, node) in enumerate(zip(self.names, self.nodes, strict=True)):
                if name not in self.off and node.pin is None:
                    self.nodes[i], self.absent[i] = left_of_node(node, self.off)
        self._add_undos()
        self.index: dict[str, int] = {name: i for i, name in enumerate(self.names)}
        self.drawn: dict[int, list[int]] = {}
        self.soft: dict[int, list[int]] = {}
        self.ended: dict[int, list[int]] = {}
        self.told: dict[int, list[int]] = {}
        """What tells how many a join waits for: it is none of those."""
        self.needs: list[list[int]] = [self._needs(i, node) for i, node in enumerate(self.nodes)]
        if self.undoes:
            self._order_undos()
        self.has_end = any(node.always for node in self.nodes)
        """Whether something runs at its end."""
        self._flows: dict[str, Graph] = {}

    def _add_undos(self) -> None:
        for i, (name, node) in enumerate(self.spec.tasks.items()):
            if node.undo is not None and node.pin is None and node.flow is None:
                hidden = f"undo_{name}"
                while hidden in self.spec.tasks:
                    hidden += "_"
                args = {**node.args, "value": Ref("tasks", name)}
                self.undoes[len(self.names)] = i
                self.names.append(hidden)
                self.nodes.append(NodeSpec.model_construct(call=node.undo, args=args))

    def _order_undos(self) -> None:
        """What was done last is taken back first."""
        outs = self.outs()
        undone = {i: u for u, i in self.undoes.items()}
        for u, i in self.undoes.items():
            stack, seen = [*outs[i]], set[int]()
            while stack:
                one = stack.pop()
                if one in seen or one in self.undoes:
                    continue
                seen.add(one)
                stack += outs[one]
            self.needs[u] += [undone[one] for one in sorted(seen) if one in undone]

    def flow(self, name: str) -> Graph:
        """The graph of a sub-flow of this document."""
        if name not in self._flows:
            self._flows[name] = Graph(self.spec.flows[name], self, name)
        return self._flows[name]

    def find(self, name: str) -> Graph | None:
        """The flow that a node here means by a name: a sub-flow, or this flow itself, or so of one around it."""
        around: Graph | None = self
        while around is not None:
            if name in around.spec.flows:
                return around.flow(name)
            if around.spec.flow == name:
                return around
            around = around.above
        return None

    def _as_called(self, node: NodeSpec) -> NodeSpec:
        """The node with what the flow that it calls says of its runs, where that is none of those around: they are limited already."""
        around: Graph | None = self
        while around is not None and node.flow not in around.spec.flows:
            around = around.above if around.spec.flow != node.flow else None
        if around is None:
            return node
        called = around.spec.flows[node.flow or ""]
        said = {name: value for name in PASSED_ON if (value := getattr(called, name)) is not None}
        if "timeout" in said:
            said["timeout"] = Timeout.model_construct(attempt=said["timeout"], total=None, queued=None)
        return node.but({name: value for name, value in said.items() if getattr(node, name) is None}) if said else node

    def known(self) -> list[str]:
        """The names that `find` knows."""
        found, around = list[str](), self
        while around is not None:
            found += [*around.spec.flows, around.spec.flow]
            around = around.above  # type: ignore[assignment]
        return found

    def inner(self, i: int) -> Graph | None:
        """Of a node that opens scopes their graph: that of a flow, or of the one task that is repeated."""
        node = self.nodes[i]
        found = self.find(node.flow) if node.flow else None
        if not stands_apart(node):
            return found
        name = f"{self.names[i]}()"  # which no flow can be called
        if name not in self._flows:
            inputs = found.spec.inputs if found is not None else {}
            self._flows[name] = Graph(one_of(self.names[i], self.one(i), inputs), self, name)
        return self._flows[name]

    def one(self, i: int) -> NodeSpec:
        """What is said of one item, or round, of a node that stands apart."""
        node, defaults = self.nodes[i], self.spec.defaults
        return with_defaults(node, defaults) if node.flow is None and defaults is not None else node

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
        found = self._named(node)
        if not node.enabled or node.pin is not None:
            self.drawn[i] = list(found)
            found = self._asked(node) if node.enabled else {}
        elif isinstance(node.join, dict) and is_late(node.join):
            told = needs_of(node.join[N_OF])
            self.told[i] = [self.index[name] for name, wanted in told if wanted == HARD and name in self.index]
        for level, known in ((SOFT, self.soft), (ASKED, self.ended)):
            if level in found.values():
                known[i] = [n for n, wanted in found.items() if wanted == level]
        return list(found)

    def _named(self, node: NodeSpec) -> dict[int, int]:
        """All that a node names, by number: the most that is wanted of it."""
        index, found = self.index, dict[int, int]()
        for value in node.args.values():
            kind = type(value)
            if kind is Ref:
                if value.scope == "tasks" and value.name in index:
                    found[index[value.name]] = HARD
            elif kind not in ATOMS:
                self._collect(value, found)
        if node.each is not None:
            for over in node.each.over.values():
                self._collect(over, found)
            self._collect(node.each.key, found)
            if node.each.where is not None:
                self._collect(node.each.where, found)
        for value in late_values(node).values():
            self._collect(value, found)
        if node.loop is not None and node.loop.until is not None:
            self._collect(node.loop.until, found)
        for name in node.needs:
            if name in index and name not in self.off:
                found[index[name]] = HARD
        return self._asked(node, found)

    def _asked(self, node: NodeSpec, found: dict[int, int] | None = None) -> dict[int, int]:
        """The same of what decides whether it runs, beside what was `found`."""
        found = {} if found is None else found
        if node.when is not None:
            self._collect(node.when, found)
        for name in node.catch:
            if name in self.index and name not in self.off:
                found.setdefault(self.index[name], ASKED)
        return found

    def _collect(self, value: Any, found: dict[int, int]) -> None:
        """Into `found`: node number → the most that is wanted of it."""
        kind = type(value)
        if kind in ATOMS or (kind is list and value and all(type(part) in ATOMS for part in value)):
            return
        if kind in LEAVES or kind in (list, tuple, dict) or hasattr(value, "__dict__") or hasattr(value, "__slots__"):
            for name, wanted in needs_of(value):
                if name in self.index:
                    number = self.index[name]
                    found[number] = max(found.get(number, ASKED), wanted)

"""Blocks: a flow laid out once, as parallel tuples by the number of a node, shared by all of its scopes. Nothing here changes.

A block knows no unit and no function. `Stretch` in `state.py` is what puts scopes of a block side by side.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stratix_tasks.core.node import ALL, ANY, FIRST, MAP, N_OF, OTHERWISE, SETTLED, TASK, UNTOLD, Kind, Node
from stratix_tasks.core.ports import Executor


class Block:
    """Parallel tuples by the node's number; a scope adds the place where it begins.

    `needs[k]`, `outs[k]` are numbers; `fixed` are the nodes whose one inner scope is laid out with this block's own: sub-flows that
    do not lie in themselves, and have no limit of their own for bodies, since that counts for each scope apart.
    """

    __slots__ = (
        "__dict__",
        "absorbing",
        "distinct",
        "finishers",
        "fixed",
        "groups",
        "index",
        "inner",
        "items",
        "joins",
        "kinds",
        "layout",
        "left",
        "n",
        "name",
        "names",
        "needs",
        "nodes",
        "output",
        "outs",
        "phased",
        "plain",
        "policies",
        "readers",
        "roots",
        "runners",
        "soft",
        "spec",
        "takes_back",
        "timed",
        "tolerated",
        "until",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        nodes: Sequence[Node],
        *,
        spec: Any = None,
        output: Output | None = None,
        items: bool = False,
        until: tuple[str, ...] = (),
        takes_back: Block | None = None,
    ) -> None:
        self.name, self.nodes, self.n, self.spec = name, tuple(nodes), len(nodes), spec
        self.until = until
        """Of the outermost one: the nodes that the run goes until; nothing where all of it is run."""
        self.items = items
        """Whether it is the one node of a map's items."""
        self.takes_back = takes_back
        """The block of which each of its scopes takes back what one has done, when a scope around that ends badly."""
        self.names = tuple(node.name for node in nodes)
        self.index = {node.name: k for k, node in enumerate(nodes)}
        self.needs = tuple(node.needs for node in nodes)
        self.outs = _outs(self.needs)
        self.joined = tuple(_joined(node) for node in nodes)
        """Of what a node needs that which its join counts."""
        self.late_joins = frozenset(k for k, node in enumerate(nodes) if node.join is N_OF and node.k == UNTOLD)
        """Nodes whose join waits for as many as the run tells."""
        self.kinds = bytes(node.kind for node in nodes)
        self.joins = bytes(node.join for node in nodes)
        self.policies = tuple(node.policy for node in nodes)
        self.runners = tuple(policy.runner for policy in self.policies)
        self.distinct = tuple({id(policy): policy for policy in self.policies}.values())
        self.timed = bytes(node.policy.timed for node in nodes)
        self.soft = {
            k: frozenset((*(n for first in node.firsts for n in first), *node.ended)) - {*node.hard, OTHERWISE}
            for k, node in enumerate(nodes)
            if node.firsts or node.ended
        }
        self.counted = tuple(
            k
            for k, node in enumerate(nodes)
            if node.phase or k in self.soft or k in self.late_joins or (node.join in (FIRST, N_OF) and node.needs)
        )
        """Nodes that wait for more, or for less, than each of their needs."""
        self.output = output if output is not None else Output()
        self.plain = bytes(
            node.kind is TASK
            and node.join is ALL
            and not (node.when or node.firsts or node.ended or node.phase or node.late or node.pinned)
            and not node.off
            for node in nodes
        )
        """1: ready as soon as its needs are completed; nobody has to be asked."""
        self.left = array("i", (arrivals(node) for node in nodes))
        self.roots = tuple(
            k
            for k, node in enumerate(nodes)
            if not node.phase and (not node.needs or (k in self.late_joins and not node.told))
        )
        """What is to be looked at when a scope begins."""
        self.phased = tuple(k for k, node in enumerate(nodes) if node.phase)
        self.groups = tuple(k for k, node in enumerate(nodes) if node.kind is not TASK)
        self.readers: dict[int, tuple[int, ...]] = {
            node.source: tuple(k for k, other in enumerate(nodes) if other.source == node.source)
            for node in nodes
            if node.source >= 0
        }
        """Of a map the maps that stream from it."""
        self.tolerated = frozenset(k for k, node in enumerate(nodes) if node.allow_failure)
        self.absorbing = any(
            node.join is not ALL or node.firsts or node.ended or node.allow_failure or node.source >= 0
            for node in nodes
        ) or bool(self.output.firsts)
        """Whether a bad end in it may be taken up by something behind it."""
        self.finishers = tuple(k for k, node in enumerate(nodes) if node.step is not None and node.step.own)
        """Nodes that may finish a scope of it."""
        self.inner: dict[int, Block] = {}
        self.fixed: tuple[int, ...] = ()
        self.layout: tuple[tuple[Block, int, int], ...] = ((self, -1, -1),)
        """What a stretch of it is laid out with: blocks, each with the place in this list of the one around it, and its node there."""

    @cached_property
    def outline(self) -> Outline:
        """Of a run's outermost block: the units that are there from the beginning."""
        return Outline(self)

    @cached_property
    def undoing(self) -> dict[int, int]:
        """By node what takes it back."""
        return {node.undoes: k for k, node in enumerate(self.nodes) if node.undoes is not None}

    @cached_property
    def stepping(self) -> bool:
        """Whether a node of it, or one in these, ends others."""
        return any(node.step is not None for block in blocks_in(self) for node in block.nodes)

    @cached_property
    def streams(self) -> bool:
        """Whether a map of it, or of one in these, streams."""
        return any(block.readers for block in blocks_in(self))

    @cached_property
    def used(self) -> dict[str, Executor]:
        """The executors that its nodes name, and nodes in it, as they were when it was laid out."""
        nodes = (node for block in blocks_in(self) for node in block.nodes)
        return {one.name: one for node in nodes if (one := node.executor) is not None}

    @cached_property
    def executors(self) -> dict[str, Executor]:
        """Those of them with a body of their own."""
        return {name: one for name, one in self.used.items() if has_body(one)}


def has_body(executor: Executor) -> bool:
    """Whether it has a body of its own, that no node names."""
    return executor.function is not None and executor.waits is None and not executor.step


@dataclass(frozen=True, slots=True)
class Output:
    """Nodes that a scope's value is made from: each of `hard`, and of each of `firsts` the first that completed."""

    hard: frozenset[int] = frozenset()
    firsts: tuple[tuple[int, ...], ...] = ()
    just: int | None = None
    """The node whose value it is, where it is no more than that."""
    value: Any = None
    """What it is, as a document says it."""


class Outline:
    """The units of one scope of a block, those of its sub-flows behind its own: parallel lists."""

    def __init__(self, root: Block) -> None:
        self.names: list[str] = []
        self.kinds: list[Kind] = []
        self.parents: list[int] = []
        self.nodes: list[Node] = []
        self.opens: list[Block | None] = []
        """Of a group whose scopes open later their block."""
        self.starts: list[tuple[Block, int]] = []
        """The blocks in it, and where each begins."""
        starts: list[int] = []
        for block, above, k in root.layout:
            parent = -1 if above < 0 else starts[above] + k
            prefix = "" if parent < 0 else self.names[parent] + "."
            starts.append(len(self.names))
            self.starts.append((block, len(self.names)))
            self.opens += [block.inner.get(k) if _opens_later(block, k) else None for k in range(block.n)]
            self.names += [prefix + name for name in block.names] if prefix else block.names
            self.kinds += [node.kind for node in block.nodes]
            self.parents += [parent] * block.n
            self.nodes += block.nodes
        self.index = {name: unit for unit, name in enumerate(self.names)}

    @cached_property
    def told(self) -> list[tuple[str, str, int, str | None]]:
        """`(name, kind, parent, inner)` a unit: what the CREATED fact tells readers. `inner` names what opens in it later."""
        inner = [None if block is None else block.name for block in self.opens]
        told = zip(self.names, self.kinds, self.parents, inner, strict=True)
        return [(name, kind.label, parent, later) for name, kind, parent, later in told]

    def scopes(self) -> dict[str, list[tuple[Any, ...]]]:
        """What opens later, by name: `(name, kind, parent, inner, offset, size, place)` a node, in which `parent` is a place in
        this list or -1. Of `count` scopes the unit of the j-th one is `first + offset * count + j * size + place`.
        """
        found: dict[str, list[tuple[Any, ...]]] = {}
        waiting = [self]
        for outline in waiting:
            for block in outline.opens:
                if block is not None and block.name not in found:
                    inner = block.outline
                    places = [(at, one.n, k) for one, at in inner.starts for k in range(one.n)]
                    told = zip(inner.told, places, strict=True)
                    found[block.name] = [(*node, *place) for node, place in told]
                    waiting.append(inner)
        return found


def _opens_later(block: Block, k: int) -> bool:
    return block.nodes[k].kind not in (TASK, MAP) and k not in block.fixed


def arrivals(node: Node) -> int:
    """How many needs must arrive before it has to be looked at."""
    n = len(_joined(node))
    return {ALL: n, ANY: min(n, 1), FIRST: min(n, 1), N_OF: min(n, node.k), SETTLED: n}[node.join]


def _joined(node: Node) -> tuple[int, ...]:
    apart = (*node.ended, *node.told)
    return tuple(n for n in node.needs if n not in apart) if apart else node.needs


def _outs(needs: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    outs: list[list[int]] = [[] for _ in needs]
    for k, sources in enumerate(needs):
        for need in sources:
            outs[need].append(k)
    return tuple(map(tuple, outs))


def blocks_in(block: Block) -> list[Block]:
    """A block and all that lie in it, each once."""
    found, stack = dict[int, Block](), [block]
    while stack:
        one = stack.pop()
        if id(one) not in found:
            found[id(one)] = one
            stack += one.inner.values()
    return list(found.values())

"""Layout: from a checked graph to blocks, which runs of the same document share.

A block knows no function: `shape` tells of each what decides how it is run.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from stratix_tasks.core.block import Block, Kind, Node, Output, Policy, join_blocks
from stratix_tasks.core.ports import RUNNERS, Executor, Traits
from stratix_tasks.spec.executors import arguments_of
from stratix_tasks.spec.fields import IN_NODE
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import Defaults, NodeSpec
from stratix_tasks.spec.values import ATOMS, FirstOf, Ref, leaves, needs_of

ROOT = "."
"""The name of the outermost block: no sub-flow can have it."""
CALLED = "python"
"""The executor of a node that names a function by `call`."""


class Shape(NamedTuple):
    """Of a function: the runner for its kind of body, and the names of the arguments that it takes."""

    runner: str = "thread"
    takes: tuple[str, ...] = ()


def shape(function: Any) -> Shape:
    """By its code object alone; a function without one, or none at all, is taken for a plain one."""
    code = getattr(getattr(function, "fn", function), "__code__", None)
    if code is None:
        return Shape()
    takes = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return Shape("async" if code.co_flags & 0x80 else "thread", takes)


PLAIN, NO_TRAITS = Shape(), Traits()
SILENT = Defaults.model_construct()
"""A flow that says nothing for all of its nodes."""
_OPTIONS = [option for option in IN_NODE if option.name in Policy.__dataclass_fields__]
_POLICY = [option.name for option in _OPTIONS]
_BODILESS = [option.name for option in _OPTIONS if not option.of_bodies]
_plain = attrgetter(*(option.name for option in _OPTIONS if option.model is None))
_models = attrgetter(*(option.name for option in _OPTIONS if option.model is not None))


class _Known:
    """What is known here of what nodes run. `functions` maps a node's `call` to its Task; one may be missing."""

    def __init__(self, functions: Mapping[str, Any], executors: Mapping[str, Executor]) -> None:
        self._executors = executors
        self._shapes = {call: shape(function) for call, function in functions.items()}

    def executor(self, node: NodeSpec) -> Executor | None:
        return None if node.flow else self._executors.get(node.uses or CALLED)

    def shape(self, node: NodeSpec) -> Shape:
        executor = self.executor(node)
        if executor is not None and executor.waits is None and executor.function is not None:
            return Shape(shape(executor.function).runner, tuple(arguments_of(executor)))
        return self._shapes.get(node.call or "", PLAIN)


def lay_out(graph: Graph, functions: Mapping[str, Any], executors: Mapping[str, Executor]) -> Block:
    """Blocks of a flow and its sub-flows. `functions` maps a node's `call` to its Task; one may be missing."""
    known = _Known(functions, executors)
    blocks: dict[str, Block] = {}
    waiting = [(ROOT, graph)]
    while waiting:
        name, inner = waiting.pop()
        if name in blocks:
            continue
        prefix = "" if name == ROOT else f"{name}."
        blocks[name] = _block(name, prefix, inner, known)
        waiting += [(prefix + node.flow, inner.flow(node.flow)) for node in inner.nodes if node.flow]
    return join_blocks(blocks, ROOT)


class Layouts:
    """Blocks by what they were laid out from; the last ones that were used."""

    MOST = 32

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, Block] = OrderedDict()

    def get(self, key: Any, lay_out: Callable[[], Block]) -> Block:
        """The block of that key, which is laid out if there is none; with None it is not kept."""
        block = self._kept.get(key)
        if block is not None:
            self._kept.move_to_end(key)
            return block
        block = lay_out()
        if key is not None:
            self._kept[key] = block
            if len(self._kept) > self.MOST:
                self._kept.popitem(last=False)
        return block


def _block(name: str, prefix: str, graph: Graph, known: _Known) -> Block:
    spec = graph.spec
    defaults = spec.defaults or SILENT
    policies: dict[Any, Policy] = {}
    nodes = []
    for i, node in enumerate(graph.nodes):
        key = (node.call or node.uses, *_plain(node), *map(id, _models(node)))
        policy = policies.get(key)
        if policy is None:
            policy = policies[key] = _policy(node, defaults, known)
        firsts = _firsts(graph, node) if i in graph.soft else ()
        nodes.append(_node(graph, i, prefix, policy, firsts, known))
    return Block(name, nodes, spec=spec, output=_output(graph))


def _node(
    graph: Graph,
    i: int,
    prefix: str,
    policy: Policy,
    firsts: tuple[tuple[int, ...], ...],
    known: _Known,
) -> Node:
    node, soft = graph.nodes[i], graph.soft.get(i, ())
    kind = Kind.TASK if not node.flow and node.each is None else Kind.FLOW if node.flow else Kind.MAP
    hard = tuple(n for first in firsts for n in first if n not in soft)
    return Node(
        graph.names[i],
        tuple(graph.needs[i]),
        kind,
        firsts=firsts,
        hard=hard,
        when=node.when is not None,
        inner=prefix + node.flow if node.flow else "",
        asks=bool(node.flow),
        most=(node.each.max or 0) if node.each is not None else 0,
        policy=policy,
        spec=node,
        executor=known.executor(node),
        takes=known.shape(node).takes,
        arguments=_arguments(graph, node),
    )


def _arguments(graph: Graph, node: NodeSpec) -> tuple[tuple[str, int, Any], ...] | None:
    found = []
    for name, value in node.args.items():
        kind = type(value)
        if kind in ATOMS:
            found.append((name, -1, value))
        elif kind is Ref and value.scope == "tasks" and not value.path and value.name in graph.index:
            found.append((name, graph.index[value.name], None))
        else:
            return None
    return tuple(found)


def _firsts(graph: Graph, node: NodeSpec) -> tuple[tuple[int, ...], ...]:
    values = [*node.args.values(), *(node.each.over.values() if node.each is not None else ())]
    return tuple(first for value in values for first in _in_value(graph, value))


def _in_value(graph: Graph, value: Any) -> list[tuple[int, ...]]:
    found = []
    for leaf in leaves(value):
        if type(leaf) is FirstOf:
            first = tuple(graph.index[ref.name] for ref in leaf.refs if ref.name in graph.index)
            if first:
                found.append(first)
    return found


def _output(graph: Graph) -> Output:
    value = graph.spec.output
    if value is None:
        return Output()
    hard = frozenset(graph.index[name] for name, soft in needs_of(value) if not soft and name in graph.index)
    return Output(hard, tuple(_in_value(graph, value)))


def _policy(node: NodeSpec, defaults: Defaults, known: _Known) -> Policy:
    executor = known.executor(node)
    wanted = executor.runner if executor is not None else None
    runner = node.runner or wanted or defaults.runner or known.shape(node).runner
    call, traits = node.call or node.uses or "", RUNNERS.get(runner, NO_TRAITS)
    names = _POLICY
    if traits.bodiless:  # it has one limit, its own: what the document says for all nodes is about bodies
        names, defaults = _BODILESS, SILENT
    options = {}
    for name in names:
        if (value := getattr(node, name)) is not None or (value := getattr(defaults, name)) is not None:
            options[name] = value
    return Policy(**{**options, "call": call, "runner": runner, "traits": traits})

"""Layout: from a checked graph to blocks, which runs of the same document share.

A block knows no function: `shape` tells of each what decides how it is run.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any, NamedTuple

from stratix_tasks.core.block import Block, Output, has_body
from stratix_tasks.core.blocks import join_blocks
from stratix_tasks.core.node import (
    DISABLED,
    LAST,
    NO_LIMIT,
    OF_INPUTS,
    OTHERWISE,
    UNDO,
    UNTIL,
    UNTOLD,
    Join,
    Kind,
    Node,
    Policy,
    Step,
)
from stratix_tasks.core.ports import RUNNERS, Executor, Traits
from stratix_tasks.core.states import S
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.disabled import instead
from stratix_tasks.spec.executors import arguments_of
from stratix_tasks.spec.extent import extent_problem
from stratix_tasks.spec.fields import IN_NODE
from stratix_tasks.spec.graph import Graph, looked_up, stands_apart
from stratix_tasks.spec.joins import is_late, share, wanted
from stratix_tasks.spec.late import JOIN, late_values, passed_in, without_late
from stratix_tasks.spec.model import Defaults, Each, FlowSpec, Loop, NodeSpec, Timeout
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.policies import with_defaults
from stratix_tasks.spec.streams import streams_from
from stratix_tasks.spec.types import can_be_left_out
from stratix_tasks.spec.until import Until, as_tree, beyond, paths
from stratix_tasks.spec.values import ATOMS, HARD, FirstOf, Ref, leaves

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


PLAIN, UNKNOWN = Shape(), Traits()
"""UNKNOWN: of a runner that is not known here."""
AT_END = Timeout.model_construct(attempt=60.0, total=None, queued=None)
"""What runs at the end of a flow has a minute, where it says nothing else."""
SILENT = Defaults.model_construct()
"""A flow that says nothing for all of its nodes."""
_OPTIONS = [option for option in IN_NODE if option.name in Policy.__dataclass_fields__]
_POLICY = [option.name for option in _OPTIONS if option.of_tasks]
_OF_FLOWS = [option.name for option in _OPTIONS if option.of_flows]
_BODILESS = [option.name for option in _OPTIONS if option.of_tasks and not option.of_bodies]
_plain = attrgetter(*(option.name for option in _OPTIONS if option.model is None))
_models = attrgetter(*(option.name for option in _OPTIONS if option.model is not None))


class _Known:
    """What is known here of what nodes run. `functions` maps a node's `call` to its Task; one may be missing."""

    def __init__(
        self, functions: Mapping[str, Any], executors: Mapping[str, Executor], runners: Mapping[str, Traits]
    ) -> None:
        self._executors, self._functions, self._runners = executors, functions, runners
        self._shapes = {call: shape(function) for call, function in functions.items()}
        self._used: dict[str, Executor | None] = {}

    def function(self, node: NodeSpec) -> Any:
        """What it calls; None where that is not known here."""
        task = self._functions.get(node.call or "")
        return getattr(task, "fn", task)

    def executor(self, node: NodeSpec) -> Executor | None:
        if node.flow:
            return None
        name = node.uses or CALLED
        if name not in self._used:
            self._used[name] = self._executors.get(name)
        return self._used[name]

    def filled(self, graph: Graph, i: int, late: set[str]) -> NodeSpec:
        """The node, with None for the arguments that go without a value and have no default, and with what its options take
        of the run; `late` are those that the flow's defaults say for all."""
        node, absent = graph.nodes[i], graph.absent.get(i, ())
        defaults = graph.spec.defaults or SILENT
        if late and i not in graph.undoes and not self.traits(node).bodiless:
            node = with_defaults(node, defaults, late)
        if stands_apart(node) and (inputs := passed_in(graph.one(i))):
            node = node.but({"args": {**node.args, **inputs}})
        if not absent or (node.call is not None and node.call not in self._functions):
            return node
        function = self._functions.get(node.call or "")
        nones = [name for name in absent if instead(node, name, graph.spec, function, self._executors) == "None"]
        return node.but({"args": {**node.args, **dict.fromkeys(nones)}}) if nones else node

    def runner(self, node: NodeSpec, defaults: Defaults = SILENT) -> str:
        """Where its body runs."""
        executor = self.executor(node)
        wanted = executor.runner if executor is not None else None
        return node.runner or wanted or defaults.runner or self.shape(node).runner

    def traits(self, node: NodeSpec) -> Traits:
        """Those of the runner; of a sub-flow, which has none, those of none at all."""
        return RUNNERS["wait"] if node.flow else self.of_runner(self.runner(node))

    def of_runner(self, name: str) -> Traits:
        return self._runners.get(name, UNKNOWN)

    def shape(self, node: NodeSpec) -> Shape:
        executor = self.executor(node)
        if executor is not None and has_body(executor):
            return Shape(shape(executor.function).runner, tuple(arguments_of(executor)))
        return self._shapes.get(node.call or "", PLAIN)


def lay_out(
    graph: Graph,
    functions: Mapping[str, Any],
    executors: Mapping[str, Executor],
    runners: Mapping[str, Traits],
    until: tuple[str, ...] = (),
) -> Block:
    """Blocks of a flow and its sub-flows. `functions` maps a node's `call` to its Task; one may be missing, as may an executor or a
    runner. Of nodes that none of
    `until` needs, in the outermost flow or in that which one of them lies in, nothing begins, and the value of the flow is that of these.
    FlowError `too-large`.
    """
    if (problem := extent_problem(graph)) is not None:
        raise FlowError(problem.message, code=problem.code, problems=[problem])
    known = _Known(functions, executors, runners)
    blocks: dict[str, Block] = {}
    whole = as_tree(until)
    waiting = [(graph, whole)]
    while waiting:
        inner, to = waiting.pop()
        name = _name(inner, to)
        if name in blocks:
            continue
        blocks[name] = _block(inner, known, to, until if to is whole else ())
        for i, node in enumerate(inner.names):
            if (one := inner.inner(i)) is not None:
                waiting.append((one, to.get(node, {})))
    return join_blocks(blocks, _name(graph, whole))


def _name(graph: Graph, until: Until) -> str:
    """What tells a block apart: a flow of which a part is run is another one."""
    return f"{graph.path}~{','.join(paths(until))}" if until else graph.path


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


def _block(graph: Graph, known: _Known, until: Until, asked: tuple[str, ...]) -> Block:
    spec, left_out = graph.spec, beyond(graph, until)
    defaults = spec.defaults or SILENT
    policies: dict[Any, Policy] = {}
    late = {name for name, *_ in late_values(defaults)}
    nodes = []
    for i in range(len(graph.nodes)):
        node = known.filled(graph, i, late)
        key = (node.call or node.uses, node.always or i in graph.undoes, *_plain(node), *map(id, _models(node)))
        policy = policies.get(key)
        if policy is None:
            policy = policies[key] = _policy(node, defaults, known, at_end=node.always or i in graph.undoes)
        firsts = _firsts(graph, node) if i in graph.soft else ()
        made = _node(graph, i, node, policy, firsts, known, until.get(graph.names[i], {}))
        nodes.append(replace(made, off=UNTIL, drawn=made.drawn or made.needs, **_ALONE) if i in left_out else made)
    return Block(_name(graph, until), nodes, spec=spec, output=_output(graph, _value(spec, until)), until=asked)


_ALONE: dict[str, Any] = {
    "needs": (),
    "firsts": (),
    "hard": (),
    "ended": (),
    "told": (),
    "join": Join.ALL,
    "when": False,
    "late": False,
    "pinned": False,
    "source": -1,
    "over": "",
}
"""Of a node that waits for nothing, and asks nothing."""


def _value(spec: FlowSpec, until: Until) -> Any:
    """What a scope of a flow gives; of one that goes until several nodes the value of each, by name."""
    if len(until) == 1:
        return Ref("tasks", next(iter(until)))
    return {name: Ref("tasks", name) for name in until} if until else spec.output


def _node(
    graph: Graph,
    i: int,
    node: NodeSpec,
    policy: Policy,
    firsts: tuple[tuple[int, ...], ...],
    known: _Known,
    until: Until,
) -> Node:
    soft = graph.soft.get(i, ())
    kind = _KINDS[bool(node.flow), node.each is not None] if node.loop is None else Kind.LOOP
    inner, pinned = graph.inner(i), node.pin is not None and node.enabled
    hard = tuple(n for first in firsts for n in first if n not in soft and n != OTHERWISE)
    return Node(
        graph.names[i],
        tuple(graph.needs[i]),
        kind,
        firsts=firsts,
        hard=hard,
        ended=tuple(graph.ended.get(i, ())),
        told=() if pinned else tuple(graph.told.get(i, ())),
        join=Join.ALL
        if pinned
        else Join.SETTLED
        if node.always and _can_do_without(node, known)
        else _JOINS[_word(node.join)],
        k=UNTOLD if is_late(node.join) else wanted(node.join, len(graph.needs[i]) - len(graph.ended.get(i, ()))),
        phase=UNDO if i in graph.undoes else LAST if node.always else 0,
        undoes=graph.undoes.get(i),
        keep_losers=node.losers == "keep",
        when=node.when is not None or bool(node.catch),
        late=any(place[0] != JOIN for place in looked_up(node)) and not pinned,
        off="" if node.enabled else DISABLED,
        pinned=pinned,
        drawn=tuple(graph.drawn.get(i, ())),
        allow_failure=node.allow_failure,
        inner=_name(inner, until) if inner is not None else "",
        asks=inner is not None,
        **(_rounds(node.loop) if node.loop is not None else {}),
        **(_fan_out(node.each) if node.each is not None else {}),
        **(_stream(graph, i) if kind is Kind.MAP or (kind is Kind.EACH and inner is not None and inner.names) else {}),
        policy=policy,
        spec=node,
        executor=known.executor(node),
        step=_step(graph, node, known),
        takes=known.shape(node).takes,
        arguments=_arguments(graph, node) if i not in graph.undoes else None,
    )


def _step(graph: Graph, node: NodeSpec, known: _Known) -> Step | None:
    executor = known.executor(node)
    if executor is None or not executor.step:
        return None
    to = S.FAILED if node.args.get("status") == "failed" else S.COMPLETED
    ends, gives = node.args.get("node"), node.args.get("value") is not None
    to = S.CANCELLED if executor.step == "cancel" else to
    if not isinstance(ends, str):
        return Step(to, gives=gives)
    return Step(to, graph.index.get(ends), "" if ends in graph.index else ends, gives)


def _can_do_without(node: NodeSpec, known: _Known) -> bool:
    """Whether a node can run without what it takes from others: each such argument has a default, or may be None."""
    taken = [name for name, value in node.args.items() if any(True for _ in needs_of(value))]
    return not taken or can_be_left_out(known.function(node)) >= set(taken)


def _rounds(loop: Loop) -> dict[str, Any]:
    return {
        "rounds": loop.max,
        "until": loop.until is not None,
        "every": loop.every,
        "within": loop.within,
        "take_last": loop.on_max == "take" or loop.until is None,
    }


def _fan_out(each: Each) -> dict[str, Any]:
    return {
        "most": each.max or 0,
        "gather": _JOINS[_word(each.gather)],
        "of": wanted(each.gather, 1),
        "share": share(each.gather),
        "keep_rest": each.losers == "keep",
    }


def _stream(graph: Graph, i: int) -> dict[str, Any]:
    found = streams_from(graph, i)
    return {} if found is None else {"source": found[0], "over": found[1]}


_KINDS = {(False, False): Kind.TASK, (False, True): Kind.MAP, (True, False): Kind.FLOW, (True, True): Kind.EACH}
"""By whether a node has a flow, and whether it is mapped."""
_JOINS = {"all": Join.ALL, "any": Join.ANY, "first_success": Join.FIRST, "n_of": Join.N_OF, "settled": Join.SETTLED}


def _word(join: str | dict[str, Any]) -> str:
    return join if isinstance(join, str) else next(iter(join))


def _arguments(graph: Graph, node: NodeSpec) -> tuple[tuple[str, int, Any], ...] | None:
    found = []
    for name, value in node.args.items():
        kind = type(value)
        if kind in ATOMS:
            found.append((name, -1, value))
        elif kind is Ref and value.scope == "tasks" and not value.path and value.name in graph.index:
            found.append((name, graph.index[value.name], None))
        elif kind is Ref and value.scope == "inputs" and not value.path:
            found.append((name, OF_INPUTS, value.name))
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
            if first and leaf.otherwise:
                first = (*first, OTHERWISE)
            if first:
                found.append(first)
    return found


def _output(graph: Graph, value: Any) -> Output:
    if value is None:
        return Output()
    hard = frozenset(graph.index[name] for name, wants in needs_of(value) if wants == HARD and name in graph.index)
    is_node = type(value) is Ref and value.scope == "tasks" and not value.path
    return Output(hard, tuple(_in_value(graph, value)), graph.index.get(value.name) if is_node else None, value)


def _policy(node: NodeSpec, defaults: Defaults, known: _Known, *, at_end: bool) -> Policy:
    if node.flow:
        return _policy_of_flow(node)
    runner = known.runner(node, defaults)
    call, traits = node.call or node.uses or "", known.of_runner(runner)
    names = _POLICY
    if traits.bodiless:  # it has one limit, its own: what the document says for all nodes is about bodies
        names, defaults = _BODILESS, SILENT
    options: dict[str, Any] = {"timeout": AT_END} if at_end and not traits.bodiless else {}
    for name in names:
        value = getattr(node, name)
        if value is not None:
            value = without_late(value)
        elif (value := getattr(defaults, name)) is None:
            continue
        options[name] = value
    return Policy(**{**options, "call": call, "runner": runner, "traits": traits})


def _policy_of_flow(node: NodeSpec) -> Policy:
    """What is said of a sub-flow as a whole; what a flow says for all of its nodes is about bodies."""
    said = {name: without_late(value) for name in _OF_FLOWS if (value := getattr(node, name)) is not None}
    limit = node.timeout or NO_LIMIT
    begins = node.pool or any((limit.attempt, limit.total, limit.queued))
    return Policy(**said, whole=bool(begins))

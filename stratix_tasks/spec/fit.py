"""Whether what comes of a node, or an input, can be what the next one takes, by their types. Only certain mistakes count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import signature
from types import GenericAlias
from typing import Any, Union, get_args

from stratix_tasks.spec.annotations import annotation
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.inputs import shown
from stratix_tasks.spec.joins import ALL, Settled
from stratix_tasks.spec.model import FlowSpec, InputSpec, NodeSpec
from stratix_tasks.spec.overlap import class_of, element, iterates, mapped, overlaps
from stratix_tasks.spec.problems import Finding, Problem
from stratix_tasks.spec.secrets import Secret
from stratix_tasks.spec.tables import why_not
from stratix_tasks.spec.types import can_be_left_out, hints_of, tuple_arity, type_text
from stratix_tasks.spec.values import ATOMS, FirstOf, Ref, Template, are_plain

"""The node, where in it, and what is wrong."""
_SOURCE = {"tasks": "which returns", "inputs": "which is", "secrets": "which is"}


class Types:
    """The types in a flow: what each node takes and yields, as far as functions, executors and inputs tell it."""

    def __init__(self, spec: FlowSpec, executors: Executors, functions: Mapping[str, Any]) -> None:
        self.spec, self.executors, self.functions = spec, executors, functions
        self._inputs = {name: _type(one) for name, one in spec.inputs.items()}
        self._hints: dict[tuple[str | None, ...], Mapping[str, Any]] = {}

    def takes(self, node: NodeSpec) -> Mapping[str, Any]:
        """What its arguments must be, and what it yields of one item (`return`)."""
        key = (node.call, node.uses, node.flow)
        if key not in self._hints:
            self._hints[key] = self._hints_of(node)
        return self._hints[key]

    def _hints_of(self, node: NodeSpec) -> Mapping[str, Any]:
        if node.uses is not None:
            return self.executors[node.uses].hints if node.uses in self.executors else {}
        if node.flow is not None:
            if node.flow not in self.spec.flows:
                return {}
            inner = Types(self.spec.flows[node.flow], self.executors, self.functions)
            output = inner.spec.output
            told = output is not None and not _is_given(inner.spec, self.executors)  # a step may give anything
            return {**inner._inputs, "return": inner.of(output) if told else Any}
        task = self.functions.get(node.call or "")
        function = getattr(task, "fn", task)
        return hints_of(function) if function is not None else {}

    def one(self, node: NodeSpec) -> Any:
        """What it yields, or each item of it."""
        return self.takes(node).get("return", Any)

    def of(self, value: Any) -> Any:
        """The type of a value of the document; Any where nobody tells."""
        kind = type(value)
        if kind is Ref:
            return stepped(self.whole(value), value.path)
        if kind is FirstOf:
            return Union[tuple(map(self.of, (*value.refs, *value.otherwise)))]  # noqa: UP007 - built from values
        if kind is Template:
            return str
        if kind is list or kind is tuple:
            return GenericAlias(list, (Any,))
        return kind if kind in ATOMS else Any

    def whole(self, ref: Ref) -> Any:
        """The type of what a reference steps into."""
        if ref.scope == "inputs":
            return self._inputs.get(ref.name, Any)
        if ref.scope == "secrets":
            return Secret
        node = self.spec.tasks.get(ref.name) if ref.scope == "tasks" else None
        if node is None:
            return Any
        made = self.one(node)
        if node.each is None:
            return made
        return GenericAlias(list, (Settled if node.each.gather == "settled" else made,))

    def unfit(self, node: NodeSpec, argument: str, value: Any) -> str:
        """Why a plain value can't be an argument of a function, or nothing. None can be one that is None by default."""
        function, hint = getattr(self.functions.get(node.call or ""), "fn", None), self.takes(node).get(argument, Any)
        if function is None or hint is type(value):
            return ""
        try:
            convert(value, hint)
        except ValueError as error:
            if value is None and signature(function).parameters[argument].default is None:
                return ""
            return f"argument '{argument}' must be {type_text(hint)}, not {shown(value)}: {error}"
        return ""

    def missing(self, name: str, node: NodeSpec, argument: str, source: str) -> Problem | None:
        """Where a join may go on without a source, what takes its value has a default, or takes None."""
        function = self.functions.get(node.call or "")
        if function is None or argument in can_be_left_out(getattr(function, "fn", function)):
            return None
        message = f"'{argument}' is fed by '{source}', which the join may go on without: then there is no value for it"
        hint = f"Give '{argument}' a default, or annotate it as one that may be None."
        return Problem("may-be-missing", message, name, hint=hint)


def _type(one: InputSpec) -> Any:
    """The type of an input; of what has fields only its class knows what it is."""
    return Any if one.fields else annotation(one)


def stepped(hint: Any, path: tuple[str | int, ...]) -> Any:
    """The type of an item of an item …; Any where that is not told."""
    for step in path:
        parts, arity = get_args(hint), tuple_arity(hint)
        if arity is not None:
            hint = parts[step] if isinstance(step, int) and -arity <= step < arity else Any
        elif (pair := mapped(hint)) is not None:
            hint = pair[1]
        else:
            hint = (element(hint) or (Any,))[0]
    return hint


def misfits(graph: Graph, executors: Executors, functions: Mapping[str, Any]) -> Iterator[Finding]:
    """Arguments that are given, or fed by, what can't be what they want, and fan-outs over what can't be iterated; judged once a pair
    of calls."""
    types = Types(graph.spec, executors, functions)
    judged: dict[tuple[Any, ...], str] = {}
    for name, node in zip(graph.names, graph.nodes, strict=True):
        takes = types.takes(node)
        yield from _literals(types, name, node)
        for argument, value in node.args.items():
            if type(value) is Ref and (argument in takes or value.path) and value.scope != "each":
                key = (*_key(graph, value), node.call, node.uses, node.flow, argument)
                if key not in judged:
                    judged[key] = _verdict(types, value, takes.get(argument))
                if why := judged[key]:
                    problem = Problem("type-mismatch", f"'{argument}' is fed by '{value.name}', {why}", name)
                    yield Finding(("tasks", name, "with", argument), problem)
                joined = node.join != ALL and value.scope == "tasks" and argument in takes
                if joined and (absent := types.missing(name, node, argument, value.name)) is not None:
                    yield Finding(("tasks", name, "with", argument), absent)
        for argument, value in node.each.over.items() if node.each is not None else ():
            if (unfit := _each(types, name, node, argument, value)) is not None:
                yield Finding(("tasks", name, "each", "over", argument), unfit)


def _literals(types: Types, name: str, node: NodeSpec) -> Iterator[Finding]:
    """Plain values that can't be an argument; of those that it runs over the first one."""
    columns = node.each.over if node.each is not None and not node.each.flatten else {}
    given = [("with", argument, (value,)) for argument, value in node.args.items() if type(value) in ATOMS]
    over = [
        ("each", argument, value) for argument, value in columns.items() if type(value) is list and are_plain(value)
    ]
    for place, argument, values in (*given, *over):
        if why := next(filter(None, (types.unfit(node, argument, one) for one in values)), ""):
            path = ("with", argument) if place == "with" else ("each", "over", argument)
            yield Finding(("tasks", name, *path), Problem("type-mismatch", why, name))


def _key(graph: Graph, ref: Ref) -> tuple[Any, ...]:
    source = graph.spec.tasks.get(ref.name) if ref.scope == "tasks" else None
    if source is None:
        return (ref.name, ref.path)
    return (source.call, source.uses, source.flow, source.each is None, ref.path)


def _verdict(types: Types, ref: Ref, wanted: Any) -> str:
    """Why what comes of a reference can't be what is wanted, or nothing."""
    whole = types.whole(ref)
    arity, step = tuple_arity(whole), ref.path[0] if ref.path else None
    if arity is not None and isinstance(step, int) and not -arity <= step < arity:
        return f"{_SOURCE[ref.scope]} {arity} parts, so that there is no [{step}]".replace("which is", "which has")
    given = stepped(whole, ref.path)
    if wanted is None or overlaps(given, wanted):
        return ""
    part = f" and {''.join(f'[{step!r}]' for step in ref.path)} of it {type_text(given)}" if ref.path else ""
    return f"{_SOURCE[ref.scope]} {type_text(whole)}{part}, and must be {type_text(wanted)}"


def _each(types: Types, name: str, node: NodeSpec, argument: str, value: Any) -> Problem | None:
    """What is wrong with one mapped argument."""
    given = type(value) if type(value) in ATOMS else types.of(value)
    what = f"'{value.name}', {_SOURCE[value.scope]}" if type(value) is Ref and value.scope != "each" else "what is"
    if not iterates(given):
        message = f"'{argument}' maps over {what} {type_text(given)}: that can't be iterated"
        hint = f"Map over a list, or give it to all items alike: with: {{{argument}: …}}."
        return Problem("bad-each", message, name, hint=hint)
    if (kind := class_of(given)) is not None and (table := why_not(kind)):
        message = f"'{argument}' maps over {what} {type_text(given)}: {table}"
        return Problem("bad-each", message, name, hint="Do it where it is made.")
    wanted, found = types.takes(node).get(argument), element(given)
    if node.each is not None and node.each.flatten:
        flat = next((one for one in _elements(types, value, found) if not iterates(one)), None)
        if flat is not None:
            message = f"'{argument}' flattens {what} {type_text(given)}, and in that stands {type_text(flat)}: no list of its own"
            return Problem("bad-each", message, name, hint="Take flatten away, or map over a list of lists.")
        found = element(found[0]) if found is not None else None
    if wanted is None or found is None or overlaps(found[0], wanted):
        return None
    message = f"'{argument}' takes one element each of {what} {type_text(given)}, and must be {type_text(wanted)}"
    return Problem("type-mismatch", message, name)


def _elements(types: Types, value: Any, found: tuple[Any] | None) -> list[Any]:
    """The types of what stands in something that is mapped over, as far as they are told."""
    if type(value) is dict and set(value) == {"range"}:
        return [int]
    if type(value) in (list, tuple):
        return [type(one) if type(one) in ATOMS else types.of(one) for one in value]
    return [] if found is None else [found[0]]


def without_output(graph: Graph, executors: Executors) -> frozenset[str]:
    """Nodes that are sub-flows without an output, and without a step that gives their value."""
    flows = graph.spec.flows
    return frozenset(
        name
        for name, node in graph.spec.tasks.items()
        if node.flow in flows and flows[node.flow].output is None and not _is_given(flows[node.flow], executors)
    )


def _is_given(flow: FlowSpec, executors: Executors) -> bool:
    giving = (node.uses for node in flow.tasks.values() if node.uses in executors and "value" in node.args)
    return any(executors[uses].step for uses in giving if uses is not None)

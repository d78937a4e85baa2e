"""Nodes that become a flow of their own, and a flow whose nodes take the place of the node that held it."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from stratix_tasks.edits.places import Place, free
from stratix_tasks.edits.references import Change, ends, named_by, node_renamed, rewritten, substituted
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.disabled import NOTHING
from stratix_tasks.spec.fields import IN_FLOW, IN_NODE
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.joins import ALL
from stratix_tasks.spec.model import FlowSpec, InputSpec, NodeSpec
from stratix_tasks.spec.names import Mention
from stratix_tasks.spec.values import ATOMS, Expr, FirstOf, Ref, Template, leaves, may_be_last, ref_text

Source = tuple[str, str]
"""`tasks` or `inputs`, and a name."""


def _refuse(what: str, why: str) -> NoReturn:
    raise FlowError(f"{what}: {why}", code="bad-edit")


# ---------------------------------------------------------------------- into a group


def grouped(place: Place, names: tuple[str, ...], name: str) -> FlowSpec:
    """A flow with some of its nodes in a flow of their own, called `name`, in whose place a node stands. FlowError `bad-edit` where
    what is named across the border can't go through a flow's inputs and output.
    """
    spec, inside = place.flow, frozenset(names)
    what = f"can't group {', '.join(names)}"
    if place.find(name) is not None or (name in spec.tasks and name not in inside):
        _refuse(what, f"the name '{name}' is taken")
    for one, node in spec.tasks.items():
        _no_hidden_wires(what, one, node, inside)
    inputs = _Inputs(spec, inside, what)
    inner = {one: inputs.node(one, node) for one, node in spec.tasks.items() if one in inside}
    outputs = _used_outside(spec, inside)
    made = FlowSpec.model_construct(
        flow=name,
        inputs=inputs.specs,
        tasks=inner,
        output=_output(outputs, inner),
        defaults=spec.defaults,
    )
    needs = {need for one in inside for need in spec.tasks[one].needs} - inside
    group = NodeSpec.made({"flow": name, "args": inputs.values, "needs": tuple(sorted(needs - inputs.tasks))})
    change = _outside(name, outputs, inside, what)
    tasks: dict[str, NodeSpec] = {}
    for one, node in spec.tasks.items():
        if one not in inside:
            tasks[one] = _needing(rewritten(node, change), inside, (name,))
        elif name not in tasks:
            tasks[name] = group
    outer = spec.but({"tasks": tasks, "output": rewritten(spec.output, change), "flows": {**spec.flows, name: made}})
    if cycle := Graph(outer).cycle():
        _refuse(what, f"a path would leave the group and come back: {' → '.join(cycle)}")
    return outer


def _no_hidden_wires(what: str, name: str, node: NodeSpec, inside: frozenset[str]) -> None:
    """What is said of another node but its value, and order, stays on one side of the border."""
    crossing = {one for one in named_by(node) if (one in inside) != (name in inside)}
    for one in crossing & {*node.catch, ends(node)}:
        _refuse(what, f"'{name}' catches or ends '{one}', across the border: take both, or none")
    if crossing and name in inside and node.join != ALL:
        _refuse(what, f"'{name}' joins what lies on both sides: take all that it joins")
    for leaf in leaves([*node.args.values(), *(node.each.over.values() if node.each else ())]):
        if type(leaf) is FirstOf and crossing & {ref.name for ref in leaf.refs}:
            _refuse(what, f"'{name}' takes the first of what lies on both sides: take all of it")


class _Inputs:
    """What the nodes of a group take from outside, each as an input of it."""

    def __init__(self, spec: FlowSpec, inside: frozenset[str], what: str) -> None:
        self.spec, self.inside, self.what = spec, inside, what
        self.names: dict[Source, str] = {}
        self.values: dict[str, Any] = {}
        self.specs: dict[str, InputSpec] = {}
        self.tasks: set[str] = set()

    def node(self, name: str, node: NodeSpec) -> NodeSpec:
        needs = tuple(need for need in node.needs if need in self.inside)
        made: NodeSpec = rewritten(node, self._change)
        return made if needs == node.needs else made.but({"needs": needs})

    def _change(self, leaf: Ref | Expr) -> Any:
        if type(leaf) is Ref:
            source = (str(leaf.scope), leaf.name)
            return Ref("inputs", self._input(source), leaf.path) if self._is_outside(source) else leaf
        assert type(leaf) is Expr
        return substituted(leaf, self._mention)

    def _mention(self, mention: Mention) -> tuple[str, int] | None:
        source = (mention.root, str(mention.steps[0])) if mention.steps else (mention.root, "")
        if not self._is_outside(source):
            return None
        if mention.root == "tasks" and mention.steps[1:2] != ("output",):
            _refuse(self.what, f"a condition asks for more than the output of '{source[1]}', which stays outside")
        return f"inputs.{self._input(source)}", 2 if mention.root == "tasks" else 1

    def _is_outside(self, source: Source) -> bool:
        return source[0] == "inputs" or (source[0] == "tasks" and source[1] not in self.inside)

    def _input(self, source: Source) -> str:
        if source not in self.names:
            scope, name = source
            self.names[source] = made = free(name, self.specs)
            self.values[made] = Ref("tasks" if scope == "tasks" else "inputs", name)
            outer = self.spec.inputs.get(name) if scope == "inputs" else None
            self.specs[made] = (outer or InputSpec.model_construct()).but({"required": True, "default": None})
            self.tasks |= {name} if scope == "tasks" else set()
        return self.names[source]


def _used_outside(spec: FlowSpec, inside: frozenset[str]) -> list[str]:
    """The nodes inside whose values somebody outside takes, in order."""
    used: set[str] = set()

    def note(leaf: Ref | Expr) -> Any:
        used.update([leaf.name] if type(leaf) is Ref and leaf.scope == "tasks" else getattr(leaf, "tasks", ()))
        return leaf

    for name, node in spec.tasks.items():
        if name not in inside:
            rewritten(node, note)
    rewritten(spec.output, note)
    return [name for name in spec.tasks if name in used & inside]


def _output(used: list[str], inner: dict[str, NodeSpec]) -> Any:
    """What the group gives: the value that is used, or several by name, or where none is that of its one end."""
    if not used:
        named = {need for node in inner.values() for need in named_by(node)}
        last = [name for name in inner if name not in named]
        return Ref("tasks", last[0]) if len(last) == 1 else None
    return Ref("tasks", used[0]) if len(used) == 1 else {name: Ref("tasks", name) for name in used}


def _outside(group: str, used: list[str], inside: frozenset[str], what: str) -> Change:
    """What outside stands for a value of the group."""

    def change(leaf: Ref | Expr) -> Any:
        if type(leaf) is Ref:
            if leaf.scope != "tasks" or leaf.name not in inside:
                return leaf
            return Ref("tasks", group, leaf.path if len(used) == 1 else (leaf.name, *leaf.path))
        assert type(leaf) is Expr
        return substituted(leaf, mention)

    def mention(one: Mention) -> tuple[str, int] | None:
        if one.root != "tasks" or not one.steps or one.steps[0] not in inside:
            return None
        if one.steps[1:2] != ("output",):
            _refuse(what, f"a condition outside asks for more than the output of '{one.steps[0]}'")
        return (f"tasks.{group}.output" + ("" if len(used) == 1 else f".{one.steps[0]}")), 2

    return change


def _needing(node: NodeSpec, gone: frozenset[str], instead: tuple[str, ...]) -> NodeSpec:
    """A node that waits for others instead of some that have gone."""
    if not gone & set(node.needs):
        return node
    needs = [one for need in node.needs for one in (instead if need in gone else (need,))]
    return node.but({"needs": tuple(dict.fromkeys(needs))})


# ---------------------------------------------------------------------- out of a group

_PLAIN = {"flow", "args", "needs", "description"}


def unpacked(place: Place, name: str) -> FlowSpec:
    """A flow with the nodes of a sub-flow in place of the node that holds it. FlowError `bad-edit` where that would not mean the same."""
    spec, node, what = place.flow, place.flow.tasks[name], f"can't unpack {name}"
    held = place.find(node.flow) if node.flow is not None else None
    if held is None:
        _refuse(what, "it holds no flow")
    if held.chain == place.chain[: len(held.chain)]:
        _refuse(what, "its flow lies in itself")
    inner = held.flow
    _means_the_same(what, spec, name, node, inner)
    taken = {*spec.tasks} - {name}
    names: dict[str, str] = {}
    for one in inner.tasks:
        names[one] = free(one, {*taken, *names.values()})
        if names[one] != one:
            temporary = free(names[one], {*inner.tasks})
            inner = node_renamed(inner, one, temporary) if temporary == names[one] else _clash(what, one)
    insides = {one: rewritten(body, _given(what, node, inner)) for one, body in inner.tasks.items()}
    insides = {one: body.but({"args": _without_nothing(body.args)}) for one, body in insides.items()}
    first = [one for one, body in insides.items() if not named_by(body) & insides.keys()]
    for one in first if node.needs else ():
        insides[one] = insides[one].but({"needs": (*insides[one].needs, *node.needs)})
    named = {need for body in insides.values() for need in named_by(body)}
    last = tuple(one for one in insides if one not in named)
    output = rewritten(inner.output, _given(what, node, inner))
    for leaf in leaves([*insides.values(), output]):
        if type(leaf) is FirstOf and not all(map(may_be_last, leaf.otherwise)):
            _refuse(
                what,
                "a first_of in it ends in an input that is given by an expression: give it an input, or what a task gives",
            )
    change = _from_inside(what, name, output)
    tasks: dict[str, NodeSpec] = {}
    for one, body in spec.tasks.items():
        if one == name:
            tasks.update(insides)
        else:
            made = rewritten(body, change)
            tasks[one] = _needing(made, frozenset((name,)), last)
    flows = {**spec.flows, **inner.flows}
    if held.chain == (*place.chain, str(node.flow)) and not _is_used(spec.but({"tasks": tasks}), str(node.flow)):
        del flows[str(node.flow)]
    return spec.but({"tasks": tasks, "flows": flows, "output": rewritten(spec.output, change)})


def _clash(what: str, name: str) -> NoReturn:
    _refuse(what, f"the name '{name}' is taken outside, and its next one inside: rename it first")


def _means_the_same(what: str, spec: FlowSpec, name: str, node: NodeSpec, inner: FlowSpec) -> None:
    said = [
        option.name for option in IN_NODE if option.name not in _PLAIN and getattr(node, option.name) != option.default
    ]
    said += [field for field in ("each", "loop", "when", "catch", "always") if getattr(node, field)]
    if said:
        _refuse(what, f"it says {', '.join(said)} for all that lies in it: take that away first")
    own = [
        o.name
        for o in IN_FLOW
        if o.name != "description" and getattr(inner, o.name) not in (o.default, getattr(spec, o.name))
    ]
    if own:
        _refuse(what, f"its flow says {', '.join(own)} for all that lies in it: take that away first")
    for one, body in inner.tasks.items():
        if body.always or body.undo or (ends(body) == "" and body.uses in ("flow.finish", "flow.cancel")):
            _refuse(what, f"'{one}' belongs to the end of its flow")
    for one, body in spec.tasks.items():
        if name in body.catch or ends(body) == name or (name in named_by(body) and body.join != ALL):
            _refuse(what, f"'{one}' catches, ends or joins it as a whole")
    if clash := [one for one, flow in inner.flows.items() if spec.flows.get(one, flow) != flow]:
        _refuse(what, f"there is another flow '{clash[0]}' outside")


def _given(what: str, node: NodeSpec, inner: FlowSpec) -> Change:
    """What stands for an input of the flow: what the node gives, or its default."""
    defaults = {name: one.default for name, one in inner.inputs.items() if not one.required}
    values = {**defaults, **node.args}

    def change(leaf: Ref | Expr) -> Any:
        if type(leaf) is Ref:
            return stepped(what, values.get(leaf.name, NOTHING), leaf.path) if leaf.scope == "inputs" else leaf
        assert type(leaf) is Expr
        return substituted(leaf, lambda one: _text_of(what, values, one))

    return change


def _text_of(what: str, values: dict[str, Any], mention: Mention) -> tuple[str, int] | None:
    if mention.root != "inputs" or not mention.steps:
        return None
    return _as_text(what, values.get(str(mention.steps[0]), NOTHING)), 1


def _as_text(what: str, value: Any) -> str:
    """A value inside of an expression."""
    if type(value) is Ref:
        return ref_text(value)
    if type(value) is Expr:
        return f"({value.text})"
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        told = "a text that is filled in" if type(value) is Template else f"{value!r:.60}"
        _refuse(
            what,
            f"an expression in it takes {told}, which has no text there: give it what one task gives, or an expression",
        )


def stepped(what: str, value: Any, path: tuple[str | int, ...]) -> Any:
    """A part of a value of the document."""
    if type(value) is Ref:
        return Ref(value.scope, value.name, (*value.path, *path))
    for i, step in enumerate(path):
        if type(value) is Ref:
            return stepped(what, value, path[i:])
        try:
            value = value[step]
        except (TypeError, LookupError):
            _refuse(what, f"a part {step!r} is taken of what has none: {value!r:.60}")
    return value


def _without_nothing(args: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in args.items() if type(value) in ATOMS or value is not NOTHING}


def _from_inside(what: str, name: str, output: Any) -> Change:
    """What outside stands for the value of the sub-flow."""

    def change(leaf: Ref | Expr) -> Any:
        if type(leaf) is Ref:
            return stepped(what, output, leaf.path) if (leaf.scope, leaf.name) == ("tasks", name) else leaf
        assert type(leaf) is Expr
        return substituted(leaf, mention)

    def mention(one: Mention) -> tuple[str, int] | None:
        if one.root != "tasks" or one.steps[:1] != (name,):
            return None
        if one.steps[1:2] != ("output",):
            _refuse(what, f"a condition asks for more than its output: tasks.{name}.{one.steps[1:2]}")
        return _as_text(what, stepped(what, output, one.steps[2:])), len(one.steps)

    return change


def _is_used(spec: FlowSpec, flow: str) -> bool:
    return any(node.flow == flow for node in spec.tasks.values()) or any(
        _is_used(inner, flow) for inner in spec.flows.values()
    )

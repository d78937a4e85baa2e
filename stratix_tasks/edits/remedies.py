"""What mends a problem of a flow, as edits; and where a view shows what it is of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stratix_tasks.edits.places import Chain, node_at
from stratix_tasks.edits.references import rewritten, substituted
from stratix_tasks.edits.words import Edit, Set, SetFlow
from stratix_tasks.errors import FlowError
from stratix_tasks.formats.yaml_write import flow_data, node_data
from stratix_tasks.spec.model import FlowSpec, Model, NodeSpec
from stratix_tasks.spec.names import Mention
from stratix_tasks.spec.problems import Path, Problem, Remedy, field_of, node_path
from stratix_tasks.spec.text import dump
from stratix_tasks.spec.values import Expr, Ref

_ATTRIBUTES = {"with": "args"}


@dataclass(frozen=True, slots=True)
class Mending:
    """The node that a problem is of, as a view calls it (empty: a flow), the field there, and what mends it: `label` says so, and is
    empty where nothing is known; without edits the field wants a value."""

    node: str = ""
    field: str = ""
    label: str = ""
    edits: tuple[Edit, ...] = ()


def holders(spec: FlowSpec, names: Iterable[str]) -> dict[Chain, str]:
    """By where a definition of a flow stands the first node, of those in a view, that holds it."""
    found: dict[Chain, str] = {(): ""}
    for name in names:
        try:
            place, _ = node_at(spec, name)
        except FlowError:  # what takes another one back stands in the view alone
            continue
        found.setdefault(place.chain, name.rpartition(".")[0])
    return found


def mending(spec: FlowSpec, problem: Problem, held: Mapping[Chain, str]) -> Mending:
    """What mends a problem; `held` tells where a view shows each flow."""
    path = problem.at or (node_path(problem.node) if problem.node else ())
    chain, rest = _flow_of(path)
    flow = _definition(spec, chain)
    if flow is None or chain not in held:
        return Mending()
    if rest[:1] != ("tasks",) or len(rest) < 2:
        label, edits = _of_flow(flow, rest, problem.remedy, held[chain])
        return Mending(held[chain], field_of(rest), label, edits)
    own = str(rest[1])
    name = f"{held[chain]}.{own}" if held[chain] else own
    remedy, node = problem.remedy, flow.tasks.get(own)
    if remedy is not None and remedy.do == "input":
        return Mending(name, field_of(rest[2:]), f"add the input {remedy.word}", (_input(remedy, held[chain]),))
    if remedy is None or node is None:
        return Mending(name, field_of(rest[2:]))
    if remedy.do == "fill":
        return Mending(name, f"with.{remedy.word}", f"fill in {remedy.word}")
    return Mending(name, field_of(rest[2:]), _label(remedy, rest), _EDITS[remedy.do](name, node, rest[2:], remedy))


def _flow_of(path: Path) -> tuple[Chain, Path]:
    """The flow that a place lies in, and the place in it."""
    chain: Chain = ()
    while path[:1] == ("flows",) and len(path) > 1:
        chain, path = (*chain, str(path[1])), path[2:]
    return chain, path


def _definition(spec: FlowSpec, chain: Chain) -> FlowSpec | None:
    found: FlowSpec | None = spec
    for name in chain:
        found = found.flows.get(name) if found is not None else None
    return found


def _label(remedy: Remedy, path: Path) -> str:
    if remedy.do == "remove":
        return f"take {path[-1]} away"
    return f"write {remedy.instead} for {remedy.word}"


# ---------------------------------------------------------------------- of a node


def _replaced(name: str, node: NodeSpec, path: Path, remedy: Remedy) -> tuple[Edit, ...]:
    attribute = _ATTRIBUTES.get(str(path[0]), str(path[0]))
    value = getattr(node, attribute)
    if path[0] == "with":
        given = str(path[1])
        return (Set(name, f"with.{given}", dump(_worded(value[given], remedy))),)
    return (Set(name, str(path[0]), node_data(node.but({attribute: _worded(value, remedy)}))[str(path[0])]),)


def _renamed(name: str, node: NodeSpec, path: Path, remedy: Remedy) -> tuple[Edit, ...]:
    if path[0] == "with":
        value = dump(node.args[str(path[1])])
        return Set(name, f"with.{remedy.instead}", value), Set(name, f"with.{path[1]}")
    assert node.each is not None
    value = dump(node.each.over[str(path[2])])
    one = str(path[2])  # what is not mapped any more is an argument
    return Set(name, f"over.{remedy.instead}", value), Set(name, f"over.{one}"), Set(name, f"with.{one}")


def _removed(name: str, node: NodeSpec, path: Path, _: Remedy) -> tuple[Edit, ...]:
    field = field_of(path)
    if field.startswith("over."):
        return Set(name, field), Set(name, f"with.{path[-1]}")
    if len(path) == 1 or field.startswith("with."):
        return (Set(name, field),)
    return (Set(name, field, _less(node_data(node)[field], path[1:])),)


_EDITS: dict[str, Callable[[str, NodeSpec, Path, Remedy], tuple[Edit, ...]]] = {
    "replace": _replaced,
    "rename": _renamed,
    "remove": _removed,
}


# ---------------------------------------------------------------------- of a flow


def _input(remedy: Remedy, node: str) -> Edit:
    """Of what type it is a person has to say."""
    return SetFlow(f"inputs.{remedy.word}", {"type": "any"}, node)


def _of_flow(flow: FlowSpec, path: Path, remedy: Remedy | None, node: str) -> tuple[str, tuple[Edit, ...]]:
    if remedy is None or not path:
        return "", ()
    if remedy.do == "input":
        return f"add the input {remedy.word}", (_input(remedy, node),)
    field, label = field_of(path), _label(remedy, path)
    if remedy.do == "remove":
        value = None if field.startswith("inputs.") else _less(flow_data(flow)[field], path[1:])
        return label, (SetFlow(field, value, node),)
    if remedy.do == "replace" and not field.startswith("inputs."):
        made = flow.but({field: _worded(getattr(flow, field), remedy)})
        return label, (SetFlow(field, flow_data(made)[field], node),)
    return "", ()


# ---------------------------------------------------------------------- words


def _less(data: Any, path: Path) -> Any:
    """Data without what a path leads to, and without what is empty then; None where nothing is left."""
    if not path:
        return None
    rest = _less(data[path[0]], path[1:])
    return {key: rest if key == path[0] else part for key, part in data.items() if key != path[0] or rest} or None


def _worded(value: Any, remedy: Remedy) -> Any:
    """A value with another word for one that is a name in it, or stands alone."""
    word, new = remedy.word, remedy.instead
    if type(value) is str:
        return new if value == word else value
    if type(value) in (list, tuple):
        return type(value)(_worded(part, remedy) for part in value)
    if type(value) is dict:
        return {key: _worded(part, remedy) for key, part in value.items()}
    if isinstance(value, Model):
        return value.but({name: _worded(part, remedy) for name, part in value.__dict__.items()})

    def other(mention: Mention) -> tuple[str, int] | None:
        names = (mention.root, *mention.steps)
        if word not in names:
            return None
        steps = names.index(word)
        return (f"{Mention(mention.root, mention.steps[: steps - 1], (), 0)}.{new}" if steps else new), steps

    def change(leaf: Ref | Expr) -> Any:
        if type(leaf) is Expr:
            return substituted(leaf, other)
        return Ref(leaf.scope, new, leaf.path) if isinstance(leaf, Ref) and leaf.name == word else leaf

    return rewritten(value, change)

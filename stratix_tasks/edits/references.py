"""What a document says of others by their names: references, expressions, `needs`, `catch`, and the nodes that steps end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from stratix_tasks.executors.registry import HERE
from stratix_tasks.spec.model import FlowSpec, Model, NodeSpec
from stratix_tasks.spec.names import Mention, mentions, needs_of, task_names
from stratix_tasks.spec.values import ATOMS, Expr, FirstOf, Ref, Scope, Template

Change = Callable[[Ref | Expr], Any]
"""What stands in the place of a reference or an expression."""


def rewritten(value: Any, change: Change) -> Any:
    """A value, an option or a node with its references and expressions changed; the same object where nothing is."""
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind is Ref or kind is Expr:
        return change(value)
    if kind is Template:
        return _kept(value, value.parts, Template, change)
    if kind is FirstOf:
        refs, otherwise = rewritten(value.refs, change), rewritten(value.otherwise, change)
        if refs is value.refs and otherwise is value.otherwise:
            return value
        tasks = tuple(one for one in otherwise if type(one) is Ref and one.scope == "tasks")  # in the place of an input
        return FirstOf((*refs, *tasks), () if tasks else otherwise)
    if kind is list or kind is tuple:
        return _kept(value, value, kind, change)
    if kind is dict:
        made = {name: rewritten(part, change) for name, part in value.items()}
        return value if all(made[name] is value[name] for name in made) else made
    if isinstance(value, Model):
        parts = [(name, part) for name, part in value.__dict__.items() if type(part) not in ATOMS]
        other = {name: made for name, part in parts if (made := rewritten(part, change)) is not part}
        return value.but(other) if other else value
    return value


def _kept(value: Any, parts: Any, made: Callable[[Any], Any], change: Change) -> Any:
    fresh = tuple(rewritten(part, change) for part in parts)
    return value if all(new is old for new, old in zip(fresh, parts, strict=True)) else made(fresh)


def in_flow(spec: FlowSpec, change: Change) -> FlowSpec:
    """A flow with what its nodes and its output name changed; flows in it are left alone, for they name their own."""
    tasks, output = rewritten(spec.tasks, change), rewritten(spec.output, change)
    return spec if tasks is spec.tasks and output is spec.output else spec.but({"tasks": tasks, "output": output})


def renamed(scope: Scope, old: str, new: str) -> Change:
    """Another name for a task or an input."""

    def change(leaf: Ref | Expr) -> Any:
        if type(leaf) is Ref:
            return Ref(scope, new, leaf.path) if (leaf.scope, leaf.name) == (scope, old) else leaf
        assert type(leaf) is Expr
        return expression(leaf, lambda root, name: new if (root, name) == (scope, old) else name)

    return change


def variable_renamed(old: str, new: str) -> Change:
    """Another name for what is mapped."""

    def change(leaf: Ref | Expr) -> Any:
        if type(leaf) is Ref:
            return Ref("each", new, leaf.path) if (leaf.scope, leaf.name) == ("each", old) else leaf
        assert type(leaf) is Expr
        return substituted(leaf, lambda mention: (new, 0) if mention.root == old else None)

    return change


def expression(expr: Expr, name: Callable[[str, str], str]) -> Expr:
    """An expression with other names for the tasks and inputs in it: `name` is given `tasks` or `inputs`, and the name."""

    def other(mention: Mention) -> tuple[str, int] | None:
        root, steps = mention.root, mention.steps
        if root not in ("tasks", "inputs") or not steps or not isinstance(steps[0], str):
            return None
        return (f"{root}.{new}", 1) if (new := name(root, steps[0])) != steps[0] else None

    return substituted(expr, other)


def substituted(expr: Expr, other: Callable[[Mention], tuple[str, int] | None]) -> Expr:
    """An expression with other text for what it names: for each mention `other` tells the text, and how many of its steps, beside
    the root, that stands for; None leaves it.
    """
    text = expr.text
    for mention in reversed(mentions(text)):
        if (found := other(mention)) is not None:
            new, steps = found
            text = text[: mention.at[0]] + new + text[_end(text, mention, steps) :]
    return expr if text == expr.text else Expr(text, task_names(text))


def _end(text: str, mention: Mention, steps: int) -> int:
    """Where the mention's first steps end."""
    at = mention.at[steps]
    if steps == 0:
        return at + len(mention.root)
    return (
        text.index("]", _literal_end(text, at)) + 1
        if text[at] in "\"'0123456789"
        else at + len(str(mention.steps[steps - 1]))
    )


def _literal_end(text: str, at: int) -> int:
    quote = text[at]
    end = at + 1
    while quote in "\"'" and text[end] != quote:
        end += 2 if text[end] == "\\" else 1
    return end


def node_renamed(spec: FlowSpec, old: str, new: str) -> FlowSpec:
    """A flow in which all that names one of its nodes names it otherwise; the node itself, too."""
    made = in_flow(spec, renamed("tasks", old, new))
    tasks = {new if name == old else name: _listed_anew(node, old, new) for name, node in made.tasks.items()}
    return made.but({"tasks": tasks})


def _listed_anew(node: NodeSpec, old: str, new: str) -> NodeSpec:
    changed: dict[str, Any] = {}
    for field in ("needs", "catch"):
        names = getattr(node, field)
        if old in names:
            changed[field] = tuple(new if name == old else name for name in names)
    if ends(node) == old:
        changed["args"] = {**node.args, "node": new}
    return node.but(changed) if changed else node


def ends(node: NodeSpec) -> str:
    """The name of what a step ends; empty for any other node, and where it ends its flow."""
    executor = HERE.get().entries.get(node.uses) if node.uses is not None else None
    named = node.args.get("node") if executor is not None and executor.step else None
    return named if isinstance(named, str) else ""


def named_by(node: NodeSpec) -> set[str]:
    """The nodes beside it that a node names in any way."""
    found = {name for name, _ in needs_of([*_parts(node)])}
    return found | set(node.needs) | set(node.catch) | ({ends(node)} - {""})


def _parts(value: Model) -> Iterator[Any]:
    for part in value.__dict__.values():
        if isinstance(part, Model):
            yield from _parts(part)
        elif type(part) not in ATOMS:
            yield part

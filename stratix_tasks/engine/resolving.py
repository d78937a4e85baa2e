"""Resolving: the values of a document, filled in from what a scope holds. It knows neither units nor runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from stratix_tasks.engine.reading import ATOMS, Away, Reader, are_atoms
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.names import mentions
from stratix_tasks.spec.values import LEAVES, Expr, FirstOf, Object, Ref, Template, leaves

PARTS = frozenset(("status", "summary", "output"))
"""What an expression can ask of a task."""
COMPLETED = "completed"


class Seen(NamedTuple):
    """A task of a scope: what is held of its result, its state's label, and the recorded summary."""

    held: Any
    status: str
    summary: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known in a (sub-)flow, taken at one moment. `summarise(value)` tells the shape of a value."""

    inputs: Any
    """Its inputs by name; a `Once` where they are not resolved yet."""
    tasks: Mapping[str, Seen]
    summarise: Callable[[Any], dict[str, Any] | None]


Item = Mapping[str, Any]
NONE: Item = {}


def names_in(values: Iterable[Any]) -> set[str] | None:
    """The tasks that values of a document name; None where that can't be told without asking an object of the user's."""
    found: set[str] = set()
    todo = list(values)
    while todo:
        value = todo.pop()
        kind = type(value)
        if kind is Ref:
            if value.scope == "tasks":
                found.add(value.name)
        elif kind is Expr:
            found.update(value.tasks)
        elif kind is FirstOf:
            todo += value.refs
        elif kind is Template:
            todo += value.parts
        elif kind is list or kind is tuple:
            todo += () if are_atoms(value) else value
        elif kind is dict:
            todo += value.values()
        elif kind is not Object and not _is_whole(kind):
            return None
    return found


def _is_whole(kind: type) -> bool:
    """Whether values of a type have no parts in which a reference may stand, told without running code of theirs."""
    return type(kind) is type and not any("__dataclass_fields__" in one.__dict__ for one in kind.__mro__)


def resolve(value: Any, scope: Scope, reader: Reader, item: Item = NONE) -> Any:
    """A value of the document with everything filled in.

    Lists and dicts are made anew: the document is kept for other runs, and a body may change what it is given.
    Whatever objects on the way raise; Away.
    """
    kind = type(value)
    if type(kind) is type:
        if kind in ATOMS:
            return value
        if kind in LEAVES:
            return _leaf(value, scope, reader, item)
        if kind is list or kind is tuple:
            return kind(value) if are_atoms(value) else kind(resolve(part, scope, reader, item) for part in value)
        if kind is dict and (reader.waits or all(type(key) is str for key in value)):
            return {key: resolve(part, scope, reader, item) for key, part in value.items()}
        if kind is not dict and _is_whole(kind):
            return value
    if not reader.waits:
        raise Away
    if hasattr(kind, "__pydantic_fields__") and next(leaves(value), None) is not None:
        update = {name: resolve(getattr(value, name), scope, reader, item) for name in kind.__pydantic_fields__}
        return value.model_copy(update=update)
    if is_dataclass(value) and next(leaves(value), None) is not None:
        made = copy(value)
        for field in fields(value):
            object.__setattr__(made, field.name, resolve(getattr(value, field.name), scope, reader, item))
        return made
    return value


def _leaf(leaf: Any, scope: Scope, reader: Reader, item: Item) -> Any:
    kind = type(leaf)
    if kind is Ref:
        return _ref(leaf, scope, reader, item)
    if kind is Expr:
        return evaluate(leaf, scope, reader, item)
    if kind is FirstOf:
        first = next((ref for ref in leaf.refs if scope.tasks[ref.name].status == COMPLETED), None)
        return None if first is None else _ref(first, scope, reader, item)
    if kind is Template:
        return "".join(part if type(part) is str else _text(part, scope, reader.asking, item) for part in leaf.parts)
    assert kind is Object
    return leaf.value


def _text(part: Any, scope: Scope, reader: Reader, item: Item) -> str:
    return exact(str(reader.open(resolve(part, scope, reader, item))))


def exact(text: str) -> str:
    """A text without the methods of a subclass."""
    return str.__str__(text)


def _ref(ref: Ref, scope: Scope, reader: Reader, item: Item) -> Any:
    if ref.scope == "tasks":
        held = scope.tasks[ref.name].held
    elif ref.scope == "inputs":
        held = reader.asking.give(scope.inputs)[ref.name]
    else:
        held = item[ref.name]
    if not ref.path:
        return reader.give(held)
    got = reader.asking.give(held)
    for step in ref.path:
        got = reader.asking.step(got, step)
    return got


def evaluate(expr: Expr, scope: Scope, reader: Reader, item: Item = NONE) -> Any:
    """A CEL expression over the scope's inputs, tasks and loop variables, of which it looks at those that it names."""
    reader, asked = reader.asking, _asked(expr.text)
    environment: dict[str, Any] = {
        "inputs": _named(reader.give(scope.inputs), asked["inputs"], reader),
        "tasks": {name: _seen(scope.tasks[name], asked[f"tasks.{name}"], scope, reader) for name in expr.tasks},
        **_named(item, asked[""], reader),
    }
    return compile_expression(expr.text).evaluate(environment)


def _named(held: Item, names: frozenset[str] | None, reader: Reader) -> dict[str, Any]:
    """Values as an expression sees them; of those that it does not name, the names alone."""
    return {name: plain(reader.open(one)) if names is None or name in names else None for name, one in held.items()}


@lru_cache(1024)
def _asked(text: str) -> dict[str, Any]:
    """What an expression names: `inputs` (None: all of them), parts of each `tasks.<name>`, and variables under ""."""
    asked: dict[str, set[str] | None] = {"inputs": set(), "": set()}
    for mention in mentions(text):
        steps = [step for step in mention.steps if isinstance(step, str)]
        if mention.root == "inputs":
            named = asked["inputs"]
            asked["inputs"] = None if named is None or not steps else {*named, steps[0]}
        elif mention.root == "tasks" and steps:
            parts = {steps[1]} if len(steps) > 1 and steps[1] in PARTS else PARTS
            asked[f"tasks.{steps[0]}"] = {*(asked.get(f"tasks.{steps[0]}") or ()), *parts}
        else:
            asked[""] = {*(asked[""] or ()), mention.root}
    return asked


def _seen(task: Seen, parts: frozenset[str], scope: Scope, reader: Reader) -> dict[str, Any]:
    """A task as an expression sees it: its value only where that is plain data."""
    seen: dict[str, Any] = {"status": task.status}
    if task.status == COMPLETED:
        if "summary" in parts:
            seen["summary"] = plain(_summary(task, scope, reader))
        if "output" in parts:
            with suppress(TypeError):
                seen["output"] = plain(reader.open(task.held), strict=True)
    return seen


def _summary(task: Seen, scope: Scope, reader: Reader) -> dict[str, Any]:
    """Facts about a result: `type`, and some of `rows`, `columns`, `shape`, `length`."""
    known = task.summary
    if known is None:
        value = reader.open(task.held)
        known = scope.summarise(value) or {"type": type(value).__name__}
        known |= {"length": len(value)} if isinstance(value, str) else {}
    return {name: fact for name, fact in known.items() if name != "text"}


def plain(value: Any, *, strict: bool = False) -> Any:
    """JSON data for an expression; numpy scalars become Python's.

    TypeError for anything else when `strict`, else its text.
    """
    kind = type(value)
    if kind in ATOMS:
        return value
    if isinstance(value, dict):
        return {str(key): plain(part, strict=strict) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, strict=strict) for part in value]
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return value.item()
    if strict:
        raise TypeError(kind.__name__)
    return str(value)

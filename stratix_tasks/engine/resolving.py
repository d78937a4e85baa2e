"""Resolving: the values of a document, filled in from what a scope holds. It knows neither units nor runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from stratix_tasks.engine.reading import ATOMS, MOST, Away, Reader, are_atoms
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.names import mentions
from stratix_tasks.spec.secrets import Secret, is_hidden, joined, sealed, unsealed
from stratix_tasks.spec.unicode import is_unicode, readable
from stratix_tasks.spec.values import LEAVES, Expr, FirstOf, Object, Ref, Template, leaves, opened
from stratix_tasks.spec.vocabulary import FACTS

PARTS = frozenset((("status",), ("summary",), ("output",)))
"""What an expression can ask of a task, as the first steps of paths."""
Paths = Sequence[tuple[Any, ...]]
"""Steps from a value to its parts."""
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
    around: Mapping[str, Any] = field(default_factory=dict)
    """Plain data of what is around, as far as something names it: see `AROUND`."""


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

    Lists and dicts are made anew: the document is kept for other runs, and a body may change what it is
    given. Raises Away, and whatever objects on the way raise.
    """
    kind = type(value)
    if type(kind) is type:
        if kind in ATOMS:
            return value
        if kind in LEAVES:
            return _leaf(value, scope, reader, item)
        if kind is list or kind is tuple:
            if are_atoms(value):
                return kind(value)
            return sealed(kind(resolve(part, scope, reader, item) for part in value))
        if kind is dict and (reader.waits or all(type(key) is str for key in value)):
            return sealed({key: resolve(part, scope, reader, item) for key, part in value.items()})
        if kind is not dict and _is_whole(kind):
            return value
    if not reader.waits:
        raise Away
    if hasattr(kind, "__pydantic_fields__") and next(leaves(value), None) is not None:
        update = {name: resolve(getattr(value, name), scope, reader, item) for name in kind.__pydantic_fields__}
        return value.model_copy(update=update)
    if is_dataclass(value) and next(leaves(value), None) is not None:
        made = copy(value)
        for one in fields(value):
            object.__setattr__(made, one.name, resolve(getattr(value, one.name), scope, reader, item))
        return made
    return value


def resolve_whole(value: Any, scope: Scope, reader: Reader) -> Any:
    """The same, of what is no argument of a body, so that nothing in it is opened."""
    return unsealed(resolve(value, scope, reader))


def _leaf(leaf: Any, scope: Scope, reader: Reader, item: Item) -> Any:
    kind = type(leaf)
    if kind is Ref:
        return _ref(leaf, scope, reader, item)
    if kind is Expr:
        return evaluate(leaf, scope, reader, item)
    if kind is FirstOf:
        first = next((ref for ref in leaf.refs if scope.tasks[ref.name].status == COMPLETED), None)
        if first is not None:
            return _ref(first, scope, reader, item)
        return resolve(leaf.otherwise[0], scope, reader, item) if leaf.otherwise else None
    if kind is Template:
        return joined(part if type(part) is str else _text(part, scope, reader.asking, item) for part in leaf.parts)
    assert kind is Object
    return leaf.value


def _text(part: Any, scope: Scope, reader: Reader, item: Item) -> Any:
    value = resolve(part, scope, reader, item)
    return value if is_hidden(value) else exact(str(reader.open(value)))


def exact(text: str) -> str:
    """A text without the methods of a subclass."""
    return str.__str__(text)


def _ref(ref: Ref, scope: Scope, reader: Reader, item: Item) -> Any:
    if ref.scope == "tasks":
        seen = scope.tasks[ref.name]
        if seen.status != COMPLETED:
            return None
        held = seen.held
    elif ref.scope == "secrets":
        return Secret(ref.name)
    elif ref.scope == "error":
        return _of_error(scope.around["error"], ref.path)
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


def _of_error(error: Any, path: tuple[str | int, ...]) -> Any:
    """A part of an error; None for what this one has not."""
    for step in path:
        try:
            error = error[step]
        except (LookupError, TypeError):
            return None
    return error


def evaluate(expr: Expr, scope: Scope, reader: Reader, item: Item = NONE) -> Any:
    """A CEL expression over the scope's inputs, tasks and loop variables, of which it looks at what it names."""
    reader, asked = reader.asking, _asked(expr.text)
    environment: dict[str, Any] = {
        "inputs": _named(reader.give(scope.inputs), asked["inputs"], reader),
        "tasks": {name: _seen(scope.tasks[name], asked["tasks"].get(name, ()), scope, reader) for name in expr.tasks},
        **{word: _with_parts(scope.around[word], asked[word]) for word in scope.around if word in asked},
        **_named(item, asked, reader),
    }
    return compile_expression(expr.text).evaluate(environment)


def _named(held: Item, asked: Mapping[str, Paths], reader: Reader) -> dict[str, Any]:
    """Values as far as an expression names parts of them; of those that it does not name, the names alone."""
    return {
        name: along(one, asked[name], lambda value: plain(reader.open(value)), reader) if name in asked else None
        for name, one in held.items()
    }


def _with_parts(value: Any, paths: Paths) -> Any:
    """What an expression names of it and is not there is null."""
    return {**dict.fromkeys(path[0] for path in paths if path), **value} if type(value) is dict else value


@lru_cache(1024)
def _asked(text: str) -> dict[str, Any]:
    """What an expression names: paths in each variable, and under `inputs` and `tasks` those in each of these."""
    asked: dict[str, Any] = {"inputs": {}, "tasks": {}}
    for mention in mentions(text):
        root, steps = mention.root, mention.steps
        if root not in ("inputs", "tasks"):
            asked[root] = (*asked.get(root, ()), steps)
        elif steps:
            asked[root][steps[0]] = (*asked[root].get(steps[0], ()), steps[1:])
    return asked


def _seen(task: Seen, paths: Paths, scope: Scope, reader: Reader) -> dict[str, Any]:
    """A task as an expression sees it: of its value what it names, where that is plain data."""
    seen: dict[str, Any] = {"status": task.status}
    if task.status == COMPLETED:
        output = tuple(path[1:] for path in paths if path[:1] == ("output",) or path[:1] not in PARTS)
        if any(path[:1] == ("summary",) or path[:1] not in PARTS for path in paths):
            seen["summary"] = plain(_summary(task, scope, reader))
        if output:
            with suppress(TypeError, RecursionError):
                seen["output"] = along(task.held, output, lambda value: plain(reader.open(value), strict=True), reader)
    return seen


def along(held: Any, paths: Paths, whole: Callable[[Any], Any], reader: Reader) -> Any:
    """Of a value what lies on paths; `whole` makes data of the ends. What is not there is left out, for who asks to say so."""
    if () in paths:
        return whole(held)
    value, parts = reader.give(held), dict[str | int, Any]()
    for step in dict.fromkeys(path[0] for path in paths):
        try:
            part = reader.step(value, step)
        except (LookupError, TypeError, ValueError):
            continue
        parts[step] = along(part, tuple(path[1:] for path in paths if path[0] == step), whole, reader)
    if type(value) is dict:
        return {**dict.fromkeys(islice((key for key in value if type(key) is str), MOST)), **parts}
    places = [step for step in parts if type(step) is int and step >= 0]
    if len(places) < len(parts):
        return parts
    return [parts.get(place) for place in range(max(places, default=-1) + 1)]


def _summary(task: Seen, scope: Scope, reader: Reader) -> dict[str, Any]:
    """Facts about a result: `type`, and some of `rows`, `columns`, `shape`, `length`."""
    known = task.summary
    if known is None:
        value = reader.open(task.held)
        known = scope.summarise(value) or {"type": type(value).__name__}
        known |= {"length": len(value)} if isinstance(value, str) else {}
    return {name: known[name] for name in FACTS if name in known}


def plain(value: Any, *, strict: bool = False) -> Any:
    """Data for an expression: enums are their values, numpy's and pandas' scalars Python's, dates texts, what is not there null.

    TypeError for anything else when `strict`, else its text.
    """
    kind = type(value)
    if kind in ATOMS:
        return value if kind is not str or is_unicode(value) else readable(value)
    if issubclass(kind, dict):
        return {_key(key): plain(part, strict=strict) for key, part in value.items()}
    if issubclass(kind, list | tuple):
        return [plain(part, strict=strict) for part in value]
    found = _scalar(value, kind)
    if found is not value:
        return plain(found, strict=strict)
    if issubclass(kind, datetime):
        return value
    if strict:
        raise TypeError(kind.__name__)
    return readable(exact(str(value)))


def _key(key: Any) -> Any:
    return key if type(key) is int else readable(exact(str(key)))


def _scalar(value: Any, kind: type) -> Any:
    """The value of Python's own that a scalar stands for; the scalar itself where there is none."""
    if issubclass(kind, Enum):
        return value.value
    if issubclass(kind, str):
        return exact(value)
    if issubclass(kind, int):
        return int(value)
    if issubclass(kind, float | Decimal):
        return float(value)
    if kind.__name__ in ("NaTType", "NAType"):
        return None
    if issubclass(kind, datetime):
        return value if kind is datetime else _moment(value)
    if issubclass(kind, date):
        return value.isoformat()
    try:
        if getattr(value, "shape", None) != ():
            return value
        found = value.item()
    except Exception:
        return value
    return found if type(found) is not int or value.dtype.kind not in "mM" else _counted(value)


def _moment(value: datetime) -> datetime:
    """As expressions know it, to microseconds."""
    if getattr(value, "nanosecond", 0):
        raise _too_fine(value)
    return value.to_pydatetime() if hasattr(value, "to_pydatetime") else value


def _counted(value: Any) -> Any:
    """What numpy counts in units that Python has no word for, as long as it is whole in one that it has."""
    found = value.astype(f"{value.dtype.kind}8[us]")
    if found != value:
        raise _too_fine(value)
    made = found.item()
    return value if type(made) is int else made  # an age that Python has no date in


def _too_fine(value: Any) -> FlowError:
    why = "has parts of microseconds, which expressions can't compare: round it, or compare it, in a task"
    return FlowError(f"{exact(str(value))} {why}", code="expression")


def fresh(default: Any) -> Any:
    """A default that a body may change without changing that of the next run."""
    if type(default) in ATOMS:
        return default
    from stratix_tasks.runners.pickles import own

    return own(opened(default))

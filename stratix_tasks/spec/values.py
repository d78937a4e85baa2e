"""The values of a document: `literal | ref | expr | object`, nested in lists and dicts.

In memory a value is plain Python data (JSON, plus date, datetime, timedelta, Decimal, Path, Enum members and tuples)
with the leaves below between it. In a document (YAML, JSON) refs and expressions are `${{ … }}` texts: `text.py`
converts both ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from json import dumps
from typing import Any, Literal

Scope = Literal["tasks", "inputs", "each", "error", "secrets"]
ASKED, SOFT, HARD = range(3)
"""What a value wants of a task: that it has ended, that it or another one completed, that it completed."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A value passed by reference: `tasks.x.output[0]`, `inputs.day`, the item of the loop variable `name`, the `error`
    that its node catches, or a secret.
    """

    scope: Scope
    name: str
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Expr:
    """A CEL expression over `inputs`, the loop variable and upstream tasks' `status`, `output`, `summary`."""

    text: str
    tasks: tuple[str, ...] = ()
    """The tasks that the text names; each is a dependency."""


@dataclass(frozen=True, slots=True)
class Template:
    """Text with expressions filled in: parts are literal strings, Refs and Exprs."""

    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The first of the references that completed, in their order; where none did what stands in `otherwise`, if anything does: a
    plain value, or an input.
    """

    refs: tuple[Ref, ...]
    otherwise: tuple[Any, ...] = ()


@dataclass(slots=True, eq=False)
class Object:
    """A Python value that is no literal: `value` when it was given in this process; `digest`, `codec` once stored."""

    type: str
    value: Any = None
    digest: str = ""
    codec: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """In place of the value of an Object: what a document says of it, as `ObjectStore.fetch` takes it."""

    folder: str
    kept: Any


@dataclass(frozen=True, slots=True)
class Pin:
    """A value that stands in place of what a node gives: a literal, with Objects between it."""

    value: Any


def ref_text(ref: Ref) -> str:
    """A reference as it stands between `${{` and `}}`."""
    head = ref.name if ref.scope in ("each", "error") else f"{ref.scope}.{ref.name}"
    path = "".join(f"[{dumps(step, ensure_ascii=False)}]" for step in ref.path)
    return f"{head}.output{path}" if ref.scope == "tasks" else f"{head}{path}"


def late_text(value: Any) -> Any:
    """A reference or an expression as a document has it; anything else as it is."""
    if type(value) is Ref:
        return f"${{{{ {ref_text(value)} }}}}"
    return f"${{{{ {value.text} }}}}" if type(value) is Expr else value


def opened(value: Any) -> Any:
    """A literal with what its Objects stand for in their places."""
    kind = type(value)
    if kind is Object:
        return value.value
    if kind is list or kind is tuple:
        return kind(map(opened, value))
    return {name: opened(part) for name, part in value.items()} if kind is dict else value


ATOMS = frozenset((type(None), bool, int, float, str))
LEAVES = frozenset((Ref, Expr, Template, FirstOf, Object))
LATE = frozenset((Ref, Expr))
"""What may stand in the place of an option's value, and is known only in the run."""


def are_plain(parts: Iterable[Any]) -> bool:
    """Whether all are plain values: a long list of numbers is told so at once."""
    return ATOMS.issuperset(map(type, parts))


def is_plain(value: Any) -> bool:
    """Whether it is a plain value, or a list of these."""
    return type(value) in ATOMS or (type(value) is list and are_plain(value))


def leaves(value: Any) -> Iterator[Ref | Expr | Template | FirstOf | Object]:
    """Every leaf inside a value, in reading order; templates and first_of are yielded whole."""
    kind = type(value)
    if kind in LEAVES:
        yield value
    elif kind is dict:
        for part in value.values():
            yield from leaves(part)
    elif kind is list or kind is tuple:
        for part in () if are_plain(value) else value:
            yield from leaves(part)
    elif kind not in ATOMS:
        for name in field_names(kind):
            yield from leaves(getattr(value, name))


def may_be_last(value: Any) -> bool:
    """Whether `first_of` can end in it, for it is there whatever becomes of the tasks: a plain value, or an input."""
    return next(leaves(value), None) is None or (type(value) is Ref and value.scope == "inputs")


def says_same(a: Any, b: Any) -> bool:
    """Whether two values, or two parts of a document, say the same: 1, 1.0 and True differ, as does one moment in two time
    zones; NaN does not from itself. An object is the same as itself alone: nothing is asked of it.
    """
    if a is b:
        return True
    kind = type(a)
    if kind is not type(b):
        return False
    if kind is float:
        return a.hex() == b.hex()  # type: ignore[no-any-return]
    if kind is list or kind is tuple:
        return len(a) == len(b) and all(map(says_same, a, b))
    if kind is dict:
        keys = {key: key for key in b}
        return len(a) == len(b) and all(
            key in keys and says_same(key, keys[key]) and says_same(part, b[key]) for key, part in a.items()
        )
    if kind is Object:
        return bool(a.digest) and (a.type, a.digest) == (b.type, b.digest)
    names = field_names(kind)
    return (
        all(says_same(getattr(a, name), getattr(b, name)) for name in names)
        if names
        else repr(a) == repr(b) and bool(a == b)
    )


def field_names(kind: type) -> list[str]:
    """The fields of a dataclass or pydantic model; none of any other class, of which nothing is asked."""
    for base in kind.__mro__:
        told = vars(base)
        if "__pydantic_fields__" in told:
            return list(told["__pydantic_fields__"])
        if "__dataclass_fields__" in told:
            return [field.name for field in fields(base)]
    return []

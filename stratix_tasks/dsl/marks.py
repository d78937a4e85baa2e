"""What is mapped: the marks that `each` and `product` put on arguments, and what one call of `.map` makes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, NoReturn, Protocol

from stratix_tasks.dsl.keys import key_template
from stratix_tasks.dsl.refusing import Refusing
from stratix_tasks.spec.model import Each
from stratix_tasks.spec.nesting import is_tree
from stratix_tasks.spec.values import Expr


class Placing(Protocol):
    """The trace that places what is mapped. `variables`: see there."""

    variables: dict[int, str]

    def value(self, part: Any) -> Any: ...
    def condition_of(self, asked: Any, words: tuple[str, ...], option: str, node: str) -> Expr: ...
    def fail(self, message: str, node: str = "", code: str = "bad-flow") -> NoReturn: ...


class Mark:
    """What stands for one element each; a step into it for that part of each."""

    __slots__ = ()
    __iter__ = None
    name = ""
    """What it is called where it is no argument, if that is said."""

    def __getitem__(self, step: str | int) -> Element:
        return Element(self, (step,))


@dataclass(slots=True, eq=False)
class Element:
    """A part of what is mapped: `file["url"]` where `file = each(files)`."""

    mark: Mark
    path: tuple[str | int, ...]
    __iter__ = None

    def __getitem__(self, step: str | int) -> Element:
        return Element(self.mark, (*self.path, step))


def _marks(value: Any) -> Iterator[Mark]:
    """What an argument names that is mapped."""
    if isinstance(value, Element):
        yield value.mark
    elif isinstance(value, Mark):
        yield value
    elif isinstance(value, list | tuple | dict) and is_tree(value):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _marks(part)


@dataclass(slots=True, eq=False)
class Mapped(Mark):
    """A value marked by `each`: its elements go to the items; of one that is `flat` the elements of these."""

    value: Any
    flat: bool = False
    name: str = ""


@dataclass(slots=True, eq=False)
class Crossed(Mark):
    """One of the marks of one `product`; the marks vary the faster, the later they stand."""

    group: object
    place: int
    value: Any
    flat: bool
    name: str = ""


@dataclass(slots=True, eq=False)
class Flat:
    """What `flatten` returns."""

    value: Any


@dataclass(slots=True, eq=False)
class Counted:
    """What `count` returns."""

    value: Any


def each_of(
    trace: Placing, named: dict[str, Any], options: Mapping[str, Any], name: str
) -> tuple[Each, dict[str, Any]]:
    """What is mapped, and the arguments that are the same for all."""
    marked: dict[str, Any] = {
        name: part for name, part in named.items() if isinstance(part, Mark) and part.name in ("", name)
    }
    direct = {id(mark): argument for argument, mark in marked.items()}
    for mark in (one for name, part in named.items() if name not in marked for one in _marks(part)):
        at = id(mark)
        if at not in trace.variables:
            trace.variables[at] = mark.name or direct.get(at) or _variable({*named, *marked})
        marked[trace.variables[at]] = mark
    groups = {id(part.group) if isinstance(part, Crossed) else None for part in marked.values()}
    if not marked:
        trace.fail("nothing to map over: mark an argument with each(…)", name, "nothing-to-map")
    if len(groups) > 1:
        trace.fail("each() and product(), or two product(), can't be mixed in one map", name)
    order = sorted(marked.items(), key=lambda one: getattr(one[1], "place", 0))
    over = {argument: _elements(trace, mark.value) for argument, mark in order}
    fields = dict(options)
    if "key" in fields:
        fields["key"] = key_template(fields["key"], over, name)
    if "where" in fields:
        fields["where"] = trace.condition_of(fields["where"], tuple(over), "where", name)
    flat = {mark.flat for mark in marked.values()}
    if len(flat) > 1:
        trace.fail(
            "flatten() is for all that one map goes over, or for none: flatten the others, or this in a task", name
        )
    if True in flat:
        fields["flatten"] = True
    each = Each.model_construct(over=over, by="zip" if None in groups else "product", **fields)
    passed = {
        argument: Element(part, ()) if isinstance(part, Mark) and id(part) in trace.variables else part
        for argument, part in named.items()
    }
    return each, {argument: part for argument, part in passed.items() if not isinstance(part, Mark)}


def _variable(taken: Collection[str]) -> str:
    """What a document calls an element that is no argument as a whole."""
    numbered = (f"item_{number}" for number in count(2))
    return next(name for name in chain(("item",), numbered) if name not in taken)


def _elements(trace: Placing, part: Any) -> Any:
    """What `each` was given: a reference, or elements that are known already."""
    if isinstance(part, Counted):
        return {"range": trace.value(part.value)}
    if isinstance(part, Refusing | list | tuple):
        return trace.value(part)
    if isinstance(part, str | bytes):
        _not_many(trace, part)
    try:
        elements = list(part)
    except TypeError as error:
        _not_many(trace, part, f" ({error})")
    return trace.value(elements)


def _not_many(trace: Placing, part: Any, why: str = "") -> NoReturn:
    kind = type(part).__name__
    trace.fail(f"each() takes a list or another iterable, not a {kind}{why}", code="bad-arguments")

"""What is mapped: the marks that `each` and `product` put on arguments, and what one call of `.map` makes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count, islice
from typing import Any, NoReturn, Protocol

from stratix_tasks.dsl.keys import key_template
from stratix_tasks.dsl.references import Condition, Filled
from stratix_tasks.dsl.refusing import Later, Refusing
from stratix_tasks.spec.mapped import MOST_ITEMS, named_in
from stratix_tasks.spec.model import Each
from stratix_tasks.spec.nesting import is_tree
from stratix_tasks.spec.tables import why_not
from stratix_tasks.spec.text import expression
from stratix_tasks.spec.values import Expr, Ref, Template


class Placing(Protocol):
    """The trace that places what is mapped. `variables`: see there."""

    variables: dict[int, str]

    def value(self, part: Any) -> Any: ...
    def condition_of(self, asked: Any, words: tuple[str, ...], option: str, node: str) -> Expr: ...
    def fail(self, message: str, node: str = "", code: str = "bad-flow") -> NoReturn: ...


class Marked(Later):
    """What only a call of `.map` understands."""

    __slots__ = ()
    _called = "what each() marks"
    __iter__ = None

    def _shown(self) -> str:
        return f"<{type(self).__name__.lower()} by each>"


class Mark(Marked):
    """What stands for one element each; a step into it for that part of each."""

    __slots__ = ()
    name = ""
    """What it is called where it is no argument, if that is said."""

    def __getitem__(self, step: str | int) -> Element:
        return Element(self, (step,))


@dataclass(slots=True, eq=False, repr=False)
class Element(Marked):
    """A part of what is mapped: `file["url"]` where `file = each(files)`."""

    mark: Mark
    path: tuple[str | int, ...]

    def __getitem__(self, step: str | int) -> Element:
        return Element(self.mark, (*self.path, step))


@dataclass(slots=True, eq=False, repr=False)
class Worded(Marked):
    """A text or an expression, with the marks that it names: `expr("${{ file.name }}", file)`."""

    made: Any
    marks: tuple[Mark, ...]


def _marks(value: Any) -> Iterator[Mark]:
    """What an argument names that is mapped."""
    if isinstance(value, Element):
        yield value.mark
    elif isinstance(value, Worded):
        yield from value.marks
    elif isinstance(value, Mark):
        yield value
    elif isinstance(value, list | tuple | dict) and is_tree(value):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _marks(part)


@dataclass(slots=True, eq=False, repr=False)
class Mapped(Mark):
    """A value marked by `each`: its elements go to the items; of one that is `flat` the elements of these."""

    value: Any
    flat: bool = False
    name: str = ""


@dataclass(slots=True, eq=False, repr=False)
class Crossed(Mark):
    """One of the marks of one `product`; the marks vary the faster, the later they stand."""

    group: object
    place: int
    value: Any
    flat: bool
    name: str = ""


@dataclass(slots=True, eq=False, repr=False)
class Flat(Marked):
    """What `flatten` returns."""

    value: Any


@dataclass(slots=True, eq=False, repr=False)
class Counted(Marked):
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
    for argument in _named_by_texts(named).intersection(direct.values()):  # it is passed all the same
        trace.variables.setdefault(id(marked[argument]), argument)
    groups = {id(part.group) if isinstance(part, Crossed) else None for part in marked.values()}
    if not marked:
        trace.fail(
            f"nothing to map over: mark an argument with each, as in {name}.map(each(…))", name, "nothing-to-map"
        )
    if len(groups) > 1:
        trace.fail("each() and product(), or two product(), can't be mixed in one map", name)
    order = sorted(marked.items(), key=lambda one: one[1].place if isinstance(one[1], Crossed) else 0)
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
    each = Each.model_construct(over=over, by="product" if None not in groups and len(over) > 1 else "zip", **fields)
    passed = {
        argument: Element(part, ()) if isinstance(part, Mark) and id(part) in trace.variables else part
        for argument, part in named.items()
    }
    return each, {argument: part for argument, part in passed.items() if not isinstance(part, Mark)}


def _named_by_texts(value: Any) -> frozenset[str]:
    """What texts and expressions in arguments name."""
    if isinstance(value, Worded):
        return _named_by_texts(value.made)
    if isinstance(value, Filled | Condition):
        return named_in(value._value())
    if not isinstance(value, list | tuple | dict) or not is_tree(value):
        return frozenset()
    return frozenset().union(*map(_named_by_texts, value.values() if isinstance(value, dict) else value))


def element_of(trace: Placing, part: Marked) -> Any:
    """What stands for one element each, in the arguments of the `.map` that goes over it."""
    if isinstance(part, Worded):
        return _worded(trace, part)
    if not isinstance(part, Element | Mark):
        trace.fail("flatten() and count() stand in each(…) of a .map(…)", code="bad-arguments")
    mark, path = (part.mark, part.path) if isinstance(part, Element) else (part, ())
    if id(mark) in trace.variables:
        return Ref("each", trace.variables[id(mark)], path)
    if mark is not part:
        trace.fail("a part of what each() marks stands in the arguments of the .map(…) that maps it")
    word = "each" if isinstance(mark, Mapped) else "product"
    trace.fail(f"{word}() marks a whole argument of task.map(…), and can't stand elsewhere", code="bad-arguments")


def _worded(trace: Placing, part: Worded) -> Any:
    """A text with what is mapped, which it has to name as that is called."""
    made = trace.value(part.made)
    for mark in part.marks:
        name = trace.variables.get(id(mark))
        if name is None:
            trace.fail("what each() marks stands beside a text in the arguments of the .map(…) that maps it")
        if name not in named_in(made):
            message = f"expr() does not name '{name}', as what stands beside its text is called"
            trace.fail(f"{message}; call that as the text does: each(…, name=…)", code="bad-arguments")
    return made


def with_elements(trace: Placing, value: Any) -> Any:
    """A text, with what it names of what is mapped as documents have it."""
    names = frozenset(trace.variables.values())
    if not names or type(value) is not Template:
        return value
    return Template(tuple(_element(part.text, names) or part if type(part) is Expr else part for part in value.parts))


def _element(text: str, names: frozenset[str]) -> Ref | None:
    """What is mapped, or a part of it, where an expression is no more than that."""
    found = expression(text, names)
    return found if type(found) is Ref and found.scope == "each" else None


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
    if table := why_not(type(part)):
        trace.fail(f"each() takes a list or another iterable: {table}", code="bad-arguments")
    try:
        elements = list(islice(part, MOST_ITEMS + 1))
    except TypeError as error:
        _not_many(trace, part, f" ({error})")
    if len(elements) > MOST_ITEMS:
        trace.fail(
            f"each() takes at most {MOST_ITEMS} items; map over lists of them, and go on in the task", code="too-many"
        )
    return trace.value(elements)


def _not_many(trace: Placing, part: Any, why: str = "") -> NoReturn:
    kind = type(part).__name__
    trace.fail(f"each() takes a list or another iterable, not a {kind}{why}", code="bad-arguments")

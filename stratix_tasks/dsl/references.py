"""References: what stands for a value that is not there yet, while a flow is traced.

A reference can be passed on, indexed, asked for a fact about it (`ref.summary["rows"]`) and compared into a
condition. All else that Python would do with a value is refused (`refusing.py`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, date, datetime
from json import dumps
from typing import Any, NoReturn

from stratix_tasks.dsl.refusing import IN_A_TASK, UNPACK, Refusing, refuse
from stratix_tasks.spec.unicode import readable
from stratix_tasks.spec.values import Expr, FirstOf, Ref, Template, ref_text
from stratix_tasks.spec.vocabulary import FACTS


class Operand(Refusing):
    """Something that can be compared into a condition."""

    __slots__ = ()
    __hash__ = Refusing.__hash__

    def _cel(self) -> str:
        """Its text in an expression."""
        raise NotImplementedError

    def _value(self) -> Any:
        return Expr(self._cel(), tuple(reference._ref.name for reference in self._references()))

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return _compare(self, "==", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return _compare(self, "!=", other)

    def __lt__(self, other: object) -> Condition:
        return _compare(self, "<", other)

    def __le__(self, other: object) -> Condition:
        return _compare(self, "<=", other)

    def __gt__(self, other: object) -> Condition:
        return _compare(self, ">", other)

    def __ge__(self, other: object) -> Condition:
        return _compare(self, ">=", other)


class Reference(Operand):
    """Stands for the output of a node, or an input, of the flow that is being traced."""

    __slots__ = ("_arity", "_branch", "_line", "_ref", "_trace")

    def __init__(
        self,
        ref: Ref,
        trace: Any,
        arity: Callable[[], int | None] | None = None,
        branch: tuple[int, ...] = (),
        line: int = 0,
    ) -> None:
        self._ref, self._trace, self._arity, self._branch, self._line = ref, trace, arity, branch, line

    def __getitem__(self, key: str | int) -> Reference:
        if type(key) not in (str, int):
            kind = "a slice" if isinstance(key, slice) else f"a {type(key).__name__}"
            refuse(
                f"can't take {kind} in brackets of",
                f"Only a constant text or whole number can stand there. {IN_A_TASK}",
            )
        ref = self._ref
        return Reference(Ref(ref.scope, ref.name, (*ref.path, key)), self._trace, None, self._branch, self._line)

    @property
    def summary(self) -> Summary:
        """Facts about the value: `rows`, `columns`, `shape`, `type`, `length`."""
        if self._ref.scope != "tasks" or self._ref.path:
            refuse(
                "can't take the summary of", "It is there for the whole output of a task, not for a part or an input."
            )
        return Summary(self)

    def __iter__(self) -> Iterator[Reference]:
        arity = self._arity() if self._arity is not None else None
        if arity is None:
            refuse("can't iterate over", UNPACK)
        return iter([self[index] for index in range(arity)])

    def __await__(self) -> Generator[Any, None, Reference]:
        """In an `async def` flow: nothing to wait for while tracing."""
        return self
        yield

    def _shown(self) -> str:
        return f"<reference to {ref_text(self._ref)}>"

    def _cel(self) -> str:
        if any(type(step) is int and step < 0 for step in self._ref.path):
            refuse("can't count from the end, in a condition, of", IN_A_TASK)
        return ref_text(self._ref)

    def _references(self) -> tuple[Reference, ...]:
        return (self,)

    def _anywhere(self) -> Reference:
        """The same where it matters not whether it was skipped."""
        return Reference(self._ref, self._trace, self._arity)


class Joined(Refusing):
    """What `first_of` returns: it can be passed on to a task, mapped over, or returned."""

    __slots__ = ("_first",)

    def __init__(self, first: FirstOf) -> None:
        self._first = first

    def __await__(self) -> Generator[Any, None, Joined]:
        return self
        yield

    def __getitem__(self, key: object) -> NoReturn:
        refuse("can't take an item of", "Take it of each: first_of(a[0], b[0]).")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        refuse(f"can't take .{name} of", "Pass what first_of() returns to a task, and look at it there.")

    def _value(self) -> FirstOf:
        return self._first

    def _shown(self) -> str:
        return f"<first of {', '.join(map(ref_text, self._first.refs))}>"


class Filled(Refusing):
    """A text with references filled in, as `expr` makes it; it can be passed on to a task, or returned."""

    __slots__ = ("_template",)

    def __init__(self, template: Template) -> None:
        self._template = template

    def _value(self) -> Template:
        return self._template

    def _shown(self) -> str:
        return "<a text that is filled in>"


class Summary(Refusing):
    """The facts about a reference's value; `["rows"]` and so on."""

    __slots__ = ("_reference",)

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def __getitem__(self, fact: str) -> Fact:
        if type(fact) is not str or fact not in FACTS:
            refuse(f"there is no fact {fact!r} about", f"There are {', '.join(FACTS)}.")
        return Fact(self._reference, (fact,))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        refuse(f"can't take .{name} of the summary of", f'Write ref.summary["{name if name in FACTS else FACTS[0]}"].')

    def _value(self) -> NoReturn:
        refuse("can't pass on the summary, as a whole, of", 'Name a fact, such as ref.summary["rows"].')

    def _shown(self) -> str:
        return f"<facts about {ref_text(self._reference._ref)}>"


class Fact(Operand):
    """One fact about a value, for conditions and as an argument."""

    __slots__ = ("_path", "_reference")

    def __init__(self, reference: Reference, path: tuple[str | int, ...]) -> None:
        self._reference, self._path = reference, path

    def __getitem__(self, key: str | int) -> Fact:
        if type(key) not in (str, int) or (isinstance(key, int) and key < 0):
            refuse(f"can't take [{key!r}] of a fact about", "Only a constant text or a number from 0 can stand there.")
        return Fact(self._reference, (*self._path, key))

    def _shown(self) -> str:
        return f"<fact {self._cel()}>"

    def _cel(self) -> str:
        steps = "".join(f"[{literal_text(step)}]" for step in self._path[1:])
        return f"tasks.{self._reference._ref.name}.summary.{self._path[0]}{steps}"

    def _references(self) -> tuple[Reference, ...]:
        return (self._reference,)


class Status(Operand):
    """How a node ended, for conditions: `completed`, `failed`, `upstream_failed`, `cancelled` or `skipped`."""

    __slots__ = ("_reference",)

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def _shown(self) -> str:
        return f"<{self._cel()}>"

    def _cel(self) -> str:
        return f"tasks.{self._reference._ref.name}.status"

    def _references(self) -> tuple[Reference, ...]:
        return (self._reference,)


class Around(Operand):
    """What is around a node: `error`, where one is caught, and `scope.status`, `scope.error` at the end of a flow."""

    __slots__ = ("_path", "_root")

    def __init__(self, root: str, path: tuple[str | int, ...] = ()) -> None:
        self._root, self._path = root, path

    def __getitem__(self, key: str | int) -> Around:
        if type(key) not in (str, int):
            refuse(f"can't take [{key!r}] of", "Only a constant text or whole number can stand there.")
        return Around(self._root, (*self._path, key))

    def __getattr__(self, name: str) -> Around:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def _shown(self) -> str:
        return f"<{self._cel()}>"

    def _value(self) -> Any:
        return Ref("error", "error", self._path) if self._root == "error" else super()._value()

    def _cel(self) -> str:
        return self._root + "".join(f".{step}" if _is_word(step) else f"[{literal_text(step)}]" for step in self._path)


def _is_word(step: str | int) -> bool:
    return isinstance(step, str) and step.isidentifier() and step.isascii()


def asked_of(question: Any, words: tuple[str, ...]) -> Condition:
    """What a function says of values that are known later: it is called with what stands for them, by name where it takes
    several. TypeError.
    """
    told = _answer(question, words)
    if not isinstance(told, Condition):
        raise TypeError(f"it gives a comparison, not a {type(told).__name__}")
    return told


def told_of(question: Any, words: tuple[str, ...]) -> Expr:
    """What a function takes of what stands for values that are known later. TypeError."""
    told = _answer(question, words)
    if not isinstance(told, Around):
        raise TypeError(f"it gives a part of what it is asked of, such as e.retry_after, not a {type(told).__name__}")
    return Expr(told._cel())


def _answer(question: Any, words: tuple[str, ...]) -> Any:
    taken = tuple(inspect.signature(question).parameters)
    return question(*(Around(word) for word in (words[:1] if len(taken) == 1 else taken)))


class Condition(Refusing):
    """A comparison of references, or several joined by & | ~; for `when`, or as an argument."""

    __slots__ = ("_uses", "expr")
    __hash__ = Refusing.__hash__

    def __init__(self, expr: Expr, uses: tuple[Reference, ...]) -> None:
        self.expr, self._uses = expr, uses

    def __and__(self, other: object) -> Condition:
        return _join(self, "&&", other)

    def __or__(self, other: object) -> Condition:
        return _join(self, "||", other)

    def __invert__(self) -> Condition:
        return Condition(negated(self.expr), self._uses)

    def _value(self) -> Expr:
        return self.expr

    def _references(self) -> tuple[Reference, ...]:
        return self._uses

    def _shown(self) -> str:
        return f"<condition {self.expr.text}>"


def negated(expr: Expr) -> Expr:
    """Holds when the other does not."""
    return Expr(f"!({expr.text})", expr.tasks)


def conjunction(first: Expr, second: Expr) -> Expr:
    """Holds when both do."""
    tasks = tuple(dict.fromkeys((*first.tasks, *second.tasks)))
    return Expr(f"({first.text}) && ({second.text})", tasks)


def literal_text(value: object) -> str:
    """A literal in CEL. FlowError for what CEL has no literal of."""
    from enum import Enum

    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return repr(int(value))
    if isinstance(value, float) and value - value == 0:
        return repr(float(value))
    if isinstance(value, datetime):
        return f'timestamp("{(value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()}")'
    if isinstance(value, str | date):
        text = value.isoformat() if isinstance(value, date) else str.__str__(value)
        return dumps(readable(text), ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal_text, value))}]"
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () and not isinstance(value, float | str):
        return literal_text(value.item())  # type: ignore[attr-defined]
    shown = repr(value) if isinstance(value, int | float) else f"a {type(value).__name__}"
    refuse(f"can't compare {shown} with", "Text, numbers, True, False, None and lists of them can be compared.")


def _compare(left: Operand, symbol: str, right: object) -> Condition:
    uses = left._references()
    if isinstance(right, Operand):
        other, uses = right._cel(), (*uses, *right._references())
    elif isinstance(right, Refusing):
        refuse("can't compare this kind of", "References and facts about them can be compared.")
    else:
        other = literal_text(right)
    tasks = tuple(dict.fromkeys(ref._ref.name for ref in uses if ref._ref.scope == "tasks"))
    return Condition(Expr(f"{left._cel()} {symbol} {other}", tasks), uses)


def _join(left: Condition, symbol: str, right: object) -> Condition:
    if not isinstance(right, Condition):
        what = f"can't join by {symbol[0]} a condition with something that is none, on"
        refuse(what, "Write comparisons on both sides, in parentheses.")
    tasks = tuple(dict.fromkeys((*left.expr.tasks, *right.expr.tasks)))
    text = f"({left.expr.text}) {symbol} ({right.expr.text})"
    return Condition(Expr(text, tasks), (*left._uses, *right._uses))

"""References: what stands for a value that is not there yet, while a flow is traced.

A reference can be passed on, indexed, asked for a fact about it (`ref.summary["rows"]`) and compared into a condition. All else
that Python would do with a value (arithmetic, `if`, `for`, `len`, `str`, hashing, attributes) raises and names the line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NoReturn

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.values import Expr, Ref

HERE = str(Path(__file__).parent)


def user_line() -> tuple[str, int]:
    """File and line of the innermost frame that is not ours: where the user wrote what is being traced."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HERE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def refuse(what: str, instead: str) -> NoReturn:
    file, line = user_line()
    raise FlowError(
        f"line {line}: {what} a reference: its value is known only when the flow runs. {instead} ({Path(file).name}:{line})",
        code="reference-used-as-value",
    )


IN_A_TASK = "Do it inside a task."
COMPARE = "Use `with when(ref == …):` for a branch, or do it inside a task."


class Refusing:
    """Everything that a stand-in can't do."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        refuse("can't test", COMPARE)

    def __len__(self) -> int:
        refuse("can't take the len() of", 'Use ref.summary["length"] or ref.summary["rows"] in a condition, or do it inside a task.')

    def __str__(self) -> str:
        refuse("can't make text of", IN_A_TASK)

    def __format__(self, spec: str) -> str:
        refuse("can't format", IN_A_TASK)

    def __int__(self) -> int:
        refuse("can't take the int() of", IN_A_TASK)

    def __float__(self) -> float:
        refuse("can't take the float() of", IN_A_TASK)

    def __index__(self) -> int:
        refuse("can't index with", IN_A_TASK)

    def __contains__(self, item: object) -> bool:
        refuse("can't look for something `in`", IN_A_TASK)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        refuse("can't call", IN_A_TASK)


def _no_arithmetic(symbol: str) -> Callable[..., Any]:
    def operator(self: Any, other: Any = None) -> Any:
        refuse(f"can't compute `{symbol}` with", IN_A_TASK)

    return operator


for _name, _symbol in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@"}.items():
    setattr(Refusing, f"__{_name}__", _no_arithmetic(_symbol))
    setattr(Refusing, f"__r{_name}__", _no_arithmetic(_symbol))
for _name, _symbol in {"neg": "-", "pos": "+", "abs": "abs()"}.items():
    setattr(Refusing, f"__{_name}__", _no_arithmetic(_symbol))


class Operand(Refusing):
    """Something that can be compared into a condition."""

    __slots__ = ()

    def _cel(self) -> tuple[str, tuple[str, ...]]:
        """Its CEL text, and the tasks that it names."""
        raise NotImplementedError

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

    def __and__(self, other: object) -> NoReturn:
        refuse("can't use & with", "Compare it first: (ref == 1) & (other == 2).")

    __or__ = __rand__ = __ror__ = __and__

    def __invert__(self) -> NoReturn:
        refuse("can't use ~ with", "Compare it first: ~(ref == 1).")


class Reference(Operand):
    """Stands for the output of a node, or an input, of the flow that is being traced."""

    __slots__ = ("_arity", "_branch", "_line", "_ref", "_trace")

    def __init__(
        self, ref: Ref, trace: Any, arity: Callable[[], int | None] | None = None, branch: tuple[int, ...] = (), line: int = 0
    ) -> None:
        self._ref, self._trace, self._arity, self._branch, self._line = ref, trace, arity, branch, line

    def __getitem__(self, key: str | int) -> Reference:
        if type(key) not in (str, int):
            refuse(f"can't take [{key!r}] of", "Only a constant text or whole number can stand in the brackets; do it inside a task.")
        ref = self._ref
        return Reference(Ref(ref.scope, ref.name, (*ref.path, key)), self._trace, None, self._branch, self._line)

    @property
    def summary(self) -> Summary:
        """Facts about the value: `rows`, `columns`, `shape`, `type`, `length`."""
        if self._ref.scope != "tasks" or self._ref.path:
            refuse("can't take the summary of a part or an input by", "It is there for the whole output of a task.")
        return Summary(self)

    def __iter__(self) -> Iterator[Reference]:
        arity = self._arity() if self._arity is not None else None
        if arity is None:
            refuse("can't iterate over", "Annotate the task `-> tuple[A, B]` to unpack it, or fan out with task.map(each(ref)).")
        return iter([self[index] for index in range(arity)])

    def __await__(self) -> Generator[Any, None, Reference]:
        """In an `async def` flow: nothing to wait for while tracing."""
        return self
        yield

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        refuse(f"can't take .{name} of", 'Use ref["key"] for an item of it, ref.summary["rows"] for a fact about it, or do it inside a task.')

    def __repr__(self) -> str:
        return f"<reference to {self._cel()[0]}>"

    def _cel(self) -> tuple[str, tuple[str, ...]]:
        ref = self._ref
        head = f"tasks.{ref.name}.output" if ref.scope == "tasks" else f"inputs.{ref.name}"
        return head + path_text(ref.path), (ref.name,) if ref.scope == "tasks" else ()


class Summary(Refusing):
    """The facts about a reference's value; `["rows"]` and so on."""

    __slots__ = ("_reference",)

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def __getitem__(self, fact: str) -> Fact:
        if fact not in FACTS:
            refuse(f"there is no fact {fact!r} about", f"There are {', '.join(FACTS)}.")
        return Fact(self._reference, (fact,))


FACTS = ("rows", "columns", "shape", "type", "length")


class Fact(Operand):
    """One fact about a value, for conditions and as an argument."""

    __slots__ = ("_path", "_reference")

    def __init__(self, reference: Reference, path: tuple[str | int, ...]) -> None:
        self._reference, self._path = reference, path

    def __getitem__(self, key: str | int) -> Fact:
        return Fact(self._reference, (*self._path, key))

    def _cel(self) -> tuple[str, tuple[str, ...]]:
        name = self._reference._ref.name
        return f"tasks.{name}.summary.{self._path[0]}{path_text(self._path[1:])}", (name,)


class Condition(Refusing):
    """A comparison of references, or several joined by & | ~; for `when`."""

    __slots__ = ("expr",)

    def __init__(self, expr: Expr) -> None:
        self.expr = expr

    def __and__(self, other: object) -> Condition:
        return _join(self, "&&", other)

    def __or__(self, other: object) -> Condition:
        return _join(self, "||", other)

    def __invert__(self) -> Condition:
        return Condition(negated(self.expr))

    def __repr__(self) -> str:
        return f"<condition {self.expr.text}>"


def negated(expr: Expr) -> Expr:
    return Expr(f"!({expr.text})", expr.tasks)


def conjunction(first: Expr, second: Expr) -> Expr:
    tasks = tuple(dict.fromkeys((*first.tasks, *second.tasks)))
    return Expr(f"({first.text}) && ({second.text})", tasks)


def path_text(path: tuple[str | int, ...]) -> str:
    """`["k"][0]` as CEL and documents write it."""
    return "".join(f"[{literal_text(step)}]" for step in path)


def literal_text(value: object) -> str:
    """A literal in CEL. FlowError for what CEL has no literal of."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        import json

        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal_text, value))}]"
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return literal_text(value.item())
    refuse(f"can't compare a {type(value).__name__} with", "Text, numbers, True, False, None and lists of them can be compared.")


def _compare(left: Operand, symbol: str, right: object) -> Condition:
    text, tasks = left._cel()
    if isinstance(right, Operand):
        other, more = right._cel()
        tasks = tuple(dict.fromkeys((*tasks, *more)))
    else:
        other = literal_text(right)
    return Condition(Expr(f"{text} {symbol} {other}", tasks))


def _join(left: Condition, symbol: str, right: object) -> Condition:
    if not isinstance(right, Condition):
        refuse(f"can't join a condition by {symbol} with something that is no condition:", "Write comparisons on both sides, in parentheses.")
    tasks = tuple(dict.fromkeys((*left.expr.tasks, *right.expr.tasks)))
    return Condition(Expr(f"({left.expr.text}) {symbol} ({right.expr.text})", tasks))

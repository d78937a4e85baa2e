"""What stands between the tasks of a flow: fan-out marks, branches, and the words that a later version brings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn, TypeVar, cast

from stratix_tasks.dsl.references import Condition, Operand, Reference, conjunction, negated, refuse
from stratix_tasks.dsl.trace import TRACE, Crossed, Mapped, Trace
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.values import Expr, FirstOf, Ref

T = TypeVar("T")
STATIC = "stratix-static"
Static = Annotated[T, STATIC]
"""`debug: Static[bool]`: an input that is a plain value while the flow is traced, frozen into the run."""


def each(values: Iterable[T]) -> T:
    """Mark an argument of `task.map`: each item gets one element. Several marks go side by side, like `zip`."""
    return cast(T, Mapped(values))


def product(*values: Any) -> tuple[Any, ...]:
    """Marks that are crossed: `task.map(*product(regions, rates))` makes an item of each pair; the last varies fastest."""
    group = object()
    return tuple(Crossed(group, value.value if isinstance(value, Mapped) else value) for value in values)


@contextmanager
def when(condition: object) -> Iterator[None]:
    """`with when(ref > 0):` the nodes made inside run only if it holds; else they are skipped, and what needs them too."""
    trace = _trace("when")
    if isinstance(condition, Operand):
        refuse("can't branch on", "Compare it: when(ref == True), when(ref > 0).")
    if isinstance(condition, bool):
        expr = Expr("true" if condition else "false")
    elif isinstance(condition, Condition):
        expr = condition.expr
    else:
        trace.fail(f"when() takes a comparison of references, not a {type(condition).__name__}")
    with _branch(trace, expr):
        yield


@contextmanager
def otherwise() -> Iterator[None]:
    """The other side of the `when` closed just before it."""
    trace = _trace("otherwise")
    if trace.closed is None or trace.closed[0] != trace.branch:
        trace.fail("otherwise() belongs directly after a `with when(…):` block")
    assert trace.closed is not None
    with _branch(trace, negated(trace.closed[1])):
        yield
    trace.closed = None


@contextmanager
def _branch(trace: Trace, expr: Expr) -> Iterator[None]:
    outer, above = trace.branch, trace.condition
    trace.branches += 1
    trace.branch = (*outer, trace.branches)
    trace.condition = expr if above is None else conjunction(above, expr)
    trace.closed = None
    try:
        yield
    finally:
        trace.branch, trace.condition = outer, above
    trace.closed = (outer, expr, above)


def first_of(*values: T) -> T:
    """The first of the references that was not skipped: joins the branches of `when` and `otherwise`."""
    trace = _trace("first_of")
    refs: list[Ref] = []
    for value in values:
        if not isinstance(value, Reference) or value._ref.scope != "tasks":
            trace.fail("first_of() takes references to outputs of tasks")
        refs.append(cast(Reference, value)._ref)
    if len(refs) < 2:
        trace.fail("first_of() needs at least two references")
    return cast(T, FirstOf(tuple(refs)))


def _trace(word: str) -> Trace:
    trace = TRACE.get()
    if trace is None:
        raise FlowError(f"{word}() belongs in the body of a @flow", code="no-flow")
    return trace


def _later(word: str) -> Any:
    def unavailable(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise FlowError(f"{word}() is not available in this version", code="not-available")

    unavailable.__name__ = unavailable.__qualname__ = word
    unavailable.__doc__ = f"`{word}` comes in a later version; calling it raises FlowError `not-available`."
    return unavailable


switch, repeat, sleep, approval = _later("switch"), _later("repeat"), _later("sleep"), _later("approval")
signal, finish, uses, secret, n_of = _later("signal"), _later("finish"), _later("uses"), _later("secret"), _later("n_of")

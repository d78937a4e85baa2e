"""What stands between the tasks of a flow: fan-out marks, branches, and the words that a later version brings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Annotated, Any, TypeVar, cast, overload

from stratix_tasks.dsl.marks import Counted, Crossed, Flat, Mapped
from stratix_tasks.dsl.references import Around, Condition, Joined, Operand, Reference, Status, conjunction, negated
from stratix_tasks.dsl.refusing import Refusing, refuse
from stratix_tasks.dsl.trace import TRACE, Trace, trace_of
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.joins import N_OF, join
from stratix_tasks.spec.secrets import A_NAME, Secret
from stratix_tasks.spec.values import Expr, FirstOf, Ref

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
STATIC = "stratix-static"
Static = Annotated[T, STATIC]
"""`debug: Static[bool]`: an input that is a plain value while the flow is traced, frozen into the run."""


def each(values: Iterable[T], *, name: str = "") -> T:
    """Mark an argument of `task.map`: each item gets one element. Several marks go side by side, like `zip`.

    With `file = each(files)` an argument may be `file["url"]`, or hold that or the element among others. A file that is itself no
    argument is called `item` in `key`, `where` and documents, or by a `name` of its own.
    """
    trace_of("each")
    made = _mark(values)
    made.name = name
    return cast(T, made)


def flatten(values: Iterable[Iterable[T]]) -> Iterable[T]:
    """`each(flatten(lists))`: the elements of the lists, one level deep, are the items'."""
    trace_of("flatten")
    return cast("Iterable[T]", Flat(values))


def count(n: int) -> Iterable[int]:
    """`each(count(n))`: as many items as `n`, a number that may be known only when the flow runs; they get 0, 1, 2 …"""
    trace_of("count")
    return cast("Iterable[int]", Counted(n))


@overload
def product(first: Iterable[A], second: Iterable[B], /) -> tuple[A, B]: ...
@overload
def product(first: Iterable[A], second: Iterable[B], third: Iterable[C], /) -> tuple[A, B, C]: ...
@overload
def product(*values: Any) -> tuple[Any, ...]: ...
def product(*values: Any) -> tuple[Any, ...]:
    """Marks that are crossed: `task.map(*product(regions, rates))` makes an item of each pair, the last one fastest. Where arguments
    take parts of one, or texts name it, `each(regions, name="region")` says in there what it is called."""
    trace_of("product")
    group = object()
    marks = (value if isinstance(value, Mapped) else _mark(value) for value in values)
    return tuple(Crossed(group, place, mark.value, mark.flat, mark.name) for place, mark in enumerate(marks))


def _mark(values: Any) -> Mapped:
    return Mapped(values.value, flat=True) if isinstance(values, Flat) else Mapped(values)


class Branch:
    """`with when(…):` or `with otherwise():`, a block whose nodes have a condition."""

    def __init__(self, trace: Trace, condition: Expr, last: bool) -> None:
        self._trace, self._expr, self._last = trace, condition, last
        self._outer: tuple[tuple[int, ...], Expr | None] | None = None

    def __enter__(self) -> None:
        trace = self._trace
        self._outer = trace.branch, trace.condition
        trace.branches += 1
        trace.branch = (*trace.branch, trace.branches)
        trace.condition = self._expr if trace.condition is None else conjunction(trace.condition, self._expr)
        trace.closed = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        trace = self._trace
        assert self._outer is not None
        trace.branch, trace.condition = self._outer
        trace.closed = None if self._last or error is not None else (trace.branch, self._expr)


def when(condition: object) -> Branch:
    """`with when(ref > 0):` the nodes made inside run only if it holds; else they are skipped, and what needs them too.

    FlowError for anything but a comparison of references (or a plain bool, which is known while tracing).
    """
    trace = trace_of("when")
    if isinstance(condition, Operand):
        refuse("can't branch on", "Compare it: when(ref == True), when(ref > 0).")
    if isinstance(condition, bool):
        return Branch(trace, Expr("true" if condition else "false"), last=False)
    if not isinstance(condition, Condition):
        trace.fail(f"when() takes a comparison of references, not a {type(condition).__name__}")
    trace.uses(condition._references())
    return Branch(trace, condition.expr, last=False)


def otherwise() -> Branch:
    """The other side of the `when` closed just before it."""
    trace = trace_of("otherwise")
    if trace.closed is None or trace.closed[0] != trace.branch:
        trace.fail("otherwise() belongs directly after a `with when(…):` block")
    return Branch(trace, negated(trace.closed[1]), last=True)


def status(of: object) -> Any:
    """How a node ended, for conditions: `with when(status(x) == "failed"):`. The nodes inside wait for the end of `x`, whatever
    that is: `completed`, `failed`, `upstream_failed`, `cancelled` or `skipped`.
    """
    trace = trace_of("status")
    if not isinstance(of, Reference) or of._ref.scope != "tasks" or of._ref.path:
        trace.fail(f"status() takes what a task or flow returns as a whole, not {_shown(of)}")
    return Status(of._anywhere())


class Catching:
    """`with failed(x) as error:`, a block that runs when `x` failed."""

    def __init__(self, trace: Trace, names: tuple[str, ...]) -> None:
        self._trace, self._names = trace, names
        self._outer: tuple[tuple[int, ...], tuple[str, ...], set[str]] | None = None

    def __enter__(self) -> Any:
        trace = self._trace
        self._outer = trace.branch, trace.catch, trace.caught
        trace.branches += 1
        trace.branch, trace.catch, trace.caught = (*trace.branch, trace.branches), self._names, set()
        trace.closed = None
        return Around("error")

    def __exit__(self, *_error: object) -> None:
        trace = self._trace
        assert self._outer is not None
        trace.branch, trace.catch, trace.caught = self._outer
        trace.closed = None


def failed(*of: object) -> Catching:
    """`with failed(x) as error:` the nodes made inside run when `x`, a task, a fan-out or a flow, ended failed; else they are
    skipped. With several they wait for all, and get the first error.

    `error["message"]`, and `type`, `code`, `node`, `item`, `attempt`, `traceback`, and what plain data the exception has.
    What a person cancelled is not caught. A failure that was handled is not the run's: `first_of(x, y)` goes on with either.
    """
    trace = trace_of("failed")
    names = []
    for one in of:
        if not isinstance(one, Reference) or one._ref.scope != "tasks" or one._ref.path:
            trace.fail(f"failed() takes what tasks or flows return as a whole, not {_shown(one)}")
        names.append(trace.value(one._anywhere()).name)
    if not names:
        trace.fail("failed() needs what may fail: failed(x)")
    if trace.catch:
        trace.fail("a block of failed(…) can't stand in another one: catch what fails in there after it")
    return Catching(trace, tuple(dict.fromkeys(names)))


class Always:
    """`with always():`, a block that runs at the end of the flow."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._outer: tuple[tuple[int, ...], bool] | None = None

    def __enter__(self) -> Any:
        trace = self._trace
        self._outer = trace.branch, trace.always
        trace.branches += 1
        trace.branch, trace.always, trace.closed = (*trace.branch, trace.branches), True, None
        return Around("scope")

    def __exit__(self, *_error: object) -> None:
        trace = self._trace
        assert self._outer is not None
        trace.branch, trace.always = self._outer
        trace.closed = None


def always() -> Always:
    """`with always() as scope:` the nodes made inside run when all else in the flow has ended: completed, failed or cancelled.

    They can look at `scope.status` and `scope.error`. What takes the value of a node that has none is skipped, unless that
    argument has a default or may be None. Each has a minute, where it says nothing else; one that fails makes the run failed.
    """
    trace = trace_of("always")
    if trace.always or trace.branch:
        trace.fail("always() stands in the body of a flow itself, in no other block")
    return Always(trace)


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, Reference) else f"a {type(value).__name__}"


def first_of(*values: T) -> T:
    """The first of the references that completed, in this order: joins the branches of `when` and `otherwise`, takes what a
    handler gave in place of what failed. The last may be a plain value, or an input, for when none did.
    """
    trace = trace_of("first_of")
    refs: list[Ref] = []
    last: tuple[Any, ...] = ()
    if values and _may_be_last(values[-1]):
        *values, plain = values  # type: ignore[assignment]
        last = (trace.value(plain),)
    for value in values:
        if isinstance(value, Joined):
            refs += value._first.refs
            last = last or value._first.otherwise
        elif isinstance(value, Reference) and value._ref.scope == "tasks":
            refs.append(value._ref)
            if value._trace is not trace:
                trace.value(value)
        else:
            trace.fail(
                f"first_of() takes references to outputs of tasks, and as the last a plain value or an input, not {_shown(value)}"
            )
    if len(refs) + len(last) < 2 or not refs:
        trace.fail("first_of() needs at least two references, or one and a plain value or an input")
    return cast(T, Joined(FirstOf(tuple(dict.fromkeys(refs)), last)))


def _may_be_last(value: object) -> bool:
    """Whether it is there whatever becomes of the tasks."""
    return not isinstance(value, Refusing) or (isinstance(value, Reference) and value._ref.scope == "inputs")


def n_of(k: Any) -> Any:
    """So many of them, a number or a share; of a fan-out also what is known in the run alone:
    `task.options(join=n_of(2))(a, b, c)`, `task.options(gather=n_of("80%")).map(…)`.

    ValueError for what is neither a whole number of 1 or more nor a share.
    """
    return join({N_OF: trace_of("n_of").value(k) if isinstance(k, Reference) else k})


def repeat(
    body: Callable[..., T],
    *args: Any,
    until: Callable[[Any], Any] | str | None = None,
    max: int = 100,
    every: Any = None,
    within: Any = None,
    carry: str | None = None,
    on_max: str = "fail",
    **kwargs: Any,
) -> T:
    """Run a task or flow again and again: `repeat(step, state, until=lambda s: s["loss"] < 0.1, max=20)`.

    Each round gets what the last one gave as its first argument, or as `carry`. `until` is asked of the value of each round.
    When `max` rounds, or the time `within`, are over it fails, or with `on_max="take"` completes with the last value; without
    `until` it runs `max` rounds. `every` is the time between rounds, which takes no place. The value is that of the last round.
    """
    said = {"until": until, "max": max, "every": every, "within": within, "carry": carry, "on_max": on_max}
    return cast(T, trace_of("repeat").place_loop(body, args, kwargs, said))


def switch(value: object, cases: Mapping[Any, Callable[[], Any]], default: Callable[[], Any] | None = None) -> Any:
    """Take one way of several: `switch(kind, {"a": lambda: left(x), "b": lambda: right(x)}, default=lambda: other(x))`.

    Each function places nodes in a branch of its own; stands for the value of the one that ran.
    """
    trace = trace_of("switch")
    if not isinstance(value, Operand) or not cases:
        trace.fail("switch() takes a reference, and what to do in at least one case")
    found, left = [], None
    for case, way in cases.items():
        condition = value == case
        left = ~condition if left is None else left & ~condition
        with when(condition):
            found.append(way())
    if default is not None:
        with when(left):
            found.append(default())
    ways = [one for one in found if one is not None]
    return first_of(*ways) if len(ways) > 1 else ways[0] if ways else None


def secret(name: str) -> Any:
    """A secret by its name: `fetch(url, token=secret("API"))`. The body that takes it gets its text; documents, journals, logs and
    views have the name alone.

    Where it comes from the engine says (`Engine(secrets=…)`), else the environment (`STRATIX_SECRET_API`), else `secrets.toml` or
    `.env` beside the store. It can be an argument, or stand in one: in a list or a dict, in `expr("Bearer ${{ secrets.API }}")`.
    Outside of a flow it is a `Secret`, which an input of that type takes. FlowError `bad-name`.
    """
    try:
        made = Secret(name)
    except ValueError:  # it may be the secret itself that was given
        raise FlowError(f"secret() takes {A_NAME}", code="bad-name") from None
    trace = TRACE.get()
    return made if trace is None else Reference(Ref("secrets", made.name), trace)

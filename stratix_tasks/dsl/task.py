"""`@task`: a function that can be placed in a flow. Outside a flow it is the plain function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, NoReturn, ParamSpec, Self, TypeVar, cast, overload
from weakref import WeakValueDictionary

from stratix_tasks.dsl import options as opts
from stratix_tasks.dsl.references import user_line
from stratix_tasks.dsl.trace import TRACE
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.types import hints_of, tuple_arity
from stratix_tasks.spec.vocabulary import LATER, MAP, TASK

P = ParamSpec("P")
R = TypeVar("R")
KNOWN: WeakValueDictionary[str, BaseTask] = WeakValueDictionary()
"""The tasks of this process by `module:name`, the latest definition of each; documents find theirs here."""
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class BaseTask:
    """What both kinds of task share: the function `fn`, its parameters, its options, and the template of its nodes."""

    fn: Callable[..., Any]
    word = "task"
    allowed = TASK | MAP
    """Names of its options."""
    is_async = False

    def __init__(self, fn: Callable[..., Any], given: Mapping[str, Any]) -> None:
        functools.update_wrapper(cast(Any, self), fn)
        self.fn = fn
        self.options_given = dict(given)
        self._names, self._required, self._plain = _parameters(fn)
        self.template_name = _node_name(fn)
        fields = opts.node_fields(given, self._what)
        self.template_name = str(given.get("name") or self.template_name)
        opts.fitting_runner(fields.get("runner"), self.is_async, self._what)
        self.template = self._template(fields)
        self.map_option = next((name for name in given if name in MAP), "")
        self.special = "after" in given

    def options(self, **options: Any) -> Self:
        """The same task with other options; those of `@task` stay unless named again.

        name, retry, timeout, pool, priority, runner, after, grace, max_lost, description; for `.map` also max and key.
        FlowError `unknown-option`, `bad-option`, `not-available`.
        """
        opts.refuse_unknown(options, self.allowed, self._what)
        return type(self)(self.fn, {**self.options_given, **options})

    def _template(self, fields: Mapping[str, Any]) -> NodeSpec:
        return NodeSpec.model_construct(call=f"{self.fn.__module__}:{self.fn.__qualname__}", **fields)

    @property
    def _what(self) -> str:
        return f"{self.word} '{self.template_name}'"

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by parameter name; extra positional ones under `*`. FlowError that shows the signature."""
        names = self._names
        if self._plain and not kwargs and self._required <= len(args) <= len(names):
            return dict(zip(names, args, strict=False))
        try:
            bound = inspect.signature(self.fn).bind(*args, **kwargs)
        except TypeError as error:
            self._refuse_call(error, kwargs)
        named: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            kind = bound.signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                named["*"] = list(value)
            elif kind is inspect.Parameter.VAR_KEYWORD:
                named.update(value)
            else:
                named[name] = value
        return named

    def arity(self) -> int | None:
        """Into how many parts the output can be unpacked, by a `tuple[A, B]` annotation."""
        return tuple_arity(hints_of(self.fn).get("return"))

    def _refuse_call(self, error: TypeError, kwargs: Mapping[str, Any]) -> NoReturn:
        signature = inspect.signature(self.fn)
        unknown = next((name for name in kwargs if name not in signature.parameters), "")
        hint = f" {did_you_mean(unknown, signature.parameters)}" if unknown else ""
        if unknown in self.allowed | LATER:
            hint = f" To set the option '{unknown}', write {self.template_name}.options({unknown}=…)(…)."
        raise FlowError(
            f"line {user_line()[1]}: {self.template_name}: {error}.{hint} It is {_shown(self.fn)}",
            code="bad-arguments",
        ) from None

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Tasks in a class body are its methods, as plain functions are."""
        return self if instance is None else functools.partial(cast(Callable[..., Any], self), instance)

    def __repr__(self) -> str:
        return f"<{self.word} {_shown(self.fn)}>"


class Task(BaseTask, Generic[P, R]):
    """A task whose function is a plain `def`: it runs in a thread."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Outside a flow: the function's own call. In the body of a flow: places a node and stands for its output."""
        trace = TRACE.get()
        if trace is None:
            return cast(R, self.fn(*args, **kwargs))
        return cast(R, trace.place(self, args, kwargs))

    def map(self, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        """Fan out at run time over the arguments marked by `each`; the others are the same for all items."""
        return cast(list[R], _map(self, args, kwargs))


class AsyncTask(BaseTask, Generic[P, R]):
    """A task whose function is an `async def`: it runs on the bodies' own loop."""

    is_async = True

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        """Outside a flow: the function's own coroutine. In the body of a flow: places a node and can be awaited."""
        trace = TRACE.get()
        if trace is None:
            return cast(Coroutine[Any, Any, R], self.fn(*args, **kwargs))
        return cast(Coroutine[Any, Any, R], trace.place(self, args, kwargs))

    def map(self, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        """Fan out at run time over the arguments marked by `each`; the others are the same for all items."""
        return cast(list[R], _map(self, args, kwargs))


class Decorator:
    """`@task(retry=3)`: what the options yield, waiting for the function."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, R]]) -> AsyncTask[P, R]: ...  # type: ignore[overload-overlap]

    @overload
    def __call__(self, fn: Callable[P, R]) -> Task[P, R]: ...

    def __call__(self, fn: Callable[..., Any]) -> Any:
        """FlowError `bad-task` for generators, classes and whatever else is no function."""
        return _make(fn, self._options)


@overload
def task(fn: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncTask[P, R]: ...  # type: ignore[overload-overlap]


@overload
def task(fn: Callable[P, R], /) -> Task[P, R]: ...


@overload
def task(
    *,
    name: str = ...,
    retry: Any = ...,
    timeout: Any = ...,
    pool: str | list[str] = ...,
    priority: int = ...,
    runner: str = ...,
    grace: Any = ...,
    max_lost: int = ...,
    description: str = ...,
    **later: Any,
) -> Decorator: ...


def task(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a task: `@task`, or `@task(retry=3, timeout="30s", pool="api", priority=10, runner="inline")`.

    `retry=3` means three attempts after the first; a scalar `timeout` is the limit of each attempt. A plain `def`
    runs in a worker thread, an `async def` on a loop of the bodies' own. Outside a flow the task is its plain
    function. FlowError: `unknown-option`, `not-available`, `bad-option`, `bad-task` (generators, classes).
    """
    opts.refuse_unknown(options, TASK - {"after"}, "a task")
    return Decorator(options) if fn is None else _make(fn, options)


def _make(fn: Any, options: Mapping[str, Any]) -> Any:
    fn = _accepted(fn)
    made: BaseTask = (AsyncTask if inspect.iscoroutinefunction(fn) else Task)(fn, options)
    KNOWN[str(made.template.call)] = made
    return made


def _accepted(fn: Any) -> Callable[..., Any]:
    """The function that a task is made of. FlowError `bad-task` that says what to write instead."""
    if isinstance(fn, BaseTask):
        why = f"'{fn.template_name}' is a task already; take one @task away, or use .options(…)"
    elif inspect.isclass(fn):
        why = f"a class can't be a task: write a function that makes {fn.__name__}"
    elif inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        why = (
            f"'{fn.__name__}' is a generator, and a task returns once: return a list, and fan out over it by other.map"
        )
    elif isinstance(fn, staticmethod | classmethod):
        why = f"put @task below @{type(fn).__name__}, next to the function"
    elif not inspect.isroutine(fn) and not isinstance(fn, functools.partial):
        why = f"a task is made of a function, not of a {type(fn).__name__}"
    else:
        return fn if inspect.isfunction(fn) else _wrapped(fn)
    raise FlowError(why, code="bad-task")


def _wrapped(fn: Any) -> Callable[..., Any]:
    """A builtin, a method or a partial as a function of ours, so that it has a name and a module."""
    inner = fn
    while isinstance(inner, functools.partial):
        inner = inner.func
    signature = _signature(fn)
    first = [p.name for p in signature.parameters.values() if p.kind is p.POSITIONAL_ONLY] if signature else []

    def positioned(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        return (*args, *(kwargs.pop(name) for name in first[len(args) :] if name in kwargs))

    def call(*args: Any, **kwargs: Any) -> Any:
        return fn(*positioned(args, kwargs), **kwargs)

    async def call_async(*args: Any, **kwargs: Any) -> Any:
        return await fn(*positioned(args, kwargs), **kwargs)

    made: Any = call_async if inspect.iscoroutinefunction(inner) else call
    functools.update_wrapper(made, inner)
    made.__module__ = getattr(inner, "__module__", None) or "builtins"
    del made.__wrapped__
    made.stands_for = fn
    if signature is not None:
        made.__signature__ = signature
    return cast(Callable[..., Any], made)


def _signature(fn: Any) -> inspect.Signature | None:
    """None for a builtin that does not tell."""
    try:
        return inspect.signature(fn)
    except ValueError:
        return None


def _map(task: BaseTask, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    trace = TRACE.get()
    if trace is None:
        raise FlowError(
            f"{task.template_name}.map(…) belongs in a @flow; outside of one write a loop: the task is its function",
            code="no-flow",
        )
    return trace.place_map(task, args, dict(kwargs))


def _parameters(fn: Callable[..., Any]) -> tuple[tuple[str, ...], int, bool]:
    """Names, how many are required, and whether a positional call needs no more than zipping."""
    parameters = inspect.signature(fn).parameters.values()
    names = tuple(p.name for p in parameters)
    required = sum(p.default is inspect.Parameter.empty for p in parameters)
    return names, required, all(p.kind in _POSITIONAL for p in parameters)


def _node_name(fn: Callable[..., Any]) -> str:
    import re

    name = re.sub(r"\W", "_", fn.__name__, flags=re.ASCII)
    return "task" if name == "_lambda_" else name[:64]


def _shown(fn: Callable[..., Any]) -> str:
    return f"{fn.__name__}{inspect.signature(fn)}"

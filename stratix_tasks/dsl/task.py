"""`@task`: a function that can be placed in a flow. Outside a flow it is the plain function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, ParamSpec, Self, TypeVar, cast, get_args, get_origin, get_type_hints, overload

from stratix_tasks.dsl import options as opts
from stratix_tasks.dsl.trace import TRACE
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.problems import did_you_mean

P = ParamSpec("P")
R = TypeVar("R")
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class BaseTask:
    """What both kinds of task share: the function `fn`, its parameters, its options, and the template of its nodes."""

    fn: Callable[..., Any]

    def __init__(self, fn: Callable[..., Any], given: Mapping[str, Any]) -> None:
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.options_given = dict(given)
        self._names, self._required, self._plain = _parameters(fn)
        self.template_name = str(given.get("name") or _node_name(fn))
        fields = opts.node_fields(given, f"task '{self.template_name}'")
        self.template = NodeSpec.model_construct(call=f"{fn.__module__}:{fn.__qualname__}", **fields)

    def options(self, **options: Any) -> Self:
        """The same task with other options; those of `@task` stay unless named again.

        name, retry, timeout, pool, priority, runner, after, grace; for `.map` also max and key.
        """
        what = f"task '{self.template_name}'"
        opts.refuse_unknown(options, opts.TASK | opts.MAP, what)
        if "name" in options:
            opts.name(options["name"])
        most = options.get("max")
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
            raise FlowError(f"{what}: option max={most!r}: write a whole number of 1 or more", code="bad-option")
        return type(self)(self.fn, {**self.options_given, **options})

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
        try:
            hint = get_type_hints(self.fn).get("return")
        except Exception:
            hint = None
        if get_origin(hint) is tuple and (parts := get_args(hint)) and parts[-1] is not Ellipsis:
            return len(parts)
        return None

    def _refuse_call(self, error: TypeError, kwargs: Mapping[str, Any]) -> None:
        from stratix_tasks.dsl.references import user_line

        parameters = inspect.signature(self.fn).parameters
        unknown = [name for name in kwargs if name not in parameters]
        hint = f" {did_you_mean(unknown[0], parameters)}" if unknown else ""
        if unknown and unknown[0] in opts.TASK | opts.MAP | opts.LATER:
            hint = f" To set the option '{unknown[0]}', write {self.template_name}.options({unknown[0]}=…)."
        signature = f"{self.template_name}{inspect.signature(self.fn)}"
        raise FlowError(f"line {user_line()[1]}: {error}.{hint} It is {signature}", code="bad-arguments") from None

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Tasks in a class body are its methods, as plain functions are."""
        return self if instance is None else functools.partial(cast(Callable[..., Any], self), instance)

    def __repr__(self) -> str:
        return f"<task {self.template_name}{inspect.signature(self.fn)}>"


class Task(BaseTask, Generic[P, R]):
    """A task whose function is a plain `def`: it runs in a thread."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        trace = TRACE.get()
        if trace is None:
            return cast(R, self.fn(*args, **kwargs))
        return cast(R, trace.place(self, args, kwargs))

    def map(self, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        """Fan out at run time over the arguments marked by `each`; the others are the same for all items."""
        return cast(list[R], _map(self, args, kwargs))


class AsyncTask(BaseTask, Generic[P, R]):
    """A task whose function is an `async def`: it runs on the bodies' own loop."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
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
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, R]]) -> AsyncTask[P, R]: ...

    @overload
    def __call__(self, fn: Callable[P, R]) -> Task[P, R]: ...

    def __call__(self, fn: Callable[..., Any]) -> Any:
        return _make(fn, self._options)


@overload
def task(fn: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncTask[P, R]: ...


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
    description: str = ...,
    **later: Any,
) -> Decorator: ...


def task(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a task: `@task`, or `@task(retry=3, timeout="30s", pool="api", priority=10, runner="inline")`.

    `retry=3` means three attempts after the first; a scalar `timeout` is the limit of each attempt. A plain `def` runs in a
    worker thread, an `async def` on a loop of the bodies' own. Outside a flow the task is its plain function.
    FlowError: unknown options, generators, classes.
    """
    opts.refuse_unknown(options, opts.TASK - {"after"}, "a task")
    if "name" in options:
        opts.name(options["name"])
    return Decorator(options) if fn is None else _make(fn, options)


def _make(fn: Any, options: Mapping[str, Any]) -> Any:
    if isinstance(fn, BaseTask):
        raise FlowError(f"'{fn.template_name}' is a task already; take one @task away, or use .options(…)", code="bad-task")
    if inspect.isclass(fn):
        raise FlowError(f"a class can't be a task: write a function that makes {fn.__name__}", code="bad-task")
    if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise FlowError(
            f"'{fn.__name__}' is a generator, and a task returns once: return a list, and fan out over it with other.map(each({fn.__name__}()))",
            code="bad-task",
        )
    if not inspect.isroutine(fn) and not isinstance(fn, functools.partial):
        raise FlowError(f"a task is made of a function, not of a {type(fn).__name__}", code="bad-task")
    if isinstance(fn, functools.partial) or not hasattr(fn, "__code__"):
        fn = _wrapped(fn)
    return (AsyncTask if inspect.iscoroutinefunction(fn) else Task)(fn, options)


def _wrapped(fn: Any) -> Callable[..., Any]:
    """A builtin or a partial as a function of ours, so that it has a name and a module."""
    inner = fn.func if isinstance(fn, functools.partial) else fn

    @functools.wraps(inner)
    def call(*args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)

    try:
        call.__signature__ = inspect.signature(fn)  # type: ignore[attr-defined]
    except ValueError:
        pass
    return call


def _map(task: BaseTask, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    trace = TRACE.get()
    if trace is None:
        raise FlowError(f"{task.template_name}.map(…) belongs in a @flow; outside of one write a loop: the task is its function", code="no-flow")
    return trace.place_map(task, args, dict(kwargs))


def _parameters(fn: Callable[..., Any]) -> tuple[tuple[str, ...], int, bool]:
    """Names, how many are required, and whether a positional call needs no more than zipping."""
    parameters = inspect.signature(fn).parameters.values()
    names = tuple(p.name for p in parameters)
    required = sum(p.default is inspect.Parameter.empty for p in parameters)
    return names, required, all(p.kind in _POSITIONAL for p in parameters)


def _node_name(fn: Callable[..., Any]) -> str:
    import re

    name = re.sub(r"\W", "_", fn.__name__)
    return "task" if name == "_lambda_" else name[:64]

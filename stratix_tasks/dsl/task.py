"""`@task`: a function that can be placed in a flow. Outside a flow it is the plain function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, ParamSpec, Self, TypeVar, cast, overload
from weakref import WeakSet, WeakValueDictionary

from stratix_tasks.dsl import options as opts
from stratix_tasks.dsl.definition import BaseTask
from stratix_tasks.dsl.trace import TRACE
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.vocabulary import TASK

P = ParamSpec("P")
R = TypeVar("R")
KNOWN: WeakValueDictionary[str, BaseTask] = WeakValueDictionary()
"""The tasks of this process by `module:name`, the latest definition of each; documents find theirs here."""
DEFINED: WeakSet[Callable[[], None]] = WeakSet()
"""Who is told when a cell or a module defines a task, as long as it lives."""


def known_tasks() -> dict[str, BaseTask]:
    """The tasks of this process by `module:name`, and by name alone where one task only has it."""
    known = dict(KNOWN)
    short: dict[str, list[BaseTask]] = {}
    for call, task in known.items():
        short.setdefault(call.rpartition(":")[2], []).append(task)
    return {**{name: tasks[0] for name, tasks in short.items() if len(tasks) == 1}, **known}


def known_task(call: str) -> BaseTask | None:
    """The task of this process that a document calls so."""
    return KNOWN.get(call) if ":" in call else known_tasks().get(call)


class _Placed(BaseTask, Generic[P, R]):
    """What a flow places by calling it, or mapping it."""

    def map(self, /, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        """Fan out at run time over the arguments marked by `each`; the others are the same for all items."""
        return cast("list[R]", _map(self, args, kwargs))

    def _with(self, options: Mapping[str, Any]) -> Self:
        """In a body that says the same again the one that was made of it then."""
        trace = TRACE.get()
        said = trace.said_with(self, options) if trace is not None else None
        return cast(Self, said) if said is not None else super()._with(options)


class Task(_Placed[P, R]):
    """A task whose function is a plain `def`: it runs in a thread."""

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Outside a flow: the function's own call. In the body of a flow: places a node and stands for its output."""
        trace = TRACE.get()
        if trace is None:
            return cast(R, self.fn(*args, **kwargs))
        return cast(R, trace.place(self, args, kwargs))


class AsyncTask(_Placed[P, R]):
    """A task whose function is an `async def`: it runs on the bodies' own loop."""

    is_async = True

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        """Outside a flow: the function's own coroutine. In the body of a flow: places a node and can be awaited."""
        trace = TRACE.get()
        if trace is None:
            return cast("Coroutine[Any, Any, R]", self.fn(*args, **kwargs))
        return cast("Coroutine[Any, Any, R]", trace.place(self, args, kwargs))


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
        return _define(fn, self._options)


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
    policy: str = ...,
    enabled: bool = ...,
    allow_failure: bool = ...,
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
    return Decorator(options) if fn is None else _define(fn, options)


def _define(fn: Any, options: Mapping[str, Any]) -> Any:
    made = task_of(fn, options)
    if TRACE.get() is None:  # the body of a flow, which is run each time that it is looked at, tells nobody
        for told in list(DEFINED):
            told()
    return made


def task_of(fn: Any, options: Mapping[str, Any]) -> Any:
    """A function as a task, of which nobody is told. FlowError as `task`."""
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
        why = f"a task is made of a function, and this is of type {type(fn).__name__}: write a function that calls it"
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

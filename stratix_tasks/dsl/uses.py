"""`uses`: nodes that name an executor, called, mapped and given options like a task."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Generic, ParamSpec, Self, TypeVar, cast

from stratix_tasks.core.ports import Executor
from stratix_tasks.dsl import options as opts
from stratix_tasks.dsl.definition import BaseTask
from stratix_tasks.dsl.trace import trace_of
from stratix_tasks.errors import FlowError
from stratix_tasks.executors.registry import HERE
from stratix_tasks.spec.durations import text
from stratix_tasks.spec.executors import executor_problem
from stratix_tasks.spec.model import NodeSpec

P = ParamSpec("P")
R = TypeVar("R")


class Use(BaseTask, Generic[P, R]):
    """An executor as the body of a flow uses it; `fn` has its signature."""

    def __init__(self, fn: Callable[P, R], executor: Executor, given: Mapping[str, Any] = MappingProxyType({})) -> None:
        self.executor = executor
        self.word = executor.name.partition(".")[0]
        self.allowed = frozenset(name for name in BaseTask.allowed if not executor.refusal(name))
        self.is_async = inspect.iscoroutinefunction(fn)
        super().__init__(fn, given)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Places a node and stands for its value. FlowError `no-flow` outside of a flow."""
        trace = trace_of(self.fn.__name__)
        use, others = self._timed(kwargs)
        return cast(R, trace.place(use, args, others))

    def map(self, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        """As many as there are elements in the argument marked by `each`, side by side."""
        trace = trace_of(f"{self.fn.__name__}.map")
        use, others = self._timed(kwargs)
        return cast(list[R], trace.place_map(use, args, others))

    def options(self, **options: Any) -> Self:
        """The same with other options, as of a task. FlowError `bad-option` for those that mean nothing to its executor."""
        for option in options:
            if why := self.executor.refusal(option):
                raise FlowError(f"{self._what}: {why}", code="bad-option")
        opts.refuse_unknown(options, self.allowed, self._what)
        return self._with(options)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by name; what a wait waits for as a document writes it, where it is a timedelta."""
        named = super().bind(args, kwargs)
        if self.executor.waits is None:
            return named
        return {name: text(v.total_seconds()) if isinstance(v, timedelta) else v for name, v in named.items()}

    def _timed(self, kwargs: Mapping[str, Any]) -> tuple[Self, dict[str, Any]]:
        """`timeout=` among the arguments is the option, where it is no argument."""
        others = dict(kwargs)
        timeout = None if "timeout" in self.executor.hints else others.pop("timeout", None)
        return (self if timeout is None else self.options(timeout=timeout)), others

    def _template(self, fields: Mapping[str, Any]) -> NodeSpec:
        return NodeSpec.made({"uses": self.executor.name, **fields})


def uses(executor: str) -> Use[..., Any]:
    """A node by the name that documents have for it: `uses("wait.approval").options(name="page")(message="Ship it?")`.

    There are those of the engine that starts the flow; outside of a start, those of the default engine. FlowError
    `not-available` for executors of a later version, `unknown-executor` for any other that there is not.
    """
    executors = HERE.get().entries
    problem = executor_problem(executor, executors)
    if problem is not None:
        raise FlowError(f"{problem.message}. {problem.hint}", code=problem.code)
    named = executors[executor]
    assert named.function is not None
    return Use(named.function, named)

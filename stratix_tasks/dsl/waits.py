"""Waits: `sleep`, `approval` and `signal` place nodes that run no body and end when the time, a person or a value comes.

Each is declared as a function that is never called: its signature says what the wait takes and what it yields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Generic, ParamSpec, Self, TypeVar, cast

from stratix_tasks.dsl.definition import BaseTask
from stratix_tasks.dsl.trace import trace_of
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.durations import text
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.waits import USELESS, Approval, executor_problem, refusal

P = ParamSpec("P")
R = TypeVar("R")
Duration = str | float | timedelta
"""`"30s"`, seconds, or a timedelta."""


class Wait(BaseTask, Generic[P, R]):
    """A wait as the body of a flow uses it: called, mapped and given options like a task."""

    word = "wait"
    allowed = BaseTask.allowed - USELESS

    def __init__(self, fn: Callable[P, R], given: Mapping[str, Any] = MappingProxyType({})) -> None:
        super().__init__(fn, given)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Places a node and stands for its value. FlowError `no-flow` outside of a flow."""
        trace = trace_of(self.fn.__name__)
        wait, others = self._timed(kwargs)
        return cast(R, trace.place(wait, args, others))

    def map(self, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        """As many waits as there are elements in the argument marked by `each`, side by side."""
        trace = trace_of(f"{self.fn.__name__}.map")
        wait, others = self._timed(kwargs)
        return cast(list[R], trace.place_map(wait, args, others))

    def options(self, **options: Any) -> Self:
        """The same wait with other options: name, after, timeout (its deadline), description; for `.map` max and key.

        FlowError `bad-option` for those that are about bodies; a sleep has no timeout.
        """
        for option in options:
            if why := refusal(str(self.template.uses), option):
                raise FlowError(f"{self._what}: {why}", code="bad-option")
        return super().options(**options)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by name; a timedelta as a document writes it."""
        named = super().bind(args, kwargs)
        return {name: text(v.total_seconds()) if isinstance(v, timedelta) else v for name, v in named.items()}

    def _timed(self, kwargs: Mapping[str, Any]) -> tuple[Self, dict[str, Any]]:
        """`timeout=` among the arguments is the option."""
        others = dict(kwargs)
        timeout = others.pop("timeout", None)
        return (self if timeout is None else self.options(timeout=timeout)), others

    def _template(self, fields: Mapping[str, Any]) -> NodeSpec:
        return NodeSpec.model_construct(uses=f"wait.{self.fn.__name__}", **fields)


@Wait
def sleep(duration: Duration) -> None:
    """Wait for a while: `sleep("5m")`. What comes after it says so: `task.options(after=[sleep("5m")])(…)`."""
    raise AssertionError(_NEVER)


@Wait
def approval(message: str, *, timeout: Duration | None = None) -> Approval:
    """Wait until a person approves: `approval("Ship it?", timeout="1d")`. The value says who did, and when.

    The node fails when nobody does within `timeout`.
    """
    raise AssertionError(_NEVER)


@Wait
def signal(name: str, *, timeout: Duration | None = None) -> Any:
    """Wait until a value is sent to the run under this name: `signal("go")["rows"]`. The value is what was sent.

    The node fails when nothing is sent within `timeout`.
    """
    raise AssertionError(_NEVER)


_NEVER = "a wait has no body"
_WAITS: dict[str, Wait[..., Any]] = {str(wait.template.uses): wait for wait in (sleep, approval, signal)}


def uses(executor: str) -> Wait[..., Any]:
    """A node by the name that documents have for it: `uses("wait.approval").options(name="page")(message="Ship it?")`.

    FlowError `not-available` for executors of a later version, `unknown-executor` for any other but the waits.
    """
    problem = executor_problem(executor)
    if problem is not None:
        raise FlowError(f"{problem.message}. {problem.hint}", code=problem.code)
    return _WAITS[executor]

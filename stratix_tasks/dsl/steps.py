"""Steps: `finish` and `cancel` place nodes that run no body and end a flow, a node or a group early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ParamSpec, TypeVar, overload

from stratix_tasks.dsl.references import Reference
from stratix_tasks.dsl.trace import trace_of
from stratix_tasks.dsl.uses import Use
from stratix_tasks.executors import steps

P = ParamSpec("P")
R = TypeVar("R")


class Ending(Use[P, R]):
    """A step. What it ends is no need of it: a reference stands there for the name of its node."""

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if args and "value" in kwargs:
            args, kwargs = args[1:], {**kwargs, "node": args[0]}
        named = super().bind(args, kwargs)
        node = named.get("node")
        if isinstance(node, Reference):
            trace = trace_of(self.fn.__name__)
            if node._ref.scope != "tasks" or node._ref.path:
                trace.fail(f"{self.fn.__name__}() ends what a task or flow returns as a whole, not {node!r}")
            if node._trace is not trace:
                trace.value(node)
            named["node"] = node._ref.name
        return named


class Finish(Ending[..., Any]):
    """`finish`, which takes what it ends by its place, too."""

    @overload
    def __call__(self, value: Any = None, *, node: Any = None, status: steps.Status = "completed") -> Any: ...
    @overload
    def __call__(self, node: Any, /, *, value: Any, status: steps.Status = "completed") -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs)


finish = Finish(steps.finish, steps.FINISH)
cancel = Ending(steps.cancel, steps.CANCEL)

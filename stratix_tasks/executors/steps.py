"""The steps: they run nothing, and end others early when their turn comes (`core/decide/steps.py`).

Each is declared as a function that is never called: its signature says what the step takes and what it yields.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, get_args

from stratix_tasks.core.waits import Kind
from stratix_tasks.executors.waits import USELESS
from stratix_tasks.spec.cards import card_of
from stratix_tasks.spec.types import hints_of

Status = Literal["completed", "failed"]


def finish(value: Any = None, *, node: Any = None, status: Status = "completed") -> Any:
    """End a flow, or a node of it, early: `finish(value)` the run, the sub-flow, the item or the round that it stands in,
    `finish(x, value=…)` or `finish(node=x)` what `x` stands for, or the group of that name that it lies in.

    That completes with `value`, or without one with what is there. With `status="failed"` it fails, and `value` is the message.
    What went on in it is cancelled, and counts for nothing; what has ended stays as it is.
    """
    raise AssertionError(_NEVER)


def cancel(node: Any) -> None:
    """Cancel a node, a map or a sub-flow: `cancel(x)`. Nothing is wrong then; what needs it is skipped. One that has ended stays
    as it is.
    """
    raise AssertionError(_NEVER)


_NEVER = "a step has no body"
_REFUSED = {
    "always": "what runs at the end of a flow can't end anything: take it out of finally",
    "each": "it ends one thing, once: it can't be mapped; put it into the flow that is mapped",
    "pin": "it gives nothing in whose place a value could stand: disable it",
    "loop": "it ends one thing, once: it can't be repeated; put it into the flow that is repeated",
}


class Step:
    """One of the steps, by its declaration."""

    field = "uses"
    written = frozenset(("node", "status"))
    runner: str | None = "wait"
    waits: Kind | None = None
    health: Callable[[], Any] | None = None

    usual: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, function: Callable[..., Any], required: frozenset[str], icon: str, accent: str) -> None:
        self.step = function.__name__
        self.name = f"flow.{self.step}"
        self.function: Callable[..., Any] | None = function
        self.description = str(inspect.getdoc(function))
        self.required = required
        self.card = card_of({"title": self.step.capitalize(), "icon": icon, "accent": accent}, ())

    @cached_property
    def hints(self) -> Mapping[str, Any]:
        assert self.function is not None
        return hints_of(self.function)

    def refusal(self, option: str) -> str:
        """It runs no body, and takes no time."""
        if option in _REFUSED:
            return _REFUSED[option]
        if option in USELESS or option in ("timeout", "total", "queued"):
            return f"{option} means nothing on '{self.name}', which runs no body; it takes needs, when and description"
        return ""

    def unfit(self, argument: str, value: Any) -> str:
        if argument == "status" and value not in get_args(Status):
            return f"write {' or '.join(get_args(Status))}, not {value!r}"
        if argument == "node" and not (isinstance(value, str) and value):
            return f"write the name of a node, not {value!r}"
        return ""

    def schema(self, refs: str) -> dict[str, Any]:
        node = {"type": "string", "description": "What it ends: a node beside it, or a group that it lies in."}
        if self.step == "cancel":
            return {"properties": {"node": node}}
        return {"properties": {"value": {}, "node": node, "status": {"enum": list(get_args(Status))}}}

    def clash(self, arguments: Mapping[str, Any]) -> str:
        return ""


FINISH = Step(finish, frozenset(), "flag", "#16a34a")
CANCEL = Step(cancel, frozenset(("node",)), "cross", "#e11d48")

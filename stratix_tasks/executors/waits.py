"""The waits: they run nothing, and end when their time, a person or a value comes (`core/waits.py`).

Each is declared as a function that is never called: its signature says what the wait takes and what it yields.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any, NotRequired, TypedDict

from stratix_tasks.core.waits import KINDS
from stratix_tasks.spec.cards import card_of
from stratix_tasks.spec.fields import TASK
from stratix_tasks.spec.types import hints_of
from stratix_tasks.spec.waits import unfit

Duration = str | float | timedelta
"""`"30s"`, seconds, or a timedelta."""
USELESS = frozenset(option.name for option in TASK if option.of_bodies)
"""Options that are about bodies."""


class Approval(TypedDict):
    """The value of an approval: who gave it, when (ISO 8601, UTC), and why, where somebody said it."""

    by: str
    at: str
    note: NotRequired[str]


def sleep(duration: Duration) -> None:
    """Wait for a while: `sleep("5m")`. What comes after it says so: `task.options(after=[sleep("5m")])(…)`."""
    raise AssertionError(_NEVER)


def approval(message: str, *, timeout: Duration | None = None) -> Approval:
    """Wait until a person approves: `approval("Ship it?", timeout="1d")`. The value says who did, and when.

    The node fails when nobody does within `timeout`.
    """
    raise AssertionError(_NEVER)


def signal(name: str, *, timeout: Duration | None = None) -> Any:
    """Wait until a value is sent to the run under this name: `signal("go")["rows"]`. The value is what was sent.

    The node fails when nothing is sent within `timeout`.
    """
    raise AssertionError(_NEVER)


def ask(message: str, model: Any = None, *, fields: Any, timeout: Duration | None = None) -> Any:
    """Wait until a person answers: `ask("Ship what?", Order)["rows"]`. What is asked for are the fields of a pydantic model, or
    `fields={"rows": int, "to": Literal["eu", "us"]}`. The value is the model, or a dict of these fields.

    An answer that does not fit is refused. The node fails when none comes within `timeout`.
    """
    raise AssertionError(_NEVER)


_NEVER = "a wait has no body"


_TOLD = {
    "duration": "How long: 30s, 5m, 1d.",
    "message": "What a person is asked.",
    "name": "By which name the value is sent.",
    "fields": "What is asked for, each with its type: {rows: {type: int}}",
    "model": "The class that an answer becomes, where a module has it: shop:Order.",
}


class Wait:
    """One of the waits, by its declaration."""

    field, step = "uses", ""
    written = frozenset(("fields", "model"))
    runner: str | None = "wait"
    health: Callable[[], Any] | None = None

    usual: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, function: Callable[..., Any], kind: str, icon: str, tells: str) -> None:
        self.name = f"wait.{kind}"
        self.function: Callable[..., Any] | None = function
        self.waits = KINDS[kind]
        self.description = str(inspect.getdoc(function))
        self.required = frozenset((self.waits.word, *self.waits.also))
        look = {"title": kind.capitalize(), "icon": icon, "accent": "#8b5cf6", "subtitle": f"{kind} · {tells}"}
        self.card = card_of(look, self.required)

    @cached_property
    def hints(self) -> dict[str, Any]:
        """Without `timeout`, which is an option."""
        assert self.function is not None
        return {name: hint for name, hint in hints_of(self.function).items() if name != "timeout"}

    def refusal(self, option: str) -> str:
        """A wait runs no body, so that few options mean anything; a sleep is over by its time alone."""
        asleep = not self.waits.ended_by
        if option == "timeout" and asleep:
            return "a sleep takes no timeout: its duration is when it ends"
        if option in ("total", "queued"):
            return f"timeout.{option} means nothing on a wait: it has one deadline, as in timeout: 1d"
        if option not in USELESS:
            return ""
        also = "" if asleep else ", timeout (its deadline)"
        return f"{option} means nothing on a wait, which runs no body; it takes needs, when, each{also} and description"

    def unfit(self, argument: str, value: Any) -> str:
        return unfit(argument, value)

    def schema(self, refs: str) -> dict[str, Any]:
        return {"properties": {name: {"description": _TOLD[name]} for name in self.hints if name in _TOLD}}

    def clash(self, arguments: Mapping[str, Any]) -> str:
        return ""


SLEEP = Wait(sleep, "sleep", "moon", "{duration:duration}")
APPROVAL = Wait(approval, "approval", "person", "{message}")
SIGNAL = Wait(signal, "signal", "signal", "{name}")
ASK = Wait(ask, "input", "form", "{message}")

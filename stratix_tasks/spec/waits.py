"""Waits: nodes that `uses` a wait instead of calling a function. They run no body, so that few options mean anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, TypedDict

from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.problems import Problem, did_you_mean
from stratix_tasks.spec.values import leaves
from stratix_tasks.spec.vocabulary import EXECUTORS_LATER, WAITS


class Approval(TypedDict):
    """The value of an approval: who gave it, and when (ISO 8601, UTC)."""

    by: str
    at: str


HINTS: dict[str, dict[str, Any]] = {
    "wait.sleep": {"duration": str | int | float | timedelta, "return": type(None)},
    "wait.approval": {"message": str, "return": Approval},
    "wait.signal": {"name": str},
}
"""What a wait takes and yields, as annotations of a function would say it."""
USELESS = frozenset(("runner", "retry", "pool", "priority", "grace", "max_lost"))
"""Options that are about bodies."""
Wrong = tuple[tuple[str, ...], Problem]
"""The fields that lead to a mistake in a node, and what it is."""


def word(uses: str) -> str:
    """`approval` for `wait.approval`; nothing for what is no wait."""
    return uses.removeprefix("wait.") if uses in WAITS else ""


def executor_problem(uses: str, node: str = "") -> Problem | None:
    """Why `uses` can't name this; None for a wait."""
    if uses in WAITS:
        return None
    if uses in EXECUTORS_LATER:
        hint = f"There are {', '.join(WAITS)}."
        return Problem("not-available", f"executor '{uses}' is not available in this version", node, hint=hint)
    return Problem("unknown-executor", f"there is no executor '{uses}'", node, hint=did_you_mean(uses, WAITS))


def refusal(uses: str, option: str) -> str:
    """Why a wait can't have an option, and what it can have; nothing when it can."""
    asleep = uses == "wait.sleep"
    if option == "timeout" and asleep:
        return "a sleep takes no timeout: its duration is when it ends"
    if option in ("total", "queued"):
        return f"timeout.{option} means nothing on a wait: it has one deadline, as in timeout: 1d"
    if option not in USELESS:
        return ""
    also = "" if asleep else ", timeout (its deadline)"
    return f"{option} means nothing on a wait, which runs no body; it takes needs, when, each{also} and description"


def wait_problems(node: NodeSpec, name: str) -> Iterator[Wrong]:
    """What is wrong with a node that uses something."""
    uses = node.uses or ""
    unknown = executor_problem(uses, name)
    if unknown is not None:
        yield ("uses",), unknown
        return
    yield from _arguments(node, name, WAITS[uses])
    given = [(field,) for field, about in NodeSpec.model_fields.items() if getattr(node, field) != about.default]
    limits = node.timeout.model_dump(exclude_none=True) if node.timeout is not None else {}
    for path in [*given, *(("timeout", limit) for limit in limits)]:
        if why := refusal(uses, path[-1]):
            yield path, Problem("bad-option", why, name)


def _arguments(node: NodeSpec, name: str, wanted: str) -> Iterator[Wrong]:
    given = {**node.args, **(node.each.over if node.each is not None else {})}
    for argument in (one for one in given if one != wanted):
        path = ("with", argument) if argument in node.args else ("each", "over", argument)
        message = f"'{node.uses}' takes no argument '{argument}'"
        yield path, Problem("bad-arguments", message, name, hint=did_you_mean(argument, [wanted]))
    if not given:
        message, hint = f"'{node.uses}' needs the argument '{wanted}'", f"Add it: with: {{{wanted}: …}}."
        yield ("with",), Problem("bad-arguments", message, name, hint=hint)
    literals = [node.args[wanted]] if wanted in node.args else []
    mapped = node.each.over.get(wanted) if node.each is not None else None
    for value in [*literals, *(mapped if isinstance(mapped, list | tuple) else ())]:
        if next(leaves(value), None) is None and (why := unfit(wanted, value)):
            path = ("with", wanted) if literals else ("each", "over", wanted)
            yield path, Problem("bad-value", f"{wanted}: {why}", name)


def unfit(argument: str, value: Any) -> str:
    """Why a value can't be the argument of a wait, or nothing."""
    if argument == "duration":
        try:
            seconds(value)
        except ValueError as error:
            return str(error)
    elif not isinstance(value, str) or not value.strip():
        return f"write a text, not {value!r}"
    return ""

"""Parts of options that mean nothing beside each other."""

from __future__ import annotations

from collections.abc import Iterator

from stratix_tasks.spec.durations import text
from stratix_tasks.spec.model import NodeSpec, Retry, Shared, Timeout
from stratix_tasks.spec.problems import REMOVE, Finding, Path, Problem
from stratix_tasks.spec.values import LATE


def option_findings(path: Path, name: str, said: NodeSpec | Shared) -> Iterator[Finding]:
    """Of what a node says itself, or what is said for several nodes."""
    if said.retry is not None:
        yield from (Finding((*path, "retry", part), problem) for part, problem in _retry(name, said.retry))
    if said.timeout is not None:
        yield from (Finding((*path, "timeout", part), problem) for part, problem in _timeout(name, said.timeout))


def _retry(name: str, retry: Retry) -> Iterator[tuple[str, Problem]]:
    for without, parts, hint in _idle_parts(retry):
        for part in parts:
            if getattr(retry, part) != getattr(_SILENT, part):
                yield part, Problem("no-effect", f"retry.{part} means nothing {without}", name, hint=hint)
                return
    if retry.max != 0 and type(retry.delay) not in LATE and retry.delay > retry.max_delay:
        longest = text(retry.max_delay)
        message = f"retry.delay is {text(retry.delay)}, and no delay is longer than retry.max_delay, which is {longest}"
        hint = f"Write max_delay: {text(retry.delay)}, too, or a shorter delay."
        yield "delay", Problem("no-effect", message, name, hint=hint)


_SILENT = Retry.model_construct()
_PARTS = tuple(part for part in Retry.model_fields if part != "max")


def _idle_parts(retry: Retry) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Why parts mean nothing beside what else is said, those parts, and what to do."""
    if type(retry.max) is int and retry.max == 0:
        hint = "Write retry: {max: 3, …}: attempts after the first."
        yield "without retry.max: nothing is tried again", _PARTS, hint
    elif type(retry.max) is int and retry.max == 1:
        yield "with retry.max: 1, for there is one delay", ("backoff",), "Take it away, or allow more attempts."
    if type(retry.delay) not in LATE and retry.delay == 0:
        yield "where retry.delay is 0", ("backoff", "max_delay"), "Take it away, or write a delay."


def _timeout(name: str, timeout: Timeout) -> Iterator[tuple[str, Problem]]:
    attempt, total = timeout.attempt, timeout.total
    if isinstance(attempt, int | float) and isinstance(total, int | float) and attempt > total:
        message = f"timeout.attempt is {text(attempt)}, and all attempts together end after {text(total)}"
        problem = Problem("no-effect", message, name, hint="Take one of them away.", remedy=REMOVE)
        yield "attempt", problem

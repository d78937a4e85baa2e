"""Parts of options that mean nothing beside each other."""

from __future__ import annotations

from collections.abc import Iterator

from stratix_tasks.spec.durations import text
from stratix_tasks.spec.model import NodeSpec, Retry, Timeout
from stratix_tasks.spec.problems import REMOVE, Finding, Path, Problem
from stratix_tasks.spec.values import LATE


def option_findings(name: str, node: NodeSpec) -> Iterator[Finding]:
    """Of what a node says itself, with what it takes of policies."""
    path: Path = ("tasks", name)
    if node.retry is not None:
        yield from ((Finding((*path, "retry", part), problem)) for part, problem in _retry(name, node.retry))
    if node.timeout is not None:
        yield from ((Finding((*path, "timeout", part), problem)) for part, problem in _timeout(name, node.timeout))


def _retry(name: str, retry: Retry) -> Iterator[tuple[str, Problem]]:
    if retry.max == 0 and type(retry.max) is int:
        default = Retry.model_construct()
        for part in Retry.model_fields:
            if getattr(retry, part) != getattr(default, part):
                message = f"retry.{part} means nothing without retry.max: nothing is tried again"
                yield (
                    part,
                    Problem("no-effect", message, name, hint="Write retry: {max: 3, …}: attempts after the first."),
                )
                return
    elif type(retry.delay) not in LATE and retry.delay > retry.max_delay:
        longest = text(retry.max_delay)
        message = f"retry.delay is {text(retry.delay)}, and no delay is longer than retry.max_delay, which is {longest}"
        hint = f"Write max_delay: {text(retry.delay)}, too, or a shorter delay."
        yield "delay", Problem("no-effect", message, name, hint=hint)


def _timeout(name: str, timeout: Timeout) -> Iterator[tuple[str, Problem]]:
    attempt, total = timeout.attempt, timeout.total
    if isinstance(attempt, int | float) and isinstance(total, int | float) and attempt > total:
        message = f"timeout.attempt is {text(attempt)}, and all attempts together end after {text(total)}"
        problem = Problem("no-effect", message, name, hint="Take one of them away.", remedy=REMOVE)
        yield "attempt", problem

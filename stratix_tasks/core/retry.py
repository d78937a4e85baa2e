"""When to try again, and how long to wait before: exponential backoff with full jitter.

Full jitter draws uniformly from 0 to the backed-off delay, which spreads clients best (M. Brooker, "Exponential Backoff
And Jitter", 2015).
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from types import MappingProxyType
from typing import Any

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.late import asked_text
from stratix_tasks.spec.model import Retry
from stratix_tasks.spec.names import mentions
from stratix_tasks.spec.values import LATE

AFTER_LOSS = Retry.model_construct(max=0, delay=0.2, backoff=2.0, max_delay=30.0, jitter="full", on=())
"""The pause before a body whose worker process has gone is begun again."""
NO_ERROR: Mapping[str, Any] = MappingProxyType({})


def retries(retry: Retry, tried: int, error: Mapping[str, Any], attempt: int) -> bool:
    """Whether an error of the `tried`-th attempt (from 1) that counts is tried again: the budget holds, its class or a base is
    in `on`, and `when` holds of it. `attempt` is its number, with those that do not count.
    """
    if tried > retry.max or (retry.when is not None and not _is_worth(retry.when.text, error, attempt)):
        return False
    return not retry.on or not {error.get("type"), *error.get("bases", ())}.isdisjoint(retry.on)


def _is_worth(when: str, error: Mapping[str, Any], attempt: int) -> bool:
    """What can't be asked of it is no."""
    return _told(when, error, attempt) is True


def pause_before(
    retry: Retry, tried: int, random: Random, error: Mapping[str, Any] = NO_ERROR, attempt: int = 0
) -> float:
    """Seconds to wait after the `tried`-th attempt (from 1), which is the `attempt`-th with those that do not count."""
    first: Any = retry.delay
    if type(first) in LATE:
        if (told := _seconds(first, error, attempt)) is not None:
            return min(told, retry.max_delay)
        first = _FIRST
    try:
        delay = min(first * retry.backoff ** max(tried - 1, 0), retry.max_delay)
    except OverflowError:  # after some hundred attempts
        delay = retry.max_delay if first else 0.0
    return random.uniform(0, delay) if retry.jitter == "full" else delay


_FIRST: float = Retry.model_fields["delay"].default


def _seconds(delay: Any, error: Mapping[str, Any], attempt: int) -> float | None:
    """The delay that the error tells; None where it tells none, or what is no duration."""
    try:
        return seconds(_told(asked_text(delay), error, attempt))
    except (ValueError, OverflowError):
        return None


def _told(text: str, error: Mapping[str, Any], attempt: int) -> Any:
    """What an expression asks of an error. What that does not have is null; so is what can't be asked of it."""
    parts = {str(m.steps[0]): None for m in mentions(text) if m.root == "error" and m.steps}
    told = {**parts, **error.get("attributes", {}), **{name: error.get(name) for name in ("type", "message", "code")}}
    try:
        return compile_expression(text).evaluate({"error": told, "attempt": attempt})
    except FlowError:
        return None

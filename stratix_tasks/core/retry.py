"""When to try again, and how long to wait before: exponential backoff with full jitter.

Full jitter draws uniformly from 0 to the backed-off delay, which spreads clients best (M. Brooker, "Exponential Backoff
And Jitter", 2015).
"""

from __future__ import annotations

from random import Random
from typing import Any

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.model import Retry
from stratix_tasks.spec.names import mentions

AFTER_LOSS = Retry.model_construct(max=0, delay=0.2, backoff=2.0, max_delay=30.0, jitter="full", on=())
"""The pause before a body whose worker process has gone is begun again."""


def retries(retry: Retry, tried: int, error: dict[str, Any], attempt: int) -> bool:
    """Whether an error of the `tried`-th attempt (from 1) that counts is tried again: the budget holds, its class or a base is
    in `on`, and `when` holds of it. `attempt` is its number, with those that do not count.
    """
    if tried > retry.max or (retry.when is not None and not _is_worth(retry.when.text, error, attempt)):
        return False
    return not retry.on or not {error.get("type"), *error.get("bases", ())}.isdisjoint(retry.on)


def _is_worth(when: str, error: dict[str, Any], attempt: int) -> bool:
    """What the error does not have is null; what can't be asked of it is no."""
    parts = {str(m.steps[0]): None for m in mentions(when) if m.root == "error" and m.steps}
    told = {**parts, **error.get("attributes", {}), **{name: error.get(name) for name in ("type", "message", "code")}}
    try:
        return compile_expression(when).evaluate({"error": told, "attempt": attempt}) is True
    except FlowError:
        return False


def pause_before(retry: Retry, tried: int, random: Random) -> float:
    """Seconds to wait after the `tried`-th attempt (from 1)."""
    try:
        delay = min(retry.delay * retry.backoff ** max(tried - 1, 0), retry.max_delay)
    except OverflowError:  # after some hundred attempts
        delay = retry.max_delay if retry.delay else 0.0
    return random.uniform(0, delay) if retry.jitter == "full" else delay

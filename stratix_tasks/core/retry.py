"""When to try again, and how long to wait before: exponential backoff with full jitter.

Full jitter draws uniformly from 0 to the backed-off delay, which spreads clients best (M. Brooker, "Exponential Backoff
And Jitter", 2015).
"""

from __future__ import annotations

from random import Random
from typing import Any

from stratix_tasks.spec.model import Retry


def retries(retry: Retry, tried: int, error: dict[str, Any]) -> bool:
    """Whether an error of the `tried`-th attempt (from 1) is tried again: the budget holds, and its class or a base is in `on`."""
    if tried > retry.max:
        return False
    return not retry.on or not {error.get("type"), *error.get("bases", ())}.isdisjoint(retry.on)


LOST_DELAY, LOST_MOST = 0.5, 10.0
"""Seconds before a lost body is tried again: doubled each time, up to the second."""


def pause_lost(times: int) -> float:
    """Seconds to wait after a body was lost for the `times`-th time (from 1)."""
    return float(min(LOST_DELAY * 2.0 ** (times - 1), LOST_MOST))


def pause_before(retry: Retry, tried: int, random: Random) -> float:
    """Seconds to wait after the `tried`-th attempt (from 1)."""
    delay = min(retry.delay * retry.backoff ** max(tried - 1, 0), retry.max_delay)
    return random.uniform(0, delay) if retry.jitter == "full" else delay

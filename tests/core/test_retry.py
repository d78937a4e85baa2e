"""How long it is waited before another attempt."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from stratix_tasks.core.retry import pause_before
from stratix_tasks.spec.model import Retry
from stratix_tasks.spec.values import Expr, Ref


@pytest.mark.parametrize(
    ("tried", "delay", "wanted"), [(1, 1.0, 1.0), (3, 1.0, 4.0), (9, 1.0, 60.0), (5000, 1.0, 60.0), (5000, 0.0, 0.0)]
)
def test_a_pause_grows_up_to_its_limit(tried: int, delay: float, wanted: float) -> None:
    """However often it was tried, and whatever number that would come to."""
    assert pause_before(Retry(max=9999, delay=delay, jitter="none"), tried, Random(1)) == wanted


def test_a_pause_is_drawn_from_nothing_to_what_it_would_be() -> None:
    """With full jitter, which is what holds where nothing is said."""
    drawn = [pause_before(Retry(max=9, delay=2.0), 2, Random(seed)) for seed in range(200)]
    assert min(drawn) < 0.5
    assert 3.5 < max(drawn) <= 4.0


@pytest.mark.parametrize(
    ("delay", "wanted"),
    [
        (Expr("error.wait"), 7.5),
        (Ref("error", "error", ("wait",)), 7.5),
        (Expr("error.text"), 90.0),
        (Expr("error.long"), 100.0),
        (Expr("attempt * 2"), 8.0),
        (Expr("error.wait == null ? 1 : 5"), 5.0),
    ],
)
def test_a_pause_that_the_error_tells_is_as_long_as_it_says(delay: Any, wanted: float) -> None:
    """Neither backed off nor drawn, however often it was tried; but no longer than the limit."""
    error = {"type": "Busy", "attributes": {"wait": 7.5, "text": "1m30s", "long": 1e6}}
    assert pause_before(Retry(max=9, delay=delay, max_delay=100.0), 3, Random(1), error, 4) == wanted


@pytest.mark.parametrize("told", [None, "soon", -1, float("nan"), 10**400, True, [1]])
def test_a_pause_that_no_error_tells_is_that_of_silence(told: Any) -> None:
    """Where it has no such part, or one that is no duration."""
    retry = Retry(max=9, delay=Expr("error.wait"), backoff=3.0, jitter="none")
    assert pause_before(retry, 3, Random(1), {"type": "Busy", "attributes": {"wait": told}}) == 9.0
    assert pause_before(retry, 1, Random(1), {"type": "OSError"}) == 1.0

"""How long it is waited before another attempt."""

from __future__ import annotations

from random import Random

import pytest

from stratix_tasks.core.retry import pause_before
from stratix_tasks.spec.model import Retry


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

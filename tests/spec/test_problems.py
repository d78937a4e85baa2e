"""What is said of a word that is not known."""

from __future__ import annotations

import pytest

from stratix_tasks.spec.problems import did_you_mean, nearest

KNOWN = ("load", "total", "used", "day", "fetch_page", "summarise", "retry")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        *(
            ("laod", "load"),
            ("dya", "day"),
            ("usd", "used"),
            ("totals", "total"),
            ("retries", "retry"),
            ("fetch_pages", "fetch_page"),
        ),
        *(("loud_shout", ""), ("fetch_all", ""), ("unload_it", ""), ("summer", ""), ("days_off", "")),
    ],
)
def test_only_a_near_word_is_taken_for_another(word: str, meant: str) -> None:
    """A slip of the hand is; a name that begins alike, or has another one in it, is a name of its own."""
    assert nearest(word, KNOWN) == meant
    assert ("Did you mean" in did_you_mean(word, KNOWN)) == bool(meant)

"""Texts of what happened, as cards and lists tell them."""

from __future__ import annotations

import pytest

from stratix_tasks.errors import in_one_line

LINES = {
    'Catalog Error: no table orders\nLINE 1: select * from orders\n                      ^': "E: Catalog Error: no table orders",
    '\n"""\nTraceback (most recent call last):\n  File "a.py", line 1, in f\nKeyError: \'x\'\n"""\n': "E: KeyError: 'x'",
    "1 validation error\nx\n  should be a number\n    For further information visit …": "E: 1 validation error",
    "short": "E: short",
    " \n": "E",
}  # fmt: skip


@pytest.mark.parametrize(("message", "told"), LINES.items())
def test_an_error_is_told_in_one_line(message: str, told: str) -> None:
    """By what it says first, for what follows are places and marks; of another process's traceback by what that ended with."""
    assert in_one_line({"type": "E", "message": message}) == told


def test_an_error_without_a_text_is_told_by_its_class() -> None:
    """What is on record may have none."""
    assert in_one_line({"type": "E", "message": None}) == in_one_line({"type": "E"}) == "E"

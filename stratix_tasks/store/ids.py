"""Run ids: 16 letters and digits that sort by time; 10 bytes in the journal."""

from __future__ import annotations

from os import urandom
from time import time

from stratix_tasks.errors import InputError

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that is taken for a digit."""


def new_id() -> str:
    """48 bits of milliseconds, 32 random ones."""
    return text(int(time() * 1000).to_bytes(6, "big") + urandom(4))


def text(key: bytes) -> str:
    number = int.from_bytes(key, "big")
    return "".join(_LETTERS[(number >> shift) & 31] for shift in range(75, -1, -5))


def key(run_id: str) -> bytes:
    """The 10 bytes of an id. InputError for a text that is none."""
    try:
        if len(run_id) != 16:
            raise ValueError(run_id)
        number = 0
        for letter in run_id:
            number = number << 5 | _LETTERS.index(letter)
        return number.to_bytes(10, "big")
    except (ValueError, TypeError):
        raise InputError(
            f"{run_id!r} is no id of a run: it has 16 letters and digits, as `stratix runs` shows them",
            code="unknown-run",
        ) from None

"""Texts that can be recorded: UTF-8, and so JSON, has no surrogates, which Python reads odd file names as."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def is_unicode(text: str) -> bool:
    return text.isascii() or _SURROGATE.search(text) is None


def readable(text: str) -> str:
    """The text with an escape for each surrogate."""
    return text.encode("utf-8", "backslashreplace").decode()

"""Whether plain containers are a tree: what is written part by part comes back as one, so anything else is kept whole."""

from __future__ import annotations

from typing import Any

DEEPEST = 64
"""Levels of containers that are looked into one by one; each takes some of Python's stack."""
CONTAINERS = frozenset((list, tuple, dict, set, frozenset))
_CHANGE = frozenset((list, dict, set, bytearray))
_ASKED = CONTAINERS | _CHANGE


def is_tree(value: Any) -> bool:
    """Whether no list, dict or set stands in a value twice, nor in itself, and none lies too deep."""
    seen: set[int] = set()
    level = [value]
    for _ in range(DEEPEST):
        inside: list[Any] = []
        for one in level:
            if id(one) in seen:
                if type(one) in _CHANGE:
                    return False
                continue
            seen.add(id(one))
            parts = () if type(one) is bytearray else one
            inside += [part for part in parts if type(part) in _ASKED]
            if type(one) is dict:
                inside += [part for part in one.values() if type(part) in _ASKED]
        if not inside:
            return True
        level = inside
    return False

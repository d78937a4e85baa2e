"""Copies of a core with the world around it, which share what never changes."""

from __future__ import annotations

import pickle
from io import BytesIO
from typing import Any
from weakref import ref

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import Node, Policy
from stratix_tasks.core.state import MISSING

_KEPT: dict[int, Any] = {}
"""What copies share: blocks and what they are made of never change."""


class Copier(pickle.Pickler):
    """Pickles a core without its blocks."""

    def reducer_override(self, part: Any) -> Any:
        if part is MISSING or isinstance(part, Block | Policy | Node):
            _KEPT[id(part)] = part
            return _kept, (id(part),)
        if isinstance(part, ref):  # a lane's owner
            return ref, (part(),)
        return NotImplemented


def _kept(number: int) -> Any:
    return _KEPT[number]


def copied(part: Any) -> Any:
    buffer = BytesIO()
    Copier(buffer, 5).dump(part)
    return pickle.loads(buffer.getvalue())

"""Options that can be changed of a node that is placed already, and what reads their plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from stratix_tasks.core.block import Block, Policy
from stratix_tasks.spec.model import Retry, Timeout

OPTIONS: dict[str, Callable[[Any], Any]] = {
    "retry": Retry.model_validate,
    "timeout": Timeout.model_validate,
    "grace": float,
    "priority": int,
    "max_lost": int,
}


def changed(policy: Policy, options: Mapping[str, Any]) -> Policy:
    """ValueError, TypeError for data that an option does not take."""
    return replace(policy, **{name: OPTIONS[name](value) for name, value in options.items()})


def at_path(root: Block, path: str) -> tuple[Block, int]:
    """The block and the number in it of the node at a path. KeyError."""
    block, names = root, path.split(".")
    for name in names[:-1]:
        block = block.inner[block.index[name]]
    return block, block.index[names[-1]]

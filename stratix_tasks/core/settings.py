"""Options that can be changed of a node that is placed already, and what reads their plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import Policy
from stratix_tasks.spec.fields import TASK, Kind

_READ: dict[Kind, Callable[[Any], Any]] = {Kind.WHOLE: int, Kind.DURATION: float}
OPTIONS: dict[str, Callable[[Any], Any]] = {
    option.name: option.model.model_validate if option.model is not None else _READ[option.kind]
    for option in TASK
    if option.settable
}
OF_FLOWS = tuple(option.name for option in TASK if option.settable and option.of_flows)
"""Those of a sub-flow as a whole."""


def changed(policy: Policy, options: Mapping[str, Any]) -> Policy:
    """ValueError, TypeError for data that an option does not take."""
    return replace(policy, **{name: OPTIONS[name](value) for name, value in options.items()})


def at_path(root: Block, path: str) -> tuple[Block, int]:
    """The block and the number in it of the node at a path. KeyError."""
    block, names = root, path.split(".")
    for name in names[:-1]:
        block = block.inner[block.index[name]]
    return block, block.index[names[-1]]

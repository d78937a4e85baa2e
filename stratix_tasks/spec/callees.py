"""Functions that nodes call, as a module that is written comes by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import Signature
from typing import Any

from stratix_tasks.spec.code import Import
from stratix_tasks.spec.model import NodeSpec


@dataclass(frozen=True, slots=True)
class Callee:
    """A function, and what a node has of it that says nothing else."""

    call: str
    """Its `module:name`."""
    home: Import | None
    """None: the module that is written defines it."""
    path: str
    """Its name there, such as `load` or `Loader.load`."""
    is_task: bool
    """Whether the name stands for a task, or for a plain function, of which one is to be made."""
    signature: Signature
    node_name: str
    fixed_name: bool
    """Whether the name is given, so that a second node must be named otherwise."""
    fields: NodeSpec
    map_fields: Mapping[str, Any]
    is_async: bool = False

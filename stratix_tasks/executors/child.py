"""What `flow.run` needs of the rooms above: how a run is started for a node of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

from stratix_tasks.runners.body import Body


class Child(Protocol):
    """A run that was started for a node."""

    id: str

    async def value(self) -> Any:
        """Its value, once it has ended; its error is raised."""

    def cancel(self) -> None: ...


Start = Callable[[str, Mapping[str, Any], Body, int], Child]
START: ContextVar[Start] = ContextVar("stratix_start_child")
"""How a run starts others, in the context of its bodies: by name, inputs, the body that asks and the deepest level."""

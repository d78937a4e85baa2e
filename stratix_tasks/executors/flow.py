"""`flow.run`: a flow of this process by its name, as a run of its own, whose value is the node's.

So a flow may run itself: each level is a run that can be looked at, and there is an end to how deep they go.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors.apart import apart
from stratix_tasks.executors.child import START, Child
from stratix_tasks.spec.cards import Said

if TYPE_CHECKING:
    from stratix_tasks.runners.body import Body


class FlowConfig(BaseModel):
    """What `flow.run` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flow: str = Field(min_length=1)
    """The name of a flow that this process has defined or loaded."""
    args: dict[str, Any] = {}
    """Its inputs by name. (Not `inputs`: no argument that is mapped can have that name.)"""
    max_depth: int = Field(default=32, ge=1)
    """Levels of runs in runs, beyond which none is started."""


class Run:
    name = "flow.run"
    description = "Runs a flow of this process by its name, as a run of its own; what it yields is that run's value."
    Config = FlowConfig
    card = Said(title="Run a flow", icon="flow", accent="#8b5cf6", subtitle="{flow}")
    runner = "child"

    async def execute(self, context: Body, config: FlowConfig) -> Any:
        """The run ends with its node: where this is cancelled, so is that. A pause is each one's own."""
        start = START.get(None)
        if start is None:
            raise ExecutorError("'flow.run' starts runs where a flow runs, and nowhere else", code="no-engine")
        begun: list[Child] = []  # a cancel may come when the child goes on already, and nobody has been told of it yet
        try:
            await apart(lambda: begun.append(start(config.flow, config.args, context, config.max_depth)))
            context.log.info("run %s of flow '%s'", begun[0].id, config.flow)
            return await begun[0].value()
        except asyncio.CancelledError:
            for child in begun:
                await apart(child.cancel)
            raise

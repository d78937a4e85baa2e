"""What the tests of executors share: a node that is run in a flow of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stratix_tasks import Engine, Flow, uses
from stratix_tasks.spec.model import FlowSpec, NodeSpec
from stratix_tasks.spec.values import Ref

LONG = 60


def flow_of(executor: str, **arguments: Any) -> Flow[..., Any]:
    """A flow of one node, `n`."""
    node = NodeSpec.model_construct(uses=executor, args=arguments)
    return Flow.from_spec(FlowSpec.model_construct(flow="one", tasks={"n": node}, output=Ref("tasks", "n")))


@pytest.fixture
def value_of(engine: Engine) -> Callable[..., Any]:
    """What a node of an executor yields with these arguments; what it raises is raised as it was."""

    def value_of(executor: str, **arguments: Any) -> Any:
        from stratix_tasks import TaskFailed

        uses(executor)  # it is there
        try:
            return engine.start(flow_of(executor, **arguments)).result(LONG)
        except TaskFailed as failed:
            assert failed.__cause__ is not None
            raise failed.__cause__ from None

    return value_of

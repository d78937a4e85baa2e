"""The registry: every executor by its name. What checks, lays out, runs and shows a flow asks its entries."""

from __future__ import annotations

from stratix_tasks.core.ports import Executor
from stratix_tasks.executors.python import Python
from stratix_tasks.executors.waits import APPROVAL, SIGNAL, SLEEP

ENTRIES: tuple[Executor, ...] = (Python(), SLEEP, APPROVAL, SIGNAL)
EXECUTORS: dict[str, Executor] = {one.name: one for one in ENTRIES}

"""Durable workflows that live in a notebook.

The path of everything: a decorated flow is traced into a FlowSpec (`dsl`, `spec`), checked as a Graph, laid out as a
Plan (`core`), and started as a run: the machine turns events into facts and commands, the engine journals the facts
(`store`) before it performs the commands (`engine`, `runners`). Facts are projected into DuckDB and read as data
frames; a view is drawn from the live run (`view`). `runs` starts, loads, follows, claims and asks runs, `look` tells
what is seen of them; `session` puts the rooms together and holds what users call.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "stratix_tasks.dsl.task": ("task",),
    "stratix_tasks.dsl.control": (
        "Static",
        "always",
        "count",
        "each",
        "failed",
        "first_of",
        "flatten",
        "n_of",
        "otherwise",
        "product",
        "repeat",
        "secret",
        "status",
        "switch",
        "when",
    ),
    "stratix_tasks.dsl.expressions": ("expr",),
    "stratix_tasks.dsl.steps": ("cancel", "finish"),
    "stratix_tasks.dsl.uses": ("uses",),
    "stratix_tasks.dsl.waits": ("approval", "ask", "signal", "sleep"),
    "stratix_tasks.executors.waits": ("Approval",),
    "stratix_tasks.spec.joins": ("Settled",),
    "stratix_tasks.spec.secrets": ("Secret",),
    "stratix_tasks.runners.body": ("current", "track"),
    "stratix_tasks.session.flow": ("Flow", "flow", "load_flow"),
    "stratix_tasks.session.run": ("Run",),
    "stratix_tasks.session.engine": ("Engine",),
    "stratix_tasks.session.default": ("configure", "default_engine", "recover"),
    "stratix_tasks.session.history": ("history",),
    "stratix_tasks.errors": (
        "ExecutorError",
        "FlowError",
        "InputError",
        "RunCancelled",
        "RunnerLost",
        "StoreError",
        "StratixError",
        "TaskFailed",
        "TransitionError",
    ),
}
_HOME = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "Approval",
    "Engine",
    "ExecutorError",
    "Flow",
    "FlowError",
    "InputError",
    "Run",
    "RunCancelled",
    "RunnerLost",
    "Secret",
    "Settled",
    "Static",
    "StoreError",
    "StratixError",
    "TaskFailed",
    "TransitionError",
    "__version__",
    "always",
    "approval",
    "ask",
    "cancel",
    "configure",
    "count",
    "current",
    "default_engine",
    "each",
    "expr",
    "failed",
    "finish",
    "first_of",
    "flatten",
    "flow",
    "history",
    "load_flow",
    "n_of",
    "otherwise",
    "product",
    "recover",
    "repeat",
    "secret",
    "signal",
    "sleep",
    "status",
    "switch",
    "task",
    "track",
    "uses",
    "when",
]

if TYPE_CHECKING:
    from stratix_tasks.dsl.control import (
        Static,
        always,
        count,
        each,
        failed,
        first_of,
        flatten,
        n_of,
        otherwise,
        product,
        repeat,
        secret,
        status,
        switch,
        when,
    )
    from stratix_tasks.dsl.expressions import expr
    from stratix_tasks.dsl.steps import cancel, finish
    from stratix_tasks.dsl.task import task
    from stratix_tasks.dsl.uses import uses
    from stratix_tasks.dsl.waits import approval, ask, signal, sleep
    from stratix_tasks.errors import (
        ExecutorError,
        FlowError,
        InputError,
        RunCancelled,
        RunnerLost,
        StoreError,
        StratixError,
        TaskFailed,
        TransitionError,
    )
    from stratix_tasks.executors.waits import Approval
    from stratix_tasks.runners.body import current, track
    from stratix_tasks.session.default import configure, default_engine, recover
    from stratix_tasks.session.engine import Engine
    from stratix_tasks.session.flow import Flow, flow, load_flow
    from stratix_tasks.session.history import history
    from stratix_tasks.session.run import Run
    from stratix_tasks.spec.joins import Settled

    Secret = str
    """To a type checker an input that is one is a text: that is what tasks get of it."""


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'stratix_tasks' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)

"""Libraries that only some executors need, and that come with an extra of the package."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from stratix_tasks.errors import ExecutorError


def library(module: str, extra: str, executor: str) -> Any:
    """A module. ExecutorError `missing-extra` says what to install where it is not there."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise ExecutorError(
            f"'{executor}' needs the library {module}, which is not installed: pip install 'stratix-tasks[{extra}]'",
            code="missing-extra",
        ) from None

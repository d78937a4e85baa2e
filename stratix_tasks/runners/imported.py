"""What a worker process has imported and where it began, and whether that is still what its engine's process would run.

A module that is reloaded gets another spec, so does one that is imported afresh. One that only the worker knows is looked
at where it lies. Installed packages are left out. A folder, a path or an environment that changes in the engine's process
does not change in a worker that is there already.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from typing import NamedTuple

from stratix_tasks.core.fingerprint import is_installed

ENVIRON = os.environ
ENVIRONMENT: dict[bytes, bytes] = ENVIRON._data  # type: ignore[attr-defined]
"""As the mapping holds it, which makes a text of each name and value that it is asked for: before and after each body."""


class Module(NamedTuple):
    """A module as a worker has it."""

    name: str
    file: str
    stamp: tuple[int, int] | None


class Imports:
    """In a worker: what it has imported since it last told."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def news(self) -> list[Module]:
        names = sys.modules.keys() - self._told
        self._told |= names
        found = [(name, _file(name)) for name in sorted(names - {"__main__"})]
        return [Module(name, file, _stamp(file)) for name, file in found if file and not is_installed(file)]


class Known:
    """In the engine's process: the modules of one worker, and what they were here when it began."""

    def __init__(self) -> None:
        self._began = _surroundings()
        self._specs = {name: _spec(name) for name in tuple(sys.modules)}
        self._modules: dict[str, tuple[ModuleSpec | None, Module]] = {}

    def add(self, modules: list[Module]) -> None:
        for module in modules:
            self._modules[module.name] = self._specs.get(module.name) or _spec(module.name), module

    @property
    def stale(self) -> bool:
        """Whether one of them has been reloaded or edited since, or a worker would begin elsewhere now."""
        return _surroundings() != self._began or any(
            _spec(name) is not spec if spec is not None else _stamp(module.file) != module.stamp
            for name, (spec, module) in self._modules.items()
        )


def places() -> list[str]:
    """Where modules are found, for a process that may be elsewhere. What is no text Python passes over, too."""
    here = folder()
    texts = [path for path in sys.path if isinstance(path, str)]
    return [os.path.normpath(os.path.join(here, path)) for path in texts if here or os.path.isabs(path)]  # noqa: PTH117, PTH118


def _surroundings() -> tuple[str, list[str], dict[bytes, bytes]]:
    """What this process gives to one that it starts: the folder that it is in, where modules are found, its environment."""
    return folder(), sys.path.copy(), ENVIRONMENT.copy()


def folder() -> str:
    """That which this process is in; nothing where somebody has taken it away."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _spec(name: str) -> ModuleSpec | None:
    return getattr(sys.modules.get(name), "__spec__", None)


def _file(name: str) -> str:
    file = getattr(_spec(name), "origin", None)
    return os.path.abspath(file) if isinstance(file, str) and file.endswith(".py") else ""  # noqa: PTH100


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - thrice as fast
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size

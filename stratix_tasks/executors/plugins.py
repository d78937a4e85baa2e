"""Plugins: packages that bring executors, found by entry points in the group `stratix_tasks.plugins`.

An entry point names an object with any of `executors` (a mapping of names to executors), `domains` (a mapping of domains
to such mappings, without the domain) and `requires` (names of other plugins, which are loaded before it). A plugin's name is
that of its entry point.

`importlib.metadata` alone does it: pluggy's hooks answer "who has something to say on this call", and what plugins bring here
is data that is asked for once; it orders by try-first and try-last, not by what a plugin requires, and ends a load at the
first plugin that can't be imported.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from stratix_tasks.core.ports import Executor
from stratix_tasks.errors import ExecutorError, in_words
from stratix_tasks.executors.built_in import NAMES
from stratix_tasks.executors.configured import Configured

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "stratix_tasks.plugins"
_lock = RLock()
_known: tuple[tuple[EntryPoint, ...], dict[str, Executor]] | None = None
_looked_at: tuple[tuple[str, int], ...] = ()
"""What `_installed` told when what is installed was last looked through."""


def plugged(*, look_again: bool = False) -> Mapping[str, Executor]:
    """The executors of all plugins, as they were when this was first called, or last with `look_again`: what is installed is
    looked through then, which takes some milliseconds, where something has come or gone since.

    One that can't be imported, or brings what is no executor, is named in a warning and left out, with those that require it.
    ExecutorError `missing-plugin`, `cyclic-plugins`.
    """
    from importlib.metadata import entry_points

    global _known, _looked_at  # noqa: PLW0603 - what is installed is the process's
    with _lock:
        if _known is None or (look_again and _installed() != _looked_at):
            _looked_at = _installed()
            found = tuple(entry_points(group=GROUP))
            if _known is None or _known[0] != found:
                _known = found, _loaded(found)
        return _known[1]


def _installed() -> tuple[tuple[str, int], ...]:
    """Where packages lie, and when one last came or went there; `importlib.metadata` keeps what it has found by the same."""
    return tuple((path, _changed(path)) for path in sys.path)


def _changed(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def _loaded(found: tuple[EntryPoint, ...]) -> dict[str, Executor]:
    plugins: dict[str, Any] = {}
    left: dict[str, str] = {}
    for point in found:
        try:
            plugins[point.name] = point.load()
        except BaseException as error:  # a module may raise anything while it is imported
            left[point.name] = in_words(error)
    brought: dict[str, Executor] = {}
    requires = {name: tuple(getattr(plugin, "requires", ())) for name, plugin in plugins.items()}
    for name in in_order(requires, left):
        lacking = [other for other in requires[name] if other in left]
        try:
            if lacking:
                raise ExecutorError(f"it requires {', '.join(lacking)}, left out as well", code="missing-plugin")
            brought |= _brought(name, plugins[name], brought)
        except Exception as error:
            left[name] = in_words(error)
    for name, why in left.items():
        warnings.warn(f"plugin '{name}' is left out: {why}", stacklevel=6)
    return brought


def in_order(requires: Mapping[str, tuple[str, ...]], left: Mapping[str, str] = {}) -> tuple[str, ...]:
    """Plugins, each behind those that it requires. ExecutorError that names both where one is missing or they form a cycle.

    What is `left` out is there, though not loaded.
    """
    from graphlib import CycleError, TopologicalSorter

    for name, others in requires.items():
        for other in others:
            if other not in requires and other not in left:
                raise ExecutorError(
                    f"plugin '{name}' requires plugin '{other}', which is not installed: install what brings it, or uninstall "
                    f"what brings '{name}'",
                    code="missing-plugin",
                )
    known = {name: [other for other in others if other in requires] for name, others in requires.items()}
    try:
        return tuple(TopologicalSorter(known).static_order())
    except CycleError as error:
        around = " → ".join(f"'{name}'" for name in reversed(error.args[1]))
        raise ExecutorError(
            f"these plugins require each other: {around}; uninstall one of them", code="cyclic-plugins"
        ) from None


def _brought(plugin: str, one: Any, brought: Mapping[str, Executor]) -> dict[str, Executor]:
    made: dict[str, Executor] = {}
    for name, executor in _named(one):
        if name in NAMES or name in brought:
            whose = "comes with the package" if name in NAMES else "another plugin has brought"
            raise ExecutorError(f"it brings an executor '{name}', which {whose}", code="taken")
        made[name] = Configured(name, executor() if isinstance(executor, type) else executor)
    return made


def _named(plugin: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(plugin, "executors", {}).items()
    for domain, executors in getattr(plugin, "domains", {}).items():
        for name, executor in executors.items():
            yield f"{domain}.{name}", executor

"""Plugins: packages that bring something, found by entry points in the group `stratix_tasks.plugins`.

An entry point names an object with any of the attributes of `BRINGS` (`executors`, `domains`, `runners`: mappings of names to what
is brought) and `requires` (names of other plugins, which are loaded before it). A plugin's name is that of its entry point.

`importlib.metadata` alone does it: pluggy's hooks answer "who has something to say on this call", and what plugins bring here
is data that is asked for once; it orders by try-first and try-last, not by what a plugin requires, and ends a load at the
first plugin that can't be imported.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from stratix_tasks.core.ports import RUNNERS, Executor
from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors.built_in import NAMES
from stratix_tasks.executors.configured import Configured
from stratix_tasks.executors.runner_class import RunnerClass, runner_class
from stratix_tasks.spec.problems import did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "stratix_tasks.plugins"
LATER = ("strategies", "metrics", "channels")
"""What plugins may bring in another version."""


@dataclass(slots=True)
class Plugin:
    """One that is installed: its package and version, the names of what it brings, by attribute, and why it is left out, which is empty
    where it is not. `unknown` is what it has beside that, of which this version knows nothing."""

    name: str
    package: str
    brings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Plugged:
    """What all plugins bring, by name, and what they are."""

    executors: dict[str, Executor] = field(default_factory=dict)
    runners: dict[str, RunnerClass] = field(default_factory=dict)
    plugins: list[Plugin] = field(default_factory=list)


_lock = RLock()
_known: tuple[tuple[EntryPoint, ...], Plugged] | None = None
_looked_at: tuple[tuple[str, int], ...] = ()
"""What `_installed` told when what is installed was last looked through."""


def plugged(*, look_again: bool = False) -> Plugged:
    """What plugins bring, as it was when this was first called, or last with `look_again`: what is installed is looked through then,
    which takes some milliseconds, where something has come or gone since.

    One that can't be imported, or brings what is not what it should be, is named in a warning and left out, with those that require it.
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


def at_hand() -> Plugged:
    """The same for who lists what there is, as a palette does: nothing where plugins can't be put in order. Who names something of
    theirs is told why."""
    try:
        return plugged()
    except ExecutorError:
        return Plugged()


def _installed() -> tuple[tuple[str, int], ...]:
    """Where packages lie, and when one last came or went there; `importlib.metadata` keeps what it has found by the same."""
    return tuple((path, _changed(path)) for path in sys.path)


def _changed(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def _loaded(found: tuple[EntryPoint, ...]) -> Plugged:
    made, known, objects, requires = Plugged(), dict[str, Plugin](), dict[str, Any](), dict[str, tuple[str, ...]]()
    for point in found:
        plugin = Plugin(point.name, _package(point))
        made.plugins.append(plugin)
        first = known.setdefault(point.name, plugin)
        if first is not plugin:
            plugin.left_out = f"{first.package} brings a plugin of this name, too"
            continue
        with _named(plugin):
            objects[point.name] = point.load()
            requires[point.name] = _required(objects[point.name])
    for name in in_order(requires, known):
        plugin = known[name]
        lacking = [other for other in requires[name] if known[other].left_out]
        with _named(plugin):
            if lacking:
                raise ExecutorError(f"it requires {', '.join(lacking)}, left out as well", code="missing-plugin")
            _take(plugin, objects[name], made)
    for plugin in made.plugins:
        if plugin.left_out:
            warnings.warn(f"plugin '{plugin.name}' of {plugin.package} is left out: {plugin.left_out}", stacklevel=6)
        elif plugin.unknown:
            warnings.warn(f"plugin '{plugin.name}' of {plugin.package}: {_not_known(plugin.unknown)}", stacklevel=6)
    return made


@contextmanager
def _named(plugin: Plugin) -> Iterator[None]:
    """Code of a plugin runs: it may raise anything, and is left out then. An interrupt is a person's, who waits for it."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        plugin.left_out = f"{type(error).__name__}: {error}"


def _package(point: EntryPoint) -> str:
    return "a package without a name" if point.dist is None else f"{point.dist.name} {point.dist.version}"


def _required(one: Any) -> tuple[str, ...]:
    requires = getattr(one, "requires", ())
    return (requires,) if isinstance(requires, str) else tuple(requires)


def in_order(requires: Mapping[str, tuple[str, ...]], known: Collection[str] = ()) -> tuple[str, ...]:
    """Plugins, each behind those that it requires. ExecutorError that names both where one is missing or they form a cycle.

    What is `known` is there, whether it is loaded or left out.
    """
    from graphlib import CycleError, TopologicalSorter

    for name, others in requires.items():
        for other in others:
            if other not in requires and other not in known:
                raise ExecutorError(
                    f"plugin '{name}' requires plugin '{other}', which is not installed: install what brings it, or uninstall "
                    f"what brings '{name}'",
                    code="missing-plugin",
                )
    loaded = {name: [other for other in others if other in requires] for name, others in requires.items()}
    try:
        return tuple(TopologicalSorter(loaded).static_order())
    except CycleError as error:
        around = " → ".join(f"'{name}'" for name in reversed(error.args[1]))
        raise ExecutorError(
            f"these plugins require each other: {around}; uninstall one of them", code="cyclic-plugins"
        ) from None


# ---------------------------------------------------------------------- what they bring


def _take(plugin: Plugin, one: Any, made: Plugged) -> None:
    """All that it brings, or nothing."""
    said = {word: value for word in BRINGS if (value := getattr(one, word, None)) is not None}
    plugin.unknown = tuple(_further(one))
    if not said:
        raise ExecutorError(
            f"it has none of {', '.join(BRINGS)}. {_not_known(plugin.unknown)}".rstrip(". "), code="empty"
        )
    fresh, brings = Plugged({**made.executors}, {**made.runners}), dict[str, tuple[str, ...]]()
    for word, value in said.items():
        kind, into = BRINGS[word], getattr(fresh, BRINGS[word].into)
        entries = dict(kind.make(value, fresh))
        for name in entries:
            if name in kind.built_in or name in into:
                raise ExecutorError(f"it brings '{name}', which {_whose(name, made)}", code="taken")
        into.update(entries)
        brings[word] = tuple(entries)
    plugin.brings = brings
    made.executors.update(fresh.executors)
    made.runners.update(fresh.runners)


def _whose(name: str, made: Plugged) -> str:
    others = [one for one in made.plugins if any(name in names for names in one.brings.values())]
    return f"plugin '{others[0].name}' of {others[0].package} has brought" if others else "comes with the package"


def _further(one: Any) -> Iterator[str]:
    """What it has beside what plugins bring. A module or a class has much that is meant for nobody."""
    own = () if isinstance(one, ModuleType | type) else vars(one) if hasattr(one, "__dict__") else ()
    for word in dict.fromkeys((*own, *LATER)):
        if not word.startswith("_") and word not in BRINGS and word != "requires" and hasattr(one, word):
            yield word


def _not_known(words: tuple[str, ...]) -> str:
    later = [word for word in words if word in LATER]
    told = [
        f"'{word}' is nothing that plugins bring: {did_you_mean(word, BRINGS)}" for word in words if word not in LATER
    ]
    return "; ".join(([f"this version knows nothing of {', '.join(later)}"] if later else []) + told)


def _runners(said: Any, _: Plugged) -> Iterator[tuple[str, RunnerClass]]:
    for name, given in said.items():
        yield name, runner_class(name, given)


def _executors(said: Any, made: Plugged) -> Iterator[tuple[str, Executor]]:
    runners = {**RUNNERS, **{name: one.traits for name, one in made.runners.items()}}
    for name, given in said.items():
        yield name, Configured(name, given() if isinstance(given, type) else given, runners)


def _in_domains(said: Any, made: Plugged) -> Iterator[tuple[str, Executor]]:
    for domain, executors in said.items():
        yield from _executors({f"{domain}.{name}": given for name, given in executors.items()}, made)


class Kind(NamedTuple):
    """A kind of things that plugins bring: where they go to, how what a plugin says becomes entries there, by what went before, and the
    names that are taken."""

    into: str
    make: Callable[[Any, Plugged], Iterator[tuple[str, Any]]]
    built_in: Collection[str]


BRINGS = {
    "runners": Kind("runners", _runners, RUNNERS),
    "executors": Kind("executors", _executors, NAMES),
    "domains": Kind("executors", _in_domains, NAMES),
}
"""By the attribute of a plugin, in the order in which they are taken: its executors may run on its runners."""

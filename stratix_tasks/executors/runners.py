"""Runners by their names: what comes with the package, over what plugins bring.

They are those of the process, not of an engine: a task names one where it is decorated, and no engine is known there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stratix_tasks.core.ports import RUNNERS, Traits
from stratix_tasks.executors.plugins import at_hand, plugged
from stratix_tasks.executors.runner_class import RunnerClass


class Known(Mapping[str, Traits]):
    """What may be asked of each. Plugins are loaded when a name is not known without them."""

    def __getitem__(self, name: str) -> Traits:
        return RUNNERS[name] if name in RUNNERS else brought(name).traits

    def __iter__(self) -> Iterator[str]:
        return iter((*RUNNERS, *at_hand().runners))

    def __len__(self) -> int:
        return len(RUNNERS) + len(at_hand().runners)


def brought(name: str) -> RunnerClass:
    """One that a plugin brings. KeyError where none does."""
    found = plugged().runners.get(name)
    return found if found is not None else plugged(look_again=True).runners[name]


KNOWN_RUNNERS = Known()


def can_be_named(name: str) -> bool:
    """Whether a node can ask for a runner."""
    return name in KNOWN_RUNNERS and bool(KNOWN_RUNNERS[name].bodies)


def named_runners() -> tuple[str, ...]:
    """Those that a node can ask for."""
    return tuple(name for name, traits in KNOWN_RUNNERS.items() if traits.bodies)

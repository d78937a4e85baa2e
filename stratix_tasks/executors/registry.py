"""The registry: every executor by its name. What checks, lays out, runs and shows a flow asks its entries.

An engine has one: what is registered there, over what plugins bring, over what comes with the package. Flows are traced with
the registry of the engine that starts them, and elsewhere with that of the default engine. A run keeps the executors with
which it was laid out, whatever is registered later.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from stratix_tasks.core.ports import Executor
from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors.built_in import NAMES, built_in
from stratix_tasks.executors.configured import Configured
from stratix_tasks.executors.health import TIMEOUT, Checkups, Health
from stratix_tasks.executors.plugins import at_hand, plugged
from stratix_tasks.executors.runners import KNOWN_RUNNERS
from stratix_tasks.spec.problems import did_you_mean


class Entries(Mapping[str, Executor]):
    """The executors of one registry, as the house asks them. Plugins are loaded when a name is not known without them."""

    def __init__(self) -> None:
        self.own: dict[str, Executor] = {}

    def __getitem__(self, name: str) -> Executor:
        found = self.own.get(name) or built_in(name)
        if found is None:
            found = plugged().executors.get(name) or plugged(look_again=True).executors[name]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(NAMES), **at_hand().executors, **self.own})

    def __len__(self) -> int:
        return len({**dict.fromkeys(NAMES), **at_hand().executors, **self.own})


class Registry:
    """Executors by the names that nodes use. Any thread; what changes holds for runs that start from then on."""

    def __init__(self) -> None:
        self.entries = Entries()
        self.mark = object()
        """Another one after each change, for who keeps what was made from the entries."""
        self.checkups = Checkups()

    def register(self, name: str, executor: Any) -> None:
        """Let nodes use an executor: `uses("mail")` in Python, `uses: mail` in a document. A second one of a name takes the
        place of the first; runs that have begun keep that.

        `executor`: an object (or a class, of which one is made) with a text `description`, a pydantic model `Config`,
        `execute(self, context, config)` (plain or `async`), and optionally `validate_config(self, config)`, which raises
        ValueError, `health_check(self)`, which answers True, False or why not, and the name of a `runner`. `context` is what
        `current()` is in a task. ExecutorError `bad-name`, `taken`, `bad-executor`.
        """
        self.register_all({name: executor})

    def register_domain(self, domain: str, executors: Mapping[str, Any]) -> None:
        """Several under one word: `register_domain("user", {"creator": …})` lets nodes use `user.creator`. All or none."""
        self.register_all({f"{domain}.{name}": executor for name, executor in executors.items()})

    def register_all(self, executors: Mapping[str, Any]) -> None:
        made = {name: _made(name, executor) for name, executor in executors.items()}
        self._become({**self.entries.own, **made})

    def unregister(self, name: str) -> None:
        """No node of runs that start later can use it. ExecutorError `unknown-executor` for what was not registered here."""
        own = self.entries.own
        if name not in own:
            there = name in self.entries
            why = "comes with the package or a plugin, and stays" if there else "is not registered here"
            hint = "" if there else f". {did_you_mean(name, own)}".rstrip(". ")
            raise ExecutorError(f"executor '{name}' {why}{hint}", code="unknown-executor")
        self._become({other: one for other, one in own.items() if other != name})

    def get(self, name: str) -> Any:
        """The executor of that name, as it was registered. ExecutorError `unknown-executor`."""
        if name not in self.entries:
            raise ExecutorError(
                f"there is no executor '{name}'. {did_you_mean(name, self.entries)}", code="unknown-executor"
            )
        one = self.entries[name]
        return one.executor if isinstance(one, Configured) else one

    def list(self) -> builtins.list[str]:
        """The names of all executors that nodes can use, in alphabetical order. ExecutorError as `engine.plugins()`."""
        plugged()
        return sorted(name for name in self.entries if name != "python")

    def health(self, timeout: float = TIMEOUT) -> dict[str, Health]:
        """What each executor that has a `health_check` answers within `timeout` seconds, at most five seconds ago."""
        known = {name: self.entries[name] for name in self.list()}
        return self.checkups.ask({name: one for name, one in known.items() if one.health is not None}, timeout)

    def _become(self, own: dict[str, Executor]) -> None:
        self.entries.own, self.mark = own, object()


def _made(name: str, executor: Any) -> Executor:
    if name in NAMES:
        raise ExecutorError(f"executor '{name}' comes with the package: take another name", code="taken")
    return Configured(name, executor() if isinstance(executor, type) else executor, KNOWN_RUNNERS)


DEFAULT = Registry()
"""The default engine's."""
EXECUTORS = DEFAULT.entries
HERE: ContextVar[Registry] = ContextVar("stratix_executors", default=DEFAULT)
"""With which a flow is traced in this context."""

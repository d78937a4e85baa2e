"""At a fork nothing of ours is inside SQLite: a transaction that goes on would go on for ever in the child's memory, and
keep it from the file. Who forks waits until the transactions of the moment are over, a few milliseconds.
"""

from __future__ import annotations

import os
from threading import RLock
from typing import Any
from weakref import WeakSet

PATIENCE = 5.0
"""Seconds for which a fork waits for one of them; it may wait for a disk."""


class Quiet:
    """The locks of the connections. They are held over a fork by the thread that forks."""

    def __init__(self) -> None:
        self._users: WeakSet[Any] = WeakSet()
        self._held: list[Any] = []
        os.register_at_fork(before=self._hold, after_in_parent=self._let_go, after_in_child=self._let_go)

    def lock(self, user: object) -> Any:
        """A lock for one connection, whose `user` holds it under the name `_lock` around each of its uses."""
        self._users.add(user)
        return RLock()

    def _hold(self) -> None:
        for user in list(self._users):
            if user._lock.acquire(timeout=PATIENCE):
                self._held.append(user._lock)

    def _let_go(self) -> None:
        while self._held:
            self._held.pop().release()


QUIET = Quiet()

"""Looking again at what no event tells of, so that views hear of it: runs that other kernels left, the health of executors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from stratix_tasks.errors import StratixError
from stratix_tasks.runners.native import Clock

EVERY = 1.0
"""Seconds between looks, at least."""
SHARE = 50
"""A look may cost this part of the time: after a slow one the pause is longer."""
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(eq=False, slots=True)
class _Watch(Generic[K, V]):
    at: K
    known: V
    tell: Callable[[V], None]


class Poller(Generic[K, V]):
    """Looks for as long as views are open. `look` answers what is looked at by how it is; what is watched anew is looked at
    `at_once`, or at the next look.
    """

    def __init__(
        self, look: Callable[[K], V], *, every: float = EVERY, share: float = SHARE, at_once: bool = False
    ) -> None:
        self._look, self._every, self._share, self._at_once = look, every, share, at_once
        self._watches: list[_Watch[K, V]] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    def watch(self, at: K, known: V, tell: Callable[[V], None]) -> Callable[[], None]:
        """Tell when it is no more as `known`; returns what ends it. Tells in a thread of its own."""
        watch = _Watch(at, known, tell)
        with self._lock:
            self._watches.append(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="stratix-looks", daemon=True)
                self._thread.start()
        if self._at_once:
            self._wake.set()

        def release() -> None:
            with self._lock, suppress(ValueError):
                self._watches.remove(watch)

        return release

    def _work(self) -> None:
        took = 0.0
        while True:
            self._wake.wait(max(self._every, self._share * took))
            self._wake.clear()
            with self._lock:
                watches = tuple(self._watches)
                if not watches:
                    self._thread = None
                    return
            begun = Clock.monotonic()
            with suppress(StratixError):  # the store is busy, say: it is looked at again
                self._tell(watches)
            took = Clock.monotonic() - begun

    def _tell(self, watches: tuple[_Watch[K, V], ...]) -> None:
        found = {at: self._look(at) for at in {watch.at for watch in watches}}
        for watch in watches:
            seen = found[watch.at]
            if seen == watch.known:
                continue
            watch.known = seen
            with suppress(Exception):  # a view that can't be reached must not keep the others from hearing it
                watch.tell(seen)

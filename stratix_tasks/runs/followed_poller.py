"""Looking again at the runs of other engines, for as long as views of them are open."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from contextlib import suppress

from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import StratixError

EVERY = 0.25
"""Seconds between looks at a run while a view of it is open."""


class FollowedPoller:
    """Looks at the runs of other engines for as long as a view of them is open."""

    def __init__(self) -> None:
        self._open: weakref.WeakKeyDictionary[LiveRun, int] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def watch(self, live: LiveRun) -> Callable[[], None]:
        """Returns what ends it."""
        with self._lock:
            self._open[live] = self._open.get(live, 0) + 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="stratix-follow", daemon=True)
                self._thread.start()

        def release() -> None:
            with self._lock:
                self._open[live] = self._open.get(live, 1) - 1
                if not self._open[live]:
                    del self._open[live]

        return release

    def close(self) -> None:
        self._closed.set()

    def _work(self) -> None:
        while not self._closed.wait(EVERY):
            with self._lock:
                lives = list(self._open)
                if not lives:
                    self._thread = None
                    return
            for live in lives:
                self._look(live)
            del lives

    @staticmethod
    def _look(live: LiveRun) -> None:
        follower = live.follower
        if follower is None:
            return
        with suppress(StratixError):  # it is tried again soon
            follower.look(live)

"""Looking again which runs of a flow are interrupted, so that its views hear what other kernels did with them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from stratix_tasks.errors import StratixError
from stratix_tasks.runners.native import Clock
from stratix_tasks.view.messages import Interrupted

EVERY = 1.0
"""Seconds between looks, at least."""
SHARE = 50
"""A look may cost this part of the time: after a slow one the pause is longer."""
Rows = list[Interrupted]


@dataclass(eq=False, slots=True)
class _Watch:
    flow: str
    known: Rows
    tell: Callable[[Rows], None]


class InterruptedPoller:
    """Looks for as long as views are open. `look` answers a flow's name by its interrupted runs."""

    def __init__(self, look: Callable[[str], Rows]) -> None:
        self._look = look
        self._watches: list[_Watch] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, flow: str, known: Rows, tell: Callable[[Rows], None]) -> Callable[[], None]:
        """Tell when it is no more as `known`; returns what ends it. Tells in a thread of its own."""
        watch = _Watch(flow, known, tell)
        with self._lock:
            self._watches.append(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="stratix-interrupted", daemon=True)
                self._thread.start()

        def release() -> None:
            with self._lock, suppress(ValueError):
                self._watches.remove(watch)

        return release

    def _work(self) -> None:
        pause = threading.Event()
        took = 0.0
        while True:
            pause.wait(max(EVERY, SHARE * took))
            with self._lock:
                watches = tuple(self._watches)
                if not watches:
                    self._thread = None
                    return
            begun = Clock.monotonic()
            with suppress(StratixError):  # the store is busy, say: it is looked at again
                self._tell(watches)
            took = Clock.monotonic() - begun

    def _tell(self, watches: tuple[_Watch, ...]) -> None:
        found = {flow: self._look(flow) for flow in {watch.flow for watch in watches}}
        for watch in watches:
            rows = found[watch.flow]
            if rows == watch.known:
                continue
            watch.known = rows
            with suppress(Exception):  # a view that can't be reached must not keep the others from hearing it
                watch.tell(rows)
